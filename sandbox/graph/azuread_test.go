package graph_test

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

// This file repeats the calls of the azuread provider 5.53.5, in its order and
// with its bodies. There is one test per resource, from create to delete.

const probeName = "TERRAFORM_UPDATE_6a0d7a53-8f6b-4a40-a36c-5a3a10e4e6b8"

// azureadApplication is the body that azuread posts for an Application.
func (w *world) azureadApplication(owners ...string) map[string]any {
	var bind []string
	for _, owner := range append([]string{w.callers["deployer"].ObjectID}, owners...) {
		bind = append(bind, w.base+"/v1.0/"+contoso+"/directoryObjects/"+owner)
	}
	return map[string]any{
		"displayName": "orders-api", "description": nil, "signInAudience": "AzureADMyOrg",
		"api": map[string]any{
			"acceptMappedClaims": false, "knownClientApplications": []string{}, "oauth2PermissionScopes": []any{}, "requestedAccessTokenVersion": 2,
		},
		"appRoles": []any{}, "groupMembershipClaims": nil, "identifierUris": []string{},
		"info":                      map[string]any{"marketingUrl": nil, "privacyStatementUrl": nil, "supportUrl": nil, "termsOfServiceUrl": nil},
		"isDeviceOnlyAuthSupported": false, "isFallbackPublicClient": false, "notes": nil, "oauth2RequirePostResponse": false,
		"optionalClaims": map[string]any{
			"accessToken": []any{map[string]any{"name": "idtyp", "essential": false, "additionalProperties": []string{}}}, "idToken": []any{}, "saml2Token": []any{},
		},
		"publicClient": map[string]any{"redirectUris": []string{}}, "requiredResourceAccess": []any{}, "serviceManagementReference": nil,
		"spa": map[string]any{"redirectUris": []string{}}, "tags": []string{},
		"web": map[string]any{
			"homePageUrl": nil, "logoutUrl": nil, "redirectUris": []string{},
			"implicitGrantSettings": map[string]any{"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false},
		},
		"owners@odata.bind": bind,
	}
}

func TestAzureadApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := w.callers["deployer"].ObjectID

	// Create, with an owner that is not the caller.
	w.get("/v1.0/directoryObjects/" + caller)
	created := w.want(http.StatusCreated, "deployer", http.MethodPost, "/beta/applications", w.azureadApplication(ordersIdentity))
	id := created.property("id")
	if id == "" || created.property("appId") == "" || id == created.property("appId") {
		t.Fatalf("got id %q and appId %q, want two different ids", id, created.property("appId"))
	}
	if got := created.property("@odata.type"); got != "#microsoft.graph.application" {
		t.Errorf("got @odata.type %q under full metadata", got)
	}
	one := "/beta/applications/" + id
	w.patch(one, map[string]any{"id": id, "displayName": probeName})
	w.patch(one, map[string]any{"id": id, "displayName": "orders-api"})
	w.get(one + "/owners/" + caller + "/$ref?%24select=id%2Curl")

	// Read.
	read := w.get(one)
	if got := read.property("displayName"); got != "orders-api" {
		t.Errorf("got display name %q", got)
	}
	if got := read.property("publisherDomain"); got != "contoso.sandbox.test" {
		t.Errorf("got publisher domain %q", got)
	}
	if api := read.body["api"].(map[string]any); api["requestedAccessTokenVersion"] != 2.0 {
		t.Errorf("got api %v, want token version 2", api)
	}
	if got := len(w.get(one + "/owners?%24select=id").values()); got != 2 {
		t.Errorf("got %d owners, want 2", got)
	}
	w.view(func(tx *store.Tx) {
		app, _ := store.Applications.Get(tx, store.TenantKey(contoso, id))
		if len(app.AccessTokenClaims) != 1 || app.AccessTokenClaims[0] != "idtyp" {
			t.Errorf("got access token claims %v, want idtyp", app.AccessTokenClaims)
		}
	})

	// Update one member of api; the others stay.
	w.patch(one, map[string]any{"id": id, "notes": "hello", "api": map[string]any{"acceptMappedClaims": true}})
	read = w.get(one)
	if api := read.body["api"].(map[string]any); api["requestedAccessTokenVersion"] != 2.0 || api["acceptMappedClaims"] != true {
		t.Errorf("got api %v, want version 2 and mapped claims", api)
	}
	if read.property("notes") != "hello" {
		t.Errorf("got notes %v", read.body["notes"])
	}

	// Delete, polling until it is gone, as the provider does.
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, one, nil)
	if got := w.want(http.StatusNotFound, "deployer", http.MethodGet, one, nil); got.code() != "Request_ResourceNotFound" {
		t.Errorf("got code %q", got.code())
	}
}

func TestAzureadApplicationWithoutTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := w.callers["deployer"].ObjectID
	id := w.want(http.StatusCreated, "deployer", http.MethodPost, "/beta/applications", w.azureadApplication(ordersIdentity)).property("id")
	one := "/beta/applications/" + id
	w.get(one + "/owners/" + caller + "/$ref?%24select=id%2Curl")
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, one+"/owners/"+caller+"/$ref", nil)

	// The caller cannot change what it no longer owns.
	if got := w.want(http.StatusForbidden, "deployer", http.MethodPatch, one, map[string]any{"notes": "x"}); got.code() != "Authorization_RequestDenied" {
		t.Errorf("got code %q", got.code())
	}
}

func TestAzureadApplicationAppRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	one := "/v1.0/applications/" + id
	roles := func() []any { return w.get(one).body["appRoles"].([]any) }

	w.patch(one, map[string]any{"id": id, "appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	if got := len(roles()); got != 1 {
		t.Fatalf("got %d roles, want 1", got)
	}
	// The next resource sends back the roles that it read, and its own.
	second := "0d0e0f00-0000-4000-8000-000000000002"
	w.patch(one, map[string]any{"id": id, "appRoles": append(roles(), role(second, "Orders.Write", true))})

	// Update: disable, then send the final set.
	edited := roles()
	edited[0].(map[string]any)["description"] = "Read all orders"
	if got := w.want(http.StatusBadRequest, "deployer", http.MethodPatch, one, map[string]any{"id": id, "appRoles": edited}); got.message() != "Permission (scope or role) cannot be deleted or updated unless disabled first." {
		t.Errorf("got message %q", got.message())
	}
	disabled := roles()
	disabled[0].(map[string]any)["isEnabled"] = false
	w.patch(one, map[string]any{"id": id, "appRoles": disabled})
	w.patch(one, map[string]any{"id": id, "appRoles": edited})
	if got := roles()[0].(map[string]any); got["description"] != "Read all orders" || got["isEnabled"] != true {
		t.Errorf("got role %v, want it edited and enabled", got)
	}

	// Delete in the same way; the other role stays.
	w.want(http.StatusBadRequest, "deployer", http.MethodPatch, one, map[string]any{"id": id, "appRoles": roles()[1:]})
	disabled = roles()
	disabled[0].(map[string]any)["isEnabled"] = false
	w.patch(one, map[string]any{"id": id, "appRoles": disabled})
	w.patch(one, map[string]any{"id": id, "appRoles": roles()[1:]})
	if got := roles(); len(got) != 1 || got[0].(map[string]any)["id"] != second {
		t.Errorf("got roles %v, want the second only", got)
	}
}

func TestAzureadPermissionScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	one := "/v1.0/applications/" + id
	scope := map[string]any{
		"id": ordersRead, "adminConsentDescription": "Read", "adminConsentDisplayName": "Read", "isEnabled": true, "type": "User", "value": "orders.read",
	}
	set := func(scopes ...any) map[string]any {
		return map[string]any{"id": id, "api": map[string]any{"oauth2PermissionScopes": append([]any{}, scopes...)}}
	}
	w.patch(one, set(scope))
	if got := w.want(http.StatusBadRequest, "deployer", http.MethodPatch, one, set()); got.code() != "CannotDeleteOrUpdateEnabledEntitlement" {
		t.Errorf("got code %q", got.code())
	}
	if got := w.want(http.StatusBadRequest, "deployer", http.MethodPatch, one, map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}}); got.code() != "DuplicateValue" {
		t.Errorf("got code %q for a role with a scope's id", got.code())
	}
	scope["isEnabled"] = false
	w.patch(one, set(scope))
	w.patch(one, set())
}

func TestAzureadApplicationIdentifierURI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, client := w.newApplication(map[string]any{})
	sp := w.newServicePrincipal(client)
	one := "/v1.0/applications/" + id
	w.patch(one, map[string]any{"id": id, "identifierUris": []string{"api://" + client}})
	if got := w.get(one).body["identifierUris"].([]any); len(got) != 1 || got[0] != "api://"+client {
		t.Errorf("got identifier URIs %v", got)
	}
	found := w.get(filtered("/v1.0/applications", "identifierUris/any(uri:uri eq 'api://"+client+"')")).values()
	if len(found) != 1 || found[0]["id"] != id {
		t.Errorf("got %d applications by identifier URI, want this one", len(found))
	}
	names := w.get("/v1.0/servicePrincipals/" + sp).body["servicePrincipalNames"].([]any)
	if len(names) != 2 || names[0] != client || names[1] != "api://"+client {
		t.Errorf("got service principal names %v", names)
	}
	w.patch(one, map[string]any{"id": id, "identifierUris": []string{}})
	if got := w.get(one).body["identifierUris"].([]any); len(got) != 0 {
		t.Errorf("got identifier URIs %v, want none", got)
	}
}

func TestAzureadServicePrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := w.callers["deployer"].ObjectID
	app, client := w.newApplication(map[string]any{
		"appRoles": []any{role(ordersRead, "Orders.Read", true)}, "tags": []string{"orders"},
		"web": map[string]any{"homePageUrl": "https://contoso.sandbox.test", "redirectUris": []string{"https://contoso.sandbox.test/back"}},
	})

	if got := w.get(filtered("/v1.0/servicePrincipals", "appId eq '"+client+"'")).values(); len(got) != 0 {
		t.Fatalf("got %d service principals before there is one", len(got))
	}
	w.get("/v1.0/directoryObjects/" + caller)
	created := w.want(http.StatusCreated, "deployer", http.MethodPost, "/v1.0/servicePrincipals", map[string]any{
		"accountEnabled": true, "alternativeNames": []string{}, "appId": client, "appRoleAssignmentRequired": true,
		"description": probeName, "loginUrl": nil, "notes": nil, "notificationEmailAddresses": []string{}, "preferredSingleSignOnMode": nil,
		"samlSingleSignOnSettings": nil, "tags": []string{}, "owners@odata.bind": []string{w.base + "/v1.0/" + contoso + "/directoryObjects/" + caller},
	})
	id := created.property("id")
	one := "/v1.0/servicePrincipals/" + id
	w.patch(one, map[string]any{"id": id, "description": nil})

	read := w.get(one)
	for name, want := range map[string]any{
		"appId": client, "displayName": "orders-api", "appOwnerOrganizationId": contoso, "servicePrincipalType": "Application",
		"signInAudience": "AzureADMyOrg", "appRoleAssignmentRequired": true, "accountEnabled": true, "description": nil,
		"homepage": "https://contoso.sandbox.test",
	} {
		if read.body[name] != want {
			t.Errorf("got %s %v, want %v", name, read.body[name], want)
		}
	}
	for name, want := range map[string]int{"appRoles": 1, "replyUrls": 1, "tags": 1, "oauth2PermissionScopes": 0} {
		if list, ok := read.body[name].([]any); !ok || len(list) != want {
			t.Errorf("got %s %v, want %d of them", name, read.body[name], want)
		}
	}
	if got := w.get(one + "/owners?%24select=id").values(); len(got) != 1 || got[0]["id"] != caller || got[0]["@odata.type"] != "#microsoft.graph.servicePrincipal" {
		t.Errorf("got owners %v, want the caller", got)
	}

	// A renamed application renames its service principal.
	w.patch("/v1.0/applications/"+app, map[string]any{"displayName": "orders-api-2"})
	if got := w.get(filtered("/v1.0/servicePrincipals", "displayName eq 'orders-api-2' and servicePrincipalType eq 'Application'")).values(); len(got) != 1 {
		t.Errorf("got %d service principals by the new name, want 1", len(got))
	}

	w.patch(one, map[string]any{"id": id, "appRoleAssignmentRequired": false, "samlSingleSignOnSettings": map[string]any{"relayState": "x"}})
	if got := w.get(one).body["appRoleAssignmentRequired"]; got != false {
		t.Errorf("got assignment required %v after the update", got)
	}
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, one, nil)
	w.want(http.StatusNotFound, "deployer", http.MethodGet, one, nil)
}

func TestAzureadAppRoleAssignment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	to := "/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo"

	w.get("/v1.0/servicePrincipals/" + sp)
	body := map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp}
	created := w.want(http.StatusCreated, "deployer", http.MethodPost, to, body)
	id := created.property("id")
	for name, want := range map[string]string{
		"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp,
		"principalType": "ServicePrincipal", "principalDisplayName": "orders-client", "resourceDisplayName": "orders-api",
	} {
		if got := created.property(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	byID := filtered(to, "id eq '"+id+"'")
	if got := w.get(byID).values(); len(got) != 1 || got[0]["id"] != id {
		t.Errorf("got %v by id, want the assignment", got)
	}
	if got := w.get(filtered(to, "id eq '"+strings.ToLower(id)+"x'")).values(); len(got) != 0 {
		t.Errorf("got %d assignments by another id", len(got))
	}
	from := "/v1.0/servicePrincipals/" + ordersIdentity + "/appRoleAssignments"
	if got := w.get(from).values(); len(got) != 1 || got[0]["id"] != id {
		t.Errorf("got %v from the principal's side", got)
	}
	if got := w.want(http.StatusBadRequest, "deployer", http.MethodPost, to, body); got.message() != "Permission being assigned already exists on the object" {
		t.Errorf("got message %q for a duplicate", got.message())
	}
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, to+"/"+id, nil)
	if got := w.get(byID).values(); len(got) != 0 {
		t.Errorf("got %d assignments after the delete", len(got))
	}
	w.want(http.StatusNotFound, "deployer", http.MethodDelete, to+"/"+id, nil)
}
