package graph_test

import (
	"strings"
	"testing"

	"app-to-app/sandbox/route/routetest"
)

// A witness asserts one answer of Graph: its status, a member that the
// reference documents, and, for a change, what is read afterwards. {names} stand
// for the ids of [newWitnessWorld]. A member is as [routetest.Shows] takes it.
type witness struct {
	name         string // as in the routes table
	method, path string
	body         string
	status       int
	member       string
	then         string // path to read afterwards, and the member it must show, or gone
}

const (
	app      = "/applications/{app}"
	sp       = "/servicePrincipals/{sp}"
	bin      = "/directory/deletedItems"
	policies = "/policies"
	grant    = `{"appRoleId":"{role}","principalId":"{admin}","resourceId":"{sp}"}`
	maybe    = `{"@odata.id":"{base}/v1.0/directoryObjects/{admin}"}`
)

var witnesses = []witness{
	{"list applications", "GET", "/applications", ``, 200, "value.id={app}", ""},
	{"count applications", "GET", "/applications/$count?$filter=startswith(displayName,'orders')", ``, 200, "=1", ""},
	{"create application", "POST", "/applications", `{"displayName":"new"}`, 201, "displayName=new", ""},
	{"get application", "GET", app, ``, 200, "appId={client}", ""},
	{"update application", "PATCH", app, `{"displayName":"renamed"}`, 204, "", app + " displayName=renamed"},
	{"delete application", "DELETE", app, ``, 204, "", app + " gone"},
	{"list application owners", "GET", app + "/owners", ``, 200, "value.id={reader}", ""},
	{"add application owner", "POST", app + "/owners/$ref", maybe, 204, "", app + "/owners value.id={admin}"},
	{"get application owner", "GET", app + "/owners/{reader}/$ref", ``, 200, "id={reader}", ""},
	{"remove application owner", "DELETE", app + "/owners/{reader}/$ref", ``, 204, "", app + "/owners/{reader}/$ref gone"},
	{"add password", "POST", app + "/addPassword", `{"passwordCredential":{"displayName":"second"}}`, 200, "displayName=second", ""},
	{"remove password", "POST", app + "/removePassword", `{"keyId":"{key}"}`, 204, "", app + " passwordCredentials=[]"},
	{"list federated credentials", "GET", app + "/federatedIdentityCredentials", ``, 200, "value.subject=s", ""},
	{"create federated credential", "POST", app + "/federatedIdentityCredentials",
		`{"name":"other","issuer":"https://a.test","subject":"t","audiences":["api://AzureADTokenExchange"]}`, 201, "subject=t", ""},
	{"get federated credential", "GET", app + "/federatedIdentityCredentials/{federated}", ``, 200, "name=first", ""},
	{"update federated credential", "PATCH", app + "/federatedIdentityCredentials/{federated}", `{"subject":"u"}`, 204, "",
		app + "/federatedIdentityCredentials/{federated} subject=u"},
	{"delete federated credential", "DELETE", app + "/federatedIdentityCredentials/{federated}", ``, 204, "",
		app + "/federatedIdentityCredentials/{federated} gone"},

	{"list service principals", "GET", "/servicePrincipals", ``, 200, "value.id={sp}", ""},
	{"count service principals", "GET", "/servicePrincipals/$count?$filter=displayName%20eq%20'orders-client'", ``, 200, "=1", ""},
	{"create service principal", "POST", "/servicePrincipals", `{"appId":"{free client}","displayName":"free"}`, 201, "appId={free client}", ""},
	{"get service principal", "GET", sp, ``, 200, "appId={client}", ""},
	{"update service principal", "PATCH", sp, `{"appRoleAssignmentRequired":true}`, 204, "", sp + " appRoleAssignmentRequired=true"},
	{"delete service principal", "DELETE", sp, ``, 204, "", sp + " gone"},
	{"list service principal owners", "GET", sp + "/owners", ``, 200, "value.id={reader}", ""},
	{"add service principal owner", "POST", sp + "/owners/$ref", maybe, 204, "", sp + "/owners value.id={admin}"},
	{"get service principal owner", "GET", sp + "/owners/{reader}/$ref", ``, 200, "id={reader}", ""},
	{"remove service principal owner", "DELETE", sp + "/owners/{reader}/$ref", ``, 204, "", sp + "/owners/{reader}/$ref gone"},
	{"add service principal password", "POST", sp + "/addPassword", `{"passwordCredential":{"displayName":"second"}}`, 200,
		"displayName=second", sp + " passwordCredentials.displayName=second"},
	{"remove service principal password", "POST", sp + "/removePassword", `{"keyId":"{sp key}"}`, 204, "", sp + " passwordCredentials=[]"},

	{"list appRoleAssignedTo", "GET", sp + "/appRoleAssignedTo", ``, 200, "value.id={assigned}", ""},
	{"get appRoleAssignedTo", "GET", sp + "/appRoleAssignedTo/{assigned}", ``, 200, "principalId={identity}", ""},
	{"create appRoleAssignedTo", "POST", sp + "/appRoleAssignedTo", grant, 201, "principalId={admin}", ""},
	{"delete appRoleAssignedTo", "DELETE", sp + "/appRoleAssignedTo/{assigned}", ``, 204, "", sp + "/appRoleAssignedTo/{assigned} gone"},
	{"list appRoleAssignments", "GET", "/servicePrincipals/{identity}/appRoleAssignments", ``, 200, "value.resourceId={sp}", ""},
	{"get appRoleAssignments", "GET", "/servicePrincipals/{identity}/appRoleAssignments/{assigned}", ``, 200, "resourceId={sp}", ""},
	{"create appRoleAssignments", "POST", "/servicePrincipals/{admin}/appRoleAssignments", grant, 201, "resourceId={sp}", ""},
	{"delete appRoleAssignments", "DELETE", "/servicePrincipals/{identity}/appRoleAssignments/{assigned}", ``, 204, "",
		"/servicePrincipals/{identity}/appRoleAssignments/{assigned} gone"},

	{"get directory object", "GET", "/directoryObjects/{sp}", ``, 200, "@odata.type=#microsoft.graph.servicePrincipal", ""},
	{"list deleted applications", "GET", bin + "/microsoft.graph.application", ``, 200, "value.id={deleted}", ""},
	{"list deleted service principals", "GET", bin + "/microsoft.graph.servicePrincipal", ``, 200, "value.id={deleted sp}", ""},
	{"get deleted object", "GET", bin + "/{deleted}", ``, 200, "id={deleted}", ""},
	{"restore deleted object", "POST", bin + "/{deleted}/restore", ``, 200, "id={deleted}", "/applications/{deleted} id={deleted}"},
	{"purge deleted object", "DELETE", bin + "/{deleted}", ``, 204, "", bin + "/{deleted} gone"},
	{"get objects by ids", "POST", "/directoryObjects/getByIds", `{"ids":["{app}","{sp}"],"types":["application"]}`, 200, "value.id={app}", ""},
	{"groups of a service principal", "POST", sp + "/getMemberGroups", `{"securityEnabledOnly":true}`, 200, "value=[]", ""},
	{"delegated permissions of a service principal", "GET", sp + "/oauth2PermissionGrants", ``, 200, "value=[]", ""},
	{"list delegated permissions", "GET", "/oauth2PermissionGrants?$filter=clientId%20eq%20'{sp}'", ``, 200, "value=[]", ""},
	{"get default app management policy", "GET", policies + "/defaultAppManagementPolicy", ``, 200, "isEnabled=true", ""},
	{"update default app management policy", "PATCH", policies + "/defaultAppManagementPolicy", `{"displayName":"strict"}`, 204, "",
		policies + "/defaultAppManagementPolicy displayName=strict"},
	{"list app management policies", "GET", policies + "/appManagementPolicies", ``, 200, "value.id={policy}", ""},
	{"create app management policy", "POST", policies + "/appManagementPolicies", `{"displayName":"second","description":"d","isEnabled":true}`, 201,
		"displayName=second", policies + "/appManagementPolicies value.displayName=second"},
	{"list what an app management policy applies to", "GET", policies + "/appManagementPolicies/{policy}/appliesTo", ``, 200, "value.id={app}", ""},
	{"assign app management policy", "POST", "/applications/{free}/appManagementPolicies/$ref", `{"@odata.id":"{base}/v1.0/policies/appManagementPolicies/{policy}"}`, 204, "",
		policies + "/appManagementPolicies/{policy}/appliesTo value.id={free}"},
	{"batch", "POST", "/$batch", `{"requests":[{"id":"1","method":"DELETE","url":"/applications/{app}"}]}`, 200, "responses.status=204", app + " gone"},
	{"list organizations", "GET", "/organization", ``, 200, "value.verifiedDomains.name=contoso.sandbox.test", ""},
	{"get organization", "GET", "/organization/" + contoso, ``, 200, "displayName=Contoso", ""},
	{"me without a user", "GET", "/me", ``, 400, "error.code=BadRequest", ""},
}

// TestWitness asks every route under both versions. The objects are made, and
// read afterwards, under the other version, so that only the row's own request
// meets the route that it is the witness of.
func TestWitness(t *testing.T) {
	t.Parallel()
	for version, other := range map[string]string{"/v1.0": "/beta", "/beta": "/v1.0"} {
		t.Run(version[1:], func(t *testing.T) {
			for _, tt := range witnesses {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					w, names := newWitnessWorld(t, other)
					got := w.want(tt.status, "admin", tt.method, version+names.Replace(tt.path), names.Replace(tt.body))
					if tt.member != "" {
						routetest.Shows(t, []byte(got.text), names.Replace(tt.member))
					}
					if tt.then == "" {
						return
					}
					path, member, _ := strings.Cut(names.Replace(tt.then), " ")
					if member == "gone" {
						w.want(404, "admin", "GET", other+path, nil)
					} else {
						routetest.Shows(t, []byte(w.want(200, "admin", "GET", other+path, nil).text), member)
					}
				})
			}
		})
	}
}

// newWitnessWorld makes an application with a role, a password and a federated
// credential, its service principal with a password, to which a managed
// identity is assigned, an application without one and a deleted one with its
// service principal.
func newWitnessWorld(t *testing.T, version string) (*world, *strings.Replacer) {
	w := newWorld(t)
	post := func(path string, body any) reply {
		t.Helper()
		got := w.send("admin", "POST", version+path, body)
		if got.status >= 300 {
			t.Fatalf("POST %s: got %d %s", path, got.status, got.text)
		}
		return got
	}
	created := post("/applications", map[string]any{"displayName": "orders-api", "appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	object, client := created.property("id"), created.property("appId")
	principal := post("/servicePrincipals", map[string]any{"appId": client}).property("id")
	reader := map[string]any{"@odata.id": w.base + "/v1.0/directoryObjects/" + w.callers["reader"].ObjectID}
	post("/applications/"+object+"/owners/$ref", reader)
	post("/servicePrincipals/"+principal+"/owners/$ref", reader)
	key := post("/applications/"+object+"/addPassword", `{}`).property("keyId")
	principalKey := post("/servicePrincipals/"+principal+"/addPassword", `{}`).property("keyId")
	federated := post("/applications/"+object+"/federatedIdentityCredentials",
		`{"name":"first","issuer":"https://a.test","subject":"s","audiences":["api://AzureADTokenExchange"]}`).property("id")
	assigned := post("/servicePrincipals/"+principal+"/appRoleAssignedTo",
		map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": principal}).property("id")
	freeApp := post("/applications", `{"displayName":"free"}`)
	free := freeApp.property("appId")
	policy := post("/policies/appManagementPolicies", `{"displayName":"first","description":"d"}`).property("id")
	post("/applications/"+object+"/appManagementPolicies/$ref", map[string]any{"@odata.id": w.base + "/v1.0/policies/appManagementPolicies/" + policy})
	w.want(204, "admin", "PATCH", version+"/policies/defaultAppManagementPolicy", `{"isEnabled":true}`)
	deleted := post("/applications", `{"displayName":"deleted"}`)
	deletedSP := post("/servicePrincipals", map[string]any{"appId": deleted.property("appId")}).property("id")
	w.want(204, "admin", "DELETE", version+"/applications/"+deleted.property("id"), nil)
	return w, strings.NewReplacer("{base}", w.base, "{role}", ordersRead, "{identity}", ordersIdentity,
		"{reader}", w.callers["reader"].ObjectID, "{admin}", w.callers["admin"].ObjectID,
		"{app}", object, "{client}", client, "{sp}", principal, "{key}", key, "{sp key}", principalKey, "{federated}", federated, "{assigned}", assigned,
		"{free client}", free, "{free}", freeApp.property("id"), "{policy}", policy, "{deleted}", deleted.property("id"), "{deleted sp}", deletedSP)
}
