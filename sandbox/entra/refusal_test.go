package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/store"
)

// A refusalTest changes one thing about a good token request. Its zero value
// posts to the v2 endpoint of contoso.
type refusalTest struct {
	name   string
	tenant func(*world) string // nil means contoso's id
	path   string              // empty means oauth2/v2.0/token
	method string              // empty means POST
	form   func(*testing.T, *world) url.Values
	edit   func(*world, url.Values) // of the form with the client's secret, or of form's
	header func(*http.Request)
	status int
	number int
	code   string
}

func withSecret(edit func(*world, url.Values)) func(*testing.T, *world) url.Values {
	return func(_ *testing.T, w *world) url.Values {
		form := w.secretForm()
		edit(w, form)
		return form
	}
}

func withCertificate(edit func(w *world, header, claims map[string]any)) func(*testing.T, *world) url.Values {
	return func(t *testing.T, w *world) url.Values {
		return w.assertionForm(w.certificateAssertion(t, clientKey(), func(header, claims map[string]any) { edit(w, header, claims) }))
	}
}

func withOutside(edit func(w *world, header, claims map[string]any)) func(*testing.T, *world) url.Values {
	return func(t *testing.T, w *world) url.Values {
		return w.assertionForm(w.outside.assertion(t, strangerKey(), func(header, claims map[string]any) { edit(w, header, claims) }))
	}
}

// withIdentity uses a managed identity's token, re-signed after edit.
func withIdentity(identity func(*world) store.ServicePrincipal, edit func(w *world, header, claims map[string]any)) func(*testing.T, *world) url.Values {
	return func(t *testing.T, w *world) url.Values {
		sp := identity(w)
		token, err := w.service.ManagedIdentityToken(sp.TenantID, sp.ObjectID, exchangeURI)
		if err != nil {
			t.Fatal(err)
		}
		_, claims, err := entra.Decode(token.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		header := map[string]any{}
		edit(w, header, claims)
		forged, err := w.service.Forge(sp.TenantID, header, claims)
		if err != nil {
			t.Fatal(err)
		}
		return w.assertionForm(forged)
	}
}

func theAssigned(w *world) store.ServicePrincipal { return w.assigned }

func set(name string, value func(*world) string) func(*testing.T, *world) url.Values {
	return withSecret(func(w *world, form url.Values) { form.Set(name, value(w)) })
}

func setTo(name, value string) func(*testing.T, *world) url.Values {
	return set(name, func(*world) string { return value })
}

func without(name string) func(*testing.T, *world) url.Values {
	return withSecret(func(_ *world, form url.Values) { form.Del(name) })
}

var refusalTests = []refusalTest{
	// The tenant.
	{name: "tenant that does not exist", tenant: func(*world) string { return uuid.NewString() }, status: 400, number: 90002, code: "invalid_request"},
	{name: "domain that does not exist", tenant: func(*world) string { return "nobody.sandbox.test" }, status: 400, number: 90002, code: "invalid_request"},
	{name: "tenant neither GUID nor domain", tenant: func(*world) string { return "nobody" }, status: 400, number: 900023, code: "invalid_request"},
	{name: "common", tenant: func(*world) string { return "common" }, status: 400, number: 9001023, code: "invalid_request"},
	{name: "consumers", tenant: func(*world) string { return "consumers" }, status: 400, number: 9001023, code: "invalid_request"},
	{name: "organizations", tenant: func(*world) string { return "organizations" }, status: 400, number: 50059, code: "invalid_request"},

	// The form.
	{name: "GET", method: http.MethodGet, status: 400, number: 900561, code: "invalid_request"},
	{name: "GET on v1", method: http.MethodGet, path: "oauth2/token", status: 400, number: 900561, code: "invalid_request"},
	{name: "no grant type", form: without("grant_type"), status: 400, number: 900144, code: "invalid_request"},
	{name: "unknown grant type", form: setTo("grant_type", "client_credential"), status: 400, number: 70003, code: "unsupported_grant_type"},
	{name: "body that is not a form", header: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, status: 400, number: 900144, code: "invalid_request"},
	{name: "repeated parameter", form: withSecret(func(w *world, form url.Values) { form.Add("client_id", w.client.ClientID) }), status: 400, number: 9000411, code: "invalid_request"},
	{name: "no client id", form: without("client_id"), status: 400, number: 900144, code: "invalid_request"},
	{name: "no scope", form: without("scope"), status: 400, number: 900144, code: "invalid_request"},
	{name: "blank scope", form: setTo("scope", " "), status: 400, number: 900144, code: "invalid_request"},
	{name: "scope without /.default", form: setTo("scope", ordersURI+"/Orders.Read"), status: 400, number: 1002012, code: "invalid_scope"},
	{name: "scope of OpenID Connect alone", form: setTo("scope", "openid profile"), status: 400, number: 70011, code: "invalid_scope"},
	{name: "scope without a resource", form: setTo("scope", "/.default"), status: 400, number: 70011, code: "invalid_scope"},
	{name: "two resources", form: setTo("scope", ordersURI+"/.default "+legacyURI+"/.default"), status: 400, number: 700022, code: "invalid_scope"},
	{name: "resource on v2", form: setTo("resource", ordersURI), status: 400, number: 901002, code: "invalid_request"},
	{name: "no resource on v1", path: "oauth2/token", form: without("scope"), status: 400, number: 900144, code: "invalid_request"},
	{name: "assertion without its type", form: func(t *testing.T, w *world) url.Values {
		form := w.assertionForm(w.certificateAssertion(t, clientKey(), nil))
		form.Del("client_assertion_type")
		return form
	}, status: 400, number: 900144, code: "invalid_request"},

	// The client.
	{name: "unknown client", form: set("client_id", func(*world) string { return uuid.NewString() }), status: 400, number: 700016, code: "unauthorized_client"},
	{name: "client id of zeros", form: setTo("client_id", uuid.Nil.String()), status: 400, number: 700038, code: "unauthorized_client"},
	{name: "client of another tenant", form: set("client_id", func(w *world) string { return w.fabrikamClient.ClientID }), status: 400, number: 700016, code: "unauthorized_client"},
	{name: "object id instead of client id", form: set("client_id", func(w *world) string { return w.client.ObjectID }), status: 400, number: 700016, code: "unauthorized_client"},
	{name: "client without service principal", form: set("client_id", func(w *world) string { return w.registeredOnly.ClientID }), status: 401, number: 7000229, code: "invalid_client"},
	{name: "disabled client", form: set("client_id", func(w *world) string { return w.disabled.ClientID }), status: 400, number: 7000112, code: "unauthorized_client"},

	// Its secret.
	{name: "no credential", form: without("client_secret"), status: 401, number: 7000216, code: "invalid_client"},
	{name: "wrong secret", form: setTo("client_secret", "wrong"), status: 401, number: 7000215, code: "invalid_client"},
	{name: "the secret's id instead of its value", form: set("client_secret", func(w *world) string { return w.clientApp.PasswordCredentials[1].KeyID }), status: 401, number: 7000215, code: "invalid_client"},
	{name: "expired secret", form: setTo("client_secret", expiredSecret), status: 401, number: 7000222, code: "invalid_client"},
	{name: "wrong secret in the header", form: without("client_secret"), header: func(r *http.Request) { r.SetBasicAuth(clientIDOf(r), "wrong") }, status: 401, number: 7000215, code: "invalid_client"},
	{name: "header that is not form-encoded", form: without("client_secret"), header: func(r *http.Request) { r.SetBasicAuth(clientIDOf(r), "%zz") }, status: 401, number: 7000215, code: "invalid_client"},
	{name: "secret of a managed identity", form: set("client_id", func(w *world) string { return w.assigned.ClientID }), status: 401, number: 7000215, code: "invalid_client"},

	// Its certificate.
	{name: "assertion that is not a JWT", form: func(_ *testing.T, w *world) url.Values { return w.assertionForm("a.b") }, status: 400, number: 50027, code: "invalid_request"},
	{name: "assertion with unreadable claims", form: func(_ *testing.T, w *world) url.Values { return w.assertionForm("e30.W10.") }, status: 400, number: 50027, code: "invalid_request"},
	{name: "assertion signed with another key", form: func(t *testing.T, w *world) url.Values {
		return w.assertionForm(w.certificateAssertion(t, strangerKey(), nil))
	}, status: 401, number: 700027, code: "invalid_client"},
	{name: "assertion without signature", form: withCertificate(func(_ *world, header, _ map[string]any) { header["alg"] = "none" }), status: 401, number: 700027, code: "invalid_client"},
	{name: "assertion without thumbprint", form: withCertificate(func(_ *world, header, _ map[string]any) { delete(header, "x5t#S256") }), status: 401, number: 700027, code: "invalid_client"},
	{name: "certificate not registered", form: withCertificate(func(_ *world, header, _ map[string]any) { header["x5t#S256"] = "AAAA" }), status: 401, number: 700027, code: "invalid_client"},
	{name: "certificate registered but expired", form: withCertificate(func(w *world, header, _ map[string]any) { header["x5t#S256"] = thumbprintSHA256(w.lateCertificate.Raw) }), status: 401, number: 700027, code: "invalid_client"},
	{name: "assertion with another issuer", form: withCertificate(func(w *world, _, claims map[string]any) { claims["iss"] = w.stranger.ClientID }), status: 401, number: 700021, code: "invalid_client"},
	{name: "assertion with another subject", form: withCertificate(func(w *world, _, claims map[string]any) { claims["sub"] = w.stranger.ClientID }), status: 401, number: 700021, code: "invalid_client"},
	{name: "assertion for another audience", form: withCertificate(func(w *world, _, claims map[string]any) {
		claims["aud"] = w.base() + "/" + w.fabrikam.ID + "/oauth2/v2.0/token"
	}), status: 401, number: 700023, code: "invalid_client"},
	{name: "assertion for Microsoft", form: withCertificate(func(w *world, _, claims map[string]any) {
		claims["aud"] = "https://login.microsoftonline.com/" + w.contoso.ID + "/oauth2/v2.0/token"
	}), status: 401, number: 700023, code: "invalid_client"},
	{name: "assertion for another tenant at the alias", form: withCertificate(func(w *world, _, claims map[string]any) {
		claims["aud"] = aliasURL + "/" + w.fabrikam.ID + "/oauth2/v2.0/token"
	}), status: 401, number: 700023, code: "invalid_client"},
	{name: "expired assertion", form: withCertificate(func(_ *world, _, claims map[string]any) { claims["exp"] = time.Now().Add(-6 * time.Minute).Unix() }), status: 401, number: 700024, code: "invalid_client"},
	{name: "assertion not yet valid", form: withCertificate(func(_ *world, _, claims map[string]any) { claims["nbf"] = time.Now().Add(6 * time.Minute).Unix() }), status: 401, number: 700024, code: "invalid_client"},
	{name: "assertion without expiry", form: withCertificate(func(_ *world, _, claims map[string]any) { delete(claims, "exp") }), status: 401, number: 700024, code: "invalid_client"},

	// A federated assertion.
	{name: "no federated identity credential", form: withOutside(func(*world, map[string]any, map[string]any) {}),
		edit: func(w *world, form url.Values) { form.Set("client_id", w.stranger.ClientID) }, status: 400, number: 70021, code: "invalid_request"},
	{name: "federated issuer with a slash", form: withOutside(func(w *world, _, claims map[string]any) { claims["iss"] = w.outside.URL + "/" }), status: 401, number: 700211, code: "invalid_client"},
	{name: "federated subject in another case", form: withOutside(func(_ *world, _, claims map[string]any) { claims["sub"] = "Workload" }), status: 401, number: 700213, code: "invalid_client"},
	{name: "federated audience", form: withOutside(func(_ *world, _, claims map[string]any) { claims["aud"] = "api://another" }), status: 401, number: 700212, code: "invalid_client"},
	{name: "federated key unknown", form: withOutside(func(_ *world, header, _ map[string]any) { header["kid"] = "unknown" }), status: 401, number: 700027, code: "invalid_client"},
	{name: "federated signature wrong", form: func(t *testing.T, w *world) url.Values {
		return w.assertionForm(w.outside.assertion(t, clientKey(), nil))
	}, status: 401, number: 700027, code: "invalid_client"},
	{name: "federated assertion with PS256", form: withOutside(func(_ *world, header, _ map[string]any) { header["alg"] = "PS256" }), status: 401, number: 700027, code: "invalid_client"},
	{name: "federated assertion expired", form: withOutside(func(_ *world, _, claims map[string]any) { claims["exp"] = time.Now().Add(-6 * time.Minute).Unix() }), status: 401, number: 700024, code: "invalid_client"},
	{name: "federated issuer without a discovery document", form: withOutside(func(w *world, _, claims map[string]any) { claims["iss"] = w.outside.URL + "/broken" }), status: 400, number: 501661, code: "invalid_request"},
	{name: "federated issuer whose document names another", form: withOutside(func(w *world, _, claims map[string]any) { claims["iss"] = w.outside.URL + "/other" }), status: 400, number: 501661, code: "invalid_request"},
	{name: "federated issuer with keys beyond the loopback interface", form: withOutside(func(w *world, _, claims map[string]any) { claims["iss"] = w.outside.URL + "/elsewhere" }), status: 400, number: 501661, code: "invalid_request"},
	{name: "federated issuer that redirects", form: withOutside(func(w *world, _, claims map[string]any) { claims["iss"] = w.outside.URL + "/redirected" }), status: 400, number: 501661, code: "invalid_request"},
	{name: "token of another tenant's managed identity", form: withIdentity(func(w *world) store.ServicePrincipal { return w.outsider }, func(*world, map[string]any, map[string]any) {}), status: 401, number: 700236, code: "invalid_client"},
	{name: "another tenant's key under this tenant's issuer", form: withIdentity(func(w *world) store.ServicePrincipal { return w.outsider }, func(w *world, _, claims map[string]any) {
		claims["iss"], claims["sub"] = w.issuer(), w.assigned.ObjectID
	}), status: 401, number: 700027, code: "invalid_client"},
	{name: "managed identity's token not signed", form: withIdentity(theAssigned, func(_ *world, header, _ map[string]any) { header["alg"] = "none" }), status: 401, number: 700027, code: "invalid_client"},
	{name: "managed identity that is not the subject", form: withIdentity(func(w *world) store.ServicePrincipal { return w.unassigned }, func(*world, map[string]any, map[string]any) {}), status: 401, number: 700213, code: "invalid_client"},
	{name: "system-assigned managed identity", form: withIdentity(func(w *world) store.ServicePrincipal { return w.system }, func(*world, map[string]any, map[string]any) {}), status: 401, number: 700226, code: "invalid_client"},
	{name: "token of an app registration", form: func(t *testing.T, w *world) url.Values {
		form := w.secretForm()
		form.Set("client_id", w.stranger.ClientID)
		form.Set("scope", exchangeURI+"/.default")
		return w.assertionForm(w.post(t, "oauth2/v2.0/token", form).token(t))
	}, status: 401, number: 700226, code: "invalid_client"},
	{name: "token of a user", form: withIdentity(theAssigned, func(_ *world, _, claims map[string]any) { claims["scp"] = "Orders.Read" }), status: 401, number: 700229, code: "invalid_client"},

	// The resource.
	{name: "unknown resource", form: setTo("scope", "api://nobody/.default"), status: 400, number: 500011, code: "invalid_resource"},
	{name: "resource of another tenant", form: set("scope", func(w *world) string { return w.fabrikamClient.ClientID + "/.default" }), status: 400, number: 500011, code: "invalid_resource"},
	{name: "resource without service principal", form: set("scope", func(w *world) string { return w.registeredOnly.ClientID + "/.default" }), status: 400, number: 500011, code: "invalid_resource"},
	{name: "resource that is a managed identity", form: set("scope", func(w *world) string { return w.assigned.ClientID + "/.default" }), status: 400, number: 500011, code: "invalid_resource"},
	{name: "resource with a trailing slash", form: setTo("scope", legacyURI+"//.default"), status: 400, number: 500011, code: "invalid_resource"},
	{name: "v1 resource with /.default", path: "oauth2/token", form: withSecret(func(_ *world, form url.Values) {
		form.Del("scope")
		form.Set("resource", legacyURI+"/.default")
	}), status: 400, number: 500011, code: "invalid_resource"},
	{name: "disabled resource", form: setTo("scope", offURI+"/.default"), status: 400, number: 500014, code: "invalid_resource"},
	{name: "not assigned while required", form: set("client_id", func(w *world) string { return w.stranger.ClientID }), status: 400, number: 501051, code: "invalid_grant"},
}

// clientIDOf is what the form of a request has; SetBasicAuth needs it.
func clientIDOf(r *http.Request) string {
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	defer body.Close()
	copied := r.Clone(r.Context())
	copied.Body = body
	return copied.PostFormValue("client_id")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[int]bool{
		50000: true, 50196: true, 90006: true, 90024: true, 90033: true, 90055: true, // weather: TestFaults
		50049: true, // TestInstanceDiscovery
	}
	t.Run("table", func(t *testing.T) {
		for _, tt := range refusalTests {
			seen[tt.number] = true
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.run(t, w)
			})
		}
	})
	for _, number := range entra.Numbers() {
		if !seen[number] {
			t.Errorf("AADSTS%d has no row", number)
		}
	}
	for _, entry := range w.log.Entries() {
		if holdsSecret(fmt.Sprintf("%+v", entry)) {
			t.Errorf("the history holds a secret: %s %s", entry.Method, entry.Route)
		}
	}
}

func (tt refusalTest) run(t *testing.T, w *world) {
	form := w.secretForm()
	if tt.form != nil {
		form = tt.form(t, w)
	}
	if tt.edit != nil {
		tt.edit(w, form)
	}
	tenant := w.contoso.ID
	if tt.tenant != nil {
		tenant = tt.tenant(w)
	}
	path := tt.path
	if path == "" {
		path = "oauth2/v2.0/token"
	}
	correlation := uuid.NewString()
	a := w.post(t, "/"+tenant+"/"+path, form, func(r *http.Request) {
		r.Header.Set("client-request-id", correlation)
		if tt.method != "" {
			r.Method, r.Body, r.ContentLength = tt.method, nil, 0
		}
		if tt.header != nil {
			tt.header(r)
		}
	})
	if a.status != tt.status || a.body["error"] != tt.code {
		t.Errorf("got status %d and error %v, want %d and %q: %v", a.status, a.body["error"], tt.status, tt.code, a.body["error_description"])
	}
	checkRefusal(t, a, tt.number)
	if a.body["correlation_id"] != correlation {
		t.Errorf("got correlation id %v, want the client's %q", a.body["correlation_id"], correlation)
	}
	tt.checkLogged(t, w, correlation, a)
	for _, secret := range []string{form.Get("client_secret"), form.Get("client_assertion")} {
		if len(secret) > 3 && strings.Contains(a.text, secret) || holdsSecret(a.text) {
			t.Error("the refusal quotes the credential")
		}
	}
}

// The request is that of MSAL for JavaScript, which puts the correlation id into
// the address and the form, and says in the form what other libraries say in
// headers.
func TestRequestOfMSALForJavaScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inAddress, inForm := uuid.NewString(), uuid.NewString()
	path := "/" + w.contoso.ID + "/oauth2/v2.0/token?client-request-id=" + inAddress
	form := w.secretForm()
	for name, value := range map[string]string{
		"client_info": "1", "x-client-SKU": "msal.js.node", "x-client-VER": "5.0.0", "x-client-OS": "linux", "x-client-CPU": "x64",
		"x-client-current-telemetry": "5|771,0,,,|,", "x-client-last-telemetry": "5|0|||0,0", "x-ms-lib-capability": "retry-after, h429",
		"client-request-id": inForm, "claims": `{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false},"tenant_region_sub_scope":{"essential":false}}}`,
	} {
		form.Set(name, value)
	}
	if a := w.post(t, path, form); a.status != http.StatusOK {
		t.Errorf("got status %d %v, want 200", a.status, a.body)
	}
	form.Set("client_secret", "wrong")
	if a := w.post(t, path, form); a.status != http.StatusUnauthorized || a.body["correlation_id"] != inForm {
		t.Errorf("wrong secret: got status %d and correlation id %v, want 401 and that of the form, %q", a.status, a.body["correlation_id"], inForm)
	}
	form.Del("client-request-id")
	if a := w.post(t, path, form); a.body["correlation_id"] != inAddress {
		t.Errorf("wrong secret: got correlation id %v, want that of the address, %q", a.body["correlation_id"], inAddress)
	}
}

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`)

// checkRefusal checks the parts that every refusal has.
func checkRefusal(t *testing.T, a answer, number int) {
	t.Helper()
	description, _ := a.body["error_description"].(string)
	if want := fmt.Sprintf("AADSTS%d: ", number); !strings.HasPrefix(description, want) {
		t.Errorf("got description %q, want it to begin with %q", description, want)
	}
	if codes, _ := a.body["error_codes"].([]any); len(codes) != 1 || codes[0] != float64(number) {
		t.Errorf("got error codes %v, want [%d]", a.body["error_codes"], number)
	}
	stamp, _ := a.body["timestamp"].(string)
	trace, _ := a.body["trace_id"].(string)
	correlation, _ := a.body["correlation_id"].(string)
	if !timestamp.MatchString(stamp) || uuid.Validate(trace) != nil || uuid.Validate(correlation) != nil {
		t.Errorf("got timestamp %q, trace id %q and correlation id %q, want a time and two GUIDs", stamp, trace, correlation)
	}
	for _, part := range []string{"Trace ID: " + trace, "Correlation ID: " + correlation, "Timestamp: " + stamp} {
		if !strings.Contains(description, part) {
			t.Errorf("got description %q, want %q in it", description, part)
		}
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "Expires": "-1", "X-Content-Type-Options": "nosniff",
		"Content-Type": "application/json; charset=utf-8", "X-Ms-Request-Id": trace,
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("got header %s %q, want %q", name, got, want)
		}
	}
}
