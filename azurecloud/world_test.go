package azurecloud_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// An answer is what a service answers to one request.
type answer struct {
	status     int
	retryAfter string
	body       any
}

// A world is Entra, Resource Manager and Graph of one cloud, and how long its
// client has waited.
type world struct {
	t       *testing.T
	server  *httptest.Server
	environ map[string]string
	token   string

	mu       sync.Mutex
	answers  map[string][]answer // by "METHOD path?query"; the last one is repeated
	requests []string
	bodies   []string
	forms    []url.Values // of token requests
	waits    []time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, token: accessToken, answers: map[string][]answer{"GET /probe": {{status: http.StatusOK, body: map[string]any{"name": "probe"}}}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/endpoints", w.metadata)
	mux.HandleFunc("GET /"+tenantID+"/v2.0/.well-known/openid-configuration", w.discovery)
	mux.HandleFunc("POST /"+tenantID+"/oauth2/v2.0/token", w.issue)
	mux.HandleFunc("/", w.serve)
	w.server = httptest.NewTLSServer(mux)
	t.Cleanup(w.server.Close)
	w.environ = map[string]string{
		"ARM_METADATA_HOSTNAME": strings.TrimPrefix(w.server.URL, "https://"), "ARM_SUBSCRIPTION_ID": "s",
		"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": clientID, "ARM_CLIENT_SECRET": clientSecret,
	}
	return w
}

func (w *world) metadata(rw http.ResponseWriter, r *http.Request) {
	writeJSON(rw, http.StatusOK, map[string]any{
		"resourceManager": w.server.URL + "/", "microsoftGraphResourceId": w.server.URL + "/",
		"authentication": map[string]any{"loginEndpoint": w.server.URL + "/", "audiences": []string{audience, "https://management.azure.com/"}},
	})
}

func (w *world) discovery(rw http.ResponseWriter, r *http.Request) {
	base := w.server.URL + "/" + tenantID
	writeJSON(rw, http.StatusOK, map[string]any{
		"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token"})
}

// issue gives a token for the client's secret, or for any assertion.
func (w *world) issue(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	w.forms = append(w.forms, r.PostForm)
	w.mu.Unlock()
	if r.PostForm.Get("client_assertion") == "" && r.PostForm.Get("client_secret") != clientSecret {
		writeJSON(rw, http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: x", "error_codes": []int{7000215}})
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": w.token})
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if got, want := r.Header.Get("Authorization"), "Bearer "+w.token; got != want {
		w.t.Errorf("%s: expected the deployer's token", r.URL.Path)
	}
	body := new(strings.Builder)
	if err := r.Write(body); err != nil {
		w.t.Error(err)
	}
	_, content, _ := strings.Cut(body.String(), "\r\n\r\n")
	w.mu.Lock()
	defer w.mu.Unlock()
	key := r.Method + " " + r.URL.RequestURI()
	w.requests, w.bodies = append(w.requests, key), append(w.bodies, content)
	answers := w.answers[key]
	if len(answers) == 0 {
		w.t.Errorf("expected no request %s", key)
		rw.WriteHeader(http.StatusNotImplemented)
		return
	}
	if len(answers) > 1 {
		w.answers[key] = answers[1:]
	}
	if answers[0].retryAfter != "" {
		rw.Header().Set("Retry-After", answers[0].retryAfter)
	}
	writeJSON(rw, answers[0].status, answers[0].body)
}

func writeJSON(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(rw).Encode(body)
	}
}

// signIn signs in with the world's environment; nobody waits for real.
func (w *world) signIn() (*azurecloud.Session, error) {
	w.t.Helper()
	httpClient := azurecloud.NewHTTPClient()
	httpClient.Transport.(*http.Transport).TLSClientConfig = w.server.Client().Transport.(*http.Transport).TLSClientConfig
	w.t.Cleanup(httpClient.CloseIdleConnections)
	return azurecloud.SignIn(w.t.Context(), azurecloud.Machine{
		Getenv: func(name string) string { return w.environ[name] },
		HTTP:   httpClient,
		Sleep: func(_ context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waits = append(w.waits, d)
			return nil
		},
	})
}

// session is [world.signIn] that must work.
func (w *world) session() *azurecloud.Session {
	w.t.Helper()
	session, err := w.signIn()
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}

// ask signs in and asks Resource Manager once; no secret may be in the error.
func (w *world) ask() error {
	w.t.Helper()
	session, err := w.signIn()
	if err == nil {
		err = session.ResourceManager.Get(w.t.Context(), "/probe", nil)
	}
	for _, secret := range []string{clientSecret, accessToken, "eyJ", base64.StdEncoding.EncodeToString([]byte(clientSecret))} {
		if strings.Contains(fmt.Sprint(err), secret) {
			w.t.Errorf("expected no secret in the error, got: %v", err)
		}
	}
	return err
}
