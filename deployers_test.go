package main_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

// TestTwoDeployersAtOnce runs two `pulumi up` at the same time in one sandbox:
// two shells, two stacks, two tenants, two deployers.
func TestTwoDeployersAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	var worlds []*world
	for _, tenant := range s.Tenants() {
		w := worldOf(t, s, tenant, tenant.Name)
		w.pulumi("stack", "init", w.stack)
		worlds = append(worlds, w)
	}
	refusedUntilRegistered(worlds[1])

	var running sync.WaitGroup
	failed := make([]error, len(worlds))
	for i, w := range worlds {
		running.Go(func() {
			_, failed[i] = w.project.Run(t.Context(), w.printed, w.stack, "up", "--yes", "--skip-preview")
		})
	}
	running.Wait()
	for i, w := range worlds {
		if failed[i] != nil {
			t.Fatalf("%s: %v", w.tenant.Name, failed[i])
		}
		w.call()
	}
	writtenByOwnDeployer(t, worlds)

	worlds[0].destroy()
	worlds[1].call()
	worlds[1].destroy()
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
	for _, namespace := range []string{"Microsoft.Web", "Microsoft.App", "Microsoft.Storage", "Microsoft.ManagedIdentity", "Microsoft.Insights", "Microsoft.OperationalInsights"} {
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
