package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
)

func TestUnemulated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := func(t *testing.T, w *world) url.Values {
		form := w.assertionForm(w.certificateAssertion(t, clientKey(), nil))
		form.Set("client_secret", clientSecret)
		return form
	}
	for _, tt := range []struct {
		name string
		path string
		form func(*testing.T, *world) url.Values
		edit func(*http.Request)
	}{
		{name: "unknown path", path: "oauth2/v2.0/devicecode"},
		{name: "query parameter", path: "oauth2/v2.0/token?slice=test"},
		{name: "api-version", path: "oauth2/token?api-version=2.0", form: setTo("resource", legacyURI)},
		{name: "grant type of users", form: setTo("grant_type", "refresh_token")},
		{name: "form parameter", form: setTo("login_hint", "somebody")},
		{name: "claims request", form: setTo("claims", `{"access_token":{"nbf":{"essential":true}}}`)},
		{name: "claims request for an ID token", form: setTo("claims", `{"id_token":{"email":null}}`)},
		{name: "claims that are no request", form: setTo("claims", "x")},
		{name: "bare default scope", form: setTo("scope", ".default")},
		{name: "secret in header and body", edit: func(r *http.Request) { r.SetBasicAuth(clientIDOf(r), clientSecret) }},
		{name: "other authentication", form: without("client_secret"), edit: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
		{name: "two client ids", form: without("client_secret"), edit: func(r *http.Request) { r.SetBasicAuth(uuid.NewString(), clientSecret) }},
		{name: "secret and assertion", form: both},
		{name: "assertion type", form: func(t *testing.T, w *world) url.Values {
			form := w.assertionForm(w.certificateAssertion(t, clientKey(), nil))
			form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
			return form
		}},
		{name: "outside issuer beyond the loopback interface", form: withOutside(func(_ *world, _, claims map[string]any) { claims["iss"] = "https://issuer.example.com" })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, form := tt.path, w.secretForm()
			if path == "" {
				path = "oauth2/v2.0/token"
			}
			if tt.form != nil {
				form = tt.form(t, w)
			}
			if strings.HasPrefix(path, "oauth2/token") {
				form.Del("scope")
			}
			before := len(w.log.Unemulated())
			a := w.post(t, path, form, func(r *http.Request) {
				if tt.edit != nil {
					tt.edit(r)
				}
			})
			description, _ := a.body["error_description"].(string)
			if a.status != http.StatusNotImplemented || !strings.Contains(description, "sandbox/entra/routes.go") || a.body["trace_id"] == nil {
				t.Errorf("got status %d and %v, want 501 naming the file to extend, in Entra's shape", a.status, a.body)
			}
			if got := len(w.log.Unemulated()) - before; got != 1 {
				t.Errorf("got %d unemulated requests recorded, want 1", got)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const pattern = "POST /{tenant}/oauth2/v2.0/token"
	for _, tt := range []struct {
		fault  route.Fault
		status int
		number int
		code   string
	}{
		{route.Fault{Status: 429, RetryAfter: time.Second}, 429, 90055, "temporarily_unavailable"},
		{route.Fault{Status: 503}, 503, 90033, "temporarily_unavailable"},
		{route.Fault{Status: 504}, 504, 90006, "temporarily_unavailable"},
		{route.Fault{Status: 500}, 500, 50000, "server_error"},
		{route.Fault{Code: "AADSTS90024"}, 429, 90024, "temporarily_unavailable"},
		{route.Fault{Code: "AADSTS50196", Message: "loop"}, 400, 50196, "invalid_grant"},
		// A fresh app registration is not known everywhere at once.
		{route.Fault{Code: "AADSTS700016"}, 400, 700016, "unauthorized_client"},
		{route.Fault{Status: 401, Code: "AADSTS501051"}, 401, 501051, "invalid_grant"},
	} {
		t.Run(fmt.Sprintf("AADSTS%d", tt.number), func(t *testing.T) {
			w.weather.Queue(pattern, tt.fault)
			a := w.post(t, "oauth2/v2.0/token", w.secretForm())
			if a.status != tt.status || a.body["error"] != tt.code {
				t.Errorf("fault %+v: got status %d and error %v, want %d and %q", tt.fault, a.status, a.body["error"], tt.status, tt.code)
			}
			checkRefusal(t, a, tt.number)
		})
	}
	if got := w.post(t, "oauth2/v2.0/token", w.secretForm()).status; got != http.StatusOK {
		t.Errorf("after the faults: got status %d, want 200", got)
	}
}

// TestHistory: entries have the caller and no credential.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(t, "oauth2/v2.0/token", w.secretForm()).token(t)
	w.post(t, "oauth2/v2.0/token", w.assertionForm(w.certificateAssertion(t, clientKey(), nil))).token(t)
	w.post(t, "oauth2/v2.0/token", setTo("client_secret", expiredSecret)(t, w))
	w.get(t, "/"+w.contoso.ID+"/oauth2/v2.0/token?client_secret="+clientSecret)
	entries := w.log.Entries()
	if len(entries) != 4 || entries[0].CallerID != w.client.ObjectID || entries[0].TenantID != w.contoso.ID || entries[2].Code != "AADSTS7000222" {
		t.Errorf("got entries %+v, want the caller's ids in the first and the refusal in the third", entries)
	}
	if slices.ContainsFunc(entries, func(e route.Entry) bool { return holdsSecret(fmt.Sprintf("%+v", e)) }) {
		t.Error("the history holds a secret")
	}
}
