package arm_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A witness asserts one answer of ARM to a deployed app: its status, a member
// that the reference documents, as [world.shows] takes it, and what follows
// from a change.
type witness struct {
	name         string // as in the routes tables
	first        []request
	method, path string
	body         string
	status       int
	member       string
	then         string // path to read afterwards, and the member it must show, or gone
	after        func(*world) bool
}

const (
	definitions = "/providers/Microsoft.Authorization/roleDefinitions"
	permissions = "/providers/Microsoft.Authorization/permissions"
	references  = site + "/config/configreferences/appsettings"
	policy      = site + "/basicPublishingCredentialsPolicies/scm"
	easyAuth    = site + "/config/authsettingsV2"
	checkName   = "/checkNameAvailability"
)

var (
	putSettings  = put(settings, `{"properties":{"ORDERS_URL":"https://a.test"}}`)
	makeVault    = put(vault, vaultBody(""))
	eraseVault   = request{method: "DELETE", path: vault}
	told         = func(w *world) bool { return slices.Contains(w.sites.took(), site) }
	newWorkspace = put(workspace, workspaceBody)
)

var resourceWitnesses = []witness{
	{name: "metadata", method: "GET", path: "/metadata/endpoints?api-version=2022-09-01",
		status: 200, member: "authentication.loginEndpoint=" + baseURL},
	{name: "tenants", method: "GET", path: "/tenants", status: 200, member: "value.tenantId=" + contoso},
	{name: "subscriptions", method: "GET", path: "/subscriptions", status: 200, member: "value.subscriptionId=" + contosoSub},
	{name: "subscription", method: "GET", path: sub, status: 200, member: "displayName=contoso"},
	{name: "locations", method: "GET", path: sub + "/locations", status: 200, member: "value.name=westeurope"},
	{name: "namespaces", method: "GET", path: sub + "/providers", status: 200, member: "value.namespace=Microsoft.Web"},
	{name: "namespace", method: "GET", path: sub + "/providers/Microsoft.Web?api-version=2022-09-01", status: 200,
		member: "registrationState=Registered"},
	{name: "register a namespace", method: "POST", path: sub + "/providers/Microsoft.App/register", status: 200,
		member: "registrationState=Registered"},
	{name: "unregister a namespace", first: []request{{method: "POST", path: sub + "/providers/Microsoft.App/register"}},
		method: "POST", path: sub + "/providers/Microsoft.App/unregister", status: 200, member: "registrationState=NotRegistered"},
	{name: "resource groups", method: "GET", path: sub + "/resourceGroups", status: 200, member: "value.name=rg"},
	{name: "create a resource group", method: "PUT", path: group + "2", body: here,
		status: 201, member: "properties.provisioningState=Succeeded"},
	{name: "resource group", method: "GET", path: group, status: 200, member: "location=westeurope"},
	{name: "update a resource group", method: "PATCH", path: group, body: `{"tags":{"stack":"dev"}}`, status: 200, member: "tags.stack=dev",
		then: group + " tags.stack=dev"},
	{name: "delete a resource group", method: "DELETE", path: group, status: 202, then: group + " gone"},
	{name: "resources of a subscription", method: "GET", path: sub + "/resources", status: 200, member: "value.id=" + site},
	{name: "resources of a group", method: "GET", path: group + "/resources", status: 200, member: "value.id=" + site},

	{name: "role definitions", method: "GET", path: definitions, status: 200, member: "value.properties.roleName=Contributor"},
	{name: "role definition", method: "GET", path: definitions + "/" + readerRole, status: 200, member: "properties.roleName=Reader"},
	{name: "role definitions of a subscription", method: "GET", path: sub + definitions, status: 200,
		member: "value.id=" + sub + definitions + "/" + readerRole},
	{name: "role definition of a subscription", method: "GET", path: sub + definitions + "/" + readerRole, status: 200,
		member: "properties.roleName=Reader"},
	{name: "role definitions of a group", method: "GET", path: group + definitions,
		status: 200, member: "value.properties.roleName=Reader"},
	{name: "permissions at a subscription", method: "GET", path: sub + permissions, status: 200, member: "value.actions=*"},
	{name: "permissions at a group", method: "GET", path: group + permissions, status: 200, member: "value.actions=*"},

	{name: "create a diagnostic setting", first: []request{newWorkspace}, method: "PUT", path: diagnostic, body: diagnosticBody("FunctionAppLogs"),
		status: 200, member: "properties.workspaceId=" + workspace, then: diagnostic + " properties.logs.category=FunctionAppLogs"},
	{name: "diagnostic setting", first: []request{newWorkspace, makeDiagnostic}, method: "GET", path: diagnostic, status: 200, member: "id=" + diagnostic},
	{name: "diagnostic settings", first: []request{newWorkspace, makeDiagnostic}, method: "GET", path: diagnostics, status: 200,
		member: "value.id=" + diagnostic},
	{name: "logs of a function app", first: []request{newWorkspace, makeDiagnostic}, method: "GET",
		path:   logs + "?api-version=2018-03-01-preview&query=" + url.QueryEscape("FunctionAppLogs | project Message"),
		status: 200, member: "tables.columns.name=Message"},
	{name: "delete a diagnostic setting", first: []request{newWorkspace, makeDiagnostic}, method: "DELETE", path: diagnostic, status: 200,
		then: diagnostic + " gone"},

	{name: "name of an account", method: "POST", path: sub + "/providers/Microsoft.Storage" + checkName,
		body: `{"name":"ordersapp","type":"Microsoft.Storage/storageAccounts"}`, status: 200, member: "nameAvailable=false"},
	{name: "name of a site", method: "POST", path: sub + "/providers/Microsoft.Web" + checkName,
		body: `{"name":"orders-app","type":"Microsoft.Web/sites"}`, status: 200, member: "nameAvailable=false"},
	{name: "name of a vault", method: "POST", path: sub + "/providers/Microsoft.KeyVault" + checkName,
		body: `{"name":"orders-vault","type":"Microsoft.KeyVault/vaults"}`, status: 200, member: "nameAvailable=true"},
	{name: "deleted workspaces", first: []request{newWorkspace, {method: "DELETE", path: workspace}},
		method: "GET", path: sub + "/providers/Microsoft.OperationalInsights/deletedWorkspaces",
		status: 200, member: "value.name=orders-logs"},
	{name: "managed HSMs", method: "GET", path: sub + "/providers/Microsoft.KeyVault/managedHSMs?api-version=2023-07-01", status: 200, member: "value=[]"},
	{name: "deleted vaults", first: []request{makeVault, eraseVault}, method: "GET",
		path: sub + "/providers/Microsoft.KeyVault/deletedVaults", status: 200, member: "value.properties.vaultId=" + vault},
	{name: "deleted vault", first: []request{makeVault, eraseVault}, method: "GET", path: deletedOne, status: 200,
		member: "properties.vaultId=" + vault},
	{name: "purge a deleted vault", first: []request{makeVault, eraseVault}, method: "POST", path: deletedOne + "/purge", status: 200,
		then: deletedOne + " gone"},
}

var siteWitnesses = []witness{
	{name: "regions of App Service", method: "GET", path: sub + "/providers/Microsoft.Web/geoRegions",
		status: 200, member: "value.name=West Europe"},
	{name: "set app settings", method: "PUT", path: settings, body: putSettings.body,
		status: 200, member: "properties.ORDERS_URL=https://a.test"},
	{name: "app settings", first: []request{putSettings}, method: "POST", path: settings + "/list", status: 200,
		member: "properties.ORDERS_URL=https://a.test"},
	{name: "names of slot settings", method: "GET", path: site + "/config/slotConfigNames",
		status: 200, member: "properties.appSettingNames=<nil>"},
	{name: "site configuration", method: "GET", path: site + "/config/web", status: 200, member: "properties.minTlsVersion=1.2"},
	{name: "authentication settings", method: "GET", path: easyAuth, status: 200, member: "properties.platform.enabled=false"},
	{name: "authentication settings with secrets", method: "GET", path: easyAuth + "/list",
		status: 200, member: "properties.platform.enabled=false"},
	{name: "set authentication settings", method: "PUT", path: easyAuth, body: `{"properties":{"platform":{"enabled":true}}}`, status: 200,
		member: "properties.platform.enabled=true"},
	{name: "Key Vault references", method: "GET", path: references, status: 200, member: "value.properties.status=VaultNotFound"},
	{name: "Key Vault reference", method: "GET", path: references + "/SECRET", status: 200, member: "properties.status=VaultNotFound"},
	{name: "refresh Key Vault references", method: "POST", path: references + "/refresh", status: 200, after: told},
	{name: "publishing policy", method: "GET", path: policy, status: 200, member: "properties.allow=true"},
	{name: "set a publishing policy", method: "PUT", path: policy, body: `{"properties":{"allow":false}}`,
		status: 200, member: "properties.allow=false"},
	{name: "restart a site", method: "POST", path: site + "/restart", status: 200,
		after: func(w *world) bool { return slices.Equal(w.sites.started, []string{site}) }},
	{name: "stop a site", method: "POST", path: site + "/stop", status: 200, then: site + " properties.state=Stopped"},
	{name: "start a site", first: []request{{method: "POST", path: site + "/stop"}}, method: "POST", path: site + "/start", status: 200,
		then: site + " properties.state=Running"},
	{name: "sync triggers", method: "POST", path: site + "/syncfunctiontriggers", status: 204},
	{name: "functions", method: "GET", path: site + "/functions", status: 200, member: "value.name=orders-app/GetOrders"},
	{name: "function", method: "GET", path: site + "/functions/GetOrders", status: 200, member: "properties.language=custom"},
	{name: "keys of a function", method: "POST", path: site + "/functions/GetOrders/listkeys",
		status: 200, member: "default=key of GetOrders"},
	{name: "keys of the host", method: "POST", path: site + "/host/default/listkeys", status: 200, member: "masterKey=master"},
}

// TestWitness asks every route that belongs to no resource type.
func TestWitness(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(resourceWitnesses, siteWitnesses) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy()
			for _, q := range tt.first {
				w.follow(q)
			}
			w.sites.took()
			w.shows(tt.status, request{method: tt.method, path: tt.path, body: tt.body}, tt.member)
			if path, member, ok := strings.Cut(tt.then, " "); ok && member == "gone" {
				w.shows(404, request{method: "GET", path: path}, "")
			} else if ok {
				w.shows(200, request{method: "GET", path: path}, member)
			}
			if tt.after != nil && !tt.after(w) {
				t.Error("got no call of App Service, want one for the site")
			}
		})
	}
	for name, row := range map[string]struct {
		ask                     request
		status                  int
		header, member, segment string
	}{
		"result of a group's deletion": {request{method: "DELETE", path: group}, 202, "Location", "", "/operationresults/"},
		"result of a creation":         {put(account+"2", accountBody), 202, "Location", "name=ordersapp2", "/locations/"},
		"status of a creation":         {newWorkspace, 201, "Azure-AsyncOperation", "status=Succeeded", "/operationStatuses/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy()
			link := local(t, w.shows(row.status, row.ask, "").Get(row.header))
			if !strings.Contains(strings.ToLower(link), strings.ToLower(row.segment)) {
				t.Errorf("got link %q, want %s in it", link, row.segment)
			}
			w.shows(200, request{method: "GET", path: link}, row.member)
		})
	}
}
