package entra_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/store"
)

func thumbprintSHA256(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestTokenOfV2Resource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := time.Now().Unix()
	a := w.post(t, "oauth2/v2.0/token", w.secretForm())
	claims := a.claims(t, w)
	if a.body["token_type"] != "Bearer" || a.body["expires_in"] != 3599.0 || a.body["ext_expires_in"] != 3599.0 || len(a.body) != 4 {
		t.Errorf("got answer with %v, %v, %v and %d fields, want Bearer, the numbers 3599 and 4 fields",
			a.body["token_type"], a.body["expires_in"], a.body["ext_expires_in"], len(a.body))
	}
	for name, want := range map[string]any{
		"ver": "2.0", "iss": w.issuer(), "aud": w.orders.ClientID, "azp": w.client.ClientID, "azpacr": "1",
		"oid": w.client.ObjectID, "sub": w.client.ObjectID, "tid": w.contoso.ID, "idtyp": "app",
	} {
		if claims[name] != want {
			t.Errorf("got claim %s %v, want %v", name, claims[name], want)
		}
	}
	if got, want := stringsOf(claims["roles"]), []string{"Orders.Read"}; !slices.Equal(got, want) {
		t.Errorf("got roles %q, want %q: neither the disabled role nor the one for users", got, want)
	}
	for _, name := range []string{"appid", "appidacr", "idp", "scp", "name", "upn", "xms_mirid"} {
		if value, ok := claims[name]; ok {
			t.Errorf("got claim %s %v, want none", name, value)
		}
	}
	for _, name := range []string{"aio", "rh", "uti"} {
		if value, _ := claims[name].(string); value == "" {
			t.Errorf("got claim %s %v, want an opaque text", name, claims[name])
		}
	}
	iat, exp := int64(claims["iat"].(float64)), int64(claims["exp"].(float64))
	if claims["nbf"] != claims["iat"] || exp-iat != 3900 || iat < before-301 || iat > time.Now().Unix()-299 {
		t.Errorf("got iat %d, nbf %v, exp %d, want iat and nbf five minutes ago and exp 3900 s later", iat, claims["nbf"], exp)
	}
	header, _, _ := entra.Decode(a.token(t))
	if _, ok := header["x5t"]; ok || header["typ"] != "JWT" || header["alg"] != "RS256" {
		t.Errorf("got header %v, want typ JWT, alg RS256 and no x5t", header)
	}
}

func TestTokenOfV1Resource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.secretForm()
	form.Set("scope", legacyURI+"/.default")
	a := w.post(t, "oauth2/v2.0/token", form)
	claims := a.claims(t, w)
	v1 := w.base() + "/" + w.contoso.ID + "/"
	for name, want := range map[string]any{
		"ver": "1.0", "iss": v1, "idp": v1, "aud": legacyURI, "appid": w.client.ClientID, "appidacr": "1",
		"oid": w.client.ObjectID, "sub": w.client.ObjectID, "tid": w.contoso.ID,
	} {
		if claims[name] != want {
			t.Errorf("got claim %s %v, want %v", name, claims[name], want)
		}
	}
	for _, name := range []string{"azp", "azpacr", "idtyp", "roles"} {
		if value, ok := claims[name]; ok {
			t.Errorf("got claim %s %v, want none", name, value)
		}
	}
	header, _, _ := entra.Decode(a.token(t))
	if header["x5t"] != header["kid"] || header["kid"] == "" {
		t.Errorf("got header %v, want x5t equal to kid", header)
	}
}

// TestAudience follows the table of aud in Microsoft's claims reference: the
// resource decides the token's version, the endpoint only how to ask.
func TestAudience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name, resource, audience, version string
	}{
		{"v2 by identifier URI", ordersURI, w.orders.ClientID, "2.0"},
		{"v2 by client id", w.orders.ClientID, w.orders.ClientID, "2.0"},
		{"v1 by identifier URI", legacyURI, legacyURI, "1.0"},
		{"v1 by client id", w.legacy.ClientID, w.legacy.ClientID, "1.0"},
		{"Microsoft Graph of the sandbox", graphURL, graphURL, "1.0"},
		{"Microsoft Graph with a slash", graphURL + "/", graphURL + "/", "1.0"},
		{"Azure Resource Manager of the sandbox", armURL, armURL, "1.0"},
		{"Azure Resource Manager with a slash", armURL + "/", armURL + "/", "1.0"},
		{"Microsoft Graph by its public name", "https://graph.microsoft.com", "https://graph.microsoft.com", "1.0"},
		{"Azure Resource Manager", "https://management.azure.com/", "https://management.azure.com/", "1.0"},
		{"Azure Resource Manager by its old name", "https://management.core.windows.net", "https://management.core.windows.net", "1.0"},
		{"Azure Storage", "https://storage.azure.com/", "https://storage.azure.com/", "1.0"},
		{"one storage account", "https://orders123.blob.core.windows.net", "https://orders123.blob.core.windows.net", "1.0"},
		{"Azure Key Vault", "https://vault.azure.net", "https://vault.azure.net", "1.0"},
		{"token exchange", exchangeURI, exchangeID, "2.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form := w.secretForm()
			form.Set("scope", tt.resource+"/.default")
			byV2 := w.post(t, "oauth2/v2.0/token", form).claims(t, w)
			form.Del("scope")
			form.Set("resource", tt.resource)
			byV1 := w.post(t, "oauth2/token", form).claims(t, w)
			for endpoint, claims := range map[string]map[string]any{"v2": byV2, "v1": byV1} {
				if claims["aud"] != tt.audience || claims["ver"] != tt.version {
					t.Errorf("%s endpoint: got aud %v and ver %v, want %q and %q", endpoint, claims["aud"], claims["ver"], tt.audience, tt.version)
				}
			}
		})
	}
}

func TestV1EndpointAnswersWithTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.secretForm()
	form.Del("scope")
	form.Set("resource", ordersURI)
	a := w.post(t, "/"+w.contoso.Domain+"/oauth2/token?api-version=1.0", form)
	claims := a.claims(t, w)
	for name, want := range map[string]string{
		"token_type": "Bearer", "expires_in": "3599", "ext_expires_in": "3599", "resource": ordersURI,
		"expires_on": strconv.FormatInt(int64(claims["exp"].(float64)), 10),
		"not_before": strconv.FormatInt(int64(claims["nbf"].(float64)), 10),
	} {
		// The two times are read a moment apart.
		if got, _ := a.body[name].(string); got != want && !within(got, want, 2) {
			t.Errorf("got %s %v, want the text %q", name, a.body[name], want)
		}
	}
	if claims["ver"] != "2.0" {
		t.Errorf("got a token of version %v, want 2.0: the resource's, not the endpoint's", claims["ver"])
	}
}

// within compares two numbers in text.
func within(got, want string, by int64) bool {
	a, errA := strconv.ParseInt(got, 10, 64)
	b, errB := strconv.ParseInt(want, 10, 64)
	return errA == nil && errB == nil && max(a-b, b-a) <= by
}

// TestProofs: every kind of credential is accepted, and the token says which kind
// it was.
func TestProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificate := func(edit func(header, claims map[string]any)) func(*testing.T) url.Values {
		return func(t *testing.T) url.Values { return w.assertionForm(w.certificateAssertion(t, clientKey(), edit)) }
	}
	basic := func(r *http.Request) {
		r.SetBasicAuth(url.QueryEscape(w.client.ClientID), url.QueryEscape(clientSecret))
	}
	for _, tt := range []struct {
		name  string
		form  func(*testing.T) url.Values
		edit  func(*http.Request)
		proof string
	}{
		{name: "secret in the body", form: func(*testing.T) url.Values { return w.secretForm() }, proof: "1"},
		{name: "secret in the header", form: func(t *testing.T) url.Values { return without("client_secret")(t, w) }, edit: basic, proof: "1"},
		{name: "client id in the header as well", form: func(t *testing.T) url.Values {
			form := without("client_secret")(t, w)
			form.Del("client_id")
			return form
		}, edit: basic, proof: "1"},
		{name: "PS256 and x5t#S256", form: certificate(nil), proof: "2"},
		{name: "x5t#S256 in standard base64", form: certificate(func(header, _ map[string]any) {
			sum := sha256.Sum256(w.certificate.Raw)
			header["x5t#S256"] = base64.StdEncoding.EncodeToString(sum[:])
		}), proof: "2"},
		{name: "RS256 and x5t", form: certificate(func(header, _ map[string]any) { w.useSHA1(header) }), proof: "2"},
		{name: "audience of the v1 endpoint", form: certificate(func(_, claims map[string]any) {
			claims["aud"] = w.base() + "/" + w.contoso.ID + "/oauth2/token"
		}), proof: "2"},
		{name: "audience by domain", form: certificate(func(_, claims map[string]any) {
			claims["aud"] = []string{w.base() + "/" + w.contoso.Domain + "/oauth2/v2.0/token"}
		}), proof: "2"},
		{name: "audience at the alias", form: certificate(func(_, claims map[string]any) {
			claims["aud"] = aliasURL + "/" + w.contoso.ID + "/oauth2/v2.0/token"
		}), proof: "2"},
		{name: "audience is the issuer", form: certificate(func(_, claims map[string]any) { claims["aud"] = w.issuer() }), proof: "2"},
		{name: "managed identity as federated assertion", form: func(t *testing.T) url.Values {
			token, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, exchangeURI)
			if err != nil {
				t.Fatal(err)
			}
			return w.assertionForm(token.AccessToken)
		}, proof: "2"},
		{name: "outside issuer", form: func(t *testing.T) url.Values { return w.assertionForm(w.outside.assertion(t, strangerKey(), nil)) }, proof: "2"},
		{name: "claims challenges understood", form: func(t *testing.T) url.Values {
			return setTo("claims", `{"access_token":{"xms_cc":{"values":["CP1"]}}}`)(t, w)
		}, proof: "1"},
		{name: "with scopes of OpenID Connect", form: func(t *testing.T) url.Values {
			return setTo("scope", ordersURI+"/.default openid offline_access profile")(t, w)
		}, proof: "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := w.post(t, "oauth2/v2.0/token", tt.form(t), func(r *http.Request) {
				if tt.edit != nil {
					tt.edit(r)
				}
			})
			claims := a.claims(t, w)
			if claims["azpacr"] != tt.proof || claims["azp"] != w.client.ClientID || claims["oid"] != w.client.ObjectID {
				t.Errorf("got azpacr %v, azp %v and oid %v, want %q and the client's ids", claims["azpacr"], claims["azp"], claims["oid"], tt.proof)
			}
		})
	}
}

// TestRoles follows assignments as they come and go.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.secretForm()
	form.Set("client_id", w.stranger.ClientID)
	form.Set("scope", w.legacy.ClientID+"/.default")
	roles := func() []string { return stringsOf(w.post(t, "oauth2/v2.0/token", form).claims(t, w)["roles"]) }
	if got := roles(); got != nil {
		t.Errorf("without an assignment: got roles %q, want no claim", got)
	}
	var roleID, assignment string
	w.update(t, func(tx *store.Tx) {
		app, _ := store.ApplicationByClientID(tx, w.contoso.ID, w.legacy.ClientID)
		roleID = "11111111-2222-4333-8444-555555555555"
		app.AppRoles = []store.AppRole{{ID: roleID, Value: "Legacy.Read", IsEnabled: true, AllowedMemberTypes: []string{"User", "Application"}}}
		store.Applications.Put(tx, store.TenantKey(w.contoso.ID, app.ObjectID), app)
		assignment = assign(tx, w.stranger, w.legacy, roleID)
	})
	if got := roles(); !slices.Equal(got, []string{"Legacy.Read"}) {
		t.Errorf("with an assignment: got roles %q, want %q", got, []string{"Legacy.Read"})
	}
	w.update(t, func(tx *store.Tx) {
		app, _ := store.ApplicationByClientID(tx, w.contoso.ID, w.legacy.ClientID)
		app.AppRoles = nil // the assignment dangles
		store.Applications.Put(tx, store.TenantKey(w.contoso.ID, app.ObjectID), app)
	})
	if got := roles(); got != nil {
		t.Errorf("role removed: got roles %q, want no claim", got)
	}
	w.update(t, func(tx *store.Tx) { store.AppRoleAssignments.Delete(tx, assignment) })
	if got := roles(); got != nil {
		t.Errorf("assignment removed: got roles %q, want no claim", got)
	}
}

func (w *world) update(t *testing.T, change func(*store.Tx)) {
	t.Helper()
	if err := w.store.Update(func(tx *store.Tx) error { change(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestDeletedObjectsAreUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.update(t, func(tx *store.Tx) {
		app, _ := store.ApplicationByClientID(tx, w.contoso.ID, w.orders.ClientID)
		app.DeletedAt = &now
		store.Applications.Put(tx, store.TenantKey(w.contoso.ID, app.ObjectID), app)
		sp := w.stranger
		sp.DeletedAt = &now
		store.ServicePrincipals.Put(tx, store.TenantKey(w.contoso.ID, sp.ObjectID), sp)
	})
	checkRefusal(t, w.post(t, "oauth2/v2.0/token", w.secretForm()), 500011)
	checkRefusal(t, w.post(t, "oauth2/v2.0/token", set("client_id", func(w *world) string { return w.stranger.ClientID })(t, w)), 7000229)
}

func TestCredentialsExpireOnTheSandboxClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.store.Advance(200 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	checkRefusal(t, w.post(t, "oauth2/v2.0/token", w.secretForm()), 7000222)
	checkRefusal(t, w.post(t, "oauth2/v2.0/token", w.assertionForm(w.certificateAssertion(t, clientKey(), nil))), 700027)
	claims := w.post(t, "oauth2/v2.0/token", w.assertionForm(w.outside.assertion(t, strangerKey(), nil))).claims(t, w)
	if exp := time.Unix(int64(claims["exp"].(float64)), 0); exp.After(time.Now().Add(2 * time.Hour)) {
		t.Errorf("got a token until %s, want times on the machine's clock", exp)
	}
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var l entra.Lifetimes
	if err := l.UnmarshalJSON([]byte(`{"accessToken":"10s","managedIdentity":"20s"}`)); err != nil {
		t.Fatal(err)
	}
	w.service.SetLifetimes(l)
	a := w.post(t, "oauth2/v2.0/token", w.secretForm())
	claims := a.claims(t, w)
	if got := claims["exp"].(float64) - claims["iat"].(float64); a.body["expires_in"] != 9.0 || got != 310 {
		t.Errorf("got expires_in %v and exp %v s after iat, want 9 and 310", a.body["expires_in"], got)
	}
	token, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, ordersURI)
	if err != nil {
		t.Fatal(err)
	}
	if got := token.ExpiresAt.Sub(token.IssuedAt); got != 20*time.Second {
		t.Errorf("got a managed identity's token for %s, want 20s", got)
	}
	for _, bad := range []string{`{"accessToken":"soon"}`, `{"accessToken":"-1s"}`, `{"refreshToken":"1s"}`, `{"accessToken":1}`} {
		t.Run(bad, func(t *testing.T) {
			if err := new(entra.Lifetimes).UnmarshalJSON([]byte(bad)); err == nil {
				t.Errorf("got no error for %s", bad)
			}
		})
	}
}
