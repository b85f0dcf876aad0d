package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

// This file repeats azuread's calls for an application's credentials; see
// azuread_test.go.

func TestAzureadApplicationPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	one := "/beta/applications/" + id
	added := w.want(http.StatusOK, "deployer", http.MethodPost, one+"/addPassword", map[string]any{
		"passwordCredential": map[string]any{"displayName": "ci", "startDateTime": "2026-11-23T12:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"},
	})
	secret, keyID := added.property("secretText"), added.property("keyId")
	if len(secret) < 16 || len(secret) > 64 || !strings.HasPrefix(secret, added.property("hint")) || len(added.property("hint")) != 3 {
		t.Fatalf("got a secret of %d characters that its hint does not start", len(secret))
	}
	read := w.get(one)
	if strings.Contains(read.text, secret) {
		t.Error("a later answer shows the secret")
	}
	credentials := read.body["passwordCredentials"].([]any)
	if len(credentials) != 1 || credentials[0].(map[string]any)["keyId"] != keyID || credentials[0].(map[string]any)["endDateTime"] != "2027-01-01T00:00:00Z" {
		t.Errorf("got credentials %v", credentials)
	}
	w.view(func(tx *store.Tx) {
		app, _ := store.Applications.Get(tx, store.TenantKey(contoso, id))
		sum := sha256.Sum256([]byte(secret))
		if string(app.PasswordCredentials[0].SecretHash) != string(sum[:]) {
			t.Error("the stored hash is not the secret's")
		}
	})

	// Without dates a secret is valid for two years.
	second := w.want(http.StatusOK, "deployer", http.MethodPost, one+"/addPassword", map[string]any{"passwordCredential": map[string]any{}})
	if got := second.property("endDateTime"); got != "2028-11-23T12:00:00Z" {
		t.Errorf("got end %q, want two years", got)
	}
	w.want(http.StatusNoContent, "deployer", http.MethodPost, one+"/removePassword", map[string]any{"keyId": keyID})
	if got := w.get(one).body["passwordCredentials"].([]any); len(got) != 1 {
		t.Errorf("got %d credentials after removing one of two", len(got))
	}
	w.want(http.StatusBadRequest, "deployer", http.MethodPost, one+"/removePassword", map[string]any{"keyId": keyID})

	for _, entry := range w.log.Entries() {
		if strings.Contains(entry.URL+entry.Object+entry.Code, secret) {
			t.Errorf("the history shows the secret: %s %s", entry.Method, entry.Route)
		}
	}
}

// newCertificate returns a certificate that is valid for 100 days from the
// world's clock.
func newCertificate(t *testing.T) (pemText []byte, der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "orders"}, NotBefore: start, NotAfter: start.AddDate(0, 0, 100)}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), der
}

func TestAzureadApplicationCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	one := "/beta/applications/" + id
	keys := func() []any { return w.get(one).body["keyCredentials"].([]any) }
	certificate, der := newCertificate(t)
	sent := map[string]any{
		"keyId": ordersRead, "type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(certificate),
		"startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2027-02-01T00:00:00Z",
	}
	w.patch(one, map[string]any{"id": id, "keyCredentials": []any{sent}})
	if got := keys(); len(got) != 1 || got[0].(map[string]any)["keyId"] != ordersRead || got[0].(map[string]any)["key"] != nil {
		t.Fatalf("got key credentials %v, want one without its key", got)
	}
	shown := w.get(one + "?%24select=keyCredentials").body["keyCredentials"].([]any)[0].(map[string]any)
	if shown["key"] != base64.StdEncoding.EncodeToString(der) {
		t.Error("the selected key is not the certificate")
	}

	// Add a second one, in DER; the first is sent back as it was read.
	another := map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(der)}
	w.patch(one, map[string]any{"id": id, "keyCredentials": append(keys(), another)})
	if got := keys(); len(got) != 2 || got[1].(map[string]any)["endDateTime"] != "2027-03-03T00:00:00Z" {
		t.Errorf("got key credentials %v, want a second with the certificate's end", got)
	}
	late := map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.StdEncoding.EncodeToString(der), "endDateTime": "2028-01-01T00:00:00Z"}
	if got := w.want(http.StatusBadRequest, "deployer", http.MethodPatch, one, map[string]any{"keyCredentials": append(keys(), late)}); got.code() != "KeyCredentialsInvalidEndDate" {
		t.Errorf("got code %q", got.code())
	}
	w.patch(one, map[string]any{"id": id, "keyCredentials": keys()[1:]})
	if got := keys(); len(got) != 1 || got[0].(map[string]any)["keyId"] == ordersRead {
		t.Errorf("got key credentials %v, want the second only", got)
	}
}

func TestAzureadFederatedIdentityCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	list := "/beta/applications/" + id + "/federatedIdentityCredentials"
	created := w.want(http.StatusCreated, "deployer", http.MethodPost, list, map[string]any{
		"audiences": []string{"api://AzureADTokenExchange"}, "description": nil, "issuer": w.issuer(), "name": "orders-client", "subject": ordersIdentity,
	})
	credential := created.property("id")
	if got := w.get(list).values(); len(got) != 1 || got[0]["id"] != credential {
		t.Fatalf("got %v, want the credential", got)
	}
	one := list + "/" + credential
	if got := w.get(one).property("subject"); got != ordersIdentity {
		t.Errorf("got subject %q", got)
	}
	w.patch(one, map[string]any{"id": credential, "audiences": []string{"api://Other"}, "description": "changed", "issuer": w.issuer(), "subject": "somebody"})
	if got := w.get(one); got.property("subject") != "somebody" || got.property("description") != "changed" || got.property("name") != "orders-client" {
		t.Errorf("got %v after the update", got.body)
	}
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, one, nil)
	w.want(http.StatusNotFound, "deployer", http.MethodGet, one, nil)
	if got := w.get(list).values(); len(got) != 0 {
		t.Errorf("got %d credentials after the delete", len(got))
	}
}

func (w *world) issuer() string { return "https://127.0.0.1:8443/" + contoso + "/v2.0" }
