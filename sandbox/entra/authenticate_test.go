package entra_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
)

const armAudience = "https://management.azure.com/"

// armToken is the client's for Azure Resource Manager.
func (w *world) armToken(t *testing.T) string {
	t.Helper()
	form := w.secretForm()
	form.Set("scope", armAudience+"/.default")
	return w.post(t, "oauth2/v2.0/token", form).token(t)
}

func (w *world) authenticate(authorization ...string) (route.Caller, error) {
	r := httptest.NewRequest(http.MethodGet, "/subscriptions", nil)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	return w.service.Authenticate(r, armAudience, strings.TrimSuffix(armAudience, "/"))
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, scheme := range []string{"Bearer ", "bearer ", "Bearer  "} {
		caller, err := w.authenticate(scheme + w.armToken(t))
		if err != nil {
			t.Fatal(err)
		}
		if caller.TenantID != w.contoso.ID || caller.ObjectID != w.client.ObjectID || caller.ClientID != w.client.ClientID || len(caller.Roles) != 0 {
			t.Errorf("got caller %+v, want the client", caller)
		}
	}
	// A v2 token, with roles.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+w.post(t, "oauth2/v2.0/token", w.secretForm()).token(t))
	caller, err := w.service.Authenticate(r, w.orders.ClientID)
	if err != nil || caller.ClientID != w.client.ClientID || len(caller.Roles) != 1 || caller.Roles[0] != "Orders.Read" {
		t.Errorf("got caller %+v and %v, want the client with its role", caller, err)
	}
}

// TestAuthenticateRefuses changes one thing about a good token. Every forged
// token is signed by the tenant, so that only the check in question can notice.
func TestAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name   string
		tenant string // that signs; empty means contoso
		edit   func(header, claims map[string]any)
		want   string
	}{
		{name: "expired", edit: func(_, c map[string]any) { c["exp"] = time.Now().Add(-6 * time.Minute).Unix() }, want: "expired"},
		{name: "no expiry", edit: func(_, c map[string]any) { delete(c, "exp") }, want: "expiry"},
		{name: "early", edit: func(_, c map[string]any) { c["nbf"] = time.Now().Add(6 * time.Minute).Unix() }, want: "not valid before"},
		{name: "other audience", edit: func(_, c map[string]any) { c["aud"] = legacyURI }, want: "audience"},
		{name: "two audiences", edit: func(_, c map[string]any) { c["aud"] = []string{armAudience, legacyURI} }, want: "audience"},
		{name: "no audience", edit: func(_, c map[string]any) { delete(c, "aud") }, want: "audience"},
		{name: "issuer of another tenant", edit: func(_, c map[string]any) { c["iss"] = w.base() + "/" + w.fabrikam.ID + "/" }, want: "issuer"},
		{name: "issuer of the other version", edit: func(_, c map[string]any) { c["iss"] = w.issuer() }, want: "issuer"},
		{name: "unknown tenant", edit: func(_, c map[string]any) { c["tid"] = "00000000-0000-0000-0000-000000000000" }, want: "tid"},
		{name: "another tenant's name", edit: func(_, c map[string]any) { c["tid"] = w.fabrikam.ID }, want: "signing key"},
		{name: "unknown key", edit: func(h, _ map[string]any) { h["kid"] = "unknown" }, want: "signing key"},
		{name: "no key", edit: func(h, _ map[string]any) { h["kid"] = nil }, want: "signing key"},
		{name: "not signed", edit: func(h, _ map[string]any) { h["alg"] = "none" }, want: "algorithm"},
		{name: "other algorithm", edit: func(h, _ map[string]any) { h["alg"] = "HS256" }, want: "algorithm"},
		{name: "critical extension", edit: func(h, _ map[string]any) { h["crit"] = []string{"b64"} }, want: "crit"},
		{name: "another tenant's key", tenant: w.fabrikam.ID, edit: func(h, _ map[string]any) {
			h["kid"] = w.keySet(t, w.contoso.ID, "discovery/keys")[0]["kid"]
		}, want: "signature"},
		{name: "user's token", edit: func(_, c map[string]any) { c["scp"] = "user_impersonation" }, want: "app-only"},
		{name: "subject that is not the principal", edit: func(_, c map[string]any) { c["sub"] = "somebody" }, want: "app-only"},
		{name: "no client id", edit: func(_, c map[string]any) { delete(c, "appid") }, want: "app-only"},
		{name: "audience of a wrong type", edit: func(_, c map[string]any) { c["aud"] = 7 }, want: "claims"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, claims, err := entra.Decode(w.armToken(t))
			if err != nil {
				t.Fatal(err)
			}
			header := map[string]any{}
			tt.edit(header, claims)
			tenant := w.contoso.ID
			if tt.tenant != "" {
				tenant = tt.tenant
			}
			forged, err := w.service.Forge(tenant, header, claims)
			if err != nil {
				t.Fatal(err)
			}
			w.wantUnauthenticated(t, tt.want, "Bearer "+forged)
		})
	}
}

func (w *world) wantUnauthenticated(t *testing.T, want string, authorization ...string) {
	t.Helper()
	caller, err := w.authenticate(authorization...)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got caller %+v and %v, want an error with %q in it", caller, err, want)
	}
	if holdsSecret(err.Error()) {
		t.Error("the error quotes the token")
	}
}

func TestAuthenticateRefusesHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.armToken(t)
	w.wantUnauthenticated(t, "one Authorization header")
	w.wantUnauthenticated(t, "one Authorization header", "Bearer "+token, "Bearer "+token)
	w.wantUnauthenticated(t, "Bearer scheme", "Basic "+token)
	w.wantUnauthenticated(t, "Bearer scheme", "Bearer ")
	w.wantUnauthenticated(t, "three parts", "Bearer nonsense")
	w.wantUnauthenticated(t, "bytes", "Bearer "+strings.Repeat("x", 65<<10))
	w.wantUnauthenticated(t, "signature", "Bearer "+token[:len(token)-8]+"AAAAAAAA")
	parts := strings.Split(token, ".")
	w.wantUnauthenticated(t, "header", "Bearer !."+parts[1]+"."+parts[2])
	w.wantUnauthenticated(t, "claims", "Bearer "+parts[0]+".bnVsbA."+parts[2])
	w.wantUnauthenticated(t, "signature", "Bearer "+parts[0]+"."+parts[1]+".!")
}

func TestRetiredKeyIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.armToken(t)
	if err := w.service.RotateKeys(w.contoso.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.authenticate("Bearer " + token); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	if err := w.store.Advance(49 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.wantUnauthenticated(t, "signing key", "Bearer "+token)
}

func TestTokenOfAnotherSandboxIsRefused(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	w.wantUnauthenticated(t, "tid", "Bearer "+other.armToken(t))
}

func TestForgeOfUnknownTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.service.Forge("nobody", nil, nil); err == nil {
		t.Error("got no error for a tenant that does not exist")
	}
	if _, err := w.service.Forge(w.contoso.ID, nil, map[string]any{"aud": func() {}}); err == nil {
		t.Error("got no error for claims that cannot be JSON")
	}
	if _, _, err := entra.Decode("x"); err == nil {
		t.Error("got no error for a text that is no token")
	}
}
