package functions_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// TestOperationsNeedTheirRoles calls each operation as holders of each role, with
// tokens that are in the cache of the other operation by then.
func TestOperationsNeedTheirRoles(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	holding := func(roles ...string) string {
		return tenant.Token(time.Now(), func(_, claims map[string]any) { claims["roles"] = roles })
	}
	for _, test := range []struct {
		name   string
		token  string
		status [2]int // of orders and of their export
	}{
		{"reader", holding("Orders.Read"), [2]int{200, 403}},
		{"exporter", holding("Orders.Export"), [2]int{403, 200}},
		{"both", holding("Orders.Read", "Orders.Export"), [2]int{200, 200}},
		{"neither", holding("Orders.Write"), [2]int{403, 403}},
		{"another case", holding("orders.read", "orders.export"), [2]int{403, 403}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				for i, path := range []string{"/api/orders", "/api/orders/export"} {
					if response, body := call(t, "GET", api.url+path, bearer(test.token), ""); response.StatusCode != test.status[i] {
						t.Errorf("%s: got %d %s, want %d", path, response.StatusCode, body, test.status[i])
					}
				}
			}
		})
	}
}

func TestExportOrders(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	token := tenant.Token(time.Now(), func(_, claims map[string]any) { claims["roles"] = []string{"Orders.Export"} })
	for _, test := range []struct {
		name, method, query, accept string
		status                      int
		contentType, want           string
	}{
		{"CSV", "GET", "", "text/csv", 200, "text/csv; charset=utf-8; header=present", "SO-1005,2026-03-02,East,R-31,Cable tie,1250,0.07,87.50\r\n"},
		{"CSV by default", "GET", "", "", 200, "text/csv; charset=utf-8; header=present", "id,date,region,rep,item,units,unitCost,total\r\n"},
		{"JSON Lines", "GET", "", "application/jsonl", 200, "application/jsonl", `"unitCost":0.07,"total":87.50}` + "\n"},
		{"selected", "GET", "?region=east", "application/x-ndjson", 200, "application/x-ndjson", `{"id":"SO-1005"`},
		{"none selected", "GET", "?region=atlantis", "text/csv", 200, "text/csv; charset=utf-8; header=present", "id,date,"},
		{"JSON", "GET", "", "application/json", 406, "application/json; charset=utf-8", "text/csv or application/jsonl or application/x-ndjson"},
		{"unknown query name", "GET", "?colour=red", "text/csv", 400, "application/json; charset=utf-8", "invalid_query"},
		{"another method", "POST", "", "text/csv", 405, "application/json; charset=utf-8", "method_not_allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			header := bearer(token)
			if test.accept != "" {
				header.Set("Accept", test.accept)
			}
			response, body := call(t, test.method, api.url+"/api/orders/export"+test.query, header, "")
			if got := response.Header.Get("Content-Type"); response.StatusCode != test.status || got != test.contentType || !strings.Contains(body, test.want) {
				t.Errorf("got %d %q %s, want %d %q with %q in it", response.StatusCode, got, body, test.status, test.contentType, test.want)
			}
			if got := response.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("got Cache-Control %q, want no-store", got)
			}
			noTokens(t, body)
		})
	}
	t.Cleanup(func() {
		api.stop()
		if log := api.stdout.String(); !strings.Contains(log, `"msg":"orders exported"`) || !strings.Contains(log, verifytest.ObjectID) {
			t.Errorf("got log %s, want who exported", log)
		}
		noTokens(t, api.stdout.String(), token)
	})
}

// TestExportRefusesStrangersFirst: a stranger learns neither queries nor formats.
func TestExportRefusesStrangersFirst(t *testing.T) {
	t.Parallel()
	api := startHandler(t, "orders-api", apiSettings(verifytest.NewTenant(t)))
	response, body := call(t, "GET", api.url+"/api/orders/export?colour=red", http.Header{"Accept": {"text/html"}}, "")
	if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || got != `Bearer realm="api"` {
		t.Errorf("got %d %q %s, want 401", response.StatusCode, got, body)
	}
}
