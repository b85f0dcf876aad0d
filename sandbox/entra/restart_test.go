package entra_test

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// TestRestart: a service over a store that another filled knows its keys, its
// tokens and its secrets; also on another port than before.
func TestRestart(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	start := func(port string) *entra.Service {
		return entra.New(entra.Config{Store: s, BaseURL: "https://127.0.0.1:" + port + "/", GraphURL: "https://127.0.0.1:1" + port, Log: &route.Log{}, Weather: &route.Weather{}})
	}
	tenant := uuid.NewString()
	first := start("8443")
	var deployer entra.Deployer
	err = s.Update(func(tx *store.Tx) (err error) {
		if err := first.AddTenant(tx, store.Tenant{ID: tenant}); err != nil {
			return err
		}
		deployer, err = first.AddDeployer(tx, tenant, "deployer", "Application.Read.All")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	before := graphToken(t, first, deployer)
	again := start("8443")
	for name, token := range map[string]string{"issued before": before, "issued after": graphToken(t, again, deployer)} {
		caller, err := again.Authenticate(bearer(token), again.GraphURL)
		if err != nil || caller.ObjectID != deployer.ObjectID || len(caller.Roles) != 1 {
			t.Errorf("token %s: got caller %+v and %v, want the deployer with its role", name, caller, err)
		}
	}
	moved := start("9443")
	if _, err := moved.Authenticate(bearer(graphToken(t, moved, deployer)), moved.GraphURL); err != nil {
		t.Errorf("on another port: %v", err)
	}
	if _, err := moved.Authenticate(bearer(before), first.GraphURL); err == nil || !strings.Contains(err.Error(), "issuer") {
		t.Errorf("got %v, want the token of the port before refused for its issuer", err)
	}
	err = s.View(func(tx *store.Tx) error {
		app, _ := store.ApplicationByClientID(tx, tenant, deployer.ClientID)
		kept, hash := app.PasswordCredentials[0], sha256.Sum256([]byte(deployer.Secret))
		if string(kept.SecretHash) != string(hash[:]) || kept.Hint != deployer.Secret[:3] {
			t.Error("got another hash or hint than the secret's")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// graphToken is the deployer's for Microsoft Graph, without a network.
func graphToken(t *testing.T, service *entra.Service, d entra.Deployer) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {d.ClientID}, "client_secret": {d.Secret},
		"scope": {service.GraphURL + "/.default"},
	}
	r := httptest.NewRequest(http.MethodPost, "/"+d.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	service.Handler().ServeHTTP(w, r)
	_, token, found := strings.Cut(w.Body.String(), `"access_token":"`)
	if !found {
		t.Fatalf("got status %d and %s, want a token", w.Code, w.Body)
	}
	return strings.TrimRight(token, "\"}\n")
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
