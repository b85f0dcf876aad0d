package appservice_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/blob"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// clock is the machine's clock, which stands still unless a test moves it.
type clock struct {
	mu   sync.Mutex
	now  time.Time
	real bool
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real {
		return time.Now()
	}
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A recorder keeps what is written and lets tests wait for it.
type recorder struct {
	t    testing.TB
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newRecorder(t testing.TB) *recorder { return &recorder{t: t, more: make(chan struct{})} }

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(b)
	close(r.more)
	r.more = make(chan struct{})
	return len(b), nil
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// wait returns when text was written n times.
func (r *recorder) wait(text string, n int) {
	r.t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		r.mu.Lock()
		count, more := strings.Count(r.text.String(), text), r.more
		r.mu.Unlock()
		if count >= n {
			return
		}
		select {
		case <-more:
		case <-timeout.C:
			r.t.Fatalf("%q was written %d times, want %d:\n%s", text, count, n, r)
		}
	}
}

// fakeAuth takes the object id of a principal of the site's tenant for a
// token; "foreign" is a principal of another tenant.
type fakeAuth struct{}

func (fakeAuth) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "expired" {
		return route.Caller{}, errors.New("expected a valid bearer token")
	}
	if len(audiences) != 4 || audiences[2] != "https://management.azure.com/" {
		return route.Caller{}, fmt.Errorf("expected ARM's audiences, got %q", audiences)
	}
	if token == "foreign" {
		return route.Caller{TenantID: "other", ObjectID: publisher}, nil
	}
	return route.Caller{TenantID: tenantID, ObjectID: token}, nil
}

// fakePackages is blob storage that only the principals in writers may use.
type fakePackages struct {
	dir        string
	mu         sync.Mutex
	writers    map[string]bool // principals
	containers map[string]bool
	blobs      map[string]string // account/container/name → file
	held       chan struct{}     // Write of a package waits until it is closed; nil does not
	arrived    chan struct{}     // and says so on it
}

// hold makes the next packages wait, until release is called.
func (p *fakePackages) hold() (arrived <-chan struct{}, release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held, p.arrived = make(chan struct{}), make(chan struct{})
	held := p.held
	return p.arrived, func() { close(held) }
}

func (p *fakePackages) allow(principal string, allowed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writers[principal] = allowed
}

func (p *fakePackages) check(tenant, principal, container string) error {
	switch {
	case tenant != tenantID || !p.writers[principal]:
		return &blob.Error{Status: 403, Code: "AuthorizationPermissionMismatch", Message: "This request is not authorized to perform this operation using this permission."}
	case !p.containers[container]:
		return &blob.Error{Status: 404, Code: "ContainerNotFound", Message: "The specified container does not exist."}
	}
	return nil
}

func (p *fakePackages) Write(tenant, principal, account, container, name, _ string, content io.Reader) error {
	p.mu.Lock()
	held, arrived := p.held, p.arrived
	p.mu.Unlock()
	if held != nil && container == "packages" {
		arrived <- struct{}{}
		<-held
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(tenant, principal, container); err != nil {
		return err
	}
	f, err := os.CreateTemp(p.dir, "blob")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	p.blobs[account+"/"+container+"/"+name] = f.Name()
	return errors.Join(err, f.Close())
}

func (p *fakePackages) Read(tenant, principal, account, container, name string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(tenant, principal, container); err != nil {
		return "", err
	}
	file, ok := p.blobs[account+"/"+container+"/"+name]
	if !ok {
		return "", &blob.Error{Status: 404, Code: "BlobNotFound", Message: "The specified blob does not exist."}
	}
	return file, nil
}

// fakeTokens remembers what was asked for.
type fakeTokens struct {
	mu    sync.Mutex
	asked []string
	token store.CachedToken
	err   error
}

func (f *fakeTokens) ManagedIdentityTokenFor(_, tenant, principal, resource string) (store.CachedToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, tenant+" "+principal+" "+resource)
	return f.token, f.err
}

// newCertificate makes a certificate for 127.0.0.1 that is its own authority.
func newCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
