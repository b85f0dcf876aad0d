// Package verifytest is a tenant of Microsoft Entra ID for the tests of verify,
// acquire and the handlers: a discovery document, a key set, and good and bad
// access tokens. A request for anything else fails the test.
//
// Not for production: it makes new keys in each process and signs any token.
package verifytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The tenant's ids, and those of one API and one client in it.
const (
	TenantID = "6f0f2c1e-9d35-4f0e-8a4b-0c5f3f1d7a01"
	Audience = "b3b1a6d2-6c1c-4a39-9b1e-5a7f6a0f2b02" // the API's client id
	Role     = "Orders.Read"
	ClientID = "c4e0d8f3-17c5-4c5a-8f5d-1d2b3c4e5f03"
	ObjectID = "d5f1e904-28d6-4d6b-9a6e-2e3c4d5f6a04"
)

// A SigningKey is an RSA key with an id.
type SigningKey struct {
	ID      string
	Private *rsa.PrivateKey
}

// keys are shared by all tests of a process, because making one is slow.
var keys sync.Map // name → *SigningKey

// Key returns the signing key of that name and size, the same on each call.
func Key(t testing.TB, name string, bits int) *SigningKey {
	t.Helper()
	if key, ok := keys.Load(name); ok {
		return key.(*SigningKey)
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatalf("make signing key: %v", err)
	}
	key, _ := keys.LoadOrStore(name, &SigningKey{ID: name, Private: private})
	return key.(*SigningKey)
}

// A Tenant serves discovery and keys over TLS. Its fields may be changed
// before the first request only.
type Tenant struct {
	// Issuer is what the discovery document says; by default the right one.
	Issuer string
	// KeysURL is its jwks_uri; by default the right one.
	KeysURL string
	// Signing signs [Tenant.Token].
	Signing *SigningKey

	t       testing.TB
	server  *httptest.Server
	keySet  atomic.Pointer[[]byte]
	broken  atomic.Int64 // status that answers everything; 0 for none
	fetches atomic.Int64
	gate    atomic.Pointer[chan struct{}]
}

// NewTenant starts a tenant whose key set has one key.
func NewTenant(t testing.TB) *Tenant {
	t.Helper()
	tenant := &Tenant{t: t, Signing: Key(t, "key-1", 2048)}
	tenant.server = httptest.NewTLSServer(http.HandlerFunc(tenant.serve))
	t.Cleanup(tenant.server.Close)
	tenant.Issuer = tenant.AuthorityHost() + "/" + TenantID + "/v2.0"
	tenant.KeysURL = tenant.AuthorityHost() + "/" + TenantID + "/discovery/v2.0/keys"
	tenant.Publish(tenant.Signing)
	return tenant
}

// AuthorityHost is where the tenant is served.
func (n *Tenant) AuthorityHost() string { return n.server.URL }

// Client is an HTTP client that trusts the tenant.
func (n *Tenant) Client() *http.Client { return n.server.Client() }

// CertificateFile writes the tenant's certificate for SSL_CERT_FILE. Every
// [httptest.Server] has the same one.
func (n *Tenant) CertificateFile() string {
	n.t.Helper()
	name := filepath.Join(n.t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: n.server.Certificate().Raw}
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return name
}

// Fetches is how often the key set was requested.
func (n *Tenant) Fetches() int { return int(n.fetches.Load()) }

// Break makes every answer have this status, until Break(0).
func (n *Tenant) Break(status int) { n.broken.Store(int64(status)) }

// Hold keeps requests for the key set waiting until the function returned is
// called.
func (n *Tenant) Hold() (release func()) {
	gate := make(chan struct{})
	n.gate.Store(&gate)
	return sync.OnceFunc(func() { n.gate.Store(nil); close(gate) })
}

// Publish replaces the key set.
func (n *Tenant) Publish(list ...*SigningKey) {
	var entries []map[string]any
	for _, key := range list {
		entries = append(entries, n.Entry(key))
	}
	n.PublishEntries(entries...)
}

// PublishEntries replaces the key set with entries as they are.
func (n *Tenant) PublishEntries(entries ...map[string]any) {
	n.PublishDocument(string(mustJSON(map[string]any{"keys": entries})))
}

// PublishDocument replaces the whole document that holds the key set.
func (n *Tenant) PublishDocument(text string) {
	body := []byte(text)
	n.keySet.Store(&body)
}

// Entry is the key as Entra ID publishes it.
func (n *Tenant) Entry(key *SigningKey) map[string]any {
	public := key.Private.PublicKey
	return map[string]any{
		"kty": "RSA", "use": "sig", "kid": key.ID, "x5t": key.ID,
		"n":      encode(public.N.Bytes()),
		"e":      encode(big.NewInt(int64(public.E)).Bytes()),
		"issuer": n.AuthorityHost() + "/{tenantid}/v2.0",
	}
}

func (n *Tenant) serve(w http.ResponseWriter, r *http.Request) {
	if status := n.broken.Load(); status != 0 {
		w.WriteHeader(int(status))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/" + TenantID + "/v2.0/.well-known/openid-configuration":
		_, _ = w.Write(mustJSON(map[string]any{"issuer": n.Issuer, "jwks_uri": n.KeysURL}))
	case "/" + TenantID + "/discovery/v2.0/keys":
		n.fetches.Add(1)
		body := *n.keySet.Load() // what is published when the request arrives
		if gate := n.gate.Load(); gate != nil {
			<-*gate
		}
		_, _ = w.Write(body)
	default:
		n.t.Errorf("the tenant was asked for %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	}
}

// Header is the header of a good token.
func (n *Tenant) Header() map[string]any {
	return map[string]any{"typ": "JWT", "alg": "RS256", "kid": n.Signing.ID}
}

// Claims are the claims of a good token issued at now, with the names and
// lifetimes of https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
func (n *Tenant) Claims(now time.Time) map[string]any {
	return map[string]any{
		"aud": Audience, "iss": n.AuthorityHost() + "/" + TenantID + "/v2.0",
		"iat": now.Add(-5 * time.Minute).Unix(), "nbf": now.Add(-5 * time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
		"azp": ClientID, "azpacr": "2", "idtyp": "app", "oid": ObjectID, "sub": ObjectID, "tid": TenantID,
		"roles": []string{Role}, "uti": "r4Vb0wq1kUu2", "ver": "2.0", "aio": "k2Bg", "rh": "1.AX",
	}
}

// Token is a good token issued at now after edit, which may be nil, has
// changed its header or claims.
func (n *Tenant) Token(now time.Time, edit func(header, claims map[string]any)) string {
	header, claims := n.Header(), n.Claims(now)
	if edit != nil {
		edit(header, claims)
	}
	return Sign(n.t, n.Signing, mustJSON(header), mustJSON(claims))
}

// Sign makes a token of any header and payload with RS256.
func Sign(t testing.TB, key *SigningKey, header, payload []byte) string {
	t.Helper()
	signed := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key.Private, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatalf("sign token: %v", err)
	}
	return signed + "." + encode(signature)
}

func encode(content []byte) string { return base64.RawURLEncoding.EncodeToString(content) }

// mustJSON panics if a test's value cannot be encoded.
func mustJSON(value any) []byte {
	content, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return content
}
