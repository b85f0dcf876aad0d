package acquire_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

const clientSecret = "s3n+inel/c1ient=secret"

// A giver issues access tokens for one resource and counts them. A test's token
// endpoints and identity endpoint share one.
type giver struct {
	mu       sync.Mutex
	asked    int
	lifetime time.Duration
	answers  []func(http.ResponseWriter, *http.Request) // of the first requests; then tokens
}

func (g *giver) give(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	w.Header().Set("Content-Type", "application/json")
	if len(g.answers) > 0 {
		answer := g.answers[0]
		g.answers = g.answers[1:]
		answer(w, r)
		return
	}
	seconds := strconv.Itoa(int(g.lifetime.Seconds()))
	body := map[string]any{"access_token": secretToken, "token_type": "Bearer", "expires_in": seconds,
		"expires_on": strconv.FormatInt(time.Now().Add(g.lifetime).Unix(), 10)}
	if strings.HasSuffix(r.URL.Path, "/v2.0/token") {
		delete(body, "expires_on")
		body["expires_in"] = int(g.lifetime.Seconds())
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (g *giver) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

// An authority is a tenant's token endpoints for one client. It is strict about
// the form and accepts one kind of credential.
type authority struct {
	giver
	t        *testing.T
	server   *httptest.Server
	resource string
	proof    func(*authority, url.Values, string) error // form and URL of the endpoint
}

func newAuthority(t *testing.T, resource string) *authority {
	t.Helper()
	a := &authority{t: t, resource: resource}
	a.lifetime = time.Hour
	a.server = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.server.Close)
	return a
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	base := "/" + verifytest.TenantID
	switch strings.TrimSuffix(r.Method+" "+r.URL.String(), "?") { // MSAL adds an empty query
	case "GET " + base + "/v2.0/.well-known/openid-configuration":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer":                 a.server.URL + base + "/v2.0",
			"token_endpoint":         a.server.URL + base + "/oauth2/v2.0/token",
			"authorization_endpoint": a.server.URL + base + "/oauth2/v2.0/authorize",
		})
	case "POST " + base + "/oauth2/v2.0/token", "POST " + base + "/oauth2/token":
		if err := r.ParseForm(); err != nil {
			a.t.Error(err)
		}
		a.check(r)
		a.give(w, r)
	default:
		a.t.Errorf("the authority was asked for %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *authority) check(r *http.Request) {
	form := r.PostForm
	if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != verifytest.ClientID {
		a.t.Errorf("got grant %q of client %q, want client_credentials of %s", form.Get("grant_type"), form.Get("client_id"), verifytest.ClientID)
	}
	if strings.Contains(r.URL.Path, "v2.0") {
		if scopes := strings.Fields(form.Get("scope")); len(scopes) == 0 || scopes[0] != a.resource+"/.default" || form.Has("resource") {
			a.t.Errorf("v2: got scope %q and resource %q, want the scope only", form.Get("scope"), form.Get("resource"))
		}
	} else if form.Get("resource") != a.resource || form.Has("scope") {
		a.t.Errorf("v1: got resource %q and scope %q, want the resource only", form.Get("resource"), form.Get("scope"))
	}
	if err := a.proof(a, form, a.server.URL+r.URL.Path); err != nil {
		a.t.Error(err)
	}
}

func provesSecret(_ *authority, form url.Values, _ string) error {
	if form.Get("client_secret") != clientSecret || form.Has("client_assertion") {
		return fmt.Errorf("got another proof than the client secret")
	}
	return nil
}

func provesManagedIdentity(_ *authority, form url.Values, _ string) error {
	if form.Get("client_assertion") != identityAssertion || form.Get("client_assertion_type") != assertionType || form.Has("client_secret") {
		return fmt.Errorf("got another proof than the managed identity's token")
	}
	return nil
}

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	identityAssertion = "eyJhbGciOiJSUzI1NiJ9.eyJ3aGF0IjoiaWRlbnRpdHkifQ.YXNzZXJ0aW9u"
)

// provesKey checks the assertion of
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func provesKey(certificate *x509.Certificate) func(*authority, url.Values, string) error {
	return func(_ *authority, form url.Values, endpoint string) error {
		parts := strings.Split(form.Get("client_assertion"), ".")
		if len(parts) != 3 || form.Get("client_assertion_type") != assertionType || form.Has("client_secret") {
			return fmt.Errorf("got another proof than a client assertion")
		}
		var header struct {
			Alg string
			X5t string `json:"x5t"`
			New string `json:"x5t#S256"`
		}
		var claims struct{ Aud, Iss, Sub string }
		for i, into := range []any{&header, &claims} {
			content, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err == nil {
				err = json.Unmarshal(content, into)
			}
			if err != nil {
				return err
			}
		}
		if claims.Aud != endpoint || claims.Iss != verifytest.ClientID || claims.Sub != verifytest.ClientID {
			return fmt.Errorf("got assertion of %s about %s for %s, want the client's for %s", claims.Iss, claims.Sub, claims.Aud, endpoint)
		}
		old, current := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
		named, want := header.New, current[:]
		if named == "" {
			named, want = header.X5t, old[:]
		}
		named = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(named)
		if named != base64.RawURLEncoding.EncodeToString(want) {
			return fmt.Errorf("got thumbprint %q, want the certificate's", named)
		}
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		public := certificate.PublicKey.(*rsa.PublicKey)
		if header.Alg == "PS256" {
			return rsa.VerifyPSS(public, crypto.SHA256, sum[:], signature, nil)
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
	}
}

// A clientCertificate is one of an app registration, with its key.
type clientCertificate struct {
	*x509.Certificate
	pem string
}

func (c clientCertificate) thumbprint() string {
	sum := sha1.Sum(c.Raw)
	return fmt.Sprintf("%X", sum)
}

// certify makes a certificate for a key.
func certify(t *testing.T, key *rsa.PrivateKey, name string, from, to time.Time) clientCertificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), NotBefore: from, NotAfter: to,
		Subject: pkix.Name{CommonName: name, Organization: []string{"Orders"}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return clientCertificate{certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// newCertificate is one that is valid now.
func newCertificate(t *testing.T) clientCertificate {
	t.Helper()
	return certify(t, verifytest.Key(t, "client", 2048).Private, "orders-client", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}
