package functions_test

import (
	"encoding/json"
	"strings"
	"testing"

	"app-to-app/functions/internal/verify/verifytest"
)

// results is the contract of ProcessOrders.
type results struct {
	Results []struct {
		TokenProvider, Credential string
		Status                    int
		Orders                    []anOrder
		Caller                    *aCaller
		TokenSource               string
		ElapsedMs                 *int64
		Error                     string
	}
}

// process calls the function and returns its one result.
func process(t *testing.T, method string, client *handler) (status int, answer results) {
	t.Helper()
	response, body := call(t, method, client.url+"/api/ProcessOrders", nil, "")
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&answer); err != nil || len(answer.Results) != 1 {
		t.Fatalf("got %d %s, want one result", response.StatusCode, body)
	}
	if answer.Results[0].ElapsedMs == nil || !strings.Contains(body, `"caller":`) || !strings.Contains(body, `"error":`) {
		t.Errorf("got %s, want every member always there", body)
	}
	noTokens(t, body)
	return response.StatusCode, answer
}

// A pair is both handlers in one tenant.
type pair struct {
	tenant      *verifytest.Tenant
	identity    *identityEndpoint
	api, client *handler
}

func startPair(t *testing.T, edit func(*pair)) *pair {
	t.Helper()
	p := &pair{tenant: verifytest.NewTenant(t)}
	p.identity = newIdentityEndpoint(t, p.tenant)
	if edit != nil {
		edit(p)
	}
	p.api = startHandler(t, "orders-api", apiSettings(p.tenant))
	p.client = startHandler(t, "orders-client", clientSettings(p.tenant, p.identity, publish(t, p.api)+"/api/orders"))
	t.Cleanup(func() {
		p.client.stop()
		p.api.stop()
		_, tokens := p.identity.requests()
		noTokens(t, p.api.stdout.String()+p.client.stdout.String(), tokens...)
	})
	return p
}

func TestProcessOrders(t *testing.T) {
	t.Parallel()
	p := startPair(t, nil)
	for i, source := range []string{"network", "cache"} {
		method := []string{"GET", "POST"}[i]
		status, answer := process(t, method, p.client)
		got := answer.Results[0]
		if status != 200 || got.Status != 200 || len(got.Orders) != 5 || got.Error != "" {
			t.Fatalf("%s: got %d with %+v, want five orders", method, status, got)
		}
		if got.TokenProvider != "azidentity" || got.Credential != "userAssigned" || got.TokenSource != source {
			t.Errorf("%s: got a token by %s with %s from %s, want azidentity with userAssigned from %s",
				method, got.TokenProvider, got.Credential, got.TokenSource, source)
		}
		if got.Caller == nil || got.Caller.ObjectID != verifytest.ObjectID || got.Caller.ClientID != verifytest.ClientID {
			t.Errorf("%s: got caller %+v, want the identity's ids", method, got.Caller)
		}
	}
	if asked, _ := p.identity.requests(); asked != 1 {
		t.Errorf("got %d token requests, want 1", asked)
	}
}

func TestProcessOrdersOnSchedule(t *testing.T) {
	t.Parallel()
	p := startPair(t, nil)
	for name, body := range map[string]string{
		"object": `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"0001-01-01T00:00:00","Next":"2026-06-01T12:10:00Z"},"IsPastDue":true}},"Metadata":{"sys":{}}}`,
		"string": `{"Data":{"timer":"{\"Schedule\":{\"AdjustForDST\":true},\"ScheduleStatus\":null,\"IsPastDue\":true}"},"Metadata":{}}`,
	} {
		t.Run("timer as "+name, func(t *testing.T) {
			response, answer := call(t, "POST", p.client.url+"/ProcessOrdersTimer", nil, body)
			if response.StatusCode != 200 || strings.TrimSpace(answer) != `{"Outputs":{},"Logs":[],"ReturnValue":null}` {
				t.Errorf("got %d %s, want an empty result", response.StatusCode, answer)
			}
		})
	}
	p.client.stop()
	p.api.stop()
	if got := strings.Count(p.client.stdout.String(), `"msg":"orders processed on schedule","succeeded":1,"providers":1,"isPastDue":true`); got != 2 {
		t.Errorf("got %d ticks in the log, want 2: %s", got, p.client.stdout.String())
	}
	if got := strings.Count(p.api.stdout.String(), "orders given"); got != 2 {
		t.Errorf("got %d calls of the API, want 2", got)
	}
}

// refusing makes the identity endpoint refuse; giving edits its tokens.
func refusing(message string) func(*pair) {
	return func(p *pair) { p.identity.change(func(e *identityEndpoint) { e.refuse = message }) }
}

func giving(edit func(claims map[string]any)) func(*pair) {
	return func(p *pair) {
		p.identity.change(func(e *identityEndpoint) { e.edit = func(_, claims map[string]any) { edit(claims) } })
	}
}

func TestProcessOrdersFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		edit   func(*pair)
		status int // of the API
		want   []string
	}{
		{"client not assigned to the role", refusing("AADSTS501051: Application is not assigned to a role for the application."), 0, []string{"AADSTS501051", "assign the app role"}},
		{"token without the role", giving(func(claims map[string]any) { delete(claims, "roles") }), 403, []string{"insufficient_scope", "24 hours"}},
		{"token for another API", giving(func(claims map[string]any) { claims["aud"] = verifytest.ClientID }), 401, []string{"invalid_token", "ORDERS_SCOPE"}},
		{"API without keys", func(p *pair) { p.tenant.Break(500) }, 503, []string{`Retry-After "5"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startPair(t, test.edit)
			status, answer := process(t, "GET", p.client)
			got := answer.Results[0]
			if status != 502 || got.Status != test.status || got.Orders != nil || got.Caller != nil {
				t.Errorf("got %d with %+v, want 502 with status %d", status, got, test.status)
			}
			for _, want := range test.want {
				if !strings.Contains(got.Error, want) {
					t.Errorf("got error %q, want %q in it", got.Error, want)
				}
			}
			response, body := call(t, "POST", p.client.url+"/ProcessOrdersTimer", nil, `{"Data":{"timer":{}}}`)
			if response.StatusCode != 500 || !strings.HasPrefix(body, `{"Outputs":{}`) {
				t.Errorf("timer: got %d %s, want 500 with an object", response.StatusCode, body)
			}
		})
	}
}

func TestProcessOrdersWithoutAPI(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	identity := newIdentityEndpoint(t, tenant)

	client := startHandler(t, "orders-client", clientSettings(tenant, identity, "https://127.0.0.1:1/api/orders"))
	status, answer := process(t, "GET", client)
	if got := answer.Results[0]; status != 502 || got.Status != 0 || got.TokenSource != "network" || !strings.Contains(got.Error, "get orders") {
		t.Errorf("got %d with %+v, want 502 without a status", status, got)
	}
}
