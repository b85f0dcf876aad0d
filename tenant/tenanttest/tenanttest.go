// Package tenanttest signs tests of an operator's tools in to a sandbox.
package tenanttest

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
)

// SignIn signs in as a tenant's deployer, with the environment that the sandbox
// gives to a shell, changed by environ. It never waits.
func SignIn(t testing.TB, s *sandbox.Sandbox, in sandbox.Tenant, environ map[string]string) *azurecloud.Session {
	t.Helper()
	return SignInWith(t, s.HTTPClient(), s, in, environ)
}

// SignInWith is [SignIn] with an HTTP client of the test's own.
func SignInWith(t testing.TB, client *http.Client, s *sandbox.Sandbox, in sandbox.Tenant, environ map[string]string) *azurecloud.Session {
	t.Helper()
	values := make(map[string]string)
	for _, pair := range s.Environ(in) {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	maps.Copy(values, environ)
	session, err := azurecloud.SignIn(t.Context(), azurecloud.Options{
		Getenv: func(name string) string { return values[name] },
		HTTP:   client,
		Sleep:  func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return session
}
