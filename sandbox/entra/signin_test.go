package entra_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// signIns is contoso's sign-in log, the newest first.
func (w *world) signIns(t *testing.T) (all []store.SignIn) {
	t.Helper()
	if err := w.store.View(func(tx *store.Tx) error {
		for _, s := range store.SignIns.All(tx, store.TenantKey(w.contoso.ID, "")) {
			all = append(all, s)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// unlogged are the rows whose requests are over before they name a client.
var unlogged = []string{"GET", "GET on v1", "no grant type", "unknown grant type", "body that is not a form", "repeated parameter", "no client id"}

// checkLogged expects a refusal in contoso's log under the ids that the client saw,
// unless the request named no tenant or no client.
func (tt refusalTest) checkLogged(t *testing.T, w *world, correlation string, a answer) {
	t.Helper()
	var found []store.SignIn
	for _, s := range w.signIns(t) {
		if s.CorrelationID == correlation {
			found = append(found, s)
		}
	}
	if tt.tenant != nil || slices.Contains(unlogged, tt.name) {
		if len(found) > 0 {
			t.Errorf("got %+v in the log of a tenant, or of a client, that the request does not name", found)
		}
		return
	}
	if len(found) != 1 || found[0].Code != tt.number || found[0].ID != a.body["trace_id"] || found[0].ClientID == "" || found[0].UserAgent == "" || found[0].IPAddress == "" {
		t.Errorf("got %+v in the log, want one entry with AADSTS%d and the id %v", found, tt.number, a.body["trace_id"])
		return
	}
	if description, _ := a.body["error_description"].(string); !strings.HasPrefix(description, found[0].Reason) || holdsSecret(found[0].Reason) {
		t.Errorf("got reason %q in the log of %q", found[0].Reason, description)
	}
}

func TestSignInLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.post(t, "oauth2/v2.0/token", w.secretForm())
	claims := a.claims(t, w)
	got := w.signIns(t)
	if len(got) != 1 {
		t.Fatalf("got %d entries, want one", len(got))
	}
	s := got[0]
	id, err := uuid.Parse(s.ID)
	if err != nil || s.ID != a.header.Get("x-ms-request-id") {
		t.Errorf("got id %q, want that of the answer's header", s.ID)
	}
	encoded, err := base64.RawURLEncoding.DecodeString(s.TokenID)
	if err != nil || len(encoded) != 16 || encoded[15] != id[15] || encoded[0] != id[3] || s.TokenID != claims["uti"] {
		t.Errorf("got token id %q, want the token's uti %v, which encodes the id", s.TokenID, claims["uti"])
	}
	if s.Code != 0 || s.ServicePrincipalID != w.client.ObjectID || s.ResourcePrincipalID != w.orders.ObjectID || s.ResourceID != w.orders.ClientID ||
		s.Credential.Kind != store.SecretCredentialKind || s.Credential.ID != w.clientApp.PasswordCredentials[1].KeyID || s.Kind != store.SignInServicePrincipal {
		t.Errorf("got %+v", s)
	}
}

// TestSignInLogNamesTheCredential: a certificate, a federated one, and those of a
// managed identity.
func TestSignInLogNamesTheCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(a answer) store.SignIn {
		t.Helper()
		if a.status != http.StatusOK {
			t.Fatalf("got %d %v", a.status, a.body)
		}
		return w.signIns(t)[0]
	}
	if got := ask(w.post(t, "oauth2/v2.0/token", w.assertionForm(w.certificateAssertion(t, clientKey(), nil)))); got.Credential.Kind != store.CertificateKind || !slices.ContainsFunc(w.clientApp.KeyCredentials, func(c store.KeyCredential) bool {
		return c.KeyID == got.Credential.ID && bytes.Equal(c.Certificate, w.certificate.Raw)
	}) || len(got.Credential.Thumbprint) != 40 {
		t.Errorf("certificate: got %+v", got.Credential)
	}
	got := ask(w.post(t, "oauth2/v2.0/token", w.assertionForm(w.outside.assertion(t, strangerKey(), nil))))
	if got.Credential.Kind != store.FederatedCredentialKind || uuid.Validate(got.Credential.ID) != nil {
		t.Errorf("federated: got %+v", got.Credential)
	}
	before := len(w.signIns(t))
	for range 2 { // the second one comes from the cache
		if _, err := w.service.ManagedIdentityTokenFor("of-the-endpoint", w.contoso.ID, w.assigned.ObjectID, ordersURI); err != nil {
			t.Fatal(err)
		}
	}
	all := w.signIns(t)
	if len(all) != before+1 || all[0].Kind != store.SignInManagedIdentity || all[0].CorrelationID != "of-the-endpoint" || all[0].ManagedIdentityID == "" || all[0].Credential.Kind != store.ManagedIdentityKind {
		t.Errorf("got %d new entries, the first %+v; want one", len(all)-before, all[0])
	}
	if _, err := w.service.ManagedIdentityTokenFor("refused", w.contoso.ID, w.unassigned.ObjectID, ordersURI); err == nil {
		t.Fatal("expected a refusal")
	}
	if got := w.signIns(t)[0]; got.Code != 501051 || got.CorrelationID != "refused" {
		t.Errorf("got %+v, want the refusal", got)
	}
}

// TestLastUses: what the reports are made of, which outlives the log.
func TestLastUses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.secretForm()
	w.post(t, "oauth2/v2.0/token", form)
	form.Set("scope", "api://nothing/.default") // refused, and so no use
	if err := w.store.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	w.post(t, "oauth2/v2.0/token", form)
	uses := make(map[string]store.LastUse)
	if err := w.store.View(func(tx *store.Tx) error {
		for key, used := range store.LastUses.All(tx, store.TenantKey(w.contoso.ID, "")) {
			uses[strings.TrimPrefix(key, store.TenantKey(w.contoso.ID, ""))] = used
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{w.client.ClientID + "/client", w.orders.ClientID + "/resource", w.client.ClientID + "/key/" + w.clientApp.PasswordCredentials[1].KeyID} {
		if used, ok := uses[key]; !ok || w.store.Now().Sub(used.At) < time.Hour {
			t.Errorf("%s: got %+v %t, want the use an hour ago", key, used, ok)
		}
	}
	if len(uses) != 3 {
		t.Errorf("got %v, want three", uses)
	}
}
