package arm

import (
	"net/http"
	"strings"

	"app-to-app/sandbox/route"
)

// This file is everything that ARM answers. Literals are in lower case because
// paths are folded before they are matched.

const (
	docs    = "https://learn.microsoft.com/rest/api/"
	checked = "2026-11-23"

	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourcegroups/{group}"
	sitePath         = groupPath + "/providers/microsoft.web/sites/{name}"
)

func (s *Service) routes() []route.Route {
	routes := s.resourceManager()
	routes = append(routes, s.authorization()...)
	routes = append(routes, s.siteParts()...)
	for _, t := range s.types {
		routes = append(routes, s.ofType(t)...)
	}
	for i := range routes {
		routes[i].Query = append(routes[i].Query, "api-version")
		routes[i].Checked = checked
	}
	return routes
}

// may is the permission of a route that needs one.
func may(actions ...string) []string { return actions }

// resourceManager is what belongs to Microsoft.Resources.
func (s *Service) resourceManager() []route.Route {
	read := s.do
	return []route.Route{
		{Pattern: "GET /metadata/endpoints", Serve: s.metadata, Doc: "https://learn.microsoft.com/azure-stack/user/azure-stack-rest-api-use"},
		{Pattern: "GET /tenants", Serve: read((*call).listTenants), Doc: docs + "resources/tenants/list"},
		{Pattern: "GET /subscriptions", Serve: read((*call).listSubscriptions), Doc: docs + "resources/subscriptions/list"},
		{Pattern: "GET " + subscriptionPath, Permission: may(subscriptionRead), Serve: read((*call).getSubscription), Doc: docs + "resources/subscriptions/get"},
		{Pattern: "GET " + subscriptionPath + "/locations", Permission: may("Microsoft.Resources/subscriptions/locations/read"), Serve: read((*call).listLocations), Doc: docs + "resources/subscriptions/list-locations"},
		{Pattern: "GET " + subscriptionPath + "/resourcegroups", Serve: read((*call).listGroups), Doc: docs + "resources/resource-groups/list"},
		{Pattern: "GET " + subscriptionPath + "/resources", Query: []string{"$filter", "$expand"}, Serve: read((*call).listResources), Doc: docs + "resources/resources/list"},
		{Pattern: "GET " + subscriptionPath + "/operationresults/{operation}", Serve: read((*call).operationResult), Doc: "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"},
		{Pattern: "GET " + subscriptionPath + "/providers", Permission: may(providerRead), Serve: read((*call).listNamespaces), Doc: docs + "resources/providers/list"},
		{Pattern: "GET " + subscriptionPath + "/providers/{namespace}", Permission: may(providerRead), Serve: read((*call).getNamespace), Doc: docs + "resources/providers/get"},
		{Pattern: "POST " + subscriptionPath + "/providers/{namespace}/register", Permission: may("{namespace}/register/action"), Serve: s.do((*call).register), Doc: docs + "resources/providers/register"},
		{Pattern: "POST " + subscriptionPath + "/providers/{namespace}/unregister", Permission: may("{namespace}/unregister/action"), Serve: s.do((*call).unregister), Doc: docs + "resources/providers/unregister"},
		{Pattern: "GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationresults/{operation}", Serve: read((*call).operationResult), Doc: "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"},
		{Pattern: "GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationstatuses/{operation}", Serve: read((*call).operationStatus), Doc: "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"},
		{Pattern: "POST " + subscriptionPath + "/providers/microsoft.storage/checknameavailability", Permission: may(accountNameCheck), Serve: s.do((*call).checkAccountName), Doc: docs + "storagerp/storage-accounts/check-name-availability"},
		{Pattern: "POST " + subscriptionPath + "/providers/microsoft.web/checknameavailability", Permission: may(siteNameCheck), Serve: s.do((*call).checkSiteName), Doc: docs + "appservice/check-name-availability"},
		{Pattern: "GET " + subscriptionPath + "/providers/microsoft.web/georegions", Query: []string{"sku"}, Permission: may("Microsoft.Web/geoRegions/Read"), Serve: read((*call).listRegions), Doc: docs + "appservice/list-geo-regions"},
		{Pattern: "GET " + subscriptionPath + "/providers/microsoft.operationalinsights/deletedworkspaces", Permission: may(workspaceType + "/read"), Serve: read((*call).deletedWorkspaces), Doc: docs + "loganalytics/deleted-workspaces/list"},
		{Pattern: "POST " + subscriptionPath + "/providers/microsoft.keyvault/checknameavailability", Permission: may(vaultNameCheck), Serve: s.do((*call).checkVaultName), Doc: docs + "keyvault/keyvault/vaults/check-name-availability"},
		{Pattern: "GET " + deletedVaultsPath, Permission: may(deletedVaultsRead), Serve: read((*call).deletedVaults), Doc: docs + "keyvault/keyvault/vaults/list-deleted"},
		{Pattern: "GET " + oneDeletedVaultPath, Permission: may(deletedVaultRead), Serve: read((*call).getDeletedVault), Doc: docs + "keyvault/keyvault/vaults/get-deleted"},
		{Pattern: "POST " + oneDeletedVaultPath + "/purge", Permission: may(deletedVaultPurge), Serve: s.do((*call).purgeDeletedVault), Doc: docs + "keyvault/keyvault/vaults/purge-deleted"},

		{Pattern: "PUT " + groupPath, Permission: may(groupWrite), Serve: s.do((*call).putGroup), Doc: docs + "resources/resource-groups/create-or-update"},
		{Pattern: "GET " + groupPath, Permission: may(groupRead), Serve: read((*call).getGroup), Doc: docs + "resources/resource-groups/get"},
		{Pattern: "DELETE " + groupPath, Permission: may(groupErase), Serve: s.do((*call).deleteGroup), Doc: docs + "resources/resource-groups/delete"},
		{Pattern: "GET " + groupPath + "/resources", Query: []string{"$filter", "$expand"}, Permission: may(groupRead), Serve: read((*call).listResources), Doc: docs + "resources/resources/list-by-resource-group"},
	}
}

// authorization is role assignments and definitions at every depth that the
// resource types have.
func (s *Service) authorization() []route.Route {
	const resource = groupPath + "/providers/{namespace}/{type1}/{name1}"
	const definitions = "/providers/microsoft.authorization/roledefinitions"
	const permissions = "/providers/microsoft.authorization/permissions"
	const held = docs + "authorization/permissions/list-for-resource-group"
	list, item := docs+"authorization/role-definitions/list", docs+"authorization/role-definitions/get"
	routes := []route.Route{
		{Pattern: "GET " + definitions, Query: []string{"$filter"}, Serve: s.do((*call).listDefinitions), Doc: list},
		{Pattern: "GET " + definitions + "/{definition}", Serve: s.do((*call).getDefinition), Doc: item},
		{Pattern: "GET " + subscriptionPath + definitions, Query: []string{"$filter"}, Permission: may(definitionRead), Serve: s.do((*call).listDefinitions), Doc: list},
		{Pattern: "GET " + subscriptionPath + definitions + "/{definition}", Permission: may(definitionRead), Serve: s.do((*call).getDefinition), Doc: item},
		{Pattern: "GET " + subscriptionPath + permissions, Permission: may(permissionRead), Serve: s.do((*call).listPermissions), Doc: held},
		{Pattern: "GET " + groupPath + permissions, Permission: may(permissionRead), Serve: s.do((*call).listPermissions), Doc: held},
		{Pattern: "GET " + groupPath + definitions, Query: []string{"$filter"}, Permission: may(definitionRead), Serve: s.do((*call).listDefinitions), Doc: list},
	}
	for _, scope := range []string{subscriptionPath, groupPath, resource, resource + "/{type2}/{name2}", resource + "/{type2}/{name2}/{type3}/{name3}"} {
		one := scope + assignmentPath + "/{assignment}"
		routes = append(routes,
			route.Route{Pattern: "GET " + scope + assignmentPath, Query: []string{"$filter"}, Permission: may(assignmentRead), Serve: s.do((*call).listAssignments), Doc: docs + "authorization/role-assignments/list-for-scope"},
			route.Route{Pattern: "PUT " + one, Permission: may(assignmentWrite), Serve: s.do((*call).putAssignment), Doc: docs + "authorization/role-assignments/create"},
			route.Route{Pattern: "GET " + one, Permission: may(assignmentRead), Serve: s.do((*call).getAssignment), Doc: docs + "authorization/role-assignments/get"},
			route.Route{Pattern: "DELETE " + one, Permission: may(assignmentErase), Serve: s.do((*call).deleteAssignment), Doc: docs + "authorization/role-assignments/delete"},
		)
	}
	return routes
}

// siteParts is what a site has besides itself.
func (s *Service) siteParts() []route.Route {
	const doc = docs + "appservice/web-apps/"
	action := func(name string) []string { return may(siteType + "/" + name) }
	return []route.Route{
		{Pattern: "PUT " + sitePath + "/config/appsettings", Permission: action("config/write"), Serve: s.do((*call).putSettings), Doc: doc + "update-application-settings"},
		{Pattern: "POST " + sitePath + "/config/appsettings/list", Permission: action("config/list/action"), Serve: s.do((*call).listSettings), Doc: doc + "list-application-settings"},
		{Pattern: "GET " + sitePath + "/config/slotconfignames", Permission: action("config/read"), Serve: s.do((*call).slotNames), Doc: doc + "list-slot-configuration-names"},
		{Pattern: "GET " + sitePath + "/config/web", Permission: action("config/read"), Serve: s.do((*call).getConfig), Doc: doc + "get-configuration"},
		{Pattern: "GET " + sitePath + "/config/authsettingsv2", Permission: action("config/read"), Serve: s.do((*call).authSettings), Doc: doc + "get-auth-settings-v2-without-secrets"},
		{Pattern: "POST " + sitePath + "/config/authsettingsv2/list", Permission: action("config/list/action"), Serve: s.do((*call).authSettings), Doc: doc + "get-auth-settings-v2"},
		{Pattern: "PUT " + sitePath + "/config/authsettingsv2", Permission: action("config/write"), Serve: s.do((*call).authSettings), Doc: doc + "update-auth-settings-v2"},
		{Pattern: "GET " + referencesPath, Permission: action("config/read"), Serve: s.references, Doc: doc + "get-app-settings-key-vault-references"},
		{Pattern: "GET " + referencesPath + "/{setting}", Permission: action("config/read"), Serve: s.references, Doc: doc + "get-app-setting-key-vault-reference"},
		{Pattern: "POST " + referencesPath + "/refresh", Permission: action("config/write"), Serve: s.do((*call).refreshReferences), Doc: "https://learn.microsoft.com/azure/app-service/app-service-key-vault-references"},
		{Pattern: "GET " + sitePath + "/basicpublishingcredentialspolicies/{policy}", Permission: action("basicPublishingCredentialsPolicies/read"), Serve: s.do((*call).policy), Doc: doc + "get-scm-allowed"},
		{Pattern: "PUT " + sitePath + "/basicpublishingcredentialspolicies/{policy}", Permission: action("basicPublishingCredentialsPolicies/write"), Serve: s.do((*call).policy), Doc: doc + "update-scm-allowed"},
		{Pattern: "POST " + sitePath + "/restart", Query: []string{"softRestart", "synchronous"}, Permission: action("restart/action"), Serve: s.do((*call).restartSite), Doc: doc + "restart"},
		{Pattern: "POST " + sitePath + "/start", Permission: action("start/action"), Serve: s.do(setSiteState("Running")), Doc: doc + "start"},
		{Pattern: "POST " + sitePath + "/stop", Permission: action("stop/action"), Serve: s.do(setSiteState("Stopped")), Doc: doc + "stop"},
		{Pattern: "POST " + sitePath + "/syncfunctiontriggers", Permission: action("syncfunctiontriggers/action"), Serve: s.do((*call).syncTriggers), Doc: doc + "sync-function-triggers"},
		{Pattern: "GET " + sitePath + "/functions", Permission: action("functions/read"), Serve: s.do((*call).listFunctions), Doc: doc + "list-functions"},
		{Pattern: "GET " + sitePath + "/functions/{function}", Permission: action("functions/read"), Serve: s.do((*call).getFunction), Doc: doc + "get-function"},
		{Pattern: "POST " + sitePath + "/functions/{function}/listkeys", Permission: action("functions/listkeys/action"), Serve: s.functionKeys, Doc: doc + "list-function-keys"},
		{Pattern: "POST " + sitePath + "/host/default/listkeys", Permission: action("host/listkeys/action"), Serve: s.hostKeys, Doc: doc + "list-host-keys"},
	}
}

// ofType is what every resource type answers.
func (s *Service) ofType(t *resourceType) []route.Route {
	collection := groupPath + "/" + strings.ToLower(t.under)
	if t.parent != "" {
		collection = groupPath + "/" + strings.ToLower(s.typeOf(t.parent).under) + "/{parent}/" + strings.ToLower(t.under)
	}
	item := collection + "/{name}"
	bind := func(answer func(*call, *resourceType) (reply, error)) http.HandlerFunc {
		return s.do(func(c *call) (reply, error) { return answer(c, t) })
	}
	erase := bind((*call).delete)
	if t.name == siteType {
		erase = bind((*call).deleteSite)
	}
	routes := []route.Route{
		{Pattern: "PUT " + item, Permission: may(t.name + "/write"), Serve: bind((*call).put), Doc: t.doc},
		{Pattern: "GET " + item, Permission: may(t.name + "/read"), Serve: bind((*call).get), Doc: t.doc},
		{Pattern: "GET " + collection, Permission: may(t.name + "/read"), Serve: bind((*call).list), Doc: t.doc},
	}
	if !t.lasting {
		routes = append(routes, route.Route{Pattern: "DELETE " + item, Permission: may(t.name + "/delete"), Query: strings.Fields(t.query[http.MethodDelete]), Serve: erase, Doc: t.doc})
	}
	if t.tracked() {
		routes = append(routes, route.Route{Pattern: "GET " + subscriptionPath + "/" + strings.ToLower(t.under), Permission: may(t.name + "/read"), Query: strings.Fields(t.query[http.MethodGet]), Serve: bind((*call).list), Doc: t.doc})
	}
	return routes
}
