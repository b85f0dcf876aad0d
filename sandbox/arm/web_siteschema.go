package arm

// This file says what a site's JSON may hold:
// learn.microsoft.com/rest/api/appservice/web-apps/create-or-update. Properties
// that would need enforcing by what stands behind the host name (access
// restrictions, CORS, client certificates, networks) are left out or take only
// the value that needs none, because keeping them without effect would be a
// lie.

var siteProperties = schema{
	"clientAffinityEnabled":      flag(),
	"clientCertEnabled":          flag().only(false),
	"clientCertMode":             text("Required", "Optional", "OptionalInteractiveUser"),
	"containerSize":              whole(0, 0),
	"dailyMemoryTimeQuota":       whole(0, 0),
	"enabled":                    flag(),
	"endToEndEncryptionEnabled":  flag().only(false).from("2023-12-01"),
	"functionAppConfig":          functionAppConfig.from("2023-12-01"),
	"hostNamesDisabled":          flag().only(false),
	"httpsOnly":                  flag(),
	"hyperV":                     flag(),
	"ipMode":                     text("IPv4", "IPv6", "IPv4AndIPv6").only("IPv4").from("2024-04-01"),
	"isXenon":                    flag(),
	"keyVaultReferenceIdentity":  text(),
	"publicNetworkAccess":        text("Enabled", "Disabled").only("Enabled"),
	"redundancyMode":             text("None", "Manual", "Failover", "ActiveActive", "GeoRedundant"),
	"reserved":                   flag(),
	"scmSiteAlsoStopped":         flag(),
	"serverFarmId":               text(),
	"siteConfig":                 object(siteConfig),
	"storageAccountRequired":     flag(),
	"virtualNetworkSubnetId":     text().only(""),
	"vnetBackupRestoreEnabled":   flag().only(false).from("2023-12-01"),
	"vnetContentShareEnabled":    flag().only(false),
	"vnetImagePullEnabled":       flag().only(false),
	"vnetRouteAllEnabled":        flag().only(false),
	"customDomainVerificationId": output(),
	"sku":                        output().from("2024-04-01"),
}.with(outputs("adminEnabled", "availabilityState", "cers", "computeMode", "contentAvailabilityState", "csrs", "defaultHostName", "deploymentId",
	"dnsConfiguration", "eligibleLogCategories", "enabledHostNames", "geoDistributions", "hostNameSslStates", "hostNames", "hostingEnvironment",
	"hostingEnvironmentId", "hostingEnvironmentProfile", "inFlightFeatures", "inProgressOperationId", "inboundIpAddress", "isDefaultContainer",
	"lastModifiedTimeUtc", "managedEnvironmentId", "maxNumberOfWorkers", "name", "outboundIpAddresses", "owner", "possibleInboundIpAddresses",
	"possibleOutboundIpAddresses", "privateEndpointConnections", "privateLinkIdentifiers", "repositorySiteName", "resourceConfig", "resourceGroup",
	"runtimeAvailabilityState", "selfLink", "serverFarm", "siteDisabledReason", "siteProperties", "slotSwapStatus", "sslCertificates",
	"state", "storageRecoveryDefaultState", "suspendedTill", "tags", "targetBuildVersion", "targetSwapSlot", "trafficManagerHostNames",
	"usageState", "webSpace", "workloadProfileName"))

// functionAppConfig describes an app on Flex Consumption.
// learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code
var functionAppConfig = object(schema{
	"deployment": object(schema{
		"storage": object(schema{
			"type":  text("blobContainer").need(),
			"value": text().need(),
			"authentication": object(schema{
				"type":                               text("SystemAssignedIdentity", "UserAssignedIdentity", "StorageAccountConnectionString").need(),
				"userAssignedIdentityResourceId":     text(),
				"storageAccountConnectionStringName": text(),
			}).need(),
		}).need(),
	}).need(),
	"runtime": object(schema{
		"name":    text("dotnet-isolated", "node", "java", "powershell", "python", "custom").need(),
		"version": text(),
	}).need(),
	"scaleAndConcurrency": object(schema{
		"alwaysReady":          list(object(schema{"name": text().need(), "instanceCount": whole(0, 1000).need()})),
		"instanceMemoryMB":     whole(0, 0),
		"maximumInstanceCount": whole(0, 0),
		"triggers":             object(schema{"http": object(schema{"perInstanceConcurrency": whole(1, 1000)})}),
	}),
	"siteUpdateStrategy": object(schema{"type": text("Recreate", "RollingUpdate").only("Recreate")}).from("2024-11-01"),
})

var siteConfig = schema{
	"alwaysOn":                               flag(),
	"appSettings":                            list(object(schema{"name": text().need(), "value": text(), "slotSetting": flag()})),
	"ftpsState":                              text("AllAllowed", "FtpsOnly", "Disabled"),
	"functionAppScaleLimit":                  whole(0, 0),
	"functionsRuntimeScaleMonitoringEnabled": flag(),
	"http20Enabled":                          flag(),
	"javaVersion":                            text(),
	"linuxFxVersion":                         text(),
	"localMySqlEnabled":                      flag().only(false),
	"minTlsVersion":                          text("1.0", "1.1", "1.2", "1.3"),
	"minimumElasticInstanceCount":            whole(0, 20),
	"netFrameworkVersion":                    text(),
	"nodeVersion":                            text(),
	"numberOfWorkers":                        whole(0, 100),
	"phpVersion":                             text(),
	"powerShellVersion":                      text(),
	"preWarmedInstanceCount":                 whole(0, 10),
	"pythonVersion":                          text(),
	"remoteDebuggingEnabled":                 flag().only(false),
	"scmMinTlsVersion":                       text("1.0", "1.1", "1.2", "1.3"),
	"use32BitWorkerProcess":                  flag(),
	"webSocketsEnabled":                      flag().only(false),
	"windowsFxVersion":                       text(),
}
