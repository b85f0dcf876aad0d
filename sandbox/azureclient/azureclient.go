// Package azureclient looks at a sandbox from outside, as any client of Graph
// and ARM would: it signs in with azidentity, reads the public lists, and
// shares nothing with the sandbox's state. The demo and the tests count with
// it what a deployment made and what it left behind.
package azureclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/sandbox"
)

// A Client works in one tenant and subscription as its deployer.
type Client struct {
	base         string
	subscription string
	httpClient   *http.Client
	credential   azcore.TokenCredential
}

// A StatusError is an answer of Graph, ARM or a function app that is not a
// success.
type StatusError struct {
	Method, Path string
	Status       int
	Body         string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: expected success, got %d: %s", e.Method, e.Path, e.Status, e.Body)
}

// New returns a client for the tenant.
func New(s *sandbox.Sandbox, t sandbox.Tenant) (*Client, error) {
	httpClient := s.HTTPClient()
	credential, err := azidentity.NewClientSecretCredential(t.ID, t.Deployer.ClientID, t.Deployer.Secret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            policy.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.BaseURL}, Transport: httpClient},
			DisableInstanceDiscovery: true, // the sandbox is no authority of Microsoft's
		})
	if err != nil {
		return nil, err
	}
	return &Client{base: s.BaseURL, subscription: t.SubscriptionID, httpClient: httpClient, credential: credential}, nil
}

// Do sends one request to Graph (paths that start with /v1.0/ or /beta/) or
// ARM and decodes the answer into out. Nil in sends no body; nil out ignores
// the answer.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	url := c.base + strings.TrimPrefix(path, c.base)
	scope := "https://management.azure.com/.default"
	if strings.HasPrefix(url, c.base+"/v1.0/") || strings.HasPrefix(url, c.base+"/beta/") {
		scope = c.base + "/.default"
	}
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.Send(req, out)
}

// Send sends a request as it is and decodes the answer into out.
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
		return &StatusError{Method: req.Method, Path: req.URL.Path, Status: resp.StatusCode, Body: string(data)}
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, out)
}

// List returns all the items of a collection, page after page.
func (c *Client) List(ctx context.Context, path string) ([]map[string]any, error) {
	var items []map[string]any
	for path != "" {
		var page struct {
			Value     []map[string]any `json:"value"`
			GraphNext string           `json:"@odata.nextLink"`
			ARMNext   string           `json:"nextLink"`
		}
		if err := c.Do(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Value...)
		path = page.GraphNext + page.ARMNext // at most one of them is set
	}
	return items, nil
}

// HostKey reads a function app's default host key, as a caller of its
// functions would have it from the person who runs the app.
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

// Call sends a GET with the app's host key to one of its functions.
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
