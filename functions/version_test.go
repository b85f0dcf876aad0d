package functions_test

import (
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// TestAPITakesVersion1WhenTold: a v1.0 token is refused unless both app settings
// are there; half of them, or an issuer of another tenant, keeps the API from
// starting.
func TestAPITakesVersion1WhenTold(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	issuer, audience := tenant.AuthorityHost()+"/"+verifytest.TenantID+"/", "api://"+verifytest.Audience
	token := func() string {
		return tenant.Token(time.Now(), func(_, claims map[string]any) {
			claims["iss"], claims["aud"], claims["ver"], claims["appid"] = issuer, audience, "1.0", claims["azp"]
			delete(claims, "azp")
		})
	}
	for name, test := range map[string]struct {
		settings map[string]string
		status   int
	}{
		"not told": {apiSettings(tenant), 401},
		"told":     {with(apiSettings(tenant), "ORDERS_V1_ISSUER", issuer, "ORDERS_V1_AUDIENCE", audience), 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := startHandler(t, "orders-api", test.settings)
			response, body := call(t, "GET", api.url+"/api/orders", bearer(token()), "")
			if response.StatusCode != test.status {
				t.Errorf("got %d %s, want %d", response.StatusCode, body, test.status)
			}
		})
	}
	other := strings.Replace(issuer, verifytest.TenantID, "9f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a99", 1)
	for name, settings := range map[string]map[string]string{
		"half":                     with(apiSettings(tenant), "ORDERS_V1_ISSUER", issuer),
		"issuer of another tenant": with(apiSettings(tenant), "ORDERS_V1_ISSUER", other, "ORDERS_V1_AUDIENCE", audience),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if log := runToFailure(t, "orders-api", settings); !strings.Contains(log, "v1.0") {
				t.Errorf("got log %s, want it to name v1.0", log)
			}
		})
	}
}
