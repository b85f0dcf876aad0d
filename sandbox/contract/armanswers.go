package contract

// This file says which type each route of ARM and Key Vault answers with. A kind
// names the table that its type is in: appservice/site is site in
// appservice.txt.

const (
	group    = "/subscriptions/{subscription}/resourcegroups/{group}"
	accounts = "microsoft.storage/storageaccounts"
	site     = "microsoft.web/sites/{name}"
	refs     = site + "/config/configreferences/appsettings"
	userMSI  = "microsoft.managedidentity/userassignedidentities"
	vaults   = "microsoft.keyvault/vaults"
	secret   = "/keyvault/{vault}/secrets"
	deleted  = "/keyvault/{vault}/deletedsecrets"
)

// olderMetadata are the kinds of the metadata document by api-version, where they
// are not that of armAnswers. A bare list is not in a page.
var olderMetadata = map[string]string{
	"2015-01-01": "shared/oldEndpoints",
	"2018-05-01": "bare [shared/endpoints]",
	"2019-05-01": "bare [shared/endpoints]",
}

var armAnswers = map[string]string{
	"GET /metadata/endpoints":                          "shared/endpoints",
	"GET /tenants":                                     "[subscriptions/tenantIdDescription]",
	"GET /subscriptions":                               "[subscriptions/subscription]",
	"GET /subscriptions/{subscription}":                "subscriptions/subscription",
	"GET /subscriptions/{subscription}/locations":      "[subscriptions/location]",
	"GET /subscriptions/{subscription}/providers":      "[resources/provider]",
	"GET {namespace}":                                  "resources/provider",
	"POST {namespace}/register":                        "resources/provider",
	"POST {namespace}/unregister":                      "resources/provider",
	"GET /subscriptions/{subscription}/resources":      "[resources/genericResourceExpanded]",
	"GET " + group + "/resources":                      "[resources/genericResourceExpanded]",
	"GET /subscriptions/{subscription}/resourcegroups": "[resources/resourceGroup]",
	"PUT " + group:                                     "resources/resourceGroup",
	"GET " + group:                                     "resources/resourceGroup",
	"PATCH " + group:                                   "resources/resourceGroup",
	"DELETE " + group:                                  none,

	"GET /subscriptions/{subscription}/operationresults/{operation}":     none,
	"GET {namespace}/locations/{location}/operationresults/{operation}":  "storage/storageAccount", // accounts alone are created like this
	"GET {namespace}/locations/{location}/operationstatuses/{operation}": "shared/operationStatus",

	"GET microsoft.authorization/roledefinitions":                 "[authorization/roleDefinition]",
	"GET microsoft.authorization/roledefinitions/{definition}":    "authorization/roleDefinition",
	"GET microsoft.authorization/permissions":                     "[authorization/permission]",
	"GET microsoft.authorization/roleassignments":                 "[authorization/roleAssignment]",
	"PUT microsoft.authorization/roleassignments/{assignment}":    "authorization/roleAssignment",
	"GET microsoft.authorization/roleassignments/{assignment}":    "authorization/roleAssignment",
	"DELETE microsoft.authorization/roleassignments/{assignment}": "authorization/roleAssignment",

	"POST microsoft.web/checknameavailability":                     "appservice/resourceNameAvailability",
	"GET microsoft.web/georegions":                                 "[appservice/geoRegion]",
	"PUT " + site + "/config/appsettings":                          "appservice/stringDictionary",
	"POST " + site + "/config/appsettings/list":                    "appservice/stringDictionary",
	"GET " + site + "/config/slotconfignames":                      "appservice/slotConfigNamesResource",
	"GET " + site + "/config/web":                                  "appservice/siteConfigResource",
	"GET " + site + "/config/authsettingsv2":                       "appservice/siteAuthSettingsV2",
	"GET " + site + "/config/authsettingsv2/list":                  "appservice/siteAuthSettingsV2",
	"PUT " + site + "/config/authsettingsv2":                       "appservice/siteAuthSettingsV2",
	"GET " + refs:                                                  "[appservice/apiKVReference]",
	"GET " + refs + "/{setting}":                                   "appservice/apiKVReference",
	"POST " + refs + "/refresh":                                    none,
	"GET " + site + "/basicpublishingcredentialspolicies/{policy}": "appservice/csmPublishingCredentialsPoliciesEntity",
	"PUT " + site + "/basicpublishingcredentialspolicies/{policy}": "appservice/csmPublishingCredentialsPoliciesEntity",
	"POST " + site + "/restart":                                    none,
	"POST " + site + "/start":                                      none,
	"POST " + site + "/stop":                                       none,
	"POST " + site + "/syncfunctiontriggers":                       none,
	"GET " + site + "/functions":                                   "[appservice/functionEnvelope]",
	"GET " + site + "/functions/{function}":                        "appservice/functionEnvelope",
	"POST " + site + "/functions/{function}/listkeys":              "map string",
	"POST " + site + "/host/default/listkeys":                      "appservice/hostKeys",
	"PUT microsoft.web/serverfarms/{name}":                         "appservice/appServicePlan",
	"GET microsoft.web/serverfarms/{name}":                         "appservice/appServicePlan",
	"PATCH microsoft.web/serverfarms/{name}":                       "appservice/appServicePlan",
	"GET microsoft.web/serverfarms":                                "[appservice/appServicePlan]",
	"DELETE microsoft.web/serverfarms/{name}":                      none,
	"PUT " + site:             "appservice/site",
	"GET " + site:             "appservice/site",
	"PATCH " + site:           "appservice/site",
	"GET microsoft.web/sites": "[appservice/site]",
	"DELETE " + site:          none,

	"POST microsoft.storage/checknameavailability":                            "storage/checkNameAvailabilityResult",
	"PUT " + accounts + "/{name}":                                             "storage/storageAccount",
	"GET " + accounts + "/{name}":                                             "storage/storageAccount",
	"PATCH " + accounts + "/{name}":                                           "storage/storageAccount",
	"GET " + accounts:                                                         "[storage/storageAccount]",
	"DELETE " + accounts + "/{name}":                                          none,
	"PUT " + accounts + "/{parent}/blobservices/{name}":                       "storage/blobServiceProperties",
	"GET " + accounts + "/{parent}/blobservices/{name}":                       "storage/blobServiceProperties",
	"GET " + accounts + "/{parent}/blobservices":                              "[storage/blobServiceProperties]",
	"PUT " + accounts + "/{parent}/blobservices/default/containers/{name}":    "storage/blobContainer",
	"GET " + accounts + "/{parent}/blobservices/default/containers/{name}":    "storage/blobContainer",
	"PATCH " + accounts + "/{parent}/blobservices/default/containers/{name}":  "storage/blobContainer",
	"GET " + accounts + "/{parent}/blobservices/default/containers":           "[storage/listContainerItem]",
	"DELETE " + accounts + "/{parent}/blobservices/default/containers/{name}": none,

	"POST microsoft.keyvault/checknameavailability":                              "keyvault/checkNameAvailabilityResult",
	"GET microsoft.keyvault/managedhsms":                                         "[keyvault/managedHsm]",
	"GET microsoft.keyvault/deletedvaults":                                       "[keyvault/deletedVault]",
	"GET microsoft.keyvault/locations/{location}/deletedvaults/{deleted}":        "keyvault/deletedVault",
	"POST microsoft.keyvault/locations/{location}/deletedvaults/{deleted}/purge": none,
	"PUT " + vaults + "/{name}":                                                  "keyvault/vault",
	"GET " + vaults + "/{name}":                                                  "keyvault/vault",
	"PATCH " + vaults + "/{name}":                                                "keyvault/vault",
	"GET " + vaults:                                                              "[keyvault/vault]",
	"DELETE " + vaults + "/{name}":                                               none,
	"PUT " + vaults + "/{parent}/secrets/{name}":                                 "keyvault/secret",
	"GET " + vaults + "/{parent}/secrets/{name}":                                 "keyvault/secret",
	"GET " + vaults + "/{parent}/secrets":                                        "[keyvault/secret]",

	"PUT " + userMSI + "/{name}":    "msi/identity",
	"GET " + userMSI + "/{name}":    "msi/identity",
	"PATCH " + userMSI + "/{name}":  "msi/identity",
	"GET " + userMSI:                "[msi/identity]",
	"DELETE " + userMSI + "/{name}": none,
	"PUT " + userMSI + "/{parent}/federatedidentitycredentials/{name}":    "msi/federatedIdentityCredential",
	"GET " + userMSI + "/{parent}/federatedidentitycredentials/{name}":    "msi/federatedIdentityCredential",
	"GET " + userMSI + "/{parent}/federatedidentitycredentials":           "[msi/federatedIdentityCredential]",
	"DELETE " + userMSI + "/{parent}/federatedidentitycredentials/{name}": none,

	"PUT microsoft.insights/components/{name}":               "appinsights/applicationInsightsComponent",
	"GET microsoft.insights/components/{name}":               "appinsights/applicationInsightsComponent",
	"PATCH microsoft.insights/components/{name}":             "appinsights/applicationInsightsComponent",
	"GET microsoft.insights/components":                      "[appinsights/applicationInsightsComponent]",
	"DELETE microsoft.insights/components/{name}":            none,
	"GET microsoft.insights/logs":                            "logs/queryResults",
	"PUT microsoft.insights/diagnosticsettings/{setting}":    "monitor/diagnosticSettingsResource",
	"GET microsoft.insights/diagnosticsettings/{setting}":    "monitor/diagnosticSettingsResource",
	"GET microsoft.insights/diagnosticsettings":              "[monitor/diagnosticSettingsResource]",
	"DELETE microsoft.insights/diagnosticsettings/{setting}": none,

	"GET microsoft.operationalinsights/deletedworkspaces":    "[operationalinsights/workspace]",
	"PUT microsoft.operationalinsights/workspaces/{name}":    "operationalinsights/workspace",
	"GET microsoft.operationalinsights/workspaces/{name}":    "operationalinsights/workspace",
	"PATCH microsoft.operationalinsights/workspaces/{name}":  "operationalinsights/workspace",
	"GET microsoft.operationalinsights/workspaces":           "[operationalinsights/workspace]",
	"DELETE microsoft.operationalinsights/workspaces/{name}": none,
}

var vaultAnswers = map[string]string{
	"GET " + secret:                       "[secrets/secretItem]",
	"GET " + secret + "/{name}":           "secrets/secretBundle",
	"GET " + secret + "/{name}/{$}":       "secrets/secretBundle",
	"GET " + secret + "/{name}/{version}": "secrets/secretBundle",
	"GET " + secret + "/{name}/versions":  "[secrets/secretItem]",
	"PUT " + secret + "/{name}":           "secrets/secretBundle",
	"DELETE " + secret + "/{name}":        "secrets/deletedSecretBundle",
	"GET " + deleted:                      "[secrets/deletedSecretItem]",
	"GET " + deleted + "/{name}":          "secrets/deletedSecretBundle",
	"DELETE " + deleted + "/{name}":       none,
	"POST " + deleted + "/{name}/recover": "secrets/secretBundle",
}
