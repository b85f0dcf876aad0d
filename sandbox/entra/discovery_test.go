package entra_test

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
)

func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.base() + "/" + w.contoso.ID
	for _, tt := range []struct {
		name, path, issuer, token, keys string
	}{
		{"v2", "/" + w.contoso.ID + "/v2.0", id + "/v2.0", id + "/oauth2/v2.0/token", id + "/discovery/v2.0/keys"},
		{"v2 by domain", "/" + w.contoso.Domain + "/v2.0", id + "/v2.0", id + "/oauth2/v2.0/token", id + "/discovery/v2.0/keys"},
		{"v1", "/" + w.contoso.ID, id + "/", id + "/oauth2/token", id + "/discovery/keys"},
		{"v1 by domain", "/" + strings.ToUpper(w.contoso.Domain), id + "/", id + "/oauth2/token", id + "/discovery/keys"},
		{"common", "/common/v2.0", w.base() + "/{tenantid}/v2.0", w.base() + "/common/oauth2/v2.0/token", w.base() + "/common/discovery/v2.0/keys"},
		{"organizations", "/organizations/v2.0", w.base() + "/{tenantid}/v2.0", w.base() + "/organizations/oauth2/v2.0/token", w.base() + "/organizations/discovery/v2.0/keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := w.get(t, tt.path+"/.well-known/openid-configuration")
			for name, want := range map[string]any{"issuer": tt.issuer, "token_endpoint": tt.token, "jwks_uri": tt.keys} {
				if a.body[name] != want {
					t.Errorf("got %s %v, want %v", name, a.body[name], want)
				}
			}
			if got := a.header.Get("Cache-Control"); got != "max-age=86400, private" || a.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("got headers %v, want a document that may be kept for a day by anybody", a.header)
			}
			for _, name := range []string{"authorization_endpoint", "userinfo_endpoint", "end_session_endpoint"} {
				if value, _ := a.body[name].(string); !strings.HasPrefix(value, w.base()+"/") {
					t.Errorf("got %s %v, want an address of the sandbox", name, a.body[name])
				}
			}
			if strings.Contains(a.text, "microsoft.com") || strings.Contains(a.text, "windows.net") {
				t.Errorf("the document claims a Microsoft host: %s", a.text)
			}
		})
	}
}

func TestDiscoveryRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		tenant string
		number int
		code   string
	}{
		{uuid.NewString(), 90002, "invalid_tenant"},
		{"nobody.sandbox.test", 90002, "invalid_tenant"},
		{"nobody", 900023, "invalid_request"},
	} {
		t.Run(tt.tenant, func(t *testing.T) {
			for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration", "/discovery/v2.0/keys", "/discovery/keys"} {
				a := w.get(t, "/"+tt.tenant+path)
				if a.status != http.StatusBadRequest || a.body["error"] != tt.code {
					t.Errorf("%s%s: got status %d and error %v, want 400 and %q", tt.tenant, path, a.status, a.body["error"], tt.code)
				}
				checkRefusal(t, a, tt.number)
			}
		})
	}
	if a := w.get(t, "/consumers/v2.0/.well-known/openid-configuration"); a.status != http.StatusNotImplemented {
		t.Errorf("consumers: got status %d, want 501: there are no personal accounts here", a.status)
	}
}

func TestKeySets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v2, v1 := w.keySet(t, w.contoso.ID, "discovery/v2.0/keys"), w.keySet(t, w.contoso.Domain, "discovery/keys")
	if len(v2) != 1 || len(v1) != 1 {
		t.Fatalf("got %d and %d keys, want one in each set", len(v2), len(v1))
	}
	key := v2[0]
	der, err := base64.StdEncoding.DecodeString(stringsOf(key["x5c"])[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParseCertificate(der); err != nil {
		t.Error(err)
	}
	sum := sha1.Sum(der)
	if want := base64.RawURLEncoding.EncodeToString(sum[:]); key["kid"] != want || key["x5t"] != want {
		t.Errorf("got kid %v and x5t %v, want the certificate's thumbprint %q", key["kid"], key["x5t"], want)
	}
	if key["kty"] != "RSA" || key["use"] != "sig" || key["e"] != "AQAB" {
		t.Errorf("got key %v, want an RSA signing key with exponent AQAB", key)
	}
	if key["issuer"] != w.issuer() {
		t.Errorf("got issuer %v, want %q", key["issuer"], w.issuer())
	}
	if value, ok := v1[0]["issuer"]; ok || v1[0]["n"] != key["n"] {
		t.Errorf("v1: got issuer %v, want none, and the same key", value)
	}
	if all := w.keySet(t, "common", "discovery/v2.0/keys"); len(all) != 2 {
		t.Errorf("common: got %d keys, want those of both tenants", len(all))
	}
}

func TestInstanceDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(version, endpoint string) answer {
		query := url.Values{"api-version": {version}, "authorization_endpoint": {endpoint}}
		return w.get(t, "/common/discovery/instance?"+query.Encode())
	}
	a := ask("1.1", w.base()+"/"+w.contoso.ID+"/oauth2/v2.0/authorize")
	if want := w.issuer() + "/.well-known/openid-configuration"; a.body["tenant_discovery_endpoint"] != want || a.body["api-version"] != "1.1" {
		t.Errorf("got %v, want the discovery document %q", a.body, want)
	}
	host := strings.TrimPrefix(w.base(), "https://")
	metadata, _ := a.body["metadata"].([]any)
	if len(metadata) != 1 || metadata[0].(map[string]any)["preferred_network"] != host {
		t.Errorf("got metadata %v, want one entry for %q", metadata, host)
	}
	a = ask("1.1", "https://login.example.com/common/oauth2/v2.0/authorize")
	if a.status != http.StatusBadRequest || a.body["error"] != "invalid_instance" {
		t.Errorf("got status %d and error %v, want 400 and invalid_instance", a.status, a.body["error"])
	}
	checkRefusal(t, a, 50049)
	if got := ask("2.0", w.base()+"/common/oauth2/v2.0/authorize").status; got != http.StatusNotImplemented {
		t.Errorf("got status %d for api-version 2.0, want 501", got)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.post(t, "oauth2/v2.0/token", w.secretForm()).token(t)
	if err := w.service.RotateKeys(w.contoso.ID); err != nil {
		t.Fatal(err)
	}
	after := w.post(t, "oauth2/v2.0/token", w.secretForm()).token(t)
	oldHeader, _, _ := entra.Decode(before)
	newHeader, _, _ := entra.Decode(after)
	if oldHeader["kid"] == newHeader["kid"] {
		t.Errorf("got key %v before and after, want another", newHeader["kid"])
	}
	w.verified(t, before)
	w.verified(t, after)
	if got := len(w.keySet(t, w.contoso.ID, "discovery/v2.0/keys")); got != 2 {
		t.Errorf("got %d keys, want the new one and the one before", got)
	}
	if got := len(w.keySet(t, w.fabrikam.ID, "discovery/v2.0/keys")); got != 1 {
		t.Errorf("got %d keys of the other tenant, want 1", got)
	}
	if err := w.store.Advance(49 * time.Hour); err != nil {
		t.Fatal(err)
	}
	keys := w.keySet(t, w.contoso.ID, "discovery/v2.0/keys")
	if len(keys) != 1 || keys[0]["kid"] != newHeader["kid"] {
		t.Errorf("two days later: got %d keys, want the new one only", len(keys))
	}
	for range 2 { // the second rotation removes the first key
		if err := w.service.RotateKeys(w.contoso.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.keySet(t, w.contoso.ID, "discovery/v2.0/keys")); got != 3 {
		t.Errorf("got %d keys after two rotations, want 3", got)
	}
	if err := w.service.RotateKeys(uuid.NewString()); err == nil {
		t.Error("got no error for a tenant that does not exist")
	}
}

func TestRoutesSayWhatTheyFollow(t *testing.T) {
	t.Parallel()
	for _, route := range entra.New(entra.Config{BaseURL: "https://127.0.0.1:1"}).Routes().Routes {
		if _, err := time.Parse(time.DateOnly, route.Checked); err != nil || !strings.HasPrefix(route.Doc, "https://") {
			t.Errorf("%s: got doc %q, checked %q, want a page and a day", route.Pattern, route.Doc, route.Checked)
		}
	}
}
