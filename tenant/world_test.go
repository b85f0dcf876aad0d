package tenant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// A world is a sandbox and a caller signed in to one of its tenants.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
	session *azurecloud.Session
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	w := &world{t: t, sandbox: s, tenant: s.Tenants()[0]}
	w.session = w.signIn(w.tenant, nil)
	return w
}

// signIn signs in with the environment of a tenant, changed by environ.
func (w *world) signIn(t sandbox.Tenant, environ map[string]string) *azurecloud.Session {
	w.t.Helper()
	values := make(map[string]string)
	for _, pair := range w.sandbox.Environ(t) {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	for name, value := range environ {
		values[name] = value
	}
	session, err := azurecloud.SignIn(w.t.Context(), azurecloud.Options{
		Getenv: func(name string) string { return values[name] },
		HTTP:   w.sandbox.HTTPClient(),
		Sleep:  func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}
