package acquire_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/verify/verifytest"
)

const (
	vaultToken = "eyJhbGciOiJSUzI1NiJ9.eyJ3aGF0IjoidmF1bHQifQ.b3BlbnM"
	vaultID    = "33333333-0000-4000-8000-000000000001"
)

// A vaultSecret makes what Key Vault answers for a certificate.
type vaultSecret func(*testing.T, clientCertificate) (value, contentType string)

func pfxSecret(t *testing.T, certificate clientCertificate) (value, contentType string) {
	t.Helper()
	content, err := pkcs12.LegacyDES.Encode(verifytest.Key(t, "client", 2048).Private, certificate.Certificate, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(content), "application/x-pkcs12"
}

func pemSecret(_ *testing.T, certificate clientCertificate) (value, contentType string) {
	return certificate.pem, "application/x-pem-file"
}

// newVault serves one secret to the identity vaultID.
func newVault(t *testing.T, answer http.HandlerFunc) (identifier string) {
	t.Helper()
	serveIdentity(t, vaultID, "https://vault.azure.net", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_on":"%d"}`, vaultToken, time.Now().Add(24*time.Hour).Unix())
	})
	const path = "/secrets/client/0123456789abcdef0123456789abcdef"
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.String() != path+"?api-version=7.4" || r.Header.Get("Authorization") != "Bearer "+vaultToken {
			t.Errorf("the vault was asked for %s %s, or with another token than the identity's", r.Method, r.URL)
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + path
}

func withVault(secret vaultSecret, more string) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		certificate := newCertificate(t)
		value, contentType := secret(t, certificate)
		identifier := newVault(t, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"value": value, "contentType": contentType, "attributes": map[string]bool{"enabled": true}})
		})
		w.config.ManagedIdentityClientID = vaultID
		w.config.ConnectionString = acquire.NewSecret("RunAs=App;AppId=" + verifytest.ClientID + more + ";KeyVaultCertificateSecretIdentifier=" + identifier)
		w.proof = provesKey(certificate.Certificate)
		w.secret = append(w.secret, vaultToken, value)
	}
}

func TestVaultRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"no role":             {403, `{"error":{"code":"Forbidden","message":"` + vaultToken + `"}}`, "Key Vault Secrets User"},
		"no secret":           {404, `{"error":{"code":"SecretNotFound"}}`, "no such secret"},
		"another status":      {401, opaqueToken, "expected status 200, got 401"},
		"no JSON":             {200, opaqueToken, "expected a secret as JSON"},
		"another secret":      {200, `{"value":"` + opaqueToken + `","contentType":"text/plain"}`, "expected the secret of a certificate"},
		"not base64":          {200, `{"value":"` + opaqueToken + `","contentType":"application/x-pkcs12"}`, "expected PFX in base64"},
		"not PFX":             {200, `{"value":"AAAA","contentType":"application/x-pkcs12"}`, "could not be parsed"},
		"not PEM":             {200, `{"value":"` + opaqueToken + `","contentType":"application/x-pem-file"}`, "could not be parsed"},
		"without private key": {200, `{"value":"-----BEGIN CERTIFICATE-----","contentType":"application/x-pem-file"}`, "could not be parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cell{"appauth", acquire.Certificate, "", func(w *world, t *testing.T) {
				w.config.ManagedIdentityClientID = vaultID
				w.config.ConnectionString = acquire.NewSecret("RunAs=App;AppId=" + verifytest.ClientID + ";KeyVaultCertificateSecretIdentifier=" +
					newVault(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status); fmt.Fprint(w, test.body) }))
				w.secret = append(w.secret, opaqueToken)
			}}
			w := newWorld(t, c, "")
			_, err := w.provider(t, c).Acquire(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || w.count() != 0 {
				t.Fatalf("got %v and %d token requests, want %q and none", err, w.count(), test.want)
			}
			w.keepsSecrets(t, err.Error())
		})
	}
}
