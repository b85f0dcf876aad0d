package marked_test

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/marked"
	"app-to-app/tenant/tenanttest"
)

type object = map[string]any

func signIn(t *testing.T) *azurecloud.Session {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	return tenanttest.SignIn(t, s, s.Tenants()[0], nil)
}

// plant makes one thing of each kind for a stack, and returns the kinds by id.
func plant(t *testing.T, s *azurecloud.Session, project, stack string) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	mark := func(name string) provenance.Mark { return provenance.Mark{Project: project, Stack: stack, Name: name} }
	registered := func(name string) (id, principal string) {
		var app, sp struct{ ID, AppID string }
		must(s.Graph.Post(ctx, "/v1.0/applications", object{"displayName": name, "signInAudience": "AzureADMyOrg", "tags": mark(name).Tags()}, &app))
		must(s.Graph.Post(ctx, "/v1.0/servicePrincipals", object{"appId": app.AppID, "tags": mark(name).Tags()}, &sp))
		return app.ID, sp.ID
	}
	registered("kept")
	gone, _ := registered("deleted")
	must(s.Graph.Delete(ctx, "/v1.0/applications/"+gone)) // and its service principal
	group := "/subscriptions/" + s.SubscriptionID + "/resourceGroups/" + stack
	groupMark := mark(project)
	must(s.ResourceManager.Put(ctx, group+"?api-version=2022-09-01", object{"location": "westeurope", "tags": groupMark.ARMTags()}, nil))
	caller, err := s.Graph.Caller(ctx)
	must(err)
	vault := func(name string, m provenance.Mark) string {
		id := group + "/providers/Microsoft.KeyVault/vaults/" + name + "-" + stack
		must(s.ResourceManager.Put(ctx, id+"?api-version=2023-07-01", object{"location": "westeurope", "tags": m.ARMTags(), "properties": object{
			"tenantId": caller.TenantID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}}, nil))
		return id
	}
	vault("kept", mark("kept"))
	vault("copied", groupMark) // by a policy that copies the tags of groups
	must(s.ResourceManager.Delete(ctx, vault("deleted", mark("deleted"))+"?api-version=2023-07-01"))
	_, principal := registered("other")
	must(s.ResourceManager.Put(ctx, group+"/providers/Microsoft.Authorization/roleAssignments/"+assignments[stack]+"?api-version=2022-04-01", object{"properties": object{
		"principalId": principal, "principalType": "ServicePrincipal", "description": mark("assignment").Text(),
		"roleDefinitionId": "/subscriptions/" + s.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}}, nil))
}

// assignments are the names of the stacks' role assignments.
var assignments = map[string]string{"dev": "11111111-1111-4111-8111-111111111111", "dev2": "22222222-2222-4222-8222-222222222222"}

// TestEachSearchIsNeeded plants one thing of each kind, and takes the searches
// away one after the other: what that one finds is then missed, and nothing else.
// A stack whose name begins alike, and a namesake without a mark, are not ours.
func TestEachSearchIsNeeded(t *testing.T) {
	t.Parallel()
	s := signIn(t)
	plant(t, s, "app-to-app", "dev2")
	if found, err := marked.Find(t.Context(), s, "app-to-app", "dev", marked.Searches); err != nil || len(found) > 0 {
		t.Fatalf("before: got %v, %v, want nothing", found, err)
	}
	plant(t, s, "app-to-app", "dev")
	if err := s.Graph.Post(t.Context(), "/v1.0/applications", object{"displayName": "kept", "signInAudience": "AzureADMyOrg"}, nil); err != nil {
		t.Fatal(err)
	}
	kinds := func(without string) map[string][]string {
		t.Helper()
		by := slices.DeleteFunc(slices.Clone(marked.Searches), func(search marked.Search) bool { return search.Kind == without })
		found, err := marked.Find(t.Context(), s, "app-to-app", "dev", by)
		if err != nil {
			t.Fatal(err)
		}
		names := make(map[string][]string)
		for _, thing := range found {
			names[thing.Kind] = append(names[thing.Kind], thing.Name)
			if thing.ID == "" || !strings.HasPrefix(thing.Remove, "az ") {
				t.Errorf("got %+v, want an id and a command that removes it", thing)
			}
		}
		for kind := range names {
			slices.Sort(names[kind])
		}
		return names
	}
	want := map[string][]string{
		marked.Application: {"kept", "other"}, marked.ServicePrincipal: {"kept", "other"},
		marked.DeletedApplication: {"deleted"}, marked.DeletedServicePrincipal: {"deleted"},
		marked.ResourceGroup: {"app-to-app"}, marked.Resource: {"kept"}, marked.RoleAssignment: {"assignment"}, marked.DeletedVault: {"deleted"},
	}
	for _, without := range append([]marked.Search{{}}, marked.Searches...) {
		got := kinds(without.Kind)
		for kind, names := range want {
			if kind == without.Kind {
				names = nil
			}
			if !slices.Equal(got[kind], names) {
				t.Errorf("without %q: got %q of kind %s, want %q", without.Kind, got[kind], kind, names)
			}
		}
	}
	if len(want) != len(marked.Searches) {
		t.Errorf("got %d searches, want one planted for each", len(marked.Searches))
	}
}
