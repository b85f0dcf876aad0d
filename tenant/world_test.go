package tenant_test

import (
	"net/http"
	"strings"
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

// changes are the requests since a mark that would change something in Graph or
// Resource Manager, refused ones included.
func (w *world) changes(since int) (found []string) {
	for _, entry := range w.sandbox.History()[since:] {
		changing := entry.Method != http.MethodGet && !strings.HasSuffix(entry.Route, "/list")
		if changing && (entry.Service == "graph" || entry.Service == "arm") {
			found = append(found, entry.Route)
		}
	}
	return found
}

// mark is the number of requests so far.
func (w *world) mark() int { return len(w.sandbox.History()) }

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
