// Package deployer uses a sandbox as the deployer of one of its tenants: it signs
// in like the team's commands, lists objects through Graph and ARM, and calls
// functions. The demo and the tests use it to count what a deployment created and
// what it left behind.
//
// It does not read the sandbox's state directly. Not for production.
package deployer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
)

// A Client works in one tenant and subscription as its deployer.
type Client struct {
	session    *azurecloud.Session
	httpClient *http.Client
}

// New signs in to the tenant.
func New(ctx context.Context, s *sandbox.Sandbox, t sandbox.Tenant) (*Client, error) {
	variables := make(map[string]string)
	for _, pair := range s.Environ(t) {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	httpClient := s.HTTPClient()
	session, err := azurecloud.SignIn(ctx, azurecloud.Options{
		Getenv: func(name string) string { return variables[name] }, HTTP: httpClient,
		Sleep: func(context.Context, time.Duration) error { return nil }, // waiting does not help: only the test changes the sandbox's answers
	})
	if err != nil {
		return nil, err
	}
	return &Client{session, httpClient}, nil
}

// serviceOf is Graph for paths that start with /v1.0/ or /beta/, else ARM.
func (c *Client) serviceOf(path string) *azurecloud.Client {
	if strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/") {
		return c.session.Graph
	}
	return c.session.ResourceManager
}

// Do sends one request to Graph or ARM and decodes the answer into out. Nil in
// sends no body; nil out ignores the answer.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	answer, err := c.serviceOf(path).Do(ctx, method, path, in)
	if err != nil || out == nil || len(answer.Body) == 0 {
		return err
	}
	return json.Unmarshal(answer.Body, out)
}

// List returns all the items of a collection, page after page.
func (c *Client) List(ctx context.Context, path string) ([]map[string]any, error) {
	return azurecloud.List[map[string]any](ctx, c.serviceOf(path), path)
}

// HostKey reads a function app's default host key, which callers need.
func (c *Client) HostKey(ctx context.Context, siteID string) (string, error) {
	var keys struct {
		FunctionKeys map[string]string `json:"functionKeys"`
	}
	if err := c.Do(ctx, http.MethodPost, siteID+"/host/default/listkeys?api-version=2022-09-01", nil, &keys); err != nil {
		return "", err
	}
	if keys.FunctionKeys["default"] == "" {
		return "", errors.New("expected a default host key, got none")
	}
	return keys.FunctionKeys["default"], nil
}

// Call sends a GET with the app's host key to one of its functions and decodes
// the answer into out.
func (c *Client) Call(ctx context.Context, siteID, url string, out any) error {
	key, err := c.HostKey(ctx, siteID)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("x-functions-key", key)
	return c.Send(req, out)
}

// Send sends a request to a function app without adding a key, and decodes the
// answer into out.
func (c *Client) Send(req *http.Request, out any) error {
	resp, err := c.httpClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: expected success, got %d: %s", req.Method, req.URL.Path, resp.StatusCode, data)
	}
	return json.Unmarshal(data, out)
}
