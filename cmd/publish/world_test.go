package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/azurecloud"
)

const (
	tenantID = "aaaaaaaa-0000-4000-8000-000000000001"
	clientID = "aaaaaaaa-0000-4000-8000-000000000002"
	// What must never be printed.
	clientSecret = "s3cret-of-the-deployer"
	accessToken  = "eyJtoken-of-the-deployer"
	audience     = "https://management.core.windows.net/"
)

// An answer is the response of the SCM site to one request: bytes as they are,
// and anything else as JSON.
type answer struct {
	status int
	body   any
}

// A world is Entra, Resource Manager's metadata and the SCM site of one app,
// with a clock that moves only when the command sleeps.
type world struct {
	t       *testing.T
	server  *httptest.Server
	environ map[string]string
	content []byte

	mu       sync.Mutex
	now      time.Time
	answers  map[string][]answer // by "METHOD path"; the last one is repeated
	requests []string
	forms    []url.Values // of token requests
	outage   []int        // statuses of the first token requests
	output   strings.Builder
}

const deploymentPath = "GET /api/deployments/d1"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, content: []byte("PK a package"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/endpoints", w.metadata)
	mux.HandleFunc("GET /"+tenantID+"/v2.0/.well-known/openid-configuration", w.discovery)
	mux.HandleFunc("POST /"+tenantID+"/oauth2/v2.0/token", w.token)
	mux.HandleFunc("/api/", w.scm)
	w.server = httptest.NewTLSServer(mux)
	t.Cleanup(w.server.Close)
	path := filepath.Join(t.TempDir(), "package.zip")
	if err := os.WriteFile(path, w.content, 0o600); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(w.server.URL, "https://")
	w.environ = map[string]string{
		"PUBLISH_APP": "orders-client-app1a2b3c4d", "PUBLISH_SCM_HOST": host, "PUBLISH_PACKAGE": path, "PUBLISH_SHA256": sum(w.content),
		"ARM_METADATA_HOSTNAME": host, "ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": clientID, "ARM_CLIENT_SECRET": clientSecret,
	}
	w.answers = map[string][]answer{
		"POST /api/publish":           {{http.StatusAccepted, "d1"}},
		deploymentPath:                {{http.StatusOK, map[string]any{"id": "d1", "status": 2}}, {http.StatusOK, map[string]any{"id": "d1", "status": 4}}},
		deploymentPath + "/log":       {{http.StatusOK, []any{map[string]any{"message": "Receiving the package"}}}},
		"GET /api/deployments/latest": {{http.StatusOK, map[string]any{"id": "d1", "status": 4, "active": true, "packageSha256": sum(w.content)}}},
	}
	return w
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

func (w *world) metadata(rw http.ResponseWriter, r *http.Request) {
	writeJSON(rw, http.StatusOK, map[string]any{"authentication": map[string]any{
		"loginEndpoint": w.server.URL + "/", "audiences": []string{audience, "https://management.azure.com/"}}})
}

func (w *world) discovery(rw http.ResponseWriter, r *http.Request) {
	base := w.server.URL + "/" + tenantID
	writeJSON(rw, http.StatusOK, map[string]any{
		"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token"})
}

// token gives a token for the client's secret, or for any assertion.
func (w *world) token(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	w.forms = append(w.forms, r.PostForm)
	status := 0
	if len(w.outage) > 0 {
		status, w.outage = w.outage[0], w.outage[1:]
	}
	w.mu.Unlock()
	if status != 0 {
		rw.Header().Set("Retry-After-Ms", "1") // or the library would wait for seconds of the machine's clock
		writeJSON(rw, status, map[string]any{"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has occurred. Please try again."})
		return
	}
	if r.PostForm.Get("client_assertion") == "" && r.PostForm.Get("client_secret") != clientSecret {
		writeJSON(rw, http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: x", "error_codes": []int{7000215}})
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": accessToken})
}

func (w *world) scm(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	if got, want := r.Header.Get("Authorization"), "Bearer "+accessToken; got != want {
		w.t.Errorf("%s: expected the deployer's token", r.URL.Path)
	}
	if r.Method == http.MethodPost {
		if string(body) != string(w.content) {
			w.t.Errorf("got a body of %d bytes, want the package", len(body))
		}
		for name, want := range map[string]string{"If-Match": "*", "Content-Type": "application/zip"} {
			if got := r.Header.Get(name); got != want {
				w.t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if got, want := r.URL.RawQuery, "Deployer=app-to-app&RemoteBuild=false&isAsync=true"; got != want {
			w.t.Errorf("got query %q, want %q", got, want)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := r.Method + " " + r.URL.Path
	w.requests = append(w.requests, key)
	answers := w.answers[key]
	if len(answers) == 0 {
		w.t.Errorf("expected no request %s", key)
		rw.WriteHeader(http.StatusNotImplemented)
		return
	}
	if len(answers) > 1 {
		w.answers[key] = answers[1:]
	}
	writeJSON(rw, answers[0].status, answers[0].body)
}

func writeJSON(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	if page, ok := body.([]byte); ok {
		_, _ = rw.Write(page)
		return
	}
	_ = json.NewEncoder(rw).Encode(body)
}

// command is the command as it runs in this world.
func (w *world) command() command {
	httpClient := azurecloud.NewHTTPClient()
	httpClient.Transport.(*http.Transport).TLSClientConfig = w.server.Client().Transport.(*http.Transport).TLSClientConfig
	w.t.Cleanup(httpClient.CloseIdleConnections)
	return command{
		getenv: func(name string) string { return w.environ[name] },
		http:   httpClient,
		output: &w.output,
		now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
		sleep: func(_ context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now = w.now.Add(d)
			return nil
		},
	}
}

// publish runs the command and looks through what it printed for secrets.
func (w *world) publish() error {
	w.t.Helper()
	err := w.command().publish(w.t.Context())
	printed := w.output.String() + fmt.Sprint(err)
	for _, secret := range []string{clientSecret, accessToken, "eyJ", base64.StdEncoding.EncodeToString([]byte(clientSecret))} {
		if strings.Contains(printed, secret) {
			w.t.Errorf("expected no secret in the output, got:\n%s", printed)
		}
	}
	return err
}

// count is how often the SCM site got a request.
func (w *world) count(request string) int {
	n := 0
	for _, got := range w.requests {
		if got == request {
			n++
		}
	}
	return n
}

// contextThatEnds ends once the SCM site got a request.
func contextThatEnds(t *testing.T, w *world) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	handler := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(rw, r)
		if r.URL.Path == "/api/publish" {
			cancel()
		}
	})
	return ctx, cancel
}
