package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"app-to-app/azurecloud"
)

// This file talks to an SCM site (Kudu), as the Azure Functions Core Tools do
// when they publish to Flex Consumption.

// scm is the SCM site of one function app.
type scm struct {
	host       string
	http       *http.Client
	credential azcore.TokenCredential
	scope      string
}

// The statuses of a deployment, which are in the body. The HTTP status is 200
// for a failed deployment too.
const (
	statusFailed         = 3
	statusSuccess        = 4
	statusConflict       = 5
	statusPartialSuccess = 6
)

// A deployment is what an SCM site says about one.
type deployment struct {
	ID         string `json:"id"`
	Status     int    `json:"status"`
	StatusText string `json:"status_text"`
	Active     *bool  `json:"active"`
	// PackageSHA256 comes from the sandbox only. SCM sites of Azure do not have
	// it; there only the deployment's id shows what runs.
	PackageSHA256 string `json:"packageSha256"`
}

// A statusError is an answer that is not a success.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("SCM answered %d %s", e.status, http.StatusText(e.status))
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// send starts a deployment and returns its id, "" when the site gives none.
func (s *scm) send(ctx context.Context, content []byte) (string, error) {
	query := url.Values{"RemoteBuild": {"false"}, "Deployer": {"app-to-app"}, "isAsync": {"true"}}
	header := http.Header{"Content-Type": {"application/zip"}, "If-Match": {"*"}}
	resp, body, err := s.do(ctx, http.MethodPost, "/api/publish?"+query.Encode(), header, content)
	if err != nil {
		return "", err
	}
	return deploymentID(resp, body), nil
}

// deploymentID finds the id of a new deployment: the body has it, bare or as
// JSON; a header or the address to poll may have it too.
func deploymentID(resp *http.Response, body []byte) string {
	var text string
	var object deployment
	switch {
	case json.Unmarshal(body, &text) == nil && text != "":
		return text
	case json.Unmarshal(body, &object) == nil && object.ID != "":
		return object.ID
	case isWord(body):
		return strings.TrimSpace(string(body))
	}
	if id := resp.Header.Get("SCM-DEPLOYMENT-ID"); id != "" {
		return id
	}
	if location, err := url.Parse(resp.Header.Get("Location")); err == nil && strings.Contains(location.Path, "/deployments/") {
		return path.Base(location.Path)
	}
	return ""
}

func isWord(body []byte) bool {
	text := strings.TrimSpace(string(body))
	return text != "" && len(text) <= 64 && !strings.ContainsAny(text, " \t\r\n{}[]<>\"/")
}

// deployment reads one deployment; the id may be "latest".
func (s *scm) deployment(ctx context.Context, id string) (deployment, error) {
	_, body, err := s.do(ctx, http.MethodGet, "/api/deployments/"+url.PathEscape(id), nil, nil)
	if err != nil {
		return deployment{}, err
	}
	var d deployment
	if err := json.Unmarshal(body, &d); err != nil {
		return deployment{}, fmt.Errorf("read deployment %q: %w", id, err)
	}
	return d, nil
}

// log reads the messages of a deployment.
func (s *scm) log(ctx context.Context, id string) ([]string, error) {
	_, body, err := s.do(ctx, http.MethodGet, "/api/deployments/"+url.PathEscape(id)+"/log", nil, nil)
	if err != nil {
		return nil, err
	}
	var entries []struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, fmt.Errorf("read the log of deployment %q: %w", id, err)
	}
	var messages []string
	for _, entry := range entries {
		messages = append(messages, entry.Message)
	}
	return messages, nil
}

// do sends a request with a token and returns the answer if it is a success.
func (s *scm) do(ctx context.Context, method, target string, header http.Header, content []byte) (*http.Response, []byte, error) {
	token, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{s.scope}})
	if err != nil {
		return nil, nil, azurecloud.SignInError(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://"+s.host+target, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, nil, &connectionError{err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, nil, &connectionError{err}
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, &statusError{status: resp.StatusCode, message: messageOf(body)}
	}
	return resp, body, nil
}

// A connectionError is a request without an answer.
type connectionError struct{ error }

func (e *connectionError) Unwrap() error { return e.error }

// untrusted reports whether the site's certificate was not accepted, which
// waiting does not fix.
func (e *connectionError) untrusted() bool {
	var refused *tls.CertificateVerificationError
	return errors.As(e.error, &refused)
}

// messageOf is the text of an error's body: Kudu answers with JSON that has a
// Message, or with plain text.
func messageOf(body []byte) string {
	const limit = 1000
	var object map[string]any
	text := string(body)
	if json.Unmarshal(body, &object) == nil {
		for _, name := range []string{"Message", "message", "ExceptionMessage"} {
			if message, ok := object[name].(string); ok {
				text = message
				break
			}
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = text[:limit] + " …"
	}
	return text
}
