package functions_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// binaries is the folder of both handlers, built as they are deployed.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "handlers")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }() // the system's temporary folder; nothing depends on it
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir, "./orders-api", "./orders-client")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build handlers: %v\n%s", err, output)
			return 1
		}
		binaries = dir
		return m.Run()
	}())
}

// A log collects what a process writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A handler is a handler process. The test acts as its Functions host.
type handler struct {
	url            string // http://127.0.0.1:port
	stdout, stderr log
	stop           func() // and wait; the log is complete afterwards
}

// startHandler starts a handler with these app settings alone and waits until it
// listens. At the end of the test it must stop on SIGTERM with exit code 0.
func startHandler(t *testing.T, name string, settings map[string]string) *handler {
	t.Helper()
	return startCommand(t, name, handlerCommand(context.Background(), name, settings))
}

// startCommand is startHandler for a command that is set up already.
func startCommand(t *testing.T, name string, command *exec.Cmd) *handler {
	t.Helper()
	h := &handler{}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = &h.stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(io.TeeReader(stdout, &h.stdout))
	for h.url == "" && lines.Scan() {
		var entry struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Errorf("got log line %q, want JSON", lines.Text())
		}
		if entry.Msg == "handler listening" {
			h.url = "http://" + entry.Address
		}
	}
	ended := make(chan error, 1)
	go func() {
		for lines.Scan() {
			continue // the tee keeps them
		}
		ended <- command.Wait()
	}()
	h.stop = sync.OnceFunc(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended; Wait says how
		if err := <-ended; err != nil {
			t.Errorf("%s: got %v after SIGTERM, want exit code 0", name, err)
		}
		if h.stderr.String() != "" {
			t.Errorf("%s: got %q on stderr, want nothing: the host takes it for errors", name, h.stderr.String())
		}
		noTokens(t, h.stdout.String())
	})
	t.Cleanup(h.stop)
	if h.url == "" {
		t.Fatalf("%s did not listen: %s", name, h.stdout.String())
	}
	return h
}

func handlerCommand(ctx context.Context, name string, settings map[string]string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(binaries, name))
	command.Env = []string{"FUNCTIONS_CUSTOMHANDLER_PORT=0"}
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// runToFailure runs a handler that must not start, and returns its log.
func runToFailure(t *testing.T, name string, settings map[string]string) string {
	t.Helper()
	output, err := handlerCommand(t.Context(), name, settings).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%s: got %v, want exit code 1", name, err)
	}
	return string(output)
}

// apiSettings are the API's app settings in a tenant.
func apiSettings(tenant *verifytest.Tenant) map[string]string {
	return map[string]string{
		"SSL_CERT_FILE":         tenant.CertificateFile(),
		"ORDERS_TENANT_ID":      verifytest.TenantID,
		"ORDERS_AUTHORITY_HOST": tenant.AuthorityHost(),
		"ORDERS_AUDIENCE":       verifytest.Audience,
		"ORDERS_ROLE":           verifytest.Role,
	}
}

// with returns the settings with some more; an empty one is left out.
func with(settings map[string]string, more ...string) map[string]string {
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
		if more[i+1] == "" {
			delete(settings, more[i])
		}
	}
	return settings
}

// publish starts a TLS proxy in front of a handler, as App Service does.
func publish(t *testing.T, h *handler) string {
	t.Helper()
	target, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(front.Close)
	return front.URL
}

// An identityEndpoint issues the tenant's tokens to a function app with one
// user-assigned identity.
type identityEndpoint struct {
	server *httptest.Server
	mu     sync.Mutex
	asked  int
	tokens []string
	refuse string                              // message of a 400; empty gives tokens
	edit   func(header, claims map[string]any) // of the tokens
}

// change edits the endpoint between requests.
func (e *identityEndpoint) change(edit func(e *identityEndpoint)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	edit(e)
}

// requests returns the number of requests and the tokens issued.
func (e *identityEndpoint) requests() (asked int, tokens []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked, e.tokens
}

const identityHeader = "5d2c9b"

func newIdentityEndpoint(t *testing.T, tenant *verifytest.Tenant) *identityEndpoint {
	t.Helper()
	endpoint := &identityEndpoint{}
	endpoint.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint.mu.Lock()
		defer endpoint.mu.Unlock()
		endpoint.asked++
		want := url.Values{"api-version": {"2019-08-01"}, "resource": {"api://" + verifytest.Audience}, "client_id": {verifytest.ClientID}}
		if got := r.URL.Query().Encode(); got != want.Encode() || r.Header.Get("X-IDENTITY-HEADER") != identityHeader {
			t.Errorf("the identity endpoint was asked for %s, want %s with the identity header", got, want.Encode())
		}
		w.Header().Set("Content-Type", "application/json")
		if endpoint.refuse != "" {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": 400, "message": endpoint.refuse})
			return
		}
		token := tenant.Token(time.Now(), endpoint.edit)
		endpoint.tokens = append(endpoint.tokens, token)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"access_token": token, "token_type": "Bearer", "resource": r.URL.Query().Get("resource"), "client_id": verifytest.ClientID,
			"expires_on": strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10),
		})
	}))
	t.Cleanup(endpoint.server.Close)
	return endpoint
}

// clientSettings are the client's app settings.
func clientSettings(tenant *verifytest.Tenant, identity *identityEndpoint, ordersURL string) map[string]string {
	return map[string]string{
		"SSL_CERT_FILE":                     tenant.CertificateFile(),
		"IDENTITY_ENDPOINT":                 identity.server.URL + "/msi/token",
		"IDENTITY_HEADER":                   identityHeader,
		"ORDERS_URL":                        ordersURL,
		"ORDERS_SCOPE":                      "api://" + verifytest.Audience + "/.default",
		"ORDERS_TENANT_ID":                  verifytest.TenantID,
		"ORDERS_AUTHORITY_HOST":             tenant.AuthorityHost(),
		"ORDERS_TOKEN_PROVIDERS":            "azidentity",
		"ORDERS_SCHEDULE":                   "0 */10 * * * *",
		"ORDERS_MANAGED_IDENTITY_CLIENT_ID": verifytest.ClientID,
	}
}

// call makes a request and returns the answer with its body.
func call(t *testing.T, method, url string, header http.Header, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response, string(content)
}

// noTokens fails the test if the text contains one of the tokens or anything that
// looks like one.
func noTokens(t *testing.T, text string, tokens ...string) {
	t.Helper()
	if strings.Contains(text, "eyJ") || strings.Contains(text, identityHeader) {
		t.Errorf("got a token or the identity header in %s", text)
	}
	for _, token := range tokens {
		if signature := token[strings.LastIndex(token, ".")+1:]; signature != "" && strings.Contains(text, signature) {
			t.Errorf("got the signature of a token in %s", text)
		}
	}
}
