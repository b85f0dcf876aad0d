package entra_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// This file sends the token endpoint what nobody would write by hand. Every
// answer is a refusal in Entra's shape or one that says it is not emulated,
// never a failure of the sandbox, and never a token without the client's
// credential.

func FuzzTokenForm(f *testing.F) {
	w := newWorld(f)
	seed := w.secretForm()
	seed.Set("client_secret", "wrong")
	f.Add("application/x-www-form-urlencoded", seed.Encode())
	f.Add("application/x-www-form-urlencoded", "grant_type=client_credentials&grant_type=x&%zz=%&client_id")
	f.Add("application/json", `{"grant_type":"client_credentials"}`)
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=grant_type\r\n\r\nclient_credentials\r\n--x--")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		if strings.Contains(body, clientSecret) {
			t.Skip("the secret itself")
		}
		for _, path := range []string{"/oauth2/v2.0/token", "/oauth2/token"} {
			r := httptest.NewRequest(http.MethodPost, "/"+w.contoso.ID+path, strings.NewReader(body))
			r.Header["Content-Type"] = []string{contentType}
			wantRefused(t, w, r)
		}
	})
}

func FuzzAssertion(f *testing.F) {
	w := newWorld(f)
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4IiwiYXVkIjpbIngiXSwiZXhwIjoxZTMwMH0.AA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, assertion string) {
		form := w.assertionForm(assertion)
		r := httptest.NewRequest(http.MethodPost, "/"+w.contoso.ID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wantRefused(t, w, r)
	})
}

// FuzzTenant has anything for the tenant and for the scope.
func FuzzTenant(f *testing.F) {
	w := newWorld(f)
	f.Add("common", ".default")
	f.Add("{"+w.contoso.ID+"}", "api://x/.default api://y/.default")
	f.Fuzz(func(t *testing.T, tenant, scope string) {
		form := w.secretForm()
		form.Set("client_secret", "wrong")
		form.Set("scope", scope)
		r := httptest.NewRequest(http.MethodPost, "/t/oauth2/v2.0/token", strings.NewReader(form.Encode()))
		r.URL = &url.URL{Path: "/" + tenant + "/oauth2/v2.0/token"}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wantRefused(t, w, r)
	})
}

func wantRefused(t *testing.T, w *world, r *http.Request) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.service.Handler().ServeHTTP(rec, r)
	var body struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	if rec.Code < 400 || rec.Code == http.StatusInternalServerError {
		t.Fatalf("got status %d %s, want a refusal", rec.Code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || body.Error == "" {
		t.Fatalf("got status %d and %q, want Entra's error", rec.Code, rec.Body)
	}
}
