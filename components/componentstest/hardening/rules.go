// Package hardening checks what a program registers, as mocks recorded it, by the
// rules that reviews against benchmarks look for. Tests use it.
package hardening

// This file is the table of rules: what a review against a benchmark
// looks for in the resources of a stack, and where each rule stands. The rules
// of the file are:
//   - the numbers of CIS are those of its Microsoft Azure Foundations Benchmark
//     3.0.0; MCSB is the Microsoft cloud security benchmark v1; AVM is Azure
//     Verified Modules
//   - a rule that is held is checked in every stack of the tests
//   - a rule that is not held has its reason, and a check that it is still so:
//     when that fails, the row has become wrong
//   - each rule says how it can be broken, and a test does that

// A State says where a rule stands.
type State string

const (
	Held      State = "held"
	NotStated State = "not stated"
	Open      State = "open"
)

// A Rule is one row.
type Rule struct {
	ID, Source, Page string
	Text             string // what is checked
	State            State
	Because          string // why it is not held, or what is held only in part
	requirement
}

const (
	cis  = "https://www.cisecurity.org/benchmark/azure"
	mcsb = "https://learn.microsoft.com/security/benchmark/azure/mcsb-"
	avm  = "https://azure.github.io/Azure-Verified-Modules/spec/"
	// noSiteConfig: pulumi-azure-native issue 4168.
	noSiteConfig = "the SDK adds `netFrameworkVersion` to any `siteConfig`, and Flex Consumption refuses that (error 51021); "
)

// Rules is the table.
var Rules = []Rule{
	{ID: "site-https", Source: "CIS 9.1", Page: cis, Text: "function apps take HTTPS only", State: Held,
		requirement: every(siteToken, "httpsOnly", true, false)},
	{ID: "site-identity", Source: "CIS 9.5", Page: cis, Text: "function apps have a managed identity", State: Held,
		requirement: all(siteToken, "identity.type", isOneOf("UserAssigned", "SystemAssigned, UserAssigned"), "None")},
	{ID: "site-ftp", Source: "CIS 9.6", Page: cis, Text: "no passwords for FTP", State: Held,
		requirement: owns(siteToken, ftpToken, "name", "allow", is(false), true)},
	{ID: "site-scm", Source: "CIS 9.6", Page: cis, Text: "no passwords for the SCM site", State: Held,
		requirement: owns(siteToken, scmToken, "name", "allow", is(false), true)},
	{ID: "site-logs", Source: "MCSB LT-3", Page: mcsb + "logging-threat-detection", Text: "logs of function apps go to a workspace of the stack", State: Held,
		requirement: owns(siteToken, diagnosticToken, "resourceUri", "logs", logsTo("FunctionAppLogs"), []any{})},
	{ID: "site-secrets", Source: "MCSB IM-8", Page: mcsb + "identity-management", Text: "app settings hold no secret, only references to a vault", State: Held,
		requirement: all(appSettingsToken, "properties", holdsNoSecret, map[string]any{"ORDERS_CLIENT_SECRET": "secret-of-a-client"})},
	{ID: "storage-https", Source: "CIS 4.1", Page: cis, Text: "storage accounts take HTTPS only", State: Held,
		requirement: every(accountToken, "enableHttpsTrafficOnly", true, false)},
	{ID: "storage-tls", Source: "CIS 4.15", Page: cis, Text: "storage accounts take TLS 1.2 or later", State: Held,
		requirement: every(accountToken, "minimumTlsVersion", "TLS1_2", "TLS1_0")},
	{ID: "storage-keys", Source: "MCSB IM-1", Page: mcsb + "identity-management", Text: "storage accounts take no shared keys", State: Held,
		requirement: every(accountToken, "allowSharedKeyAccess", false, true)},
	{ID: "storage-anonymous", Source: "CIS 4.17", Page: cis, Text: "no anonymous access to blobs", State: Held,
		requirement: every(accountToken, "allowBlobPublicAccess", false, true)},
	{ID: "storage-replication", Source: "CIS 4.16", Page: cis, Text: "no replication into other tenants", State: Held,
		requirement: every(accountToken, "allowCrossTenantReplication", false, true)},
	{ID: "storage-blobs", Source: "CIS 4.10", Page: cis, Text: "deleted blobs can be recovered for at least 7 days", State: Held,
		requirement: owns(accountToken, blobServiceToken, "accountName", "deleteRetentionPolicy", keepsDays(7), map[string]any{"enabled": true, "days": 6.0})},
	{ID: "storage-containers", Source: "CIS 4.10", Page: cis, Text: "deleted containers can be recovered for at least 7 days", State: Held,
		requirement: owns(accountToken, blobServiceToken, "accountName", "containerDeleteRetentionPolicy", keepsDays(7), map[string]any{"enabled": false, "days": 7.0})},
	{ID: "vault-rbac", Source: "CIS 3.3.6", Page: cis, Text: "vaults decide by role assignments", State: Held,
		requirement: every(vaultToken, "properties.enableRbacAuthorization", true, false)},
	{ID: "vault-expiry", Source: "CIS 3.3.3", Page: cis, Text: "secrets have an expiry", State: Held, Because: "that of the credential; an empty slot is disabled and has none",
		requirement: all(secretToken, "properties.attributes.expires", isAfter2026, 0.0).only(isEnabled)},
	{ID: "vault-logs", Source: "CIS 6.1.4", Page: cis, Text: "the log of who read which secret goes to a workspace of the stack", State: Held,
		requirement: owns(vaultToken, diagnosticToken, "resourceUri", "logs", logsTo("audit", "allLogs"), []any{map[string]any{"categoryGroup": "audit", "enabled": true}})},
	{ID: "vault-purge", Source: "CIS 3.3.5", Page: cis, Text: "vaults of protected stacks cannot be purged", State: Held,
		requirement: every(vaultToken, "properties.enablePurgeProtection", true, false).only(isProtected)},
	{ID: "vault-days", Source: "CIS 3.3.5", Page: cis, Text: "vaults of protected stacks can be recovered for 90 days", State: Held, Because: "a vault made without protection keeps its 7",
		requirement: every(vaultToken, "properties.softDeleteRetentionInDays", 90.0, 7.0).only(isProtected)},
	{ID: "prod-secrets", Source: "MCSB IM-3", Page: mcsb + "identity-management", Text: "prod has no client secret, certificate or vault", State: Held,
		requirement: none(isProduction, passwordToken, certificateToken, vaultToken)},
	{ID: "api-tenant", Source: "MCSB IM-1", Page: mcsb + "identity-management", Text: "app registrations admit one tenant", State: Held,
		requirement: every(applicationToken, "signInAudience", "AzureADMyOrg", "AzureADMultipleOrgs")},
	{ID: "api-assignment", Source: "MCSB PA-7", Page: mcsb + "privileged-access", Text: "only who is assigned gets a token for the API", State: Held,
		requirement: every(principalToken, "appRoleAssignmentRequired", true, false).only(isAPI)},
	{ID: "roles-narrow", Source: "MCSB PA-7", Page: mcsb + "privileged-access", Text: "Azure roles are none that manage access or everything", State: Held,
		requirement: all(assignmentToken, "roleDefinitionId", isNarrow, ownerRole)},
	{ID: "roles-scope", Source: "MCSB PA-7", Page: mcsb + "privileged-access", Text: "Azure roles are on one resource each", State: Held,
		requirement: all(assignmentToken, "scope", isOneResource, "/subscriptions/s/resourceGroups/g")},
	{ID: "logs-entra", Source: "MCSB IM-1", Page: mcsb + "identity-management", Text: "workspaces take no data by key", State: Held,
		requirement: every(workspaceToken, "features.disableLocalAuth", true, false)},
	{ID: "telemetry-entra", Source: "MCSB IM-1", Page: mcsb + "identity-management", Text: "Application Insights takes no data by key", State: Held,
		requirement: every(insightsToken, "disableLocalAuth", true, false)},
	{ID: "logs-days", Source: "MCSB LT-6", Page: mcsb + "logging-threat-detection", Text: "logs are kept for 30 days", State: Held, Because: "Azure charges for more than 31",
		requirement: every(workspaceToken, "retentionInDays", 30.0, 7.0)},
	{ID: "logs-cap", Source: "Azure Monitor", Page: "https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap", Text: "workspaces have a daily cap", State: Held,
		requirement: all(workspaceToken, "workspaceCapping.dailyQuotaGb", isPositive, -1.0)},

	{ID: "site-ftps", Source: "CIS 9.3", Page: cis, Text: "`ftpsState`", State: NotStated, Because: "Flex Consumption refuses it (error 51021); site-ftp closes FTP",
		requirement: never(siteToken, "siteConfig.ftpsState", "Disabled")},
	{ID: "site-tls", Source: "CIS 9.4", Page: cis, Text: "`minTlsVersion`", State: NotStated, Because: noSiteConfig + "Azure's own default is 1.2",
		requirement: never(siteToken, "siteConfig.minTlsVersion", "1.2")},
	{ID: "site-http2", Source: "CIS 9.10", Page: cis, Text: "`http20Enabled`", State: NotStated, Because: noSiteConfig + "Azure's own default stays",
		requirement: never(siteToken, "siteConfig.http20Enabled", true)},
	{ID: "site-http-logs", Source: "CIS 6.1.6", Page: cis, Text: "`AppServiceHTTPLogs`", State: NotStated, Because: "function apps do not have this category; the API and the Functions host log requests",
		requirement: all(diagnosticToken, "logs", lacksLog("AppServiceHTTPLogs"), []any{map[string]any{"category": "AppServiceHTTPLogs", "enabled": true}})},
	{ID: "vault-purge-others", Source: "CIS 3.3.5", Page: cis, Text: "purge protection elsewhere", State: NotStated, Because: "a short-lived stack must leave nothing behind, and its teardown purges its vaults",
		requirement: never(vaultToken, "properties.enablePurgeProtection", true).only(isNotProtected)},

	{ID: "site-authentication", Source: "CIS 9.2", Page: cis, Text: "platform authentication", State: Open,
		Because:     "the API verifies tokens itself, app roles included, which the platform does not check; in front of it the platform would be a second opinion",
		requirement: none(everywhere, "azure-native:web:WebAppAuthSettingsV2")},
	{ID: "network", Source: "MCSB NS-2", Page: mcsb + "network-security", Text: "private endpoints, and no public network access", State: Open,
		Because:     "they cost money by the hour, and publishing from CI would need a runner inside the network",
		requirement: none(everywhere, "azure-native:network:PrivateEndpoint")},
	{ID: "vault-network", Source: "CIS 3.3.7", Page: cis, Text: "vaults closed to public networks", State: Open,
		Because:     "Flex Consumption resolves references in a closed vault only from a virtual network",
		requirement: every(vaultToken, "properties.publicNetworkAccess", "Enabled", "Disabled")},
	{ID: "storage-network", Source: "CIS 4.6", Page: cis, Text: "storage accounts closed to public networks", State: Open,
		Because:     "the app's own storage would need a virtual network too",
		requirement: never(accountToken, "publicNetworkAccess", "Disabled")},
	{ID: "storage-cmk", Source: "CIS 4.11", Page: cis, Text: "customer-managed keys", State: Open,
		Because:     "Azure encrypts with its own keys; the accounts hold packages and the host's bookkeeping, no orders",
		requirement: never(accountToken, "encryption.keySource", "Microsoft.Keyvault")},
	{ID: "storage-logs", Source: "MCSB LT-3", Page: mcsb + "logging-threat-detection", Text: "logs of storage accounts", State: Open,
		Because:     "the Functions host renews its leases all day, and each renewal would be a line to pay for",
		requirement: all(diagnosticToken, "resourceUri", isNotOf(accountToken), "/id/"+accountToken+"/ordersapi")},
	{ID: "zones", Source: "AVM SFR2", Page: avm + "SFR2", Text: "zone redundancy", State: Open,
		Because:     "it costs more; a stack can be deployed again from its settings",
		requirement: all(accountToken, "sku.name", is("Standard_LRS"), "Standard_ZRS")},
	{ID: "locks", Source: "AVM RMFR4", Page: avm + "RMFR4", Text: "locks against deletion", State: Open,
		Because:     "`protect` keeps Pulumi from deleting what all access depends on; a lock needs Owner or User Access Administrator, and the deployer is neither",
		requirement: none(everywhere, "azure-native:authorization:ManagementLockByScope")},
	{ID: "defender", Source: "MCSB LT-1", Page: mcsb + "logging-threat-detection", Text: "Microsoft Defender plans", State: Open,
		Because:     "they belong to the subscription and cost money",
		requirement: none(everywhere, "azure-native:security:Pricing")},
	{ID: "cap-alert", Source: "Azure Monitor", Page: "https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap", Text: "an alert when the daily cap is reached", State: Open,
		Because:     "it needs to know whom to tell, and each rule costs money",
		requirement: none(everywhere, "azure-native:insights:ScheduledQueryRule")},
}
