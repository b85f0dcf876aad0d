// Package functions_test runs both handlers like the Functions host, as processes
// that have only their app settings: with a tenant and an identity endpoint in this
// process, and deployed to a sandbox (sandbox_test.go).
package functions_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// anOrder and aCaller repeat the contract of GetOrders, so that renaming a field
// fails a test.
type anOrder struct {
	ID, Date, Region, Rep, Item string
	Units                       int
	UnitCost, Total             json.Number
}

type aCaller struct {
	ObjectID string   `json:"objectId"`
	ClientID string   `json:"clientId"`
	Roles    []string `json:"roles"`
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestGetOrders(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	token := tenant.Token(time.Now(), nil)
	for range 2 { // verified, then from the cache
		response, body := call(t, "GET", api.url+"/api/orders", bearer(token), "")
		var answer struct {
			Orders []anOrder
			Caller aCaller
		}
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&answer); err != nil || response.StatusCode != 200 {
			t.Fatalf("got %d %s, want orders", response.StatusCode, body)
		}
		if len(answer.Orders) != 5 || answer.Orders[0].Total != "450.00" {
			t.Errorf("got orders %+v, want five, the first for 450.00", answer.Orders)
		}
		if answer.Caller.ObjectID != verifytest.ObjectID || answer.Caller.ClientID != verifytest.ClientID || len(answer.Caller.Roles) != 1 {
			t.Errorf("got caller %+v, want the token's", answer.Caller)
		}
		if got := response.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("got Cache-Control %q, want no-store", got)
		}
	}
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d key fetches, want 1", got)
	}
	api.stop()
	for _, want := range []string{verifytest.ObjectID, `"route":"GET /api/orders"`, `"orders":5`} {
		if !strings.Contains(api.stdout.String(), want) {
			t.Errorf("got log %s, want %q in it", api.stdout.String(), want)
		}
	}
	noTokens(t, api.stdout.String(), token)
}

func TestGetOrdersRefuses(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	good := tenant.Token(time.Now(), nil)
	claim := func(name string, value any) http.Header {
		return bearer(tenant.Token(time.Now(), func(_, claims map[string]any) { claims[name] = value }))
	}
	without := func(name string) http.Header {
		return bearer(tenant.Token(time.Now(), func(_, claims map[string]any) { delete(claims, name) }))
	}
	tests := []struct {
		name, query string
		header      http.Header
		status      int
		challenge   string
		code        string
	}{
		{"no token", "", nil, 401, `Bearer realm="api"`, "token_required"},
		{"another scheme", "", http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}}, 401, `Bearer realm="api"`, "token_required"},
		{"token in the query only", "?access_token=" + good, nil, 401, `Bearer realm="api"`, "token_required"},
		{"two Authorization headers", "", http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, 400, `Bearer error="invalid_request"`, "invalid_request"},
		{"not a token", "", bearer("not-a-token"), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"token beyond 8 KiB", "", claim("aio", strings.Repeat("k", 9000)), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"tampered", "", bearer(good[:len(good)-8] + "AAAAAAAA"), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"wrong audience", "", claim("aud", verifytest.ClientID), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"another tenant", "", claim("tid", verifytest.ClientID), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"expired", "", claim("exp", time.Now().Add(-time.Hour).Unix()), 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"delegated permissions", "", claim("scp", "Orders.Read"), 403, `Bearer error="insufficient_scope"`, "insufficient_scope"},
		{"no role", "", without("roles"), 403, `Bearer error="insufficient_scope"`, "insufficient_scope"},
		{"another role", "", claim("roles", []string{"Orders.Write"}), 403, `Bearer error="insufficient_scope"`, "insufficient_scope"},
		{"unknown query name", "?colour=red", bearer(good), 400, "", "invalid_query"},
		{"repeated query name", "?rep=R-04&rep=R-17", bearer(good), 400, "", "invalid_query"},
		{"empty query value", "?region=", bearer(good), 400, "", "invalid_query"},
		{"unknown query name from a stranger", "?colour=red", nil, 401, `Bearer realm="api"`, "token_required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			response, body := call(t, "GET", api.url+"/api/orders"+test.query, test.header, "")
			var answer struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Error.Message == "" {
				t.Errorf("got body %q, want a code and a message", body)
			}
			challenge := response.Header.Get("WWW-Authenticate")
			if response.StatusCode != test.status || challenge != test.challenge || answer.Error.Code != test.code {
				t.Errorf("got %d %q %q, want %d %q %q", response.StatusCode, challenge, answer.Error.Code, test.status, test.challenge, test.code)
			}
			noTokens(t, body)
		})
	}
	t.Cleanup(func() {
		api.stop()
		noTokens(t, api.stdout.String(), good)
	})
}

func TestGetOrdersFilters(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	for query, want := range map[string]int{"?region=North": 2, "?rep=R-04": 2, "?region=north&rep=R-04": 1, "?region=Atlantis": 0} {
		t.Run(query, func(t *testing.T) {
			response, body := call(t, "GET", api.url+"/api/orders"+query, bearer(tenant.Token(time.Now(), nil)), "")
			var answer struct{ Orders []anOrder }
			if err := json.Unmarshal([]byte(body), &answer); err != nil || response.StatusCode != 200 {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			if len(answer.Orders) != want || answer.Orders == nil {
				t.Errorf("got %d orders, want %d", len(answer.Orders), want)
			}
		})
	}
}

func TestGetOrdersAdmitsAndBlocksByConfiguration(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	for _, test := range []struct {
		name, setting, value string
		status               int
	}{
		{"on the list", "ORDERS_ALLOWED_CLIENTS", verifytest.ObjectID + ", " + verifytest.ClientID, 200},
		{"not on the list", "ORDERS_ALLOWED_CLIENTS", verifytest.ObjectID, 403},
		{"client blocked", "ORDERS_BLOCKED_CALLERS", strings.ToUpper(verifytest.ClientID), 403},
		{"object blocked", "ORDERS_BLOCKED_CALLERS", verifytest.ObjectID, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api := startHandler(t, "orders-api", with(apiSettings(tenant), test.setting, test.value))
			response, body := call(t, "GET", api.url+"/api/orders", bearer(tenant.Token(time.Now(), nil)), "")
			if response.StatusCode != test.status {
				t.Errorf("got %d %s, want %d", response.StatusCode, body, test.status)
			}
		})
	}
}

func TestGetOrdersWithoutKeys(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	tenant.Break(http.StatusInternalServerError)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	response, body := call(t, "GET", api.url+"/api/orders", bearer(tenant.Token(time.Now(), nil)), "")
	if response.StatusCode != 503 || response.Header.Get("Retry-After") != "5" || response.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("got %d with Retry-After %q: %s, want 503 with 5", response.StatusCode, response.Header.Get("Retry-After"), body)
	}
}

func TestGetOrdersAfterKeyRollover(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	api := startHandler(t, "orders-api", apiSettings(tenant))
	old := tenant.Token(time.Now(), nil)
	if response, body := call(t, "GET", api.url+"/api/orders", bearer(old), ""); response.StatusCode != 200 {
		t.Fatalf("got %d %s, want 200", response.StatusCode, body)
	}
	tenant.Signing = verifytest.Key(t, "key-2", 2048)
	tenant.Publish(tenant.Signing)
	if response, body := call(t, "GET", api.url+"/api/orders", bearer(tenant.Token(time.Now(), nil)), ""); response.StatusCode != 200 {
		t.Errorf("new key: got %d %s, want 200", response.StatusCode, body)
	}
	if response, body := call(t, "GET", api.url+"/api/orders", bearer(old), ""); response.StatusCode != 401 {
		t.Errorf("withdrawn key: got %d %s, want 401", response.StatusCode, body)
	}
}

func TestHandlersNameEveryBadAppSetting(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	identity := newIdentityEndpoint(t, tenant)
	client := func(more ...string) map[string]string {
		return with(clientSettings(tenant, identity, "https://127.0.0.1/api/orders"), more...)
	}
	tests := []struct {
		name, handler string
		settings      map[string]string
		want          []string
	}{
		{"API without any", "orders-api", nil, []string{"ORDERS_TENANT_ID", "ORDERS_AUTHORITY_HOST", "ORDERS_AUDIENCE", "ORDERS_ROLE"}},
		{"API with bad ones", "orders-api", with(apiSettings(tenant), "ORDERS_TENANT_ID", "contoso", "ORDERS_AUTHORITY_HOST", "http://127.0.0.1",
			"ORDERS_ALLOWED_CLIENTS", "me", "ORDERS_BLOCKED_CALLERS", "you"),
			[]string{"ORDERS_TENANT_ID", "ORDERS_AUTHORITY_HOST", "ORDERS_ALLOWED_CLIENTS", "ORDERS_BLOCKED_CALLERS"}},
		{"client without any", "orders-client", nil, []string{"ORDERS_URL", "ORDERS_SCOPE", "ORDERS_TENANT_ID", "ORDERS_AUTHORITY_HOST",
			"ORDERS_TOKEN_PROVIDERS", "ORDERS_SCHEDULE"}},
		{"client with bad ones", "orders-client", client("ORDERS_URL", "http://127.0.0.1", "ORDERS_SCOPE", "Orders.Read",
			"ORDERS_TOKEN_PROVIDERS", "azidentity,kerberos,appauth", "ORDERS_MANAGED_IDENTITY_CLIENT_ID", "me",
			"ORDERS_CLIENT_SECRET", "s3cret", "ORDERS_CLIENT_CERTIFICATE", "c3rt", "AzureServicesAuthConnectionString", "RunAs=CurrentUser"),
			[]string{"ORDERS_URL", "ORDERS_SCOPE", "ORDERS_TOKEN_PROVIDERS", `token provider \"kerberos\" is not built in; there are: adal, appauth, azidentity, msal`,
				"ORDERS_MANAGED_IDENTITY_CLIENT_ID", "ORDERS_CLIENT_ID: missing", "got both", "ORDERS_CLIENT_CERTIFICATE: expected", "AzureServicesAuthConnectionString: RunAs=CurrentUser"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := runToFailure(t, test.handler, test.settings)
			for _, want := range test.want {
				if !strings.Contains(log, want) {
					t.Errorf("got %s, want %q named", log, want)
				}
			}
		})
	}
}
