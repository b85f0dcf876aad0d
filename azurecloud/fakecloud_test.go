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

// A response is what a service sends to one request.
type response struct {
	status     int
	retryAfter string
	body       any
}

// A fakeCloud is Entra, Resource Manager and Graph of one cloud, and how long its
// client has waited.
type fakeCloud struct {
	t       *testing.T
	server  *httptest.Server
	environ map[string]string
	token   string

	mu        sync.Mutex
	responses map[string][]response // by "METHOD path?query"; the last one is repeated
	requests  []string
	bodies    []string
	forms     []url.Values // of token requests
	waits     []time.Duration
}

func newFakeCloud(t *testing.T) *fakeCloud {
	t.Helper()
	c := &fakeCloud{t: t, token: accessToken, responses: map[string][]response{"GET /probe": {{status: http.StatusOK, body: map[string]any{"name": "probe"}}}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/endpoints", c.metadata)
	mux.HandleFunc("GET /"+tenantID+"/v2.0/.well-known/openid-configuration", c.discovery)
	mux.HandleFunc("POST /"+tenantID+"/oauth2/v2.0/token", c.issue)
	mux.HandleFunc("/", c.serve)
	c.server = httptest.NewTLSServer(mux)
	t.Cleanup(c.server.Close)
	c.environ = map[string]string{
		"ARM_METADATA_HOSTNAME": strings.TrimPrefix(c.server.URL, "https://"), "ARM_SUBSCRIPTION_ID": "s",
		"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": clientID, "ARM_CLIENT_SECRET": clientSecret,
	}
	return c
}

func (c *fakeCloud) metadata(rw http.ResponseWriter, r *http.Request) {
	writeJSON(rw, http.StatusOK, map[string]any{
		"resourceManager": c.server.URL + "/", "microsoftGraphResourceId": c.server.URL + "/",
		"authentication": map[string]any{"loginEndpoint": c.server.URL + "/", "audiences": []string{audience, "https://management.azure.com/"}},
	})
}

func (c *fakeCloud) discovery(rw http.ResponseWriter, r *http.Request) {
	base := c.server.URL + "/" + tenantID
	writeJSON(rw, http.StatusOK, map[string]any{
		"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token"})
}

// issue gives a token for the client's secret, or for any assertion.
func (c *fakeCloud) issue(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	c.forms = append(c.forms, r.PostForm)
	c.mu.Unlock()
	if r.PostForm.Get("client_assertion") == "" && r.PostForm.Get("client_secret") != clientSecret {
		writeJSON(rw, http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: x", "error_codes": []int{7000215}})
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": c.token})
}

func (c *fakeCloud) serve(rw http.ResponseWriter, r *http.Request) {
	if got, want := r.Header.Get("Authorization"), "Bearer "+c.token; got != want {
		c.t.Errorf("%s: expected the deployer's token", r.URL.Path)
	}
	body := new(strings.Builder)
	if err := r.Write(body); err != nil {
		c.t.Error(err)
	}
	_, content, _ := strings.Cut(body.String(), "\r\n\r\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	key := r.Method + " " + r.URL.RequestURI()
	c.requests, c.bodies = append(c.requests, key), append(c.bodies, content)
	responses := c.responses[key]
	if len(responses) == 0 {
		c.t.Errorf("expected no request %s", key)
		rw.WriteHeader(http.StatusNotImplemented)
		return
	}
	if len(responses) > 1 {
		c.responses[key] = responses[1:]
	}
	if responses[0].retryAfter != "" {
		rw.Header().Set("Retry-After", responses[0].retryAfter)
	}
	writeJSON(rw, responses[0].status, responses[0].body)
}

func writeJSON(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(rw).Encode(body)
	}
}

// signIn signs in with the fakeCloud's environment; waits return at once.
func (c *fakeCloud) signIn() (*azurecloud.Session, error) {
	c.t.Helper()
	httpClient := azurecloud.NewHTTPClient()
	httpClient.Transport.(*http.Transport).TLSClientConfig = c.server.Client().Transport.(*http.Transport).TLSClientConfig
	c.t.Cleanup(httpClient.CloseIdleConnections)
	return azurecloud.SignIn(c.t.Context(), azurecloud.Options{
		Getenv: func(name string) string { return c.environ[name] },
		HTTP:   httpClient,
		Sleep: func(_ context.Context, d time.Duration) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.waits = append(c.waits, d)
			return nil
		},
	})
}

// session is [fakeCloud.signIn] that must work.
func (c *fakeCloud) session() *azurecloud.Session {
	c.t.Helper()
	session, err := c.signIn()
	if err != nil {
		c.t.Fatal(err)
	}
	return session
}

// ask signs in and sends one request to Resource Manager; no secret may be in
// the error.
func (c *fakeCloud) ask() error {
	c.t.Helper()
	session, err := c.signIn()
	if err == nil {
		err = session.ResourceManager.Get(c.t.Context(), "/probe", nil)
	}
	for _, secret := range []string{clientSecret, accessToken, "eyJ", base64.StdEncoding.EncodeToString([]byte(clientSecret))} {
		if strings.Contains(fmt.Sprint(err), secret) {
			c.t.Errorf("expected no secret in the error, got: %v", err)
		}
	}
	return err
}
