package graph_test

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

// A refusal is a request that Graph refuses. {names} in path and body stand for
// the ids of [newRefusalWorld].
type refusal struct {
	name    string
	as      string // deployer when empty
	method  string
	path    string
	body    string
	status  int
	code    string
	message string // part of it
}

const (
	bad     = "Request_BadRequest"
	missing = "Request_ResourceNotFound"
	no      = "Authorization_RequestDenied"
	unknown = "NotEmulated"
)

var refusals = []refusal{
	// Callers.
	{name: "no token", as: "-", method: "GET", path: "/v1.0/applications", status: 401, code: "InvalidAuthenticationToken", message: "empty"},
	{name: "bad token", as: "forged", method: "GET", path: "/v1.0/applications", status: 401, code: "InvalidAuthenticationToken", message: "signature is invalid"},
	{name: "no permission to list", as: "nobody", method: "GET", path: "/v1.0/applications", status: 403, code: no, message: "Insufficient privileges to complete the operation."},
	{name: "no permission to read another", as: "nobody", method: "GET", path: "/v1.0/applications/{app}", status: 403, code: no},
	{name: "reader creates an application", as: "reader", method: "POST", path: "/v1.0/applications", body: `{"displayName":"x"}`, status: 403, code: no},
	{name: "reader deletes an application", as: "reader", method: "DELETE", path: "/v1.0/applications/{app}", status: 403, code: no},
	{name: "reader reads the organization", as: "reader", method: "GET", path: "/v1.0/organization", status: 403, code: no},
	{name: "caller that is not an owner reads an application", as: "owner", method: "GET", path: "/v1.0/applications/{app}", status: 403, code: no},
	{name: "caller that is not an owner reads a service principal", as: "owner", method: "GET", path: "/v1.0/servicePrincipals/{sp}", status: 403, code: no},
	{name: "caller that is not an owner changes an application", as: "owner", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"notes":"x"}`, status: 403, code: no},
	{name: "caller that is not an owner adds a secret", as: "owner", method: "POST", path: "/v1.0/applications/{app}/addPassword", body: `{}`, status: 403, code: no},
	{name: "caller that is not an owner creates a service principal", as: "owner", method: "POST", path: "/v1.0/servicePrincipals", body: `{"appId":"{lone client}"}`, status: 403, code: no},
	{name: "caller that is not an owner makes itself owner", as: "owner", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"{base}/v1.0/directoryObjects/{identity}"}`, status: 403, code: no},
	{name: "owner without permission to assign", as: "owner", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{}`, status: 403, code: no},
	{name: "permission to assign, but not to read", as: "assigner", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{role}","principalId":"{identity}","resourceId":"{sp}"}`, status: 403, code: no},
	{name: "me without a user", method: "GET", path: "/v1.0/me", status: 400, code: "BadRequest", message: "delegated authentication flow"},
	{name: "another tenant's application", as: "stranger", method: "GET", path: "/v1.0/applications/{app}", status: 404, code: missing},
	{name: "another tenant's service principal", as: "stranger", method: "DELETE", path: "/v1.0/servicePrincipals/{sp}", status: 404, code: missing},
	{name: "another tenant's directory object", as: "stranger", method: "GET", path: "/v1.0/directoryObjects/{sp}", status: 404, code: missing},

	// Applications.
	{name: "client id for object id", method: "GET", path: "/v1.0/applications/{client}", status: 404, code: missing, message: "Resource '{client}' does not exist or one of its queried reference-property objects are not present."},
	{name: "application without a name", method: "POST", path: "/v1.0/applications", body: `{}`, status: 400, code: bad, message: "displayName"},
	{name: "name of another type", method: "POST", path: "/v1.0/applications", body: `{"displayName":7}`, status: 400, code: bad},
	{name: "body that is not JSON", method: "POST", path: "/v1.0/applications", body: `{"displayName"`, status: 400, code: "BadRequest"},
	{name: "client id chosen by the caller", method: "POST", path: "/v1.0/applications", body: `{"displayName":"x","appId":"{client}"}`, status: 400, code: bad, message: "read-only"},
	{name: "another id in the body", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"id":"{sp}"}`, status: 400, code: bad, message: "read-only"},
	{name: "publisher domain", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"publisherDomain":"x.test"}`, status: 400, code: bad, message: "read-only"},
	{name: "token version 3", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"api":{"requestedAccessTokenVersion":3}}`, status: 400, code: bad, message: "api.requestedAccessTokenVersion"},
	{name: "personal accounts with token version 1", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"signInAudience":"AzureADandPersonalMicrosoftAccount"}`, status: 400, code: bad, message: "api.requestedAccessTokenVersion"},
	{name: "unknown audience", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"signInAudience":"Everybody"}`, status: 400, code: bad, message: "signInAudience"},
	{name: "flag of another type", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"isFallbackPublicClient":"yes"}`, status: 400, code: bad, message: "isFallbackPublicClient"},

	// App roles.
	{name: "enabled role removed", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"appRoles":[]}`, status: 400, code: "CannotDeleteOrUpdateEnabledEntitlement", message: "Permission (scope or role) cannot be deleted or updated unless disabled first."},
	{name: "enabled role edited", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["Application"],"description":"changed","displayName":"Orders reader","isEnabled":true,"value":"Orders.Read"},{disabled role}]}`, status: 400, code: "CannotDeleteOrUpdateEnabledEntitlement"},
	{name: "role edited while it is disabled", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["Application"],"description":"changed","displayName":"Orders reader","isEnabled":false,"value":"Orders.Read"},{disabled role}]}`, status: 400, code: "CannotDeleteOrUpdateEnabledEntitlement"},
	{name: "role id that is not a GUID", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"x","allowedMemberTypes":["Application"],"description":"d","displayName":"n","value":"v"}]}`, status: 400, code: bad, message: "'id'"},
	{name: "role value with a space", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["Application"],"description":"d","displayName":"n","value":"Orders Read"}]}`, status: 400, code: bad, message: "'value'"},
	{name: "role value with a dot in front", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["Application"],"description":"d","displayName":"n","value":".Read"}]}`, status: 400, code: bad, message: "'value'"},
	{name: "role without member types", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":[],"description":"d","displayName":"n","value":"v"}]}`, status: 400, code: bad, message: "'allowedMemberTypes'"},
	{name: "role for unknown members", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["Device"],"description":"d","displayName":"n","value":"v"}]}`, status: 400, code: bad},
	{name: "role without a description", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["User"],"displayName":"n","value":"v"}]}`, status: 400, code: bad, message: "'description'"},
	{name: "two roles with one id", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["User"],"description":"d","displayName":"n","value":"a"},{"id":"{role}","allowedMemberTypes":["User"],"description":"d","displayName":"n","value":"b"}]}`, status: 400, code: "DuplicateValue"},
	{name: "two roles with one value", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"appRoles":[{"id":"{role}","allowedMemberTypes":["User"],"description":"d","displayName":"n","value":"a"},{"id":"{sp}","allowedMemberTypes":["User"],"description":"d","displayName":"n","value":"a"}]}`, status: 400, code: "DuplicateValue"},

	// Identifier URIs.
	{name: "identifier URI of another application", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["api://{tenant}/orders"]}`, status: 400, code: "ObjectConflict", message: "Another object with the same value for property identifierUris already exists."},
	{name: "identifier URI in the recycle bin", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["api://{tenant}/deleted"]}`, status: 400, code: "ObjectConflict"},
	{name: "identifier URI with an unverified domain", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["https://example.com/orders"]}`, status: 400, code: "HostNameNotOnVerifiedDomain", message: "'https://example.com/orders'"},
	{name: "identifier URI without tenant, client or domain", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["api://orders"]}`, status: 400, code: "HostNameNotOnVerifiedDomain"},
	{name: "identifier URI of another tenant's domain", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["https://fabrikam.sandbox.test/orders"]}`, status: 400, code: "HostNameNotOnVerifiedDomain"},
	{name: "identifier URI without a scheme", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["{lone client}"]}`, status: 400, code: bad, message: "identifierUris"},
	{name: "identifier URI of another scheme", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["ftp://{lone client}"]}`, status: 400, code: bad},
	{name: "identifier URI with a slash at the end", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["api://{lone client}/"]}`, status: 400, code: bad},
	{name: "identifier URI twice", method: "PATCH", path: "/v1.0/applications/{lone}", body: `{"identifierUris":["api://{lone client}","API://{lone client}"]}`, status: 400, code: "DuplicateValue"},

	// Owners.
	{name: "owner added twice", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"{base}/v1.0/{tenant}/directoryObjects/{deployer}"}`, status: 400, code: bad, message: "One or more added object references already exist"},
	{name: "owner that does not exist", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"{base}/v1.0/directoryObjects/{client}"}`, status: 404, code: missing},
	{name: "owner that is an application", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"{base}/v1.0/directoryObjects/{lone}"}`, status: 400, code: bad, message: "is invalid for the 'owners' reference"},
	{name: "owner under another tenant's path", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"{base}/v1.0/22222222-2222-4222-8222-222222222222/directoryObjects/{identity}"}`, status: 400, code: bad, message: "Invalid URL"},
	{name: "owner at another host", method: "POST", path: "/v1.0/applications/{app}/owners/$ref", body: `{"@odata.id":"https://example.com/v1.0/directoryObjects/{identity}"}`, status: 400, code: bad, message: "Invalid URL"},
	{name: "remove an owner that is none", method: "DELETE", path: "/v1.0/applications/{app}/owners/{identity}/$ref", status: 400, code: bad, message: "One or more removed object references do not exist"},
	{name: "read an owner that is none", method: "GET", path: "/v1.0/applications/{app}/owners/{identity}/$ref", status: 404, code: missing},

	// Service principals.
	{name: "second service principal", method: "POST", path: "/v1.0/servicePrincipals", body: `{"appId":"{client}"}`, status: 409, code: "Request_MultipleObjectsWithSameKeyValue", message: "{client} is already in use"},
	{name: "service principal without an application, created by an owner", method: "POST", path: "/v1.0/servicePrincipals", body: `{"appId":"{app}"}`, status: 403, code: no, message: "must in the local tenant"},
	{name: "service principal without an application", as: "admin", method: "POST", path: "/v1.0/servicePrincipals", body: `{"appId":"{app}"}`, status: 400, code: "NoBackingApplicationObject", message: "does not reference a valid application object"},
	{name: "service principal without appId", method: "POST", path: "/v1.0/servicePrincipals", body: `{}`, status: 400, code: bad, message: "appId"},
	{name: "type of a service principal", method: "PATCH", path: "/v1.0/servicePrincipals/{sp}", body: `{"servicePrincipalType":"Legacy"}`, status: 400, code: bad, message: "read-only"},
	{name: "Microsoft's password", as: "admin", method: "POST", path: "/v1.0/servicePrincipals/" + graphPrincipal + "/addPassword", body: `{}`, status: 403, code: no},
	{name: "service principal with another name", method: "POST", path: "/v1.0/servicePrincipals", body: `{"appId":"{lone client}","displayName":"another"}`, status: 501, code: unknown, message: "displayName"},
	{name: "managed identity's password to remove", as: "admin", method: "POST", path: "/v1.0/servicePrincipals/{identity}/removePassword", body: `{"keyId":"{role}"}`, status: 403, code: no},
	{name: "unknown password of a service principal", method: "POST", path: "/v1.0/servicePrincipals/{sp}/removePassword", body: `{"keyId":"{role}"}`, status: 400, code: bad, message: "keyId"},
	{name: "managed identity's password", as: "admin", method: "POST", path: "/v1.0/servicePrincipals/{identity}/addPassword", body: `{}`, status: 403, code: no},
	{name: "managed identity deleted", as: "admin", method: "DELETE", path: "/v1.0/servicePrincipals/{identity}", status: 403, code: no},
	{name: "Microsoft's service deleted", as: "admin", method: "DELETE", path: "/v1.0/servicePrincipals/{graph}", status: 403, code: no},
	{name: "Microsoft's service changed", as: "admin", method: "PATCH", path: "/v1.0/servicePrincipals/{graph}", body: `{"accountEnabled":false}`, status: 403, code: no},

	// Assignments.
	{name: "unknown role", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{client}","principalId":"{identity}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Permission being assigned was not found"},
	{name: "disabled role", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{disabled}","principalId":"{identity}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Permission being assigned was not found"},
	{name: "default access to a resource with roles", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"00000000-0000-0000-0000-000000000000","principalId":"{identity}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Permission being assigned was not found"},
	{name: "assignment that exists", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{role}","principalId":"{deployer}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Permission being assigned already exists on the object"},
	{name: "assignment that exists, made from the principal", method: "POST", path: "/v1.0/servicePrincipals/{deployer}/appRoleAssignments", body: `{"appRoleId":"{role}","principalId":"{deployer}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Permission being assigned already exists on the object"},
	{name: "principal is a client id", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{role}","principalId":"{identity client}","resourceId":"{sp}"}`, status: 404, code: missing},
	{name: "principal is an application", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{role}","principalId":"{lone}","resourceId":"{sp}"}`, status: 400, code: bad, message: "Not a valid reference update"},
	{name: "resource is an application", method: "POST", path: "/v1.0/servicePrincipals/{identity}/appRoleAssignments", body: `{"appRoleId":"{role}","principalId":"{identity}","resourceId":"{app}"}`, status: 400, code: bad, message: "Not a valid reference update"},
	{name: "resource is not the path's", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"appRoleId":"{role}","principalId":"{identity}","resourceId":"{graph}"}`, status: 400, code: bad, message: "Not a valid reference update"},
	{name: "path is an application", method: "POST", path: "/v1.0/servicePrincipals/{app}/appRoleAssignedTo", body: `{}`, status: 404, code: missing},
	{name: "assignment without a role", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"principalId":"{identity}","resourceId":"{sp}"}`, status: 400, code: bad, message: "appRoleId"},
	{name: "assignment with its own id", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"id":"x"}`, status: 400, code: bad, message: "read-only"},

	// Credentials.
	{name: "secret that has expired", method: "POST", path: "/v1.0/applications/{app}/addPassword", body: `{"passwordCredential":{"endDateTime":"2026-01-01T00:00:00Z"}}`, status: 400, code: bad, message: "endDateTime"},
	{name: "secret of the caller's choice", method: "POST", path: "/v1.0/applications/{app}/addPassword", body: `{"passwordCredential":{"secretText":"hunter2"}}`, status: 400, code: bad, message: "read-only"},
	{name: "secret by PATCH", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"passwordCredentials":[{"displayName":"x"}]}`, status: 400, code: bad, message: "New password credentials must be generated"},
	{name: "invalid certificate", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"eA=="}]}`, status: 400, code: "KeyCredentialsInvalidKeyValue"},
	{name: "federated credential with two audiences", method: "POST", path: "/v1.0/applications/{app}/federatedIdentityCredentials", body: `{"name":"abc","issuer":"https://127.0.0.1/x","subject":"s","audiences":["a","b"]}`, status: 400, code: bad, message: "audiences"},
	{name: "federated credential over http", method: "POST", path: "/v1.0/applications/{app}/federatedIdentityCredentials", body: `{"name":"abc","issuer":"http://127.0.0.1/x","subject":"s","audiences":["a"]}`, status: 400, code: bad, message: "issuer"},
	{name: "federated credential with a bad name", method: "POST", path: "/v1.0/applications/{app}/federatedIdentityCredentials", body: `{"name":"a b","issuer":"https://127.0.0.1/x","subject":"s","audiences":["a"]}`, status: 400, code: bad, message: "name"},
	{name: "federated credential with a used name", method: "POST", path: "/v1.0/applications/{app}/federatedIdentityCredentials", body: `{"name":"taken","issuer":"https://127.0.0.1/x","subject":"other","audiences":["a"]}`, status: 409, code: "Request_MultipleObjectsWithSameKeyValue"},
	{name: "federated credential for the same subject", method: "POST", path: "/v1.0/applications/{app}/federatedIdentityCredentials", body: `{"name":"other","issuer":"https://127.0.0.1/x","subject":"s","audiences":["a"]}`, status: 400, code: bad, message: "issuer and subject"},
	{name: "federated credential renamed", method: "PATCH", path: "/v1.0/applications/{app}/federatedIdentityCredentials/taken", body: `{"name":"renamed"}`, status: 400, code: bad, message: "read-only"},

	// Recycle bin and pages.
	{name: "read from the recycle bin what was not deleted", method: "GET", path: "/v1.0/directory/deletedItems/{app}", status: 404, code: missing},
	{name: "restore what was not deleted", method: "POST", path: "/v1.0/directory/deletedItems/{app}/restore", status: 404, code: missing},
	{name: "caller that is not an owner restores", as: "owner", method: "POST", path: "/v1.0/directory/deletedItems/{deleted}/restore", status: 403, code: no},
	{name: "caller that is not an owner purges", as: "owner", method: "DELETE", path: "/v1.0/directory/deletedItems/{deleted}", status: 403, code: no},
	{name: "service principal restored without its application", method: "POST", path: "/v1.0/directory/deletedItems/{deleted sp}/restore", status: 400, code: "NoBackingApplicationObject"},
	{name: "page size 0", method: "GET", path: "/v1.0/applications?$top=0", status: 400, code: bad, message: "Invalid page size"},
	{name: "page size above the maximum", method: "GET", path: "/v1.0/applications?$top=1000", status: 400, code: bad, message: "Invalid page size"},
	{name: "invalid skip token", method: "GET", path: "/v1.0/applications?$skiptoken=!", status: 400, code: bad, message: "page token"},

	// Unemulated.
	{name: "unknown path", method: "GET", path: "/v1.0/users", status: 501, code: unknown, message: "sandbox/graph/routes.go"},
	{name: "unknown method", method: "PUT", path: "/v1.0/applications/{app}/logo", status: 501, code: unknown},
	{name: "unknown query parameter", method: "GET", path: "/v1.0/applications?$expand=owners", status: 501, code: unknown, message: "$expand"},
	{name: "unknown filter", method: "GET", path: "/v1.0/applications?$filter=endswith(displayName,'x')", status: 501, code: unknown, message: "$filter"},
	{name: "filter on another property", method: "GET", path: "/v1.0/applications?$filter=notes%20eq%20'x'", status: 501, code: unknown, message: "$filter"},
	{name: "or with another property", method: "GET", path: "/v1.0/applications?$filter=appId%20eq%20'x'%20or%20notes%20eq%20'y'", status: 501, code: unknown, message: "$filter"},
	{name: "unknown selection", method: "GET", path: "/v1.0/applications/{app}?$select=colour", status: 501, code: unknown, message: "colour"},
	{name: "unknown property", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"colour":"red"}`, status: 501, code: unknown, message: "colour"},
	{name: "unknown member", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"web":{"colour":"red"}}`, status: 501, code: unknown, message: "web.colour"},
	{name: "unknown property of a service principal", method: "PATCH", path: "/v1.0/servicePrincipals/{sp}", body: `{"colour":"red"}`, status: 501, code: unknown, message: "colour"},
	{name: "unknown property of an assignment", method: "POST", path: "/v1.0/servicePrincipals/{sp}/appRoleAssignedTo", body: `{"colour":"red"}`, status: 501, code: unknown, message: "colour"},
	{name: "symmetric key", method: "PATCH", path: "/v1.0/applications/{app}", body: `{"keyCredentials":[{"type":"Symmetric","usage":"Verify","key":"eA=="}]}`, status: 501, code: unknown, message: "Symmetric"},
}

// newRefusalWorld has the objects that the refusals need.
func newRefusalWorld(t *testing.T) (*world, *strings.Replacer) {
	t.Helper()
	w := newWorld(t)
	const disabled = "0d0e0f00-0000-4000-8000-000000000009"
	app, client := w.newApplication(map[string]any{
		"identifierUris": []string{"api://" + contoso + "/orders"},
		"appRoles":       []any{role(ordersRead, "Orders.Read", true), role(disabled, "Orders.Old", false)},
	})
	sp := w.newServicePrincipal(client)
	lone, loneClient := w.newApplication(map[string]any{"displayName": "lone"})
	deployer := w.callers["deployer"].ObjectID
	w.want(201, "deployer", "POST", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", map[string]any{"appRoleId": ordersRead, "principalId": deployer, "resourceId": sp})
	w.want(201, "deployer", "POST", "/v1.0/applications/"+app+"/federatedIdentityCredentials", map[string]any{"name": "taken", "issuer": "https://127.0.0.1/x", "subject": "s", "audiences": []string{"a"}})
	deleted, deletedClient := w.newApplication(map[string]any{"displayName": "deleted", "identifierUris": []string{"api://" + contoso + "/deleted"}})
	deletedSP := w.newServicePrincipal(deletedClient)
	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+deleted, nil)
	disabledRole := `"id":"` + disabled + `","allowedMemberTypes":["Application"],"description":"Read orders","displayName":"Orders reader","isEnabled":false,"value":"Orders.Old"`
	return w, strings.NewReplacer(
		"{base}", w.base, "{tenant}", contoso, "{app}", app, "{client}", client, "{sp}", sp,
		"{lone}", lone, "{lone client}", loneClient, "{deployer}", deployer, "{identity}", ordersIdentity,
		"{identity client}", "bbbbbbbb-0000-4000-8000-000000000002", "{graph}", graphPrincipal,
		"{role}", ordersRead, "{disabled}", disabled, "{disabled role}", "{"+disabledRole+"}",
		"{deleted}", deleted, "{deleted sp}", deletedSP,
	)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w, names := newRefusalWorld(t)
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			as := test.as
			switch as {
			case "":
				as = "deployer"
			case "-":
				as = ""
			}
			var body any
			if test.body != "" {
				body = names.Replace(test.body)
			}
			before := w.dump()
			got := w.send(as, test.method, names.Replace(test.path), body)
			if got.status != test.status || got.code() != test.code {
				t.Fatalf("got %d %s, want %d %s: %s", got.status, got.code(), test.status, test.code, got.text)
			}
			if !strings.Contains(got.message(), names.Replace(test.message)) {
				t.Errorf("got message %q, want it to contain %q", got.message(), names.Replace(test.message))
			}
			if after := w.dump(); after != before {
				t.Errorf("a refused request changed the store from\n%s\nto\n%s", before, after)
			}
			entries := w.log.Entries()
			if last := entries[len(entries)-1]; last.Code != test.code || (last.Unemulated != "") != (test.status == 501) {
				t.Errorf("got history entry %+v, want code %s", last, test.code)
			}
		})
	}
}

func TestErrorShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.want(http.StatusNotFound, "deployer", "GET", "/v1.0/applications/"+zero, nil)
	inner, _ := got.body["error"].(map[string]any)["innerError"].(map[string]any)
	if inner["client-request-id"] != "client-request-1" || got.header.Get("client-request-id") != "client-request-1" {
		t.Errorf("got inner error %v and header %q, want the client's own id", inner, got.header.Get("client-request-id"))
	}
	if inner["request-id"] != got.header.Get("request-id") || inner["date"] != "2026-11-23T12:00:00" {
		t.Errorf("got inner error %v", inner)
	}
	if got := w.send("", "GET", "/v1.0/applications", nil).header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("got challenge %q, want Bearer", got)
	}
}

func TestContentTypeIsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		name, contentType string
		want              int
	}{{"no content type", "", 400}, {"content type that is not JSON", "text/plain", 501}} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/v1.0/applications", strings.NewReader(`{"displayName":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer deployer")
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if got := w.do(r); got.status != test.want {
				t.Errorf("got status %d, want %d", got.status, test.want)
			}
		})
	}
}

// dump is everything that Graph may change, for comparing.
func (w *world) dump() string {
	w.t.Helper()
	var text strings.Builder
	write := func(v any) { text.WriteString(jsonText(w.t, v) + "\n") }
	w.view(func(tx *store.Tx) {
		for _, v := range store.Applications.All(tx, "") {
			write(v)
		}
		for _, v := range store.ServicePrincipals.All(tx, "") {
			write(v)
		}
		for _, v := range store.AppRoleAssignments.All(tx, "") {
			write(v)
		}
	})
	return text.String()
}
