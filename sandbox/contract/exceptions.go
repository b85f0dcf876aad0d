package contract

// An exception is a member that Microsoft's services send otherwise than the
// published types say, or one of the sandbox's own. A kind with an exclamation mark is always there.
type exception struct{ file, of, member, kind, reason string }

const (
	whereParts = "App Service says where a site's parts are, as learn.microsoft.com/azure/app-service/configure-authentication-api-version shows"
	beforeVnet = "api-versions before 2024-11-01 have it instead of outboundVnetRouting (@azure/arm-appservice 16.0.0)"
)

var exceptions = []exception{
	{"graph", "application", "logo", "any", "a stream, which has an address of its own"},
	{"graphbeta", "application", "logo", "any", "a stream, which has an address of its own"},
	{"graph", "application", "managerApplications", "[guid]!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "managerApplications", "[guid]!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "signInAudienceRestrictions", "any!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "oauth2RequirePostResponse", "bool!", "the azuread provider speaks beta and reads it"},
	{"graphbeta", "application", "applicationTemplateId", "string", "the azuread provider speaks beta and reads it"},
	{"graphbeta", "servicePrincipal", "createdDateTime", "dateTime", "in the metadata of sovereign clouds' beta, not in the package"},
	{"graph", "organization", "mobileDeviceManagementAuthority", "{unknown|intune|sccm|office365}", "Intune's; it is shown if it is selected"},
	{"graphbeta", "organization", "mobileDeviceManagementAuthority", "{unknown|intune|sccm|office365}", "Intune's; it is shown if it is selected"},

	{"shared", "endpoints", "appToAppFunctionsPlatform", "string", "the sandbox's own, where it does not run on Azure's linux/amd64 (sandbox/arm/metadata.go)"},

	{"appservice", "siteProperties", "lastModifiedTimeUtc", "zoneless!", "samples of learn.microsoft.com/rest/api/appservice/web-apps/create-or-update name no zone"},
	{"appservice", "siteProperties", "vnetBackupRestoreEnabled", "bool", beforeVnet},
	{"appservice", "siteProperties", "vnetContentShareEnabled", "bool", beforeVnet},
	{"appservice", "siteProperties", "vnetImagePullEnabled", "bool", beforeVnet},
	{"appservice", "siteProperties", "vnetRouteAllEnabled", "bool", beforeVnet},
	{"appservice", "stringDictionary", "location", "string", whereParts},
	{"appservice", "siteConfigResource", "location", "string", whereParts},
	{"appservice", "siteAuthSettingsV2", "location", "string", whereParts},
	{"appservice", "csmPublishingCredentialsPoliciesEntity", "location", "string", whereParts},
	{"appservice", "functionEnvelope", "location", "string", whereParts},
}

// A sent is members that the packages call optional, because requests need not
// have them, and that Microsoft's samples of answers always have.
type sent struct{ file, of, members, page string }

const restAPI = "https://learn.microsoft.com/rest/api/"

var alwaysSent = []sent{
	{"appservice", "siteProperties", "availabilityState clientAffinityEnabled clientCertEnabled customDomainVerificationId dailyMemoryTimeQuota " +
		"defaultHostName enabled enabledHostNames hostNameSslStates hostNames hostNamesDisabled httpsOnly hyperV isXenon " +
		"keyVaultReferenceIdentity outboundIpAddresses possibleOutboundIpAddresses redundancyMode repositorySiteName reserved resourceGroup " +
		"scmSiteAlsoStopped serverFarmId state storageAccountRequired usageState", restAPI + "appservice/web-apps/get"},
	{"appservice", "site", "properties", restAPI + "appservice/web-apps/get"},
	{"appservice", "hostNameSslState", "hostType name sslState", restAPI + "appservice/web-apps/get"},
	{"appservice", "appServicePlan", "properties sku", restAPI + "appservice/app-service-plans/get"},
	{"appservice", "appServicePlanProperties", "geoRegion isSpot maximumNumberOfWorkers numberOfSites numberOfWorkers provisioningState reserved " +
		"status targetWorkerCount targetWorkerSizeId", restAPI + "appservice/app-service-plans/get"},
	{"appservice", "skuDescription", "capacity family name size tier", restAPI + "appservice/app-service-plans/get"},
	{"storage", "storageAccount", "kind properties sku", restAPI + "storagerp/storage-accounts/get-properties"},
	{"storage", "storageAccountProperties", "creationTime encryption keyCreationTime networkAcls primaryEndpoints primaryLocation " +
		"provisioningState statusOfPrimary supportsHttpsTrafficOnly", restAPI + "storagerp/storage-accounts/get-properties"},
	{"storage", "sku", "tier", restAPI + "storagerp/storage-accounts/get-properties"},
	{"msi", "identity", "properties", restAPI + "managedidentity/user-assigned-identities/get"},
	{"msi", "identityProperties", "clientId principalId tenantId", restAPI + "managedidentity/user-assigned-identities/get"},
	{"msi", "federatedIdentityCredentialProperties", "audiences issuer subject", restAPI + "managedidentity/federated-identity-credentials/get"},
	{"authorization", "roleAssignmentProperties", "principalId principalType roleDefinitionId scope", restAPI + "authorization/role-assignments/get"},
	{"keyvault", "vaultProperties", "enableSoftDelete provisioningState softDeleteRetentionInDays vaultUri", restAPI + "keyvault/keyvault/vaults/get"},
	{"keyvault", "secretProperties", "attributes secretUri secretUriWithVersion", restAPI + "keyvault/keyvault/secrets/get"},
	{"secrets", "secretBundle", "attributes id", restAPI + "keyvault/secrets/get-secret/get-secret"},
	{"secrets", "secretItem", "attributes id", restAPI + "keyvault/secrets/get-secrets/get-secrets"},
	{"secrets", "deletedSecretBundle", "attributes deletedDate id recoveryId scheduledPurgeDate", restAPI + "keyvault/secrets/get-deleted-secret/get-deleted-secret"},
	{"secrets", "deletedSecretItem", "attributes deletedDate id recoveryId scheduledPurgeDate", restAPI + "keyvault/secrets/get-deleted-secrets/get-deleted-secrets"},
}
