package diff_test

import (
	"maps"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

// Two more roles of the API, and their ids.
const (
	roleURN          = urnPrefix + "::app-to-app:components:API$azuread:index/applicationAppRole:ApplicationAppRole::orders-api-role-"
	deleteRole       = "Orders.Delete"
	deleteID         = "00000000-0000-4000-8000-00000000000d"
	adminRole        = "Orders.Admin"
	adminID          = "00000000-0000-4000-8000-00000000000a"
	apiApplicationID = "/applications/00000000-0000-4000-8000-0000000000a2"
	notYet           = "04da6b54-80e4-46f7-96ec-b56ff0331ba9" // what a preview shows for a value that is not known yet
)

// offeredRole is a role that the API already offers.
func offeredRole(value, id string) object {
	inputs := object{"applicationId": apiApplicationID, "value": value, "roleId": id, "allowedMemberTypes": []string{"Application"}}
	return step("same", inAPI, "azuread:index/applicationAppRole:ApplicationAppRole", "orders-api-role-"+value, inputs, inputs)
}

// assignmentOf is the inputs of an assignment of a role to the client's managed
// identity, neither of which has an id yet, with edits of the inputs.
func assignmentOf(role string, edits object) object {
	inputs := object{"appRoleId": notYet, "principalObjectId": notYet, "resourceObjectId": notYet, "-dependencies": object{
		"appRoleId": []string{roleURN + role}, "principalObjectId": []string{itsIdentity}, "resourceObjectId": []string{apiPrincipal},
	}}
	maps.Copy(inputs, edits)
	return inputs
}

// from is the edit by which the inputs come from other resources.
func from(role, principal, api []string) object {
	return object{"-dependencies": object{"appRoleId": role, "principalObjectId": principal, "resourceObjectId": api}}
}

// TestAssignments: an assignment gives what it refers to, whatever its name
// says.
func TestAssignments(t *testing.T) {
	t.Parallel()
	const (
		assigned      = "azuread:index/appRoleAssignment:AppRoleAssignment"
		name          = "orders-client-assignment-Orders.Delete"
		gainsDelete   = "**gains** `Orders.Delete` on `orders-api`"
		gainsAdmin    = "**gains** `Orders.Admin` on `orders-api`"
		gainsID       = "**gains** the app role with the id `" + otherObject + "` on `orders-api`"
		gainsUnknown  = "**gains** the app role with the id a value that is not known yet on `orders-api`"
		gainsAny      = "` (`orders-api`) on a value that is not known yet\n"
		otherIdentity = urnPrefix + "::app-to-app:components:Client$azure-native:managedidentity:UserAssignedIdentity::other-identity"
	)
	role, admin, identity, api := []string{roleURN + deleteRole}, []string{roleURN + adminRole}, []string{itsIdentity}, []string{apiPrincipal}
	gains := func(edits object) []object {
		return []object{step("create", inClient, assigned, name, nil, assignmentOf(deleteRole, edits))}
	}
	literal := func(role, id string) object {
		return object{"appRoleId": role, "principalObjectId": id, "-dependencies": object{"resourceObjectId": api}}
	}
	existing := step("same", inClient, assigned, "orders-client-assignment-Orders.Admin", literal(adminID, otherObject), literal(adminID, otherObject))
	for _, test := range []struct {
		name   string
		steps  []object
		line   string
		beyond bool
	}{
		{"a role without an id yet", gains(nil), gainsDelete, false},
		{"a role by its id", gains(object{"appRoleId": deleteID}), gainsDelete, false},
		{"another role's id", gains(object{"appRoleId": adminID}), gainsAdmin, false},
		{"an id of no role", gains(object{"appRoleId": otherObject}), gainsID, false},
		{"another role", gains(from(admin, identity, api)), gainsAdmin, false},
		{"a role that comes from nowhere", gains(from(nil, identity, api)), gainsUnknown, true},
		{"one of two roles", gains(from([]string{role[0], admin[0]}, identity, api)), gainsUnknown, true},
		{"a role of an API that is not the stack's", gains(from(role, identity, nil)), gainsAny, true},
		{"a role of another API of the stack", append(gains(object{"appRoleId": otherObject}), step("same", inStack, "app-to-app:components:API", "billing", object{}, object{}),
			step("same", "::app-to-app:components:API::billing", "azuread:index/applicationAppRole:ApplicationAppRole", "billing-role", object{}, object{"value": "Billing.Read", "roleId": otherObject})), gainsID, false},
		{"an object id", gains(literal(deleteID, otherObject)), "object id `" + otherObject + "`, not looked up, " + gainsDelete, false},
		{"the object id that the client has", append(gains(literal(deleteID, otherObject)), existing), gainsDelete, false},
		{"another object id than the client has", append(gains(literal(deleteID, "22222222-2222-3333-4444-555555555555")), existing), "object id `22222222-2222-3333-4444-555555555555`, not looked up, " + gainsDelete, false},
		{"another client's identity", append(gains(from(role, []string{otherIdentity}, api)),
			step("same", inStack, "app-to-app:components:Client", "other", object{}, object{}),
			step("same", "::app-to-app:components:Client::other", "azure-native:managedidentity:UserAssignedIdentity", "other-identity", object{}, object{})), "managed identity `other-identity` (client `other`) (id not known yet) " + gainsDelete, false},
		{"the API's own service principal", gains(from(role, api, api)), "service principal `orders-api-service-principal` (`orders-api`) (id not known yet) " + gainsDelete, false},
		{"the client's identity or another", gains(from(role, []string{itsIdentity, otherIdentity}, api)), gainsDelete, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, append(test.steps, offeredRole(deleteRole, deleteID), offeredRole(adminRole, adminID))...).Markdown("dev", diff.Names{})
			if !strings.Contains(comment, test.line) || strings.Contains(comment, beyond) != test.beyond {
				t.Errorf("want %q and more than the list: %v, got:\n%s", test.line, test.beyond, comment)
			}
		})
	}
}
