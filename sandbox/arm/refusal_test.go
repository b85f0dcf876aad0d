package arm_test

import (
	"fmt"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

func guid(n int) string { return fmt.Sprintf("99999999-0000-0000-0000-%012d", n) }

// assignmentBody asks for a role assignment; kind may be empty.
func assignmentBody(role, principal, kind string) string {
	return fmt.Sprintf(`{"properties":{"roleDefinitionId":"%s/providers/Microsoft.Authorization/roleDefinitions/%s","principalId":"%s","principalType":%s}}`,
		sub, role, principal, map[bool]string{true: "null", false: `"` + kind + `"`}[kind == ""])
}

// A refusal is a request that breaks one rule, and the expected error. It can
// be sent to the real service too.
type refusal struct {
	name   string
	first  []request // sent before, must succeed
	ask    request
	status int
	code   string
	says   string // part of the message; empty means any
}

// run sends each row to a new world that has what a site needs.
func run(t *testing.T, rows []refusal) {
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.prepare()
			for _, q := range tt.first {
				if answer := w.do(q); answer.Code >= 300 {
					t.Fatalf("%s %s: got %d %s, want success", q.method, q.path, answer.Code, answer.Body)
				}
			}
			before := w.fingerprint()
			answer := w.do(tt.ask)
			if answer.Code != tt.status || code(answer) != tt.code {
				t.Errorf("got %d %s, want %d %s\n%s", answer.Code, code(answer), tt.status, tt.code, answer.Body)
			}
			if message, _ := at(object(t, answer), "error", "message").(string); !strings.Contains(message, tt.says) {
				t.Errorf("got message %q, want %q in it", message, tt.says)
			}
			if after := w.fingerprint(); after != before {
				t.Errorf("got the state changed by a refused request:\n%s\nwant\n%s", after, before)
			}
			entries := w.log.Entries()
			if entry := entries[len(entries)-1]; entry.Code != tt.code {
				t.Errorf("got code %q in the history, want %q", entry.Code, tt.code)
			}
			if answer.Header().Get("x-ms-request-id") == "" || answer.Header().Get("x-ms-correlation-request-id") == "" {
				t.Error("got no request ids, want both")
			}
		})
	}
}

// fingerprint is what is stored, for comparing.
func (w *world) fingerprint() string {
	var all strings.Builder
	w.view(func(tx *store.Tx) {
		for key, r := range store.Resources.All(tx, "") {
			fmt.Fprintf(&all, "%s %s %s\n", key, r.Properties, r.Identity)
		}
		for key := range store.RoleAssignments.All(tx, "") {
			fmt.Fprintln(&all, key)
		}
		for key := range store.ServicePrincipals.All(tx, "") {
			fmt.Fprintln(&all, key)
		}
	})
	return all.String()
}

func put(path, body string) request { return request{method: "PUT", path: path, body: body} }

func TestCommonRefusals(t *testing.T) {
	t.Parallel()
	other := sub + "/resourceGroups/nothing/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x1x"
	run(t, []refusal{
		{name: "no token", ask: request{method: "GET", path: group, header: map[string]string{"Authorization": ""}}, status: 401, code: "AuthenticationFailed"},
		{name: "bad token", ask: request{method: "GET", path: group, header: map[string]string{"Authorization": "Bearer x"}}, status: 401, code: "InvalidAuthenticationToken"},
		{name: "no api-version", ask: request{method: "GET", path: group + "?"}, status: 400, code: "MissingApiVersionParameter"},
		{name: "subscription that does not exist", ask: request{method: "GET", path: "/subscriptions/" + guid(1)}, status: 404, code: "SubscriptionNotFound"},
		{name: "subscription of another tenant", ask: request{method: "GET", path: "/subscriptions/" + fabrikamSub}, status: 401, code: "InvalidAuthenticationTokenTenant", says: fabrikam},
		{name: "no role at all", ask: request{method: "GET", path: group, caller: contoso + " " + nobody}, status: 403, code: "AuthorizationFailed",
			says: "object id '" + nobody + "' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '" + group + "'"},
		{name: "reader writes", ask: request{method: "PUT", path: identity, body: here, caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "'Microsoft.ManagedIdentity/userAssignedIdentities/write' over scope '" + identity + "'"},
		{name: "reader lists app settings", first: []request{put(site, siteBody())}, ask: request{method: "POST", path: settings + "/list", caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "config/list/action"},
		{name: "reader asks for keys", first: []request{put(site, siteBody())}, ask: request{method: "POST", path: site + "/host/default/listkeys", caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "host/listkeys/action"},
		{name: "rbac administrator deletes a group", ask: request{method: "DELETE", path: group, caller: contoso + " " + onlyAdmin}, status: 403, code: "AuthorizationFailed"},
		{name: "reader registers a namespace", ask: request{method: "POST", path: sub + "/providers/Microsoft.Web/register", caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "/register/action"},
		{name: "group that does not exist", ask: put(other, here), status: 404, code: "ResourceGroupNotFound"},
		{name: "read in a group that does not exist", ask: request{method: "GET", path: other}, status: 404, code: "ResourceGroupNotFound"},
		{name: "resource that does not exist", ask: request{method: "GET", path: identity + "2"}, status: 404, code: "ResourceNotFound"},
		{name: "parent that does not exist", ask: put(account+"2/blobServices/default/containers/packages", `{}`), status: 404, code: "ParentResourceNotFound"},
		{name: "child of a parent that does not exist", ask: request{method: "GET", path: account + "2/blobServices/default/containers/packages"}, status: 404, code: "ResourceNotFound"},
		{name: "api-version that the type does not have", ask: put(identity+"?api-version=1999-01-01", here), status: 400, code: "NoRegisteredProviderFound", says: "2023-01-31"},
		{name: "api-version that the type may have", ask: put(identity+"?api-version=2018-11-30", here), status: 501, code: "NotEmulated"},
		{name: "api-version that groups may have", ask: put(group+"?api-version=2014-04-01", here), status: 501, code: "NotEmulated"},
		{name: "api-version that groups do not have", ask: put(group+"?api-version=1999-01-01", here), status: 400, code: "InvalidApiVersionParameter"},
		{name: "api-version that assignments do not have", ask: request{method: "GET", path: group + "/providers/Microsoft.Authorization/roleAssignments?api-version=1999-01-01"}, status: 400, code: "InvalidApiVersionParameter"},
		{name: "no body", ask: put(identity, ""), status: 400, code: "MissingRequestBody"},
		{name: "body that is not JSON", ask: put(identity, "{"), status: 400, code: "InvalidRequestContent"},
		{name: "two bodies", ask: put(identity, here+here), status: 400, code: "InvalidRequestContent"},
		{name: "body with a brace too many", ask: put(identity, here+"}"), status: 400, code: "InvalidRequestContent"},
		{name: "body of another type", ask: request{method: "PUT", path: identity, body: here, header: map[string]string{"Content-Type": "text/plain"}}, status: 415, code: "UnsupportedMediaType"},
		{name: "no location", ask: put(identity+"2", `{}`), status: 400, code: "LocationRequired"},
		{name: "location that does not exist", ask: put(identity+"2", `{"location":"atlantis"}`), status: 400, code: "LocationNotAvailableForResourceType"},
		{name: "location changed", ask: put(identity, `{"location":"eastus"}`), status: 409, code: "InvalidResourceLocation"},
		{name: "group's location that does not exist", ask: put(group+"2", `{"location":"atlantis"}`), status: 400, code: "LocationNotAvailableForResourceGroup"},
		{name: "group's location changed", ask: put(group, `{"location":"eastus"}`), status: 409, code: "InvalidResourceGroupLocation"},
		{name: "group's name ends with a point", ask: put(group+".", here), status: 400, code: "InvalidResourceGroup"},
		{name: "group deleted twice", first: []request{{method: "DELETE", path: group}}, ask: request{method: "DELETE", path: group}, status: 404, code: "ResourceGroupNotFound"},
		{name: "property of the wrong form", ask: put(identity+"2", `{"location":"westeurope","tags":["a"]}`), status: 400, code: "InvalidRequestContent", says: "tags"},
		{name: "operation that does not exist", ask: request{method: "GET", path: sub + "/operationresults/" + guid(1)}, status: 404, code: "NotFound"},
		{name: "namespace that does not exist", ask: request{method: "GET", path: sub + "/providers/Microsoft.Nothing"}, status: 404, code: "InvalidResourceNamespace"},
		{name: "unregister what every subscription needs", ask: request{method: "POST", path: sub + "/providers/Microsoft.Resources/unregister"}, status: 409, code: "Conflict"},
	})
}

func TestResourceRefusals(t *testing.T) {
	t.Parallel()
	federated := identity + "/federatedIdentityCredentials/"
	fic := func(issuer, audiences string) string {
		return `{"properties":{"issuer":"` + issuer + `","subject":"s","audiences":` + audiences + `}}`
	}
	hns := strings.Replace(accountBody, `"properties":{`, `"properties":{"isHnsEnabled":true,`, 1)
	run(t, []refusal{
		{name: "account name with capitals", ask: put(group+"/providers/Microsoft.Storage/storageAccounts/Orders", accountBody), status: 400, code: "AccountNameInvalid"},
		{name: "account name that is too short", ask: put(group+"/providers/Microsoft.Storage/storageAccounts/ab", accountBody), status: 400, code: "AccountNameInvalid"},
		{name: "account name in another group", first: []request{put(group+"2", here)}, ask: put(strings.Replace(account, "/rg/", "/rg2/", 1), accountBody), status: 409, code: "StorageAccountInAnotherResourceGroup"},
		{name: "account without a kind", ask: put(account+"2", strings.Replace(accountBody, `"kind":"StorageV2",`, "", 1)), status: 400, code: "MissingRequiredProperty", says: "kind"},
		{name: "account without a size", ask: put(account+"2", strings.Replace(accountBody, `"sku":{"name":"Standard_LRS"},`, "", 1)), status: 400, code: "MissingRequiredProperty", says: "sku"},
		{name: "account of an unknown size", ask: put(account+"2", strings.Replace(accountBody, "Standard_LRS", "Standard_XXL", 1)), status: 400, code: "InvalidRequestPropertyValue", says: "sku.name"},
		{name: "account's unknown TLS version", ask: put(account, strings.Replace(accountBody, "TLS1_2", "TLS9_9", 1)), status: 400, code: "InvalidRequestPropertyValue", says: "minimumTlsVersion"},
		{name: "account becomes hierarchical", ask: put(account, hns), status: 409, code: "AccountPropertyCannotBeUpdated", says: "isHnsEnabled"},
		{name: "account changes its kind", ask: put(account, strings.Replace(accountBody, "StorageV2", "BlobStorage", 1)), status: 409, code: "AccountPropertyCannotBeUpdated", says: "kind"},
		{name: "container name with capitals", ask: put(container+"A", `{}`), status: 400, code: "InvalidResourceName"},
		{name: "container name with two hyphens", ask: put(container+"--a", `{}`), status: 400, code: "InvalidResourceName"},
		{name: "public container in an account that forbids it", ask: put(container, `{"properties":{"publicAccess":"Blob"}}`), status: 409, code: "PublicAccessNotPermitted"},
		{name: "identity name that is too short", ask: put(group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a", here), status: 400, code: "InvalidResourceName"},
		{name: "federated credential without a subject", ask: put(federated+"one", `{"properties":{"issuer":"https://a.test","audiences":["x"]}}`), status: 400, code: "MissingRequiredProperty", says: "properties.subject"},
		{name: "federated credential with two audiences", ask: put(federated+"one", fic("https://a.test", `["a","b"]`)), status: 400, code: "BadRequest"},
		{name: "federated credential with a plain issuer", ask: put(federated+"one", fic("http://a.test", `["a"]`)), status: 400, code: "BadRequest"},
		{name: "federated credential of the same subject", first: []request{put(federated+"one", fic("https://a.test", `["a"]`))}, ask: put(federated+"two", fic("https://a.test", `["a"]`)), status: 409, code: "Conflict"},
		{name: "workspace name with a point", ask: put(group+"/providers/Microsoft.OperationalInsights/workspaces/a.b.c", workspaceBody), status: 400, code: "InvalidWorkspaceName"},
		{name: "workspace with a retention below the minimum", ask: put(workspace, strings.Replace(workspaceBody, "30", "7", 1)), status: 400, code: "InvalidParameter"},
		{name: "workspace with a retention above the maximum", ask: put(workspace, strings.Replace(workspaceBody, "30", "731", 1)), status: 400, code: "InvalidParameter"},
		{name: "workspace recovered in another location", first: []request{put(workspace, workspaceBody), {method: "DELETE", path: workspace}},
			ask: put(workspace, strings.Replace(workspaceBody, "westeurope", "eastus", 1)), status: 409, code: "Conflict"},
		{name: "component whose workspace does not exist", ask: put(component, componentBody), status: 400, code: "BadRequest", says: "orders-logs"},
		{name: "component without a type", first: []request{put(workspace, workspaceBody)}, ask: put(component, strings.Replace(componentBody, `"Application_Type":"web",`, "", 1)), status: 400, code: "MissingRequiredProperty", says: "Application_Type"},
		{name: "component of an unknown type", first: []request{put(workspace, workspaceBody)}, ask: put(component, strings.Replace(componentBody, `"Application_Type":"web"`, `"Application_Type":"ios"`, 1)), status: 400, code: "InvalidRequestPropertyValue"},
		{name: "component without a kind", first: []request{put(workspace, workspaceBody)}, ask: put(component, strings.Replace(componentBody, `"kind":"web",`, "", 1)), status: 400, code: "MissingRequiredProperty", says: "kind"},
		{name: "plan without a size", ask: put(plan+"2", here), status: 400, code: "MissingRequiredProperty", says: "sku"},
		{name: "plan on Windows", ask: put(plan+"2", strings.Replace(planBody, `"reserved":true`, `"reserved":false`, 1)), status: 400, code: "BadRequest", says: "reserved"},
		{name: "plan of another tier", ask: put(plan+"2", strings.Replace(planBody, "FlexConsumption", "Dynamic", 1)), status: 400, code: "BadRequest", says: "Dynamic"},
		{name: "plan with Hyper-V", ask: put(plan+"2", strings.Replace(planBody, `"hyperV":false`, `"hyperV":true`, 1)), status: 400, code: "BadRequest", says: "hyperV"},
		{name: "plan leaves Flex", ask: put(plan, strings.Replace(strings.Replace(planBody, "FC1", "Y1", 1), "FlexConsumption", "Dynamic", 1)), status: 409, code: "Conflict"},
		{name: "plan with a site deleted", first: []request{put(site, siteBody())}, ask: request{method: "DELETE", path: plan}, status: 409, code: "Conflict", says: "orders-app"},
		{name: "plan's name with an underscore", ask: put(plan+"_", planBody), status: 400, code: "BadRequest"},
	})
}

func TestUnemulated(t *testing.T) {
	t.Parallel()
	run(t, []refusal{
		{name: "unknown type", ask: put(group+"/providers/Microsoft.Network/virtualNetworks/x", here), status: 501, code: "NotEmulated", says: "route"},
		{name: "unknown method", ask: request{method: "PATCH", path: credential, body: here}, status: 501, code: "NotEmulated"},
		{name: "unknown query parameter", ask: request{method: "GET", path: group + "?api-version=2022-09-01&$expand=x"}, status: 501, code: "NotEmulated", says: "$expand"},
		{name: "unknown property", ask: put(identity+"2", `{"location":"westeurope","zones":["1"]}`), status: 501, code: "NotEmulated", says: "zones"},
		{name: "unknown nested property", ask: put(account, strings.Replace(accountBody, `"properties":{`, `"properties":{"networkAcls":{"defaultAction":"Allow","more":1},`, 1)), status: 501, code: "NotEmulated", says: "properties.networkAcls.more"},
		{name: "property of a later api-version", ask: put(site+"?api-version=2022-09-01", siteBody()), status: 501, code: "NotEmulated", says: "functionAppConfig"},
		{name: "unknown filter of resources", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$filter=substringof('a',name)"}, status: 501, code: "NotEmulated"},
		{name: "filter of resources by an unknown property", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$filter=plan+eq+'a'"}, status: 501, code: "NotEmulated"},
		{name: "filter of resources by a tag and more", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$filter=tagName+eq+'a'+and+name+eq+'b'"}, status: 501, code: "NotEmulated"},
		{name: "filter of resources by a tag value without a name", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$filter=tagValue+eq+'a'"}, status: 501, code: "NotEmulated"},
		{name: "filter of resources that does not end", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$filter=name+eq+'a'+and+"}, status: 501, code: "NotEmulated"},
		{name: "unknown expansion of resources", ask: request{method: "GET", path: sub + "/resources?api-version=2022-09-01&$expand=createdTime,properties"}, status: 501, code: "NotEmulated"},
		{name: "plans in the short form", ask: request{method: "GET", path: sub + "/providers/Microsoft.Web/serverfarms?api-version=2022-09-01&detailed=false"}, status: 501, code: "NotEmulated"},
		{name: "unknown filter of assignments", ask: request{method: "GET", path: sub + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=x"}, status: 501, code: "NotEmulated"},
		{name: "unknown filter of definitions", ask: request{method: "GET", path: sub + "/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=x"}, status: 501, code: "NotEmulated"},
		{name: "dedicated plan", ask: put(plan+"2", strings.Replace(strings.Replace(planBody, "FC1", "P1v3", 1), "FlexConsumption", "PremiumV3", 1)), status: 501, code: "NotEmulated"},
		{name: "another runtime", ask: put(site, siteBody(`"custom"`, `"python"`)), status: 501, code: "NotEmulated", says: "python"},
		{name: "site that is not a function app", ask: put(site, siteBody("functionapp,linux", "app,linux")), status: 501, code: "NotEmulated"},
		{name: "access restrictions", ask: put(site, siteBody(`"httpsOnly":true`, `"publicNetworkAccess":"Disabled"`)), status: 501, code: "NotEmulated", says: "publicNetworkAccess"},
		{name: "deployment storage by connection string", ask: put(site, siteBody(`"UserAssignedIdentity","userAssignedIdentityResourceId":"`+identity+`"`, `"StorageAccountConnectionString","storageAccountConnectionStringName":"X"`)), status: 501, code: "NotEmulated"},
		{name: "component without a workspace", ask: put(component, strings.Replace(componentBody, `,"WorkspaceResourceId":"`+workspace+`"`, "", 1)), status: 501, code: "NotEmulated"},
		{name: "condition on an assignment", ask: put(group+"/providers/Microsoft.Authorization/roleAssignments/"+guid(1), strings.Replace(assignmentBody(readerRole, deployer, ""), `"principalId"`, `"condition":"x","principalId"`, 1)), status: 501, code: "NotEmulated"},
		{name: "another metadata version", ask: request{method: "GET", path: "/metadata/endpoints?api-version=1999-01-01"}, status: 501, code: "NotEmulated"},
	})
}
