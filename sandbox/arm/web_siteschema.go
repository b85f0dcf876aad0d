package arm

import "app-to-app/sandbox/schema"

// This file describes the JSON of a site:
// learn.microsoft.com/rest/api/appservice/web-apps/create-or-update. Properties
// that the site's address would have to enforce (access restrictions, CORS,
// client certificates, networks) are left out, or take only the value that
// needs nothing enforced.

var siteProperties = schema.Fields{
	"clientCertMode":            schema.Text("Required", "Optional", "OptionalInteractiveUser"),
	"containerSize":             schema.Whole(),
	"dailyMemoryTimeQuota":      schema.Whole(),
	"endToEndEncryptionEnabled": schema.Flag().Only(false).Since("2023-12-01"),
	"functionAppConfig":         functionAppConfig.Since("2023-12-01"),
	"ipMode":                    schema.Text("IPv4", "IPv6", "IPv4AndIPv6").Only("IPv4").Since("2024-04-01"),
	"keyVaultReferenceIdentity": schema.Text(),
	"publicNetworkAccess":       schema.Text("Enabled", "Disabled").Only("Enabled"),
	"redundancyMode":            schema.Text("None", "Manual", "Failover", "ActiveActive", "GeoRedundant"),
	"serverFarmId":              schema.Text(),
	"siteConfig":                schema.Object(siteConfig),
	"virtualNetworkSubnetId":    schema.Text().Only(""),
	"vnetBackupRestoreEnabled":  schema.Flag().Only(false).Since("2023-12-01"),
	"sku":                       schema.Output().Since("2024-04-01"),
}.With(
	schema.Each(schema.Flag(), "clientAffinityEnabled", "enabled", "httpsOnly", "hyperV", "isXenon", "reserved", "scmSiteAlsoStopped",
		"storageAccountRequired"),
	schema.Each(schema.Flag().Only(false), "clientCertEnabled", "hostNamesDisabled", "vnetContentShareEnabled", "vnetImagePullEnabled",
		"vnetRouteAllEnabled"),
	schema.Outputs(
		"adminEnabled", "availabilityState", "cers", "computeMode", "contentAvailabilityState", "csrs", "customDomainVerificationId",
		"defaultHostName", "deploymentId", "dnsConfiguration", "eligibleLogCategories", "enabledHostNames", "geoDistributions",
		"hostingEnvironment", "hostingEnvironmentId", "hostingEnvironmentProfile", "hostNames", "hostNameSslStates", "inboundIpAddress",
		"inFlightFeatures", "inProgressOperationId", "isDefaultContainer", "lastModifiedTimeUtc", "managedEnvironmentId",
		"maxNumberOfWorkers", "name", "outboundIpAddresses", "owner", "possibleInboundIpAddresses", "possibleOutboundIpAddresses",
		"privateEndpointConnections", "privateLinkIdentifiers", "repositorySiteName", "resourceConfig", "resourceGroup",
		"runtimeAvailabilityState", "selfLink", "serverFarm", "siteDisabledReason", "siteProperties", "slotSwapStatus",
		"sslCertificates", "state", "storageRecoveryDefaultState", "suspendedTill", "tags", "targetBuildVersion", "targetSwapSlot",
		"trafficManagerHostNames", "usageState", "webSpace", "workloadProfileName"),
)

// functionAppConfig describes an app on Flex Consumption.
// learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code
var functionAppConfig = schema.Object(schema.Fields{
	"deployment": schema.Object(schema.Fields{
		"storage": schema.Object(schema.Fields{
			"type":  schema.Text("blobContainer").Required(),
			"value": schema.Text().Required(),
			"authentication": schema.Object(schema.Fields{
				"type":                               schema.Text("SystemAssignedIdentity", "UserAssignedIdentity", "StorageAccountConnectionString").Required(),
				"userAssignedIdentityResourceId":     schema.Text(),
				"storageAccountConnectionStringName": schema.Text(),
			}).Required(),
		}).Required(),
	}).Required(),
	"runtime": schema.Object(schema.Fields{
		"name":    schema.Text("dotnet-isolated", "node", "java", "powershell", "python", "custom").Required(),
		"version": schema.Text(),
	}).Required(),
	"scaleAndConcurrency": schema.Object(schema.Fields{
		"alwaysReady":          schema.List(schema.Object(schema.Fields{"name": schema.Text().Required(), "instanceCount": schema.Whole().Within(0, 1000).Required()})),
		"instanceMemoryMB":     schema.Whole(),
		"maximumInstanceCount": schema.Whole(),
		"triggers":             schema.Object(schema.Fields{"http": schema.Object(schema.Fields{"perInstanceConcurrency": schema.Whole().Within(1, 1000)})}),
	}),
	"siteUpdateStrategy": schema.Object(schema.Fields{"type": schema.Text("Recreate", "RollingUpdate").Only("Recreate")}).Since("2024-11-01"),
})

var siteConfig = schema.Fields{
	"appSettings":                 schema.List(schema.Object(schema.Fields{"name": schema.Text().Required(), "value": schema.Text(), "slotSetting": schema.Flag()})),
	"ftpsState":                   schema.Text("AllAllowed", "FtpsOnly", "Disabled"),
	"functionAppScaleLimit":       schema.Whole(),
	"minimumElasticInstanceCount": schema.Whole().Within(0, 20),
	"numberOfWorkers":             schema.Whole().Within(0, 100),
	"preWarmedInstanceCount":      schema.Whole().Within(0, 10),
}.With(schema.Each(schema.Flag(), "alwaysOn", "functionsRuntimeScaleMonitoringEnabled", "http20Enabled", "use32BitWorkerProcess"),
	schema.Each(schema.Flag().Only(false), "localMySqlEnabled", "remoteDebuggingEnabled", "webSocketsEnabled"),
	schema.Each(schema.Text("1.0", "1.1", "1.2", "1.3"), "minTlsVersion", "scmMinTlsVersion"),
	schema.Each(schema.Text(), "javaVersion", "linuxFxVersion", "netFrameworkVersion", "nodeVersion", "phpVersion", "powerShellVersion",
		"pythonVersion", "windowsFxVersion"))
