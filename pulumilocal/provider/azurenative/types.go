package azurenative

import (
	"maps"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	web "github.com/pulumi/pulumi-azure-native-sdk/web/v2/v20240401"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file is the table of what the stand-in emulates. Paths, api-versions and
// the wire names of properties are those of the azure-rest-api-specs that the
// official provider is generated from.

// A kind is one resource type at one api-version.
type kind struct {
	tokens  []string // module and version, as in web/v20240401:WebApp
	args    any      // the SDK's argument struct
	state   any      // the SDK's resource struct
	path    string   // ARM id; {input} is an input, {subscriptionId} the deployer's
	version string
	lacks   []string // properties of the structs that the version does not have

	name     string        // the input that is generated when absent
	guid     bool          // and is a GUID, instead of the resource's name and 8 digits
	location bool          // location is filled in when absent
	top      []string      // inputs beside location, tags, sku, kind and identity that stand at the top of the body
	inside   []string      // inputs of those five that stand in properties
	replace  []string      // beside the inputs in the path
	wire     names         // properties whose wire name differs
	emptied  plugin.Object // what an input is set to when it is taken away

	readVersion string        // of custom reads, for all api-versions
	readLacks   []string      // properties of state that they do not have
	readSibling string        // appended to the path: read by POST
	merge       string        // property that is read from a sibling by GET, config/web for siteConfig
	reset       plugin.Object // of a singleton: sent by PUT instead of a DELETE
	deleteQuery map[string][]string
	dataPlane   bool // deleted at the address in properties.secretUri: ARM cannot
}

// names are SDK names by path ("networkRuleSet.ipRules.iPAddressOrRange"; lists
// have no segment) and their wire names.
type names map[string]string

const group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"

// kinds are all types and versions.
func kinds() []kind {
	all := []kind{
		{
			tokens: []string{"resources:ResourceGroup", "resources/v20220901:ResourceGroup"}, version: "2022-09-01",
			args: resources.ResourceGroupArgs{}, state: resources.ResourceGroup{},
			path: "/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}",
			name: "resourceGroupName", location: true, top: []string{"managedBy"}, replace: []string{"location"},
		},
		{
			tokens: []string{"storage:StorageAccount", "storage/v20220901:StorageAccount"}, version: "2022-09-01",
			args: storage.StorageAccountArgs{}, state: storage.StorageAccount{},
			path: group + "Microsoft.Storage/storageAccounts/{accountName}",
			name: "accountName", location: true, top: []string{"extendedLocation"}, replace: []string{"location", "isHnsEnabled"},
			wire: names{
				"networkRuleSet": "networkAcls", "networkRuleSet.ipRules.iPAddressOrRange": "value",
				"networkRuleSet.virtualNetworkRules.virtualNetworkResourceId": "id",
				"enableHttpsTrafficOnly": "supportsHttpsTrafficOnly", "enableNfsV3": "isNfsV3Enabled",
				"encryption.keyVaultProperties": "keyvaultproperties", "encryption.keyVaultProperties.keyName": "keyname",
				"encryption.keyVaultProperties.keyVersion": "keyversion", "encryption.keyVaultProperties.keyVaultUri": "keyvaulturi",
				"encryption.encryptionIdentity": "identity", "encryption.encryptionIdentity.encryptionUserAssignedIdentity": "userAssignedIdentity",
				"encryption.encryptionIdentity.encryptionFederatedIdentityClientId": "federatedIdentityClientId",
			},
			emptied: plugin.Object{"networkRuleSet": plugin.Object{"bypass": "AzureServices", "defaultAction": "Allow",
				"ipRules": []any{}, "virtualNetworkRules": []any{}, "resourceAccessRules": []any{}}},
		},
		{
			tokens: []string{"storage:BlobContainer", "storage/v20220901:BlobContainer"}, version: "2022-09-01",
			args: storage.BlobContainerArgs{}, state: storage.BlobContainer{},
			path: group + "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}",
			name: "containerName",
		},
		{
			// Every account has one, so there is nothing to create or delete.
			tokens: []string{"storage:BlobServiceProperties", "storage/v20220901:BlobServiceProperties"}, version: "2022-09-01",
			args: storage.BlobServicePropertiesArgs{}, state: storage.BlobServiceProperties{},
			path:  group + "Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}",
			reset: plugin.Object{"properties": plugin.Object{}},
		},
		{
			tokens: []string{"managedidentity:UserAssignedIdentity", "managedidentity/v20230131:UserAssignedIdentity"}, version: "2023-01-31",
			args: managedidentity.UserAssignedIdentityArgs{}, state: managedidentity.UserAssignedIdentity{},
			path: group + "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
			name: "resourceName", location: true, replace: []string{"location"},
		},
		{
			tokens: []string{"authorization:RoleAssignment", "authorization/v20220401:RoleAssignment"}, version: "2022-04-01",
			args: authorization.RoleAssignmentArgs{}, state: authorization.RoleAssignment{},
			path: "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
			name: "roleAssignmentName", guid: true, replace: []string{"principalId"},
		},
		{
			tokens: []string{"insights:Component", "insights/v20200202:Component"}, version: "2020-02-02",
			args: insights.ComponentArgs{}, state: insights.Component{},
			path: group + "Microsoft.Insights/components/{resourceName}",
			name: "resourceName", location: true, replace: []string{"location"},
			wire: names{
				"appId": "AppId", "applicationId": "ApplicationId", "applicationType": "Application_Type", "connectionString": "ConnectionString",
				"creationDate": "CreationDate", "disableIpMasking": "DisableIpMasking", "disableLocalAuth": "DisableLocalAuth", "flowType": "Flow_Type",
				"forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler", "hockeyAppId": "HockeyAppId", "hockeyAppToken": "HockeyAppToken",
				"immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days", "ingestionMode": "IngestionMode", "instrumentationKey": "InstrumentationKey",
				"laMigrationDate": "LaMigrationDate", "privateLinkScopedResources": "PrivateLinkScopedResources", "requestSource": "Request_Source",
				"retentionInDays": "RetentionInDays", "samplingPercentage": "SamplingPercentage", "tenantId": "TenantId",
				"workspaceResourceId": "WorkspaceResourceId",
			},
		},
		{
			tokens: []string{"insights:DiagnosticSetting", "insights/v20210501preview:DiagnosticSetting"}, version: "2021-05-01-preview",
			args: insights.DiagnosticSettingArgs{}, state: insights.DiagnosticSetting{},
			path: "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
			name: "name",
		},
		{
			tokens: []string{"operationalinsights:Workspace", "operationalinsights/v20221001:Workspace"}, version: "2022-10-01",
			args: operationalinsights.WorkspaceArgs{}, state: operationalinsights.Workspace{},
			path: group + "Microsoft.OperationalInsights/workspaces/{workspaceName}",
			name: "workspaceName", location: true, inside: []string{"sku"}, replace: []string{"location"},
		},
		{
			// The specification does not say that a vault's location is fixed, so
			// a change of it is sent, and ARM refuses it.
			tokens: []string{"keyvault:Vault", "keyvault/v20230201:Vault"}, version: "2023-02-01",
			args: keyvault.VaultArgs{}, state: keyvault.Vault{},
			path: group + "Microsoft.KeyVault/vaults/{vaultName}",
			name: "vaultName", location: true, top: []string{"properties"},
		},
		{
			tokens: []string{"keyvault:Secret", "keyvault/v20230201:Secret"}, version: "2023-02-01",
			args: keyvault.SecretArgs{}, state: keyvault.Secret{},
			path: group + "Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}",
			name: "secretName", top: []string{"properties"}, dataPlane: true,
			wire: names{"properties.attributes.expires": "exp", "properties.attributes.notBefore": "nbf"},
		},
	}
	all = append(all, webKinds("web:", "2022-09-01", laterThan20220901)...)
	return append(all, webKinds("web/v20240401:", "2024-04-01", nil)...)
}

// laterThan20220901 are the properties of a site that came after that version.
var laterThan20220901 = []string{
	"autoGeneratedDomainNameLabelScope", "daprConfig", "dnsConfiguration", "endToEndEncryptionEnabled", "functionAppConfig", "ipMode",
	"resourceConfig", "sku", "vnetBackupRestoreEnabled", "workloadProfileName", "siteConfig.minTlsCipherSuite",
}

// webKinds are the types of Microsoft.Web. A site is read by a custom read
// whatever its version: at 2022-09-01, with its configuration from config/web.
// Properties of later versions (functionAppConfig) are therefore never read.
func webKinds(module, version string, lacks []string) []kind {
	const site = group + "Microsoft.Web/sites/{name}"
	policy := func(name, segment string, args, state any) kind {
		return kind{
			tokens: []string{module + name}, version: version, args: args, state: state,
			path:  site + "/basicPublishingCredentialsPolicies/" + segment,
			reset: plugin.Object{"properties": plugin.Object{"allow": true}},
		}
	}
	return []kind{
		{
			tokens: []string{module + "AppServicePlan"}, version: version, args: web.AppServicePlanArgs{}, state: web.AppServicePlan{},
			path: group + "Microsoft.Web/serverfarms/{name}", name: "name", location: true, top: []string{"extendedLocation"}, replace: []string{"location"},
		},
		{
			tokens: []string{module + "WebApp"}, version: version, args: web.WebAppArgs{}, state: web.WebApp{}, lacks: lacks,
			path: site, name: "name", location: true, top: []string{"extendedLocation"}, replace: []string{"location", "kind"},
			readVersion: "2022-09-01", readLacks: laterThan20220901, merge: "siteConfig",
			deleteQuery: map[string][]string{"deleteEmptyServerFarm": {"false"}},
		},
		{
			tokens: []string{module + "WebAppApplicationSettings"}, version: version,
			args: web.WebAppApplicationSettingsArgs{}, state: web.WebAppApplicationSettings{},
			path: site + "/config/appsettings", top: []string{"properties"}, readSibling: "/list",
			reset: plugin.Object{"properties": plugin.Object{}},
		},
		policy("WebAppFtpAllowed", "ftp", web.WebAppFtpAllowedArgs{}, web.WebAppFtpAllowed{}),
		policy("WebAppScmAllowed", "scm", web.WebAppScmAllowedArgs{}, web.WebAppScmAllowed{}),
	}
}

// resources makes the provider's table of it.
func (p *provider) resources() map[string]plugin.Resource {
	table := map[string]plugin.Resource{}
	for _, k := range kinds() {
		r := &armResource{provider: p, kind: k, args: plugin.TypeOf(k.args).Without(k.lacks...), state: plugin.TypeOf(k.state).Without(k.lacks...)}
		r.read = r.state.Without(k.readLacks...)
		resource := plugin.Resource{
			Args: r.args, State: r.state, Replace: append(pathInputs(k.path), k.replace...),
			Validate: r.validate, DeleteFirst: deleteFirst, StateAsInputs: r.stateAsInputs, Lifecycle: r,
		}
		for _, token := range k.tokens {
			table["azure-native:"+token] = resource
		}
	}
	return table
}

// invert gives the SDK names by path of SDK names and wire name.
func (n names) invert() map[[2]string]string {
	inverse := map[[2]string]string{}
	for path, wire := range n {
		parent, name := cutLast(path)
		inverse[[2]string{parent, wire}] = name
	}
	return inverse
}

func cutLast(path string) (parent, name string) {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			return path[:i], path[i+1:]
		}
	}
	return "", path
}

func clone(o plugin.Object) plugin.Object {
	result := plugin.Object{}
	maps.Copy(result, o)
	return result
}
