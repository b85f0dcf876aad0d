package rbac_test

import (
	"slices"
	"testing"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

const (
	tenant     = "11111111-1111-1111-1111-111111111111"
	other      = "22222222-2222-2222-2222-222222222222"
	principal  = "33333333-3333-3333-3333-333333333333"
	sub        = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000000"
	group      = sub + "/resourceGroups/rg"
	account    = group + "/providers/Microsoft.Storage/storageAccounts/orders"
	container  = account + "/blobServices/default/containers/app"
	writeBlob  = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
	writeSite  = "Microsoft.Web/sites/write"
	readSite   = "Microsoft.Web/sites/read"
	writeRole  = "Microsoft.Authorization/roleAssignments/write"
	readGroup  = "Microsoft.Resources/subscriptions/resourceGroups/read"
	owner      = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	contribute = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	reader     = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	uaa        = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
	rbacAdmin  = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
	blobOwner  = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	blobReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		role   string
		at     string // assignment's scope
		tenant string // assignment's; empty means the asking one
		action string
		scope  string
		data   bool
		want   bool
	}{
		{name: "nothing is granted by default", action: readSite, scope: group},
		{name: "contributor writes a site", role: contribute, at: sub, action: writeSite, scope: group, want: true},
		{name: "contributor does not write role assignments", role: contribute, at: sub, action: writeRole, scope: group},
		{name: "contributor does not delete role assignments", role: contribute, at: sub, action: "Microsoft.Authorization/roleAssignments/delete", scope: group},
		{name: "contributor reads role assignments", role: contribute, at: sub, action: "Microsoft.Authorization/roleAssignments/read", scope: group, want: true},
		{name: "rbac administrator writes role assignments", role: rbacAdmin, at: sub, action: writeRole, scope: group, want: true},
		{name: "rbac administrator does not write a site", role: rbacAdmin, at: sub, action: writeSite, scope: group},
		{name: "user access administrator writes role assignments", role: uaa, at: sub, action: writeRole, scope: group, want: true},
		{name: "owner writes role assignments", role: owner, at: sub, action: writeRole, scope: group, want: true},
		{name: "reader reads", role: reader, at: sub, action: readGroup, scope: group, want: true},
		{name: "reader does not write", role: reader, at: sub, action: writeSite, scope: group},
		{name: "actions ignore case", role: reader, at: sub, action: "microsoft.WEB/sites/READ", scope: group, want: true},
		{name: "scopes ignore case", role: reader, at: "/SUBSCRIPTIONS/AAAAAAAA-0000-0000-0000-000000000000/resourcegroups/RG", action: readSite, scope: group, want: true},
		{name: "root covers everything", role: reader, at: "/", action: readSite, scope: group, want: true},
		{name: "a scope below does not cover the one above", role: reader, at: group, action: readSite, scope: sub},
		{name: "a name that begins alike is another scope", role: reader, at: group, action: readSite, scope: group + "2"},
		{name: "an assignment of another tenant does not count", role: owner, at: sub, tenant: other, action: readSite, scope: group},
		{name: "an unknown role gives nothing", role: principal, at: sub, action: readSite, scope: group},
		{name: "owner gives no data action", role: owner, at: sub, action: writeBlob, scope: container, data: true},
		{name: "blob data owner on the account writes in its container", role: blobOwner, at: account, action: writeBlob, scope: container, data: true, want: true},
		{name: "blob data owner on another account does not", role: blobOwner, at: account + "2", action: writeBlob, scope: container, data: true},
		{name: "blob data reader does not write", role: blobReader, at: container, action: writeBlob, scope: container, data: true},
		{name: "a data action is no action", role: blobOwner, at: account, action: writeBlob, scope: container, want: true},
		{name: "blob data reader does not manage the account", role: blobReader, at: account, action: "Microsoft.Storage/storageAccounts/read", scope: account},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			update(t, s, func(tx *store.Tx) {
				if tt.role != "" {
					in := tenant
					if tt.tenant != "" {
						in = tt.tenant
					}
					rbac.Assign(tx, store.RoleAssignment{TenantID: in, Name: "x", Scope: tt.at, RoleID: tt.role, PrincipalID: principal})
				}
				ask := rbac.Allowed
				if tt.data {
					ask = rbac.AllowedData
				}
				if got := ask(tx, tenant, principal, tt.action, tt.scope); got != tt.want {
					t.Errorf("got %t, want %t", got, tt.want)
				}
			})
		})
	}
}

func TestAssignmentsAddUp(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	update(t, s, func(tx *store.Tx) {
		for name, role := range map[string]string{"a": contribute, "b": rbacAdmin} {
			rbac.Assign(tx, store.RoleAssignment{TenantID: tenant, Name: name, Scope: sub, RoleID: role, PrincipalID: principal})
		}
		for _, action := range []string{writeSite, writeRole} {
			if !rbac.Allowed(tx, tenant, principal, action, group) {
				t.Errorf("got %q refused, want it allowed: one role's notActions take nothing from another role", action)
			}
		}
	})
}

func TestAssignMakesTheID(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	update(t, s, func(tx *store.Tx) {
		rbac.Assign(tx, store.RoleAssignment{TenantID: tenant, Name: "Name", Scope: group, RoleID: reader, PrincipalID: principal})
		got, ok := store.RoleAssignments.Get(tx, store.ResourceKey(group+"/providers/microsoft.authorization/roleassignments/name"))
		if want := rbac.AssignmentID(group, "Name"); !ok || got.ID != want {
			t.Errorf("got id %q (found %t), want %q", got.ID, ok, want)
		}
	})
}

func TestChain(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string][]string{
		"/":                     {"/"},
		"/subscriptions/S":      {"/", "/subscriptions", "/subscriptions/s"},
		"/subscriptions/S/x/Y/": {"/", "/subscriptions", "/subscriptions/s", "/subscriptions/s/x", "/subscriptions/s/x/y"},
	} {
		t.Run(scope, func(t *testing.T) {
			if got := rbac.Chain(scope); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestRolesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, role := range rbac.Roles() {
		if seen[role.ID] || seen[role.Name] {
			t.Errorf("got %q twice, want distinct ids and names", role.Name)
		}
		seen[role.ID], seen[role.Name] = true, true
	}
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func update(t *testing.T, s *store.Store, change func(*store.Tx)) {
	t.Helper()
	if err := s.Update(func(tx *store.Tx) error { change(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}
