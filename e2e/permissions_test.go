package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox"
)

// A limited deployer lacks one of the documented permissions.
type limited struct {
	without string // "" lacks none
	fails   string // the call that is refused, as METHOD and route
	check   string // what `tenant check` says is missing
}

var limitedDeployers = []limited{
	{without: "Application.ReadWrite.OwnedBy", fails: "POST /beta/applications", check: "graphPermission Application.ReadWrite.OwnedBy"},
	{without: "Application.Read.All", fails: "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo", check: "graphPermission Application.Read.All"},
	{without: "AppRoleAssignment.ReadWrite.All", fails: "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo", check: "graphPermission AppRoleAssignment.ReadWrite.All"},
	{without: "Contributor", fails: "PUT /subscriptions/{subscription}/resourcegroups/{group}", check: "armPermission Microsoft.Resources/subscriptions/resourceGroups/write"},
	{without: "Role Based Access Control Administrator", fails: "PUT roleAssignments", check: "armPermission Microsoft.Authorization/roleAssignments/write"},
	{},
}

// TestLeastPermissions runs `up` as a deployer with exactly the documented
// permissions, and with each of them removed in turn: the expected call is
// refused, and `tenant check` names the missing permission beforehand.
func TestLeastPermissions(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	first := newWorld(t)
	path := buildTenant(t)
	for i, tt := range limitedDeployers {
		name := "all"
		if tt.without != "" {
			name = "without " + tt.without
		}
		t.Run(name, func(t *testing.T) {
			w := limitedWorld(t, first.sandbox, first.tenant, "limited"+string(rune('a'+i)), tt.without)
			w.pulumi("stack", "init", w.stack)
			code, stdout, stderr := w.tenantCommand(path, "check", "-stack", w.stack)
			if want := map[bool]int{true: 0, false: 3}[tt.without == ""]; code != want || !strings.Contains(stdout, tt.check) {
				t.Errorf("check: got exit code %d:\n%s%s\nwant %d and %q", code, stdout, stderr, want, tt.check)
			}
			err := w.tryUp()
			if tt.without == "" {
				if err != nil {
					t.Fatal(err)
				}
				w.call()
				w.destroy()
				return
			}
			if err == nil {
				t.Fatal("expected up to fail, got success")
			}
			if got := w.refusedCalls(); !slices.Contains(got, tt.fails) {
				t.Errorf("got %q refused, want %q among them", got, tt.fails)
			} else {
				t.Logf("refused: %q", got)
			}
		})
	}
}

// limitedWorld is a world of a deployer that has all documented permissions
// but one.
func limitedWorld(t *testing.T, s *sandbox.Sandbox, tenant sandbox.Tenant, stack, without string) *world {
	t.Helper()
	lacking := func(all ...string) []string {
		return slices.DeleteFunc(all, func(one string) bool { return one == without })
	}
	deployer, err := s.AddDeployer(tenant, stack,
		lacking("Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All"),
		lacking("Contributor", "Role Based Access Control Administrator"))
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(t, s, deployer, "dev", stack)
}

// refusedCalls are the calls of this deployer that got a 403.
func (w *world) refusedCalls() (calls []string) {
	for _, entry := range w.sandbox.History() {
		if entry.CallerID != w.tenant.Deployer.ObjectID || entry.Status != 403 {
			continue
		}
		call := entry.Route
		if strings.Contains(call, "/roleassignments/") { // at whatever scope
			call = entry.Method + " roleAssignments"
		}
		if !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	return calls
}

// TestOwnersOfLimitedDeployers: under Application.ReadWrite.OwnedBy a deployer
// writes what it owns. A second one, such as a CI system after a person, is
// refused in its first `up` unless the setting owners names both.
func TestOwnersOfLimitedDeployers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	partner := w.newPartner("Partner")
	w.pulumi("stack", "init", "dev")
	w.set(map[string]any{"clients": []fields{{"name": "partner", "identity": "existing", "objectId": partner.objectID, "functionApp": false, "roles": []string{"Orders.Read"}}}})
	w.up()
	other := limitedWorld(t, w.sandbox, w.tenant, "second", "")
	other.stack, other.project.Dir = w.stack, w.project.Dir // the same stack, by somebody else

	w.set(map[string]any{"roles": threeRoles})
	if other.tryUp() == nil {
		t.Error("expected the up of a deployer that owns nothing to fail, got success")
	}
	if got, want := other.refusedCalls(), "PATCH /v1.0/applications/{id}"; !slices.Contains(got, want) {
		t.Errorf("got %q refused, want %q among them", got, want)
	}
	w.set(map[string]any{"owners": []string{w.tenant.Deployer.ObjectID}})
	calls := len(w.sandbox.History())
	if err := other.tryUp(); err == nil || !strings.Contains(other.printed.String(), "expected the signed-in") {
		t.Errorf("expected a deployer that is not among the owners to be refused by the settings, got %v", err)
	}
	for _, entry := range w.sandbox.History()[calls:] {
		if entry.Method != http.MethodGet && entry.Service != "entra" {
			t.Errorf("expected nothing to be changed, got %s %s", entry.Method, entry.URL)
		}
	}
	w.set(map[string]any{"owners": []string{w.tenant.Deployer.ObjectID, other.tenant.Deployer.ObjectID}, "roles": nil})
	w.up()
	w.set(map[string]any{"roles": threeRoles})
	other.up()
	w.destroy()
}
