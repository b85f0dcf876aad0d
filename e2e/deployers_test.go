package e2e_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

// TestStacksSideBySide runs three `pulumi up` at the same time in one sandbox,
// two in one tenant and one in another, and destroys one after the other: no
// name collides, and the calls of those that are left go on.
func TestStacksSideBySide(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	first, second := s.Tenants()[0], s.Tenants()[1]
	worlds := []*world{worldOf(t, s, first, "dev", "dev"), worldOf(t, s, second, "dev", "other"), worldOf(t, s, first, "test", "short-lived")}
	for _, w := range worlds {
		w.pulumi("stack", "init", w.stack)
	}
	refusedUntilRegistered(worlds[1])

	var running sync.WaitGroup
	failed := make([]error, len(worlds))
	for i, w := range worlds {
		running.Go(func() {
			failed[i] = w.tryUp()
		})
	}
	running.Wait()
	for i, w := range worlds {
		if failed[i] != nil {
			t.Fatalf("%s: %v", w.stack, failed[i])
		}
		w.callEach()
	}
	writtenByOwnDeployer(t, worlds)

	worlds[2].destroy()
	worlds[0].callEach()
	worlds[1].callEach()
	worlds[0].destroy()
	worlds[1].callEach()
}

// callEach asks every client with a function app for its orders, and fails the
// test unless all of its token providers got them.
func (w *world) callEach() {
	w.t.Helper()
	e := w.exports()
	for name, site := range e.ClientSites {
		if got := w.statusOf(name, site, e.ClientURLs[name]); got != http.StatusOK {
			w.t.Errorf("%s of stack %s: got status %d, want 200", name, w.stack, got)
		}
	}
}

// refusedUntilRegistered sees `up` fail in a subscription whose resource
// providers are not registered, with ARM's own advice, and registers them.
func refusedUntilRegistered(w *world) {
	w.t.Helper()
	var out bytes.Buffer
	if _, err := w.project.Run(w.t.Context(), &out, w.stack, "up", "--yes", "--skip-preview"); err == nil {
		w.t.Fatal("expected up to fail in a fresh subscription, got success")
	}
	if !strings.Contains(out.String(), "MissingSubscriptionRegistration") {
		w.t.Errorf("expected MissingSubscriptionRegistration, got:\n%s", out.String())
	}
	for _, namespace := range []string{"Microsoft.Web", "Microsoft.App", "Microsoft.Storage", "Microsoft.ManagedIdentity", "Microsoft.Insights", "Microsoft.OperationalInsights", "Microsoft.KeyVault"} {
		w.do(http.MethodPost, "/subscriptions/"+w.tenant.SubscriptionID+"/providers/"+namespace+"/register?api-version=2021-04-01", nil, nil)
	}
}

// writtenByOwnDeployer reads the request history: every object of a tenant was
// written by the tenant's own deployer, and each of them wrote some in both
// Graph and ARM.
func writtenByOwnDeployer(t *testing.T, worlds []*world) {
	t.Helper()
	deployers := make(map[string]string)
	for _, w := range worlds {
		deployers[w.tenant.ID] = w.tenant.Deployer.ObjectID
	}
	written := make(map[string]int)
	for _, entry := range worlds[0].sandbox.History() {
		writes := entry.Service == "graph" || entry.Service == "arm" || entry.Service == "scm"
		if !writes || entry.Method == http.MethodGet || entry.Status >= 300 {
			continue
		}
		if want := deployers[entry.TenantID]; entry.CallerID != want {
			t.Errorf("%s %s in tenant %s: got caller %q, want its own deployer %q", entry.Method, entry.URL, entry.TenantID, entry.CallerID, want)
		}
		written[entry.Service+" "+entry.TenantID]++
	}
	for _, w := range worlds {
		for _, service := range []string{"graph", "arm", "scm"} {
			if written[service+" "+w.tenant.ID] == 0 {
				t.Errorf("expected the deployer of %s to have written through %s, got nothing", w.tenant.Name, service)
			}
		}
	}
}
