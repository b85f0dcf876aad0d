package arm

import "app-to-app/sandbox/route"

// resourceRoutes is what belongs to Microsoft.Resources, and what belongs to no
// provider.
func (s *Service) resourceRoutes() []route.Route {
	return []route.Route{
		{
			Pattern: "GET /metadata/endpoints",
			Serve:   s.metadata, Doc: "https://learn.microsoft.com/azure-stack/user/azure-stack-rest-api-use",
			Checked: "2026-11-23", Witness: "TestWitness/metadata",
		},
		{
			Pattern: "GET /tenants",
			Serve:   s.do((*call).listTenants), Doc: docs + "resources/tenants/list",
			Checked: "2026-11-23", Witness: "TestWitness/tenants",
		},
		{
			Pattern: "GET /subscriptions",
			Serve:   s.do((*call).listSubscriptions), Doc: docs + "resources/subscriptions/list",
			Checked: "2026-11-23", Witness: "TestWitness/subscriptions",
		},
		{
			Pattern: "GET " + subscriptionPath, Permission: may(subscriptionRead),
			Serve: s.do((*call).getSubscription), Doc: docs + "resources/subscriptions/get",
			Checked: "2026-11-23", Witness: "TestWitness/subscription",
		},
		{
			Pattern:    "GET " + subscriptionPath + "/locations",
			Permission: may("Microsoft.Resources/subscriptions/locations/read"),
			Serve:      s.do((*call).listLocations), Doc: docs + "resources/subscriptions/list-locations",
			Checked: "2026-11-23", Witness: "TestWitness/locations",
		},
		{
			Pattern: "GET " + subscriptionPath + "/resourcegroups",
			Serve:   s.do((*call).listGroups), Doc: docs + "resources/resource-groups/list",
			Checked: "2026-11-23", Witness: "TestWitness/resource groups",
		},
		{
			Pattern: "GET " + subscriptionPath + "/resources", Query: []string{"$filter", "$expand"},
			Serve: s.do((*call).listResources), Doc: docs + "resources/resources/list",
			Checked: "2026-11-23", Witness: "TestWitness/resources of a subscription",
		},
		{
			Pattern: "GET " + subscriptionPath + "/operationresults/{operation}",
			Serve:   s.do((*call).operationResult), Doc: docsAsync,
			Checked: "2026-11-23", Witness: "TestWitness/result of a group's deletion",
		},
		{
			Pattern: "GET " + subscriptionPath + "/providers", Permission: may(providerRead),
			Serve: s.do((*call).listNamespaces), Doc: docs + "resources/providers/list",
			Checked: "2026-11-23", Witness: "TestWitness/namespaces",
		},
		{
			Pattern: "GET " + subscriptionPath + "/providers/{namespace}", Permission: may(providerRead),
			Serve: s.do((*call).getNamespace), Doc: docs + "resources/providers/get",
			Checked: "2026-11-23", Witness: "TestWitness/namespace",
		},
		{
			Pattern:    "POST " + subscriptionPath + "/providers/{namespace}/register",
			Permission: may("{namespace}/register/action"),
			Serve:      s.do((*call).register), Doc: docs + "resources/providers/register",
			Checked: "2026-11-23", Witness: "TestWitness/register a namespace",
		},
		{
			Pattern:    "POST " + subscriptionPath + "/providers/{namespace}/unregister",
			Permission: may("{namespace}/unregister/action"),
			Serve:      s.do((*call).unregister), Doc: docs + "resources/providers/unregister",
			Checked: "2026-11-23", Witness: "TestWitness/unregister a namespace",
		},
		{
			Pattern: "GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationresults/{operation}",
			Serve:   s.do((*call).operationResult), Doc: docsAsync,
			Checked: "2026-11-23", Witness: "TestWitness/result of a creation",
		},
		{
			Pattern: "GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationstatuses/{operation}",
			Serve:   s.do((*call).operationStatus), Doc: docsAsync,
			Checked: "2026-11-23", Witness: "TestWitness/status of a creation",
		},
		{
			Pattern: "PUT " + groupPath, Permission: may(groupWrite),
			Serve: s.do((*call).putGroup), Doc: docs + "resources/resource-groups/create-or-update",
			Checked: "2026-11-23", Witness: "TestWitness/create a resource group",
		},
		{
			Pattern: "GET " + groupPath, Permission: may(groupRead),
			Serve: s.do((*call).getGroup), Doc: docs + "resources/resource-groups/get",
			Checked: "2026-11-23", Witness: "TestWitness/resource group",
		},
		{
			Pattern: "DELETE " + groupPath, Permission: may(groupErase),
			Serve: s.do((*call).deleteGroup), Doc: docs + "resources/resource-groups/delete",
			Checked: "2026-11-23", Witness: "TestWitness/delete a resource group",
		},
		{
			Pattern: "GET " + groupPath + "/resources", Query: []string{"$filter", "$expand"}, Permission: may(groupRead),
			Serve: s.do((*call).listResources), Doc: docs + "resources/resources/list-by-resource-group",
			Checked: "2026-11-23", Witness: "TestWitness/resources of a group",
		},
	}
}
