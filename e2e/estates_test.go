package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/components/provenance"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// An estate is an API and the clients of two other teams, each with a stack, a
// subscription and a login of its own: the first one's login has no right in the
// directory at all, the second one's may read it. Each has a client that needs an app
// registration. The directory's team makes those and assigns the app roles; it deploys
// nothing.
type estate struct {
	t                      *testing.T
	sandbox                *sandbox.Sandbox
	api, billing, shipping *world
	directory              *world
	tenantCommand          string // path
	receipt                string // of billing, from the project's folder
}

const apiStackName = "organization/app-to-app/api"

func newEstate(t *testing.T) *estate {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	first := s.Tenants()[0]
	second, err := s.AddSubscription(first, "billing")
	if err != nil {
		t.Fatal(err)
	}
	team := func(in sandbox.Tenant, name string, permissions ...string) *world {
		deployer, err := s.AddDeployer(in, name, permissions, []string{"Contributor", "Role Based Access Control Administrator"})
		if err != nil {
			t.Fatal(err)
		}
		w := worldOf(t, s, deployer, "dev", name)
		w.pulumi("stack", "init", name)
		return w
	}
	e := &estate{t: t, sandbox: s, api: worldOf(t, s, first, "dev", "api"), tenantCommand: buildTenant(t),
		receipt: ".packages/billing-" + first.ID + ".receipt.json"} // the program's folder is the repository; this one is git-ignored
	t.Cleanup(func() { _ = os.Remove(e.receipt) })
	e.api.pulumi("stack", "init", "api")
	e.api.set(map[string]any{"clients": []fields{}})
	e.billing, e.shipping = team(second, "billing"), team(first, "shipping", "Application.Read.All")
	deployer, err := s.AddDeployer(first, "directory", []string{"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e.directory = worldOf(t, s, deployer, "dev", "directory")
	asked := map[string]any{"api": fields{"stack": apiStackName}, "assignments": "requested"}
	e.billing.set(asked)
	e.billing.set(map[string]any{"assignmentsReceipt": e.receipt, "clients": []fields{{"name": "billing"}, {"name": "returns", "identity": "federated"}}})
	e.shipping.set(asked)
	e.shipping.set(map[string]any{"clients": []fields{{"name": "shipping", "identity": "systemAssigned"},
		{"name": "tracking", "identity": "federated", "issuer": "https://ci.example.test", "subject": "repo:ours/tracking:environment:dev"}}})
	return e
}

// grant hands the requests of a team's stack to the directory's team, which grants
// them, and nothing when it does so again.
func (e *estate) grant(w *world, receipt string) {
	e.t.Helper()
	code, asked, stderr := w.tenantCommand(e.tenantCommand, "request", "-stack", w.stack)
	file := filepath.Join(e.t.TempDir(), w.stack+".json")
	if err := os.WriteFile(file, []byte(asked), 0o600); err != nil || code != 0 {
		e.t.Fatalf("request: got exit code %d, %v and:\n%s", code, err, stderr)
	}
	if code, _, stderr := w.tenantCommand(e.tenantCommand, "grant", file, "-yes"); code != 1 || !strings.Contains(stderr, "403") {
		e.t.Errorf("grant by the team that asks: got exit code %d and:\n%s\nwant a refusal by the tenant", code, stderr)
	}
	for _, want := range []string{"1 to register or change, 0 registered already\n2 to assign, 0 held already", "0 to register or change, 1 registered already\n0 to assign, 2 held already"} {
		if code, stdout, stderr := e.directory.tenantCommand(e.tenantCommand, "grant", file, "-yes", "-receipt", receipt); code != 0 || !strings.Contains(stdout, want) {
			e.t.Fatalf("grant: got exit code %d and:\n%s%s\nwant %q", code, stdout, stderr, want)
		}
	}
}

// TestEstate: a team without any right in the directory, and one that may read it,
// deploy clients of an API that a third team deploys and a fourth one grants. Both
// update twice. No code runs before it may call.
func TestEstate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	e := newEstate(t)
	e.api.up()
	for _, w := range []*world{e.billing, e.shipping} {
		published := w.publishes()
		w.up()
		if got := w.publishes() - published; got != 0 {
			t.Errorf("%s: got %d packages published before anything is granted", w.stack, got)
		}
		for _, missing := range []string{"Orders.Read", "its app registration, Orders.Read"} {
			if want := "waits for " + missing + ", and its code is not published until it has that: tenant request -stack " + w.stack; !strings.Contains(w.printed.String(), want) {
				t.Errorf("%s: expected %q", w.stack, want)
			}
		}
	}
	if code, stdout, stderr := e.shipping.tenantCommand(e.tenantCommand, "audit", "-stack", "shipping"); code != 3 || strings.Count(stdout, "fix: tenant request -stack shipping, let who may run tenant grant on that, then pulumi up") != 2 {
		t.Errorf("audit before anything is granted: got exit code %d and:\n%s%s", code, stdout, stderr)
	}
	receipt, err := filepath.Abs(e.receipt)
	if err != nil {
		t.Fatal(err)
	}
	e.grant(e.billing, receipt)
	e.grant(e.shipping, filepath.Join(t.TempDir(), "shipping.receipt.json")) // which it does not need
	for w, clients := range map[*world]int{e.billing: 2, e.shipping: 1} {
		published := w.publishes()
		w.up()
		if got := w.publishes() - published; got != clients {
			t.Errorf("%s: got %d packages published once its roles are granted, want %d", w.stack, got, clients)
		}
		previewsClean(w)
		w.callEach()
		e.readsOnly(w)
	}
	e.audited()
	e.tornDown()
}

// readsOnly fails the test if a team's login asked Graph for anything but to read
// something, or for something at all without the right to.
func (e *estate) readsOnly(w *world) {
	e.t.Helper()
	calls := make(map[string]int)
	for _, entry := range e.sandbox.History() {
		if entry.CallerID == w.tenant.Deployer.ObjectID && entry.Service == "graph" {
			calls[entry.Route]++
			// grant, above, tried with this login.
			if entry.Method != http.MethodGet && entry.Status != http.StatusForbidden {
				e.t.Errorf("%s: got %s %s with status %d, want reads alone", w.stack, entry.Method, entry.URL, entry.Status)
			}
		}
	}
	e.t.Logf("%s: calls of Graph %v", w.stack, calls)
	for _, route := range slices.Sorted(maps.Keys(calls)) {
		if w == e.billing && !strings.HasPrefix(route, "GET /v1.0/servicePrincipals/{id}") && !strings.HasPrefix(route, "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo") {
			e.t.Errorf("billing: got %s, want no call of Graph by pulumi", route)
		}
	}
}

// audited compares all stacks with the tenant: together they declare everything
// that is there, and the API's stack alone does not.
func (e *estate) audited() {
	e.t.Helper()
	// The API's team may read the other one's subscription.
	e.billing.do(http.MethodPut, "/subscriptions/"+e.billing.tenant.SubscriptionID+"/providers/Microsoft.Authorization/roleAssignments/"+e.billing.tenant.ID+"?api-version=2022-04-01",
		map[string]any{"properties": map[string]any{
			"roleDefinitionId": "/subscriptions/" + e.billing.tenant.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
			"principalId":      e.api.tenant.Deployer.ObjectID, "principalType": "ServicePrincipal",
		}}, nil)
	if code, stdout, stderr := e.api.tenantCommand(e.tenantCommand, "audit", "-stack", "api", "-stack", "billing", "-stack", "shipping"); code != 0 {
		e.t.Errorf("audit of all stacks: got exit code %d and:\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr := e.api.tenantCommand(e.tenantCommand, "audit", "-stack", "api", "-stack", "billing")
	if code != 3 || strings.Count(stdout, "assignmentUndeclared: ") != 2 || !strings.Contains(stdout, `"shipping-app`) || !strings.Contains(stdout, `"tracking (shipping)"`) {
		e.t.Errorf("audit without shipping: got exit code %d and:\n%s%s", code, stdout, stderr)
	}
}

// tornDown takes the estate down. The API's stack goes last: before that it is
// refused, and names who would lose access.
func (e *estate) tornDown() {
	e.t.Helper()
	code, stdout, stderr := e.api.tenantCommand(e.tenantCommand, "teardown", "-stack", "api", "-yes")
	if code != 1 || stdout != "" || !strings.Contains(stderr, `"billing-identity`) || !strings.Contains(stderr, `"shipping-app`) || !strings.Contains(stderr, "would lose access: nothing was deleted") {
		e.t.Errorf("teardown of the API: got exit code %d and:\n%s", code, stderr)
	}
	e.billing.destroy()
	code, stdout, stderr = e.shipping.tenantCommand(e.tenantCommand, "teardown", "-stack", "shipping", "-yes")
	if code != 0 || !strings.Contains(stderr, `that somebody made for client "tracking" on request; who made it removes it: az ad app delete --id `) {
		e.t.Errorf("teardown of shipping: got exit code %d and:\n%s%s", code, stdout, stderr)
	}
	e.unregister()
	if code, stdout, stderr := e.api.tenantCommand(e.tenantCommand, "teardown", "-stack", "api", "-yes"); code != 0 {
		e.t.Errorf("teardown of the API without clients: got exit code %d and:\n%s%s", code, stdout, stderr)
	}
}

// unregister removes what the directory's team made, as the command does that the
// teardown names.
func (e *estate) unregister() {
	e.t.Helper()
	var all struct {
		Value []struct{ ID, DisplayName string }
	}
	e.directory.do(http.MethodGet, "/v1.0/applications?$filter="+url.QueryEscape("tags/any(t:t eq '"+provenance.RequestedTag+"')"), nil, &all)
	if len(all.Value) != 2 {
		e.t.Errorf("got %v, want the app registrations of returns and tracking", all.Value)
	}
	for _, app := range all.Value {
		e.directory.do(http.MethodDelete, "/v1.0/applications/"+app.ID, nil, nil)
	}
}
