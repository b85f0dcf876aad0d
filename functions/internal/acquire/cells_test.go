package acquire_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/verify/verifytest"
)

// This file runs the same tests for every token provider with every credential. A
// cell's service, which issues the access tokens, is the authority, the identity
// endpoint or the Azure CLI.

// A cell is a token provider with a credential that it can use.
type cell struct {
	provider string
	kind     acquire.CredentialKind
	variant  string                   // tells cells of the same two apart
	settings func(*world, *testing.T) // besides those that all cells have
}

// A world is what a cell needs around it.
type world struct {
	*authority
	config acquire.ProviderConfig
	log    strings.Builder
	secret []string // what must not be seen anywhere
}

var cells = []cell{
	{"adal", acquire.ClientSecret, "", withSecret},
	{"adal", acquire.Certificate, "", withCertificate},
	{"msal", acquire.ClientSecret, "", withSecret},
	{"msal", acquire.Certificate, "", withCertificate},
	{"msal", acquire.Federated, "", withFederation("")},
	{"msal", acquire.Federated, "user-assigned", withFederation(identityClientID)},
	{"msal", acquire.UserAssigned, "", withIdentity(identityClientID)},
	{"msal", acquire.SystemAssigned, "", withIdentity("")},
	{"azidentity", acquire.ClientSecret, "", withSecret},
	{"azidentity", acquire.Certificate, "", withCertificate},
	{"azidentity", acquire.Federated, "", withFederation("")},
	{"azidentity", acquire.Federated, "user-assigned", withFederation(identityClientID)},
	{"azidentity", acquire.UserAssigned, "", withIdentity(identityClientID)},
	{"azidentity", acquire.SystemAssigned, "", withIdentity("")},
	{"azidentity", acquire.AzureCLI, "", onLaptop("")},
	{"appauth", acquire.ClientSecret, "", withConnection("RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID + ";AppKey=" + clientSecret)},
	{"appauth", acquire.Certificate, "thumbprint", withConnectedCertificate("CertificateThumbprint=%s")},
	{"appauth", acquire.Certificate, "subject", withConnectedCertificate("CertificateSubjectName=CN=orders-client, O=Orders")},
	{"appauth", acquire.Certificate, "common name", withConnectedCertificate("CertificateSubjectName=orders-client")},
	{"appauth", acquire.Certificate, "PFX", withConnectedPFX(pkcs12.Modern2023)},
	{"appauth", acquire.Certificate, "old PFX", withConnectedPFX(pkcs12.LegacyDES)},
	{"appauth", acquire.Certificate, "plain PFX", withConnectedPFX(pkcs12.Passwordless)},
	{"appauth", acquire.Certificate, "Key Vault", withVault(pfxSecret, "")},
	{"appauth", acquire.Certificate, "Key Vault, PEM", withVault(pemSecret, ";TenantId="+verifytest.TenantID)},
	{"appauth", acquire.UserAssigned, "", withConnectedIdentity("RunAs=App;AppId="+strings.ToUpper(identityClientID), identityClientID)},
	{"appauth", acquire.SystemAssigned, "", withConnectedIdentity(" runas = app ; ", "")},
	{"appauth", acquire.SystemAssigned, "empty", withConnectedIdentity("", "")},
	{"appauth", acquire.AzureCLI, "", onLaptop("RunAs=Developer; DeveloperTool=AzureCli")},
	{"appauth", acquire.AzureCLI, "empty", onLaptop("")},
}

const identityClientID = "22222222-0000-4000-8000-00000000abcd"

func withSecret(w *world, _ *testing.T) {
	w.config.ClientID, w.config.ClientSecret = verifytest.ClientID, acquire.NewSecret(clientSecret)
	w.proof = provesSecret
}

func withCertificate(w *world, t *testing.T) {
	certificate := newCertificate(t)
	w.config.ClientID, w.config.ClientCertificate = verifytest.ClientID, acquire.NewSecret(certificate.pem)
	w.proof = provesKey(certificate.Certificate)
	w.secret = append(w.secret, certificate.pem)
}

func withFederation(identity string) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		w.config.ClientID, w.config.ManagedIdentityClientID = verifytest.ClientID, identity
		w.proof = provesManagedIdentity
		serveIdentity(t, identity, "api://AzureADTokenExchange", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_on":"%d"}`, identityAssertion, time.Now().Add(24*time.Hour).Unix())
		})
	}
}

func withIdentity(identity string) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		w.config.ManagedIdentityClientID = identity
		serveIdentity(t, identity, w.resource, w.give)
	}
}

// serveIdentity answers for one managed identity and resource.
func serveIdentity(t *testing.T, identity, resource string, serve http.HandlerFunc) {
	t.Helper()
	identities.Store(identity+" "+resource, serve)
	if strings.HasPrefix(resource, "api://cell-") { // the others are shared by tests
		t.Cleanup(func() { identities.Delete(identity + " " + resource) })
	}
}

func onLaptop(connection string) func(*world, *testing.T) {
	return func(w *world, _ *testing.T) {
		w.config.Local, w.config.ConnectionString = true, acquire.NewSecret(connection)
	}
}

func withConnection(connection string) func(*world, *testing.T) {
	return func(w *world, _ *testing.T) {
		w.config.ConnectionString, w.proof = acquire.NewSecret(connection), provesSecret
	}
}

func withConnectedIdentity(connection, identity string) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		w.config.ConnectionString = acquire.NewSecret(connection)
		serveIdentity(t, identity, w.resource, w.give)
	}
}

// withConnectedCertificate puts the certificate among others; %s is its
// thumbprint.
func withConnectedCertificate(part string) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		right := newCertificate(t)
		named := strings.ReplaceAll(part, "%s", strings.ToLower(right.thumbprint()))
		now, key := time.Now(), verifytest.Key(t, "other", 2048).Private
		w.config.CertificateDir = writeFiles(t, map[string]string{
			"a-expired.pem":   certify(t, key, "orders-client", now.Add(-2*time.Hour), now.Add(-time.Hour)).pem,
			"b-right.pem":     right.pem,
			"a-ends-soon.pem": certify(t, key, "orders-client", now.Add(-2*time.Hour), now.Add(time.Minute)).pem,
			"c-ends-soon.pem": certify(t, key, "orders-client", now.Add(-time.Hour), now.Add(time.Minute)).pem,
			"d-other.pem":     certify(t, key, "billing", now.Add(-time.Hour), now.Add(2*time.Hour)).pem,
			"e-broken.pfx":    "not a certificate",
			"notes.txt":       right.pem,
		})
		w.config.ConnectionString = acquire.NewSecret("RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID + ";" + named + ";CertificateStoreLocation=CurrentUser")
		w.proof = provesKey(right.Certificate)
		w.secret = append(w.secret, right.pem)
	}
}

// withConnectedPFX uses a file as App Service puts it, without a password.
func withConnectedPFX(encoder *pkcs12.Encoder) func(*world, *testing.T) {
	return func(w *world, t *testing.T) {
		certificate := newCertificate(t)
		content, err := encoder.Encode(verifytest.Key(t, "client", 2048).Private, certificate.Certificate, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		w.config.CertificateDir = writeFiles(t, map[string]string{"client.P12": string(content)})
		w.config.ConnectionString = acquire.NewSecret("RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID +
			";CertificateThumbprint=" + certificate.thumbprint() + ";CertificateStoreLocation=LocalMachine")
		w.proof = provesKey(certificate.Certificate)
	}
}

func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// cellNumber gives each world a resource of its own: MSAL has one cache for the
// tokens of managed identities in a process.
var cellNumber atomic.Int64

func newWorld(t *testing.T, c cell, resourceSuffix string) *world {
	t.Helper()
	w := &world{authority: newAuthority(t, fmt.Sprintf("api://cell-%d%s", cellNumber.Add(1), resourceSuffix))}
	w.secret = []string{clientSecret, secretToken, identityAssertion, identityHeader}
	client := w.server.Client()
	client.Transport = onlyLoopback{t, client.Transport}
	w.config = acquire.ProviderConfig{
		Scope: w.resource + "/.default", TenantID: verifytest.TenantID, AuthorityHost: w.server.URL, HTTPClient: client,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	c.settings(w, t)
	return w
}

// provider makes the cell's provider.
func (w *world) provider(t *testing.T, c cell) acquire.TokenProvider {
	t.Helper()
	providers, err := acquire.NewTokenProviders([]string{c.provider}, w.config)
	if err != nil {
		t.Fatal(err)
	}
	return providers[0]
}

// asks is how often the cell's service was asked for a token.
func (w *world) asks(t *testing.T, c cell) int {
	if c.kind == acquire.AzureCLI {
		return len(cliCalls(t, w.resource))
	}
	return w.count()
}

// onlyLoopback fails the test when a library calls another machine: Microsoft's
// instance discovery, or the metadata endpoint of virtual machines.
type onlyLoopback struct {
	t    *testing.T
	next http.RoundTripper
}

func (o onlyLoopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		o.t.Errorf("a library asked %s", r.URL.Host)
		return nil, errors.New("not in these tests")
	}
	return o.next.RoundTrip(r)
}

// eachCell runs a test for every cell.
func eachCell(t *testing.T, test func(*testing.T, cell)) {
	t.Helper()
	t.Parallel()
	for _, c := range cells {
		t.Run(strings.TrimSpace(c.provider+" "+string(c.kind)+" "+c.variant), func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

// TestCrowdInEachCell starts with an empty cache: one of many callers fetches the
// token, the others and a later one find it in the cache.
func TestCrowdInEachCell(t *testing.T) {
	eachCell(t, func(t *testing.T, c cell) {
		w := newWorld(t, c, "")
		provider := w.provider(t, c)
		if provider.Name() != c.provider || provider.Credential() != c.kind {
			t.Errorf("got %s with %s, want %s with %s", provider.Name(), provider.Credential(), c.provider, c.kind)
		}
		var fetched atomic.Int64
		errs := make(chan error, 200)
		for range cap(errs) {
			go func() {
				got, err := provider.Acquire(t.Context())
				if err == nil && got.Token.Reveal() != secretToken {
					err = errors.New("got another token than the service's")
				}
				if got.Source == acquire.FromNetwork {
					fetched.Add(1)
				}
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		got, err := provider.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(got.ExpiresOn); got.Source != acquire.FromCache || left < 55*time.Minute || left > 65*time.Minute {
			t.Errorf("got a token from %s that expires in %s, want one from the cache in an hour", got.Source, left)
		}
		if asks := w.asks(t, c); asks != 1 || fetched.Load() != 1 {
			t.Errorf("got %d token requests and %d tokens from the network, want 1 and 1", asks, fetched.Load())
		}
		w.keepsSecrets(t, fmt.Sprintf("%v %+v %#v %v", w.config, w.config, w.config, got))
	})
}

func TestTokensAreRefreshedAheadOfExpiry(t *testing.T) {
	eachCell(t, func(t *testing.T, c cell) {
		w := newWorld(t, c, "-short")
		w.lifetime = 4 * time.Minute
		provider := w.provider(t, c)
		for range 2 {
			if got, err := provider.Acquire(t.Context()); err != nil || got.Source != acquire.FromNetwork {
				t.Errorf("got %v from %q, want a token from the network: less than five minutes are left", err, got.Source)
			}
		}
		if asks := w.asks(t, c); asks != 2 {
			t.Errorf("got %d token requests, want 2", asks)
		}
	})
}

// TestRetryAfterIsHonoured waits in all cells at once.
func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	var waiting sync.WaitGroup
	for _, c := range cells {
		if c.kind == acquire.AzureCLI {
			continue // the CLI makes its own requests
		}
		w := newWorld(t, c, "")
		w.answers = append(w.answers, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2") // longer than any library waits by itself
			w.WriteHeader(http.StatusTooManyRequests)
		})
		provider := w.provider(t, c)
		waiting.Go(func() {
			started := time.Now()
			_, err := provider.Acquire(t.Context())
			if took := time.Since(started); err != nil || took < 2*time.Second || w.count() != 2 {
				t.Errorf("%s %s: got %v after %s and %d requests, want a token after the two seconds and 2 requests",
					c.provider, c.kind, err, took, w.count())
			}
		})
	}
	waiting.Wait()
}

func TestSignedOutCLI(t *testing.T) {
	t.Parallel()
	for _, c := range cells {
		if c.kind != acquire.AzureCLI {
			continue
		}
		w := newWorld(t, c, "-signed-out")
		_, err := w.provider(t, c).Acquire(t.Context())
		if err == nil || !strings.Contains(err.Error(), "sign in with the Azure CLI") {
			t.Errorf("%s: got %v, want what to do", c.provider, err)
		}
		if tenants := cliCalls(t, w.resource); !slices.Equal(tenants, []string{verifytest.TenantID}) {
			t.Errorf("%s: got asked for tenants %q, want the configured one", c.provider, tenants)
		}
	}
}

func TestADALWarnsOnce(t *testing.T) {
	t.Parallel()
	c := cells[0]
	w := newWorld(t, c, "")
	providers, err := acquire.NewTokenProviders([]string{"adal", "msal", "azidentity"}, w.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range append(providers, providers...) {
		if _, err := provider.Acquire(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Count(w.log.String(), "level=WARN"); got != 1 || !strings.Contains(w.log.String(), "adal is deprecated") {
		t.Errorf("got %s, want one warning", w.log.String())
	}
}

// recordingTransport records what is requested and answers 404.
type recordingTransport struct{ asked chan string }

func (r recordingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	r.asked <- request.URL.Host + request.URL.Path
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Request: request, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// TestInstanceDiscovery: it is on for Microsoft's hosts. In every other test
// onlyLoopback and the authority check that it is off.
func TestInstanceDiscovery(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"msal", "azidentity"} {
		for _, host := range []string{"https://login.microsoftonline.com", "https://LOGIN.microsoftonline.us"} {
			t.Run(name+" at "+host, func(t *testing.T) {
				t.Parallel()
				transport := recordingTransport{make(chan string, 20)}
				w := newWorld(t, cell{settings: withSecret}, "")
				w.config.AuthorityHost, w.config.HTTPClient = host, &http.Client{Transport: transport}
				if _, err := w.provider(t, cell{provider: name}).Acquire(t.Context()); err == nil {
					t.Error("got no error from an authority that answers everything with 404")
				}
				if first := <-transport.asked; !strings.HasSuffix(first, "/common/discovery/instance") {
					t.Errorf("got %s asked first, want instance discovery", first)
				}
			})
		}
	}
}
