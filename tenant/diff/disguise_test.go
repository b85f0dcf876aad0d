package diff_test

import (
	"maps"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

// TestDisguises: a program gives something away behind names and dependencies
// that are right. Each report must have what is wanted and not what would hide
// it.
func TestDisguises(t *testing.T) {
	t.Parallel()
	const (
		assigned      = "azuread:index/appRoleAssignment:AppRoleAssignment"
		principal     = "azuread:index/servicePrincipal:ServicePrincipal"
		appRole       = "azuread:index/applicationAppRole:ApplicationAppRole"
		password      = "azuread:index/applicationPassword:ApplicationPassword"
		roleAssigned  = "azure-native:authorization:RoleAssignment"
		name          = "orders-client-assignment-Orders.Delete"
		notUnderstood = "#### Changes that may affect access, not understood\n"
		graphUnderAPI = urnPrefix + "::app-to-app:components:API$azuread:index/servicePrincipal:ServicePrincipal::orders-api-graph"
		theirs        = urnPrefix + "::app-to-app:components:Client$azuread:index/servicePrincipal:ServicePrincipal::orders-client-theirs"
		account       = urnPrefix + "::app-to-app:components:API$app-to-app:components:FunctionApp$azure-native:storage:StorageAccount::ordersapi"
		site          = "azure-native:web/v20240401:WebApp"
		settings      = "azure-native:web/v20240401:WebAppApplicationSettings"
		siteURN       = urnPrefix + "::app-to-app:components:API$app-to-app:components:FunctionApp$azure-native:web/v20240401:WebApp::s"
		owner         = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	)
	role, identity, api := []string{roleURN + deleteRole}, []string{itsIdentity}, []string{apiPrincipal}
	gains := func(edits object) object {
		return step("create", inClient, assigned, name, nil, assignmentOf(deleteRole, edits))
	}
	adopted := object{"clientId": "00000003-0000-0000-c000-000000000000", "useExisting": true}
	held := object{"appRoleId": deleteID, "principalObjectId": otherObject, "-dependencies": object{"resourceObjectId": api}}
	kept := func(s object, edits object) object {
		maps.Copy(s["oldState"].(object), edits)
		return s
	}
	for _, test := range []struct {
		name       string
		steps      []object
		want, hide string
	}{
		{"an adopted service principal that stands for the API, with a role named like one of the API's", []object{
			step("create", inAPI, principal, "orders-api-graph", nil, adopted), gains(from(role, identity, []string{graphUnderAPI})),
		}, notUnderstood, "**gains** `Orders.Delete` on `orders-api`"},
		{"an adopted service principal that stands for a client", []object{
			step("create", inClient, principal, "orders-client-theirs", nil, adopted), gains(from(role, []string{theirs}, api)),
		}, notUnderstood, ""},
		{"an id that the program makes of a client's", []object{gains(nil)},
			"managed identity `orders-client-identity` (client `orders-client`) (id not known yet) **gains**", ""},
		{"the same, said once more", []object{gains(nil)}, "A preview cannot tell whether it passes on that very id", ""},
		{"a scope that the program makes of an account's id", []object{step("same", inAPIApp, "azure-native:storage:StorageAccount", "ordersapi", object{}, object{}), step("create", inStack, roleAssigned, "x", nil, object{
			"principalId": otherObject, "roleDefinitionId": owner, "scope": notYet, "-dependencies": object{"scope": []string{account}},
		})}, "Owner of storage account `ordersapi` (`orders-api`) (id not known yet)", "which is new"},
		{"two roles with one id", []object{gains(object{"appRoleId": deleteID}),
			step("create", inAPI, appRole, "orders-api-role-harmless", nil, object{"applicationId": apiApplicationID, "value": "A.Harmless", "roleId": deleteID, "allowedMemberTypes": []string{"Application"}}),
		}, "**gains** the app role with the id `" + deleteID + "` on `orders-api`", "**gains** `A.Harmless`"},
		{"a role of another application below the API", []object{gains(object{"appRoleId": adminID}),
			step("create", inAPI, appRole, "orders-api-role-Orders.Admin", nil, object{"value": "Orders.Read", "roleId": adminID, "applicationId": "/applications/" + otherObject}),
		}, "**gains** the app role with the id `" + adminID + "` on `orders-api`", "**gains** `Orders.Read`"},
		{"a secret of two applications", []object{step("create", inClient, password, "x", nil, object{
			"applicationId": notYet, "applicationObjectId": otherObject, "-dependencies": object{"applicationId": []string{itsRegister}},
		})}, notUnderstood, ""},
		{"an assignment that goes from the stack and stays in the tenant", []object{
			kept(step("delete", inClient, assigned, name, held, nil), object{"retainOnDelete": true}),
		}, "app role assignment `" + name + "` (client `orders-client`) **stays, but is no longer managed**", "**loses**"},
		{"an assignment that is replaced and stays", []object{
			kept(step("replace", inClient, assigned, name, held, assignmentOf(deleteRole, nil), "principalObjectId"), object{"retainOnDelete": true}),
		}, "app role assignment `" + name + "` (client `orders-client`) **stays, but is no longer managed**", "is now another principal"},
		{"an assignment that is said to go with a resource group", []object{
			step("delete", inStack, "azure-native:resources:ResourceGroup", "app-to-app", object{}, nil),
			kept(step("delete", inClient, assigned, name, held, nil), object{"deletedWith": urnPrefix + "::azure-native:resources:ResourceGroup::app-to-app"}),
		}, "**stays, but is no longer managed**", "**loses**"},
		{"an assignment that is said to go with a site, which is replaced", []object{
			step("create-replacement", inAPIApp, site, "s", object{"name": "a"}, object{"name": "b"}, "name"), step("replace", inAPIApp, site, "s", object{"name": "a"}, object{"name": "b"}, "name"),
			step("delete-replaced", inAPIApp, site, "s", object{"name": "a"}, nil),
			kept(step("delete", inStack, roleAssigned, "x", object{"principalId": otherObject, "roleDefinitionId": owner, "scope": "/subscriptions/s"}, nil), object{"deletedWith": siteURN}),
		}, "role assignment `x` **may stay, no longer managed**", "**loses**"},
		{"the same for a replaced assignment", []object{
			step("replace", inAPIApp, site, "s", object{"name": "a"}, object{"name": "b"}, "name"),
			kept(step("replace", inClient, assigned, name, held, assignmentOf(deleteRole, nil), "principalObjectId"), object{"deletedWith": siteURN}),
		}, "**may stay, no longer managed**", "is now another principal"},
		{"settings that are said to go with another site than theirs", []object{
			step("delete", inAPIApp, site, "s", object{"name": "a"}, nil),
			kept(step("delete", inAPIApp, settings, "x", object{"name": "b"}, nil), object{"deletedWith": siteURN}),
		}, "app settings `x` (`orders-api`) **stays, but is no longer managed**", "app settings `x` (`orders-api`) is **deleted**"},
		{"an assignment that moves to another application's role of the same name", append(apiCalled("a", "r1"), append(apiCalled("b", "r2"),
			step("replace", inClient, assigned, name, object{"appRoleId": "r1", "principalObjectId": otherObject, "resourceObjectId": "sp-a"}, object{"appRoleId": "r2", "principalObjectId": otherObject, "resourceObjectId": "sp-b"}, "appRoleId"))...),
			"**gains** `Orders.Read` on `orders-api` (role id `r2` of service principal `b-principal` (`orders-api`), object id `sp-b`)", " keeps `Orders"},
		{"a scope of something that is not of Azure", []object{
			step("create", inStack, "random:index/randomString:RandomString", "vault", nil, object{}),
			step("create", inStack, roleAssigned, "x", nil, object{"principalId": otherObject, "roleDefinitionId": owner, "scope": notYet, "-dependencies": object{"scope": []string{urnPrefix + "::random:index/randomString:RandomString::vault"}}}),
		}, "`scope`", "(id not known yet)"},
		{"an assignment that goes with something that stays", []object{
			kept(step("delete", inClient, assigned, name, held, nil), object{"deletedWith": apiPrincipal}),
		}, "**loses**", "no longer managed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			comment := previewWith(t, append(test.steps, offeredRole(deleteRole, deleteID))...).Markdown("dev", diff.Names{})
			if !strings.Contains(comment, test.want) || test.hide != "" && strings.Contains(comment, test.hide) {
				t.Errorf("want %q and not %q, got:\n%s", test.want, test.hide, comment)
			}
			if strings.Contains(comment, allClear) {
				t.Errorf("got the all-clear:\n%s", comment)
			}
		})
	}
}

// apiCalled is an application below the API with a role Orders.Read, and its
// service principal.
func apiCalled(name, roleID string) (steps []object) {
	same := func(token, suffix string, inputs, outputs object) {
		s := step("same", inAPI, token, name+suffix, inputs, inputs)
		s["oldState"].(object)["outputs"] = outputs
		steps = append(steps, s)
	}
	same("azuread:index/application:Application", "", object{}, object{"objectId": "app-" + name, "clientId": "client-" + name})
	same("azuread:index/servicePrincipal:ServicePrincipal", "-principal", object{"clientId": "client-" + name}, object{"objectId": "sp-" + name})
	same("azuread:index/applicationAppRole:ApplicationAppRole", "-role", object{"applicationId": "/applications/app-" + name, "value": "Orders.Read", "roleId": roleID}, nil)
	return steps
}
