package arm_test

import (
	"slices"
	"strings"
	"testing"
)

const assignments = "/providers/Microsoft.Authorization/roleAssignments"

func TestAssignmentRefusals(t *testing.T) {
	t.Parallel()
	one, two := group+assignments+"/"+guid(1), group+assignments+"/"+guid(2)
	body := assignmentBody(readerRole, nobody, "ServicePrincipal")
	run(t, []refusal{
		{name: "contributor assigns a role", ask: request{method: "PUT", path: one, body: body, caller: contoso + " " + onlyContributor}, status: 403, code: "AuthorizationFailed", says: "Microsoft.Authorization/roleAssignments/write"},
		{name: "contributor removes a role", first: []request{put(one, body)}, ask: request{method: "DELETE", path: one, caller: contoso + " " + onlyContributor}, status: 403, code: "AuthorizationFailed"},
		{name: "name that is not a GUID", ask: put(group+assignments+"/mine", body), status: 400, code: "InvalidRoleAssignmentId"},
		{name: "role that does not exist", ask: put(one, assignmentBody(guid(9), nobody, "ServicePrincipal")), status: 404, code: "RoleDefinitionDoesNotExist"},
		{name: "role id without its path", ask: put(one, strings.Replace(body, sub+"/providers/Microsoft.Authorization/roleDefinitions/", "", 1)), status: 400, code: "InvalidRoleDefinitionId"},
		{name: "principal that is not a GUID", ask: put(one, assignmentBody(readerRole, "me", "ServicePrincipal")), status: 400, code: "InvalidPrincipalId"},
		{name: "unknown principal without a type", ask: put(one, assignmentBody(readerRole, guid(9), "")), status: 400, code: "PrincipalNotFound"},
		{name: "principal of another tenant without a type", ask: put(one, assignmentBody(readerRole, fabrikamDeployer, "")), status: 400, code: "PrincipalNotFound"},
		{name: "the SDK's default principalType", ask: put(one, assignmentBody(readerRole, deployer, "User")), status: 400, code: "UnmatchedPrincipalType"},
		{name: "unknown principalType", ask: put(one, assignmentBody(readerRole, deployer, "Robot")), status: 400, code: "InvalidRequestPropertyValue"},
		{name: "no principal", ask: put(one, `{"properties":{"roleDefinitionId":"x"}}`), status: 400, code: "MissingRequiredProperty", says: "principalId"},
		{name: "same assignment under another name", first: []request{put(one, body)}, ask: put(two, body), status: 409, code: "RoleAssignmentExists", says: strings.ReplaceAll(guid(1), "-", "")},
		{name: "another role under the same name", first: []request{put(one, body)}, ask: put(one, assignmentBody(blobOwnerRole, nobody, "ServicePrincipal")), status: 400, code: "RoleAssignmentUpdateNotPermitted"},
		{name: "another principal under the same name", first: []request{put(one, body)}, ask: put(one, assignmentBody(readerRole, deployer, "ServicePrincipal")), status: 400, code: "RoleAssignmentUpdateNotPermitted"},
		{name: "group that does not exist", ask: put(group+"2"+assignments+"/"+guid(1), body), status: 404, code: "ResourceGroupNotFound"},
		{name: "resource that does not exist", ask: put(account+"2"+assignments+"/"+guid(1), body), status: 404, code: "ResourceNotFound"},
		{name: "assignment that does not exist", ask: request{method: "GET", path: one}, status: 404, code: "RoleAssignmentNotFound"},
		{name: "definition that does not exist", ask: request{method: "GET", path: sub + "/providers/Microsoft.Authorization/roleDefinitions/" + guid(9)}, status: 404, code: "RoleDefinitionDoesNotExist"},
	})
}

func TestAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	scopes := []string{sub, group, account, container}
	for i, scope := range scopes {
		path := scope + assignments + "/" + guid(i)
		created := w.must(201, "PUT", path, assignmentBody(readerRole, nobody, "ServicePrincipal"))
		if created["id"] != path || at(created, "properties", "scope") != scope {
			t.Errorf("got id %v at scope %v, want %q at %q", created["id"], at(created, "properties", "scope"), path, scope)
		}
		w.must(200, "PUT", path, assignmentBody(readerRole, nobody, "ServicePrincipal"))
		w.must(200, "GET", path, "")
	}
	list := func(scope, filter string) []string {
		t.Helper()
		got := names(w.must(200, "GET", scope+assignments+"?api-version=2022-04-01&$filter="+strings.ReplaceAll(filter, " ", "+"), ""))
		slices.Sort(got)
		return slices.DeleteFunc(got, func(name string) bool { return !strings.HasPrefix(name, "99999999") })
	}
	mine := "principalId eq '" + nobody + "'"
	for _, tt := range []struct {
		name, scope, filter string
		want                []string
	}{
		{name: "at, above and below", scope: group, want: []string{guid(0), guid(1), guid(2), guid(3)}},
		{name: "not below", scope: group, filter: "atScope()", want: []string{guid(0), guid(1)}},
		{name: "of a principal", scope: account, filter: mine, want: []string{guid(0), guid(1), guid(2), guid(3)}},
		{name: "of a principal, not below", scope: account, filter: "atScope() and assignedTo('" + nobody + "')", want: []string{guid(0), guid(1), guid(2)}},
		{name: "of another principal", scope: group, filter: "principalId eq '" + onlyReader + "'", want: nil},
		{name: "of a container", scope: container, want: []string{guid(0), guid(1), guid(2), guid(3)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := list(tt.scope, tt.filter); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	w.must(200, "DELETE", group+assignments+"/"+guid(1), "")
	w.must(204, "DELETE", group+assignments+"/"+guid(1), "")
	if got := list(group, ""); !slices.Equal(got, []string{guid(0), guid(2), guid(3)}) {
		t.Errorf("after a deletion: got %q", got)
	}
}

func TestPrincipalWithATypeNeedNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	created := w.must(201, "PUT", group+assignments+"/"+guid(1), assignmentBody(readerRole, guid(5), "ServicePrincipal"))
	if got := at(created, "properties", "principalType"); got != "ServicePrincipal" {
		t.Errorf("got principalType %v, want ServicePrincipal", got)
	}
	found := w.must(201, "PUT", group+assignments+"/"+guid(2), assignmentBody(readerRole, deployer, ""))
	if got := at(found, "properties", "principalType"); got != "ServicePrincipal" {
		t.Errorf("looked up: got principalType %v, want ServicePrincipal", got)
	}
}

func TestRoleDefinitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, scope := range []string{"", sub} {
		path := scope + "/providers/Microsoft.Authorization/roleDefinitions"
		one := w.must(200, "GET", path+"/"+strings.ToUpper(blobOwnerRole), "")
		if got := at(one, "properties", "roleName"); got != "Storage Blob Data Owner" {
			t.Errorf("got roleName %v, want Storage Blob Data Owner", got)
		}
		if want := path + "/" + blobOwnerRole; one["id"] != want {
			t.Errorf("got id %v, want %q", one["id"], want)
		}
		if all := names(w.must(200, "GET", path, "")); len(all) < 11 {
			t.Errorf("got %d definitions, want at least 11", len(all))
		}
		filtered := names(w.must(200, "GET", path+"?api-version=2022-04-01&$filter=roleName+eq+'Contributor'", ""))
		if !slices.Equal(filtered, []string{contributorRole}) {
			t.Errorf("by name: got %q, want %q", filtered, contributorRole)
		}
	}
}
