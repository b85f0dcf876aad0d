package entra_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// An outsideIssuer is an OpenID provider that is not the sandbox; strangerKey
// signs for it.
type outsideIssuer struct{ *httptest.Server }

func newOutsideIssuer(t testing.TB) *outsideIssuer {
	o := &outsideIssuer{httptest.NewUnstartedServer(nil)}
	base := "https://" + o.Listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": base, "jwks_uri": base + "/keys"})
	})
	// A document that names somebody else, and two issuers that send the sandbox
	// elsewhere.
	mux.HandleFunc("GET /other/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": base, "jwks_uri": base + "/keys"})
	})
	mux.HandleFunc("GET /elsewhere/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": base + "/elsewhere", "jwks_uri": "https://keys.example.com/keys"})
	})
	mux.Handle("GET /redirected/.well-known/openid-configuration", http.RedirectHandler("/redirected/document", http.StatusFound))
	mux.HandleFunc("GET /redirected/document", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": base + "/redirected", "jwks_uri": base + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "kid": "outside",
			"n": base64.RawURLEncoding.EncodeToString(strangerKey().N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(strangerKey().E)).Bytes()),
		}}})
	})
	o.Config.Handler = mux
	o.StartTLS()
	t.Cleanup(o.Close)
	return o
}

// assertion is one that the client's federated identity credential fits.
func (o *outsideIssuer) assertion(t *testing.T, key *rsa.PrivateKey, edit func(header, claims map[string]any)) string {
	t.Helper()
	header := map[string]any{"alg": "RS256", "kid": "outside"}
	claims := map[string]any{"iss": o.URL, "sub": "workload", "aud": exchangeURI, "exp": time.Now().Add(time.Hour).Unix()}
	if edit != nil {
		edit(header, claims)
	}
	return sign(t, key, header, claims)
}
