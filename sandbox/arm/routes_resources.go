package arm

import "app-to-app/sandbox/route"

// resourceRoutes is what belongs to Microsoft.Resources, and what belongs to no
// provider.
func (s *Service) resourceRoutes() []route.Route {
	const doc = docs + "resources/"
	return routesOf([]row{
		{"GET /metadata/endpoints", nil, nil,
			s.metadata, "https://learn.microsoft.com/azure-stack/user/azure-stack-rest-api-use", "2026-11-23", "metadata"},
		{"GET /tenants", nil, nil, s.doAt(subscriptionVersions, (*call).listTenants), doc + "tenants/list", "2026-11-23", "tenants"},
		{"GET /subscriptions", nil, nil,
			s.doAt(subscriptionVersions, (*call).listSubscriptions), doc + "subscriptions/list", "2026-11-23", "subscriptions"},
		{"GET " + subscriptionPath, may(subscriptionRead), nil,
			s.doAt(subscriptionVersions, (*call).getSubscription), doc + "subscriptions/get", "2026-11-23", "subscription"},
		{"GET " + subscriptionPath + "/locations", may("Microsoft.Resources/subscriptions/locations/read"), nil,
			s.doAt(subscriptionVersions, (*call).listLocations), doc + "subscriptions/list-locations", "2026-11-23", "locations"},
		{"GET " + subscriptionPath + "/resourcegroups", nil, nil,
			s.doAt(resourcesVersions, (*call).listGroups), doc + "resource-groups/list", "2026-11-23", "resource groups"},
		{"GET " + subscriptionPath + "/resources", nil, []string{"$filter", "$expand"},
			s.doAt(listVersions, (*call).listResources), doc + "resources/list", "2026-11-23", "resources of a subscription"},
		{"GET " + subscriptionPath + "/operationresults/{operation}", nil, nil,
			s.do((*call).operationResult), docsAsync, "2026-11-23", "result of a group's deletion"},
		{"GET " + subscriptionPath + "/providers", may(providerRead), nil,
			s.doAt(resourcesVersions, (*call).listNamespaces), doc + "providers/list", "2026-11-23", "namespaces"},
		{"GET " + subscriptionPath + "/providers/{namespace}", may(providerRead), nil,
			s.doAt(resourcesVersions, (*call).getNamespace), doc + "providers/get", "2026-11-23", "namespace"},
		{"POST " + subscriptionPath + "/providers/{namespace}/register", may("{namespace}/register/action"), nil,
			s.doAt(resourcesVersions, (*call).register), doc + "providers/register", "2026-11-23", "register a namespace"},
		{"POST " + subscriptionPath + "/providers/{namespace}/unregister", may("{namespace}/unregister/action"), nil,
			s.doAt(resourcesVersions, (*call).unregister), doc + "providers/unregister", "2026-11-23", "unregister a namespace"},
		{"GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationresults/{operation}", nil, nil,
			s.do((*call).operationResult), docsAsync, "2026-11-23", "result of a creation"},
		{"GET " + subscriptionPath + "/providers/{namespace}/locations/{location}/operationstatuses/{operation}", nil, nil,
			s.do((*call).operationStatus), docsAsync, "2026-11-23", "status of a creation"},
		{"PUT " + groupPath, may(groupWrite), nil,
			s.doAt(resourcesVersions, (*call).putGroup), doc + "resource-groups/create-or-update", "2026-11-23", "create a resource group"},
		{"GET " + groupPath, may(groupRead), nil,
			s.doAt(resourcesVersions, (*call).getGroup), doc + "resource-groups/get", "2026-11-23", "resource group"},
		{"PATCH " + groupPath, may(groupWrite), nil,
			s.doAt(resourcesVersions, (*call).patchGroup), doc + "resource-groups/update", "2026-11-26", "update a resource group"},
		{"DELETE " + groupPath, may(groupErase), nil,
			s.doAt(resourcesVersions, (*call).deleteGroup), doc + "resource-groups/delete", "2026-11-23", "delete a resource group"},
		{"GET " + groupPath + "/resources", may(groupRead), []string{"$filter", "$expand"},
			s.doAt(listVersions, (*call).listResources), doc + "resources/list-by-resource-group", "2026-11-23", "resources of a group"},
	})
}
