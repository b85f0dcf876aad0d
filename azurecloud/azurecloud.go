// Package azurecloud signs in to an Azure cloud as the Pulumi providers do, and
// sends requests to its two control planes: Azure Resource Manager and
// Microsoft Graph.
//
// Which cloud it is and who signs in come from the ARM_* variables that the
// azuread and azure-native providers read; keys of the stack's configuration
// for the providers do not reach it. Nothing it returns or prints holds a
// token, a secret or an assertion.
//
// It knows no resource and no API version: callers name the path.
package azurecloud

import (
	"context"
	"errors"
	"net/http"
	"time"

	"app-to-app/azurecloud/endpoints"
)

// Options are what signing in uses of the process it runs in. The zero value
// of Sleep waits for real.
type Options struct {
	Getenv func(string) string
	HTTP   *http.Client
	Sleep  func(context.Context, time.Duration) error
}

// A Session is a signed-in caller in one cloud. It is safe for concurrent use.
type Session struct {
	Cloud           endpoints.Cloud
	SubscriptionID  string // ARM_SUBSCRIPTION_ID, "" when unset
	ResourceManager *Client
	Graph           *Client
}

// SignIn finds the cloud and the credential of the ARM_* variables. It gets no
// token yet: the first request does.
func SignIn(ctx context.Context, o Options) (*Session, error) {
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	found, err := Find(ctx, o.HTTP, o.Getenv)
	if err != nil {
		return nil, err
	}
	if found.ResourceManager == "" || found.Graph == "" {
		return nil, errors.New("find the cloud: expected resourceManager and microsoftGraphResourceId in its metadata, got none")
	}
	credential, err := NewCredential(found, o.HTTP, o.Getenv)
	if err != nil {
		return nil, err
	}
	client := func(base, scope string) *Client {
		return &Client{base: base, scope: scope, credential: credential, http: o.HTTP, sleep: o.Sleep}
	}
	return &Session{
		Cloud: found, SubscriptionID: o.Getenv("ARM_SUBSCRIPTION_ID"),
		ResourceManager: client(found.ResourceManager, found.ResourceManagerScope()),
		Graph:           client(found.Graph, found.GraphScope()),
	}, nil
}

// NewHTTPClient is a client with time limits that follows no redirect, so that a
// token only goes to the address it was meant for.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 2 * time.Minute
	return &http.Client{
		Transport:     transport,
		Timeout:       10 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Sleep waits for a duration, or until the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// A HintError is an error and what to do about it: a command, or a setting.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }
func (e *HintError) Unwrap() error { return e.Err }

// WithHint adds to an error what to do about it.
func WithHint(err error, hint string) error { return &HintError{err, hint} }
