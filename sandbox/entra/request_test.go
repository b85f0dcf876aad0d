package entra_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
)

// An answer is what an endpoint said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// token returns the access token, or fails the test with the refusal.
func (a answer) token(t *testing.T) string {
	t.Helper()
	token, ok := a.body["access_token"].(string)
	if a.status != http.StatusOK || !ok {
		t.Fatalf("got status %d and %v, want a token", a.status, a.body["error_description"])
	}
	return token
}

// claims decodes the access token after checking its signature.
func (a answer) claims(t *testing.T, w *world) map[string]any {
	t.Helper()
	return w.verified(t, a.token(t))
}

func (w *world) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	response, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(text)}
	if err := json.Unmarshal(text, &a.body); err != nil {
		t.Fatalf("got body %q, want JSON: %v", text, err)
	}
	return a
}

func (w *world) get(t *testing.T, path string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.base()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.do(t, r)
}

// post sends a token request; path is below the tenant.
func (w *world) post(t *testing.T, path string, form url.Values, edit ...func(*http.Request)) answer {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/" + w.contoso.ID + "/" + path
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.base()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, change := range edit {
		change(r)
	}
	return w.do(t, r)
}

// secretForm asks for the orders API with the client's secret.
func (w *world) secretForm() url.Values {
	return url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {w.client.ClientID},
		"client_secret": {clientSecret},
		"scope":         {ordersURI + "/.default"},
	}
}

// assertionForm asks for the orders API with an assertion.
func (w *world) assertionForm(assertion string) url.Values {
	form := w.secretForm()
	form.Del("client_secret")
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return form
}

// certificateAssertion is a good one; edit changes it before it is signed.
func (w *world) certificateAssertion(t *testing.T, key *rsa.PrivateKey, edit func(header, claims map[string]any)) string {
	t.Helper()
	now := time.Now()
	thumbprint := sha256.Sum256(w.certificate.Raw)
	header := map[string]any{"typ": "JWT", "alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}
	claims := map[string]any{
		"aud": w.base() + "/" + w.contoso.ID + "/oauth2/v2.0/token",
		"iss": w.client.ClientID, "sub": w.client.ClientID, "jti": uuid.NewString(),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	if edit != nil {
		edit(header, claims)
	}
	return sign(t, key, header, claims)
}

// useSHA1 turns an assertion's header into the older form.
func (w *world) useSHA1(header map[string]any) {
	thumbprint := sha1.Sum(w.certificate.Raw)
	delete(header, "x5t#S256")
	header["x5t"] = base64.RawURLEncoding.EncodeToString(thumbprint[:])
	header["alg"] = "RS256"
}

// sign makes a JWT by hand, to have nothing in common with the package.
func sign(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	var parts []string
	for _, part := range []map[string]any{header, claims} {
		data, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(data))
	}
	input := strings.Join(parts, ".")
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if header["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// verified checks a token's signature against the key set that the tenant in
// it publishes, as a verifier would, and returns its claims.
func (w *world) verified(t *testing.T, token string) map[string]any {
	t.Helper()
	header, claims, err := entra.Decode(token)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, key := range w.keySet(t, claims["tid"].(string), "discovery/v2.0/keys") {
		if key["kid"] != header["kid"] {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(key["n"].(string))
		if err != nil {
			t.Fatal(err)
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			t.Fatalf("signature: %v", err)
		}
		return claims
	}
	t.Fatalf("key %v of the token is not published", header["kid"])
	return nil
}

func (w *world) keySet(t *testing.T, tenant, path string) []map[string]any {
	t.Helper()
	var keys []map[string]any
	for _, key := range w.get(t, "/"+tenant+"/"+path).body["keys"].([]any) {
		keys = append(keys, key.(map[string]any))
	}
	return keys
}

// stringsOf converts a decoded JSON list.
func stringsOf(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(string))
	}
	return all
}

// holdsSecret says whether text has a secret or a token in it.
func holdsSecret(text string) bool {
	return slices.ContainsFunc([]string{clientSecret, expiredSecret, "eyJ"}, func(secret string) bool {
		return strings.Contains(text, secret)
	})
}
