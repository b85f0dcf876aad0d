package tenant_test

import (
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/tenanttest"
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
	return tenanttest.SignIn(w.t, w.sandbox, t, environ)
}
