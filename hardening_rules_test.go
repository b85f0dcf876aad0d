package main

// This file is the table of hardening rules: what a review against a benchmark
// looks for in the resources of a stack, and where each rule stands. The rules
// of the file are:
//   - the numbers of CIS are those of its Microsoft Azure Foundations Benchmark
//     3.0.0; MCSB is the Microsoft cloud security benchmark v1; AVM is Azure
//     Verified Modules
//   - a rule that is held is checked in every stack of the tests
//   - a rule that is not held has its reason, and a check that it is still so:
//     when that fails, the row has become wrong
//   - each rule says how it can be broken, and a test does that

type state string

const (
	held      state = "held"
	notStated state = "not stated"
	open      state = "open"
)

// A hardeningRule is one row.
type hardeningRule struct {
	id, source, page string
	text             string // what is checked
	state            state
	because          string // why it is not held, or what is held only in part
	requirement
}

const (
	cis  = "https://www.cisecurity.org/benchmark/azure"
	mcsb = "https://learn.microsoft.com/security/benchmark/azure/mcsb-"
	avm  = "https://azure.github.io/Azure-Verified-Modules/spec/"
	// noSiteConfig: pulumi-azure-native issue 4168.
	noSiteConfig = "the SDK adds `netFrameworkVersion` to any `siteConfig`, and Flex Consumption refuses that (error 51021); "
)

var hardeningRules = []hardeningRule{
	{id: "site-https", source: "CIS 9.1", page: cis, text: "function apps take HTTPS only", state: held,
		requirement: every(siteToken, "httpsOnly", true, false)},
	{id: "site-identity", source: "CIS 9.5", page: cis, text: "function apps have a managed identity", state: held,
		requirement: all(siteToken, "identity.type", isOneOf("UserAssigned", "SystemAssigned, UserAssigned"), "None")},
	{id: "site-ftp", source: "CIS 9.6", page: cis, text: "no passwords for FTP", state: held,
		requirement: owns(siteToken, ftpToken, "name", "allow", is(false), true)},
	{id: "site-scm", source: "CIS 9.6", page: cis, text: "no passwords for the SCM site", state: held,
		requirement: owns(siteToken, scmToken, "name", "allow", is(false), true)},
	{id: "site-logs", source: "MCSB LT-3", page: mcsb + "logging-threat-detection", text: "logs of function apps go to a workspace of the stack", state: held,
		requirement: owns(siteToken, diagnosticToken, "resourceUri", "logs", logsTo("FunctionAppLogs"), []any{})},
	{id: "site-secrets", source: "MCSB IM-8", page: mcsb + "identity-management", text: "app settings hold no secret, only references to a vault", state: held,
		requirement: all(appSettingsToken, "properties", holdsNoSecret, map[string]any{"ORDERS_CLIENT_SECRET": "secret-of-a-client"})},
	{id: "storage-https", source: "CIS 4.1", page: cis, text: "storage accounts take HTTPS only", state: held,
		requirement: every(accountToken, "enableHttpsTrafficOnly", true, false)},
	{id: "storage-tls", source: "CIS 4.15", page: cis, text: "storage accounts take TLS 1.2 or later", state: held,
		requirement: every(accountToken, "minimumTlsVersion", "TLS1_2", "TLS1_0")},
	{id: "storage-keys", source: "MCSB IM-1", page: mcsb + "identity-management", text: "storage accounts take no shared keys", state: held,
		requirement: every(accountToken, "allowSharedKeyAccess", false, true)},
	{id: "storage-anonymous", source: "CIS 4.17", page: cis, text: "no anonymous access to blobs", state: held,
		requirement: every(accountToken, "allowBlobPublicAccess", false, true)},
	{id: "storage-replication", source: "CIS 4.16", page: cis, text: "no replication into other tenants", state: held,
		requirement: every(accountToken, "allowCrossTenantReplication", false, true)},
	{id: "storage-blobs", source: "CIS 4.10", page: cis, text: "deleted blobs can be recovered for at least 7 days", state: held,
		requirement: owns(accountToken, blobServiceToken, "accountName", "deleteRetentionPolicy", keepsDays(7), map[string]any{"enabled": true, "days": 6.0})},
	{id: "storage-containers", source: "CIS 4.10", page: cis, text: "deleted containers can be recovered for at least 7 days", state: held,
		requirement: owns(accountToken, blobServiceToken, "accountName", "containerDeleteRetentionPolicy", keepsDays(7), map[string]any{"enabled": false, "days": 7.0})},
	{id: "vault-rbac", source: "CIS 3.3.6", page: cis, text: "vaults decide by role assignments", state: held,
		requirement: every(vaultToken, "properties.enableRbacAuthorization", true, false)},
	{id: "vault-expiry", source: "CIS 3.3.3", page: cis, text: "secrets have an expiry", state: held, because: "that of the credential; an empty slot is disabled and has none",
		requirement: all(secretToken, "properties.attributes.expires", isAfter2026, 0.0).only(isEnabled)},
	{id: "vault-logs", source: "CIS 6.1.4", page: cis, text: "the log of who read which secret goes to a workspace of the stack", state: held,
		requirement: owns(vaultToken, diagnosticToken, "resourceUri", "logs", logsTo("audit", "allLogs"), []any{map[string]any{"categoryGroup": "audit", "enabled": true}})},
	{id: "vault-purge", source: "CIS 3.3.5", page: cis, text: "vaults of protected stacks cannot be purged", state: held,
		requirement: every(vaultToken, "properties.enablePurgeProtection", true, false).only(isProtected)},
	{id: "vault-days", source: "CIS 3.3.5", page: cis, text: "vaults of protected stacks can be recovered for 90 days", state: held, because: "a vault made without protection keeps its 7",
		requirement: every(vaultToken, "properties.softDeleteRetentionInDays", 90.0, 7.0).only(isProtected)},
	{id: "prod-secrets", source: "MCSB IM-3", page: mcsb + "identity-management", text: "prod has no client secret, certificate or vault", state: held,
		requirement: none(isProduction, passwordToken, certificateToken, vaultToken)},
	{id: "api-tenant", source: "MCSB IM-1", page: mcsb + "identity-management", text: "app registrations admit one tenant", state: held,
		requirement: every(applicationToken, "signInAudience", "AzureADMyOrg", "AzureADMultipleOrgs")},
	{id: "api-assignment", source: "MCSB PA-7", page: mcsb + "privileged-access", text: "only who is assigned gets a token for the API", state: held,
		requirement: every(principalToken, "appRoleAssignmentRequired", true, false).only(isAPI)},
	{id: "roles-narrow", source: "MCSB PA-7", page: mcsb + "privileged-access", text: "Azure roles are none that manage access or everything", state: held,
		requirement: all(assignmentToken, "roleDefinitionId", isNarrow, ownerRole)},
	{id: "roles-scope", source: "MCSB PA-7", page: mcsb + "privileged-access", text: "Azure roles are on one resource each", state: held,
		requirement: all(assignmentToken, "scope", isOneResource, "/subscriptions/s/resourceGroups/g")},
	{id: "logs-entra", source: "MCSB IM-1", page: mcsb + "identity-management", text: "workspaces take no data by key", state: held,
		requirement: every(workspaceToken, "features.disableLocalAuth", true, false)},
	{id: "telemetry-entra", source: "MCSB IM-1", page: mcsb + "identity-management", text: "Application Insights takes no data by key", state: held,
		requirement: every(insightsToken, "disableLocalAuth", true, false)},
	{id: "logs-days", source: "MCSB LT-6", page: mcsb + "logging-threat-detection", text: "logs are kept for 30 days", state: held, because: "Azure charges for more than 31",
		requirement: every(workspaceToken, "retentionInDays", 30.0, 7.0)},
	{id: "logs-cap", source: "Azure Monitor", page: "https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap", text: "workspaces have a daily cap", state: held,
		requirement: all(workspaceToken, "workspaceCapping.dailyQuotaGb", isPositive, -1.0)},

	{id: "site-ftps", source: "CIS 9.3", page: cis, text: "`ftpsState`", state: notStated, because: "Flex Consumption refuses it (error 51021); site-ftp closes FTP",
		requirement: never(siteToken, "siteConfig.ftpsState", "Disabled")},
	{id: "site-tls", source: "CIS 9.4", page: cis, text: "`minTlsVersion`", state: notStated, because: noSiteConfig + "Azure's own default is 1.2",
		requirement: never(siteToken, "siteConfig.minTlsVersion", "1.2")},
	{id: "site-http2", source: "CIS 9.10", page: cis, text: "`http20Enabled`", state: notStated, because: noSiteConfig + "Azure's own default stays",
		requirement: never(siteToken, "siteConfig.http20Enabled", true)},
	{id: "site-http-logs", source: "CIS 6.1.6", page: cis, text: "`AppServiceHTTPLogs`", state: notStated, because: "function apps do not have this category; the API and the Functions host log requests",
		requirement: all(diagnosticToken, "logs", lacksLog("AppServiceHTTPLogs"), []any{map[string]any{"category": "AppServiceHTTPLogs", "enabled": true}})},
	{id: "vault-purge-others", source: "CIS 3.3.5", page: cis, text: "purge protection elsewhere", state: notStated, because: "a short-lived stack must leave nothing behind, and its teardown purges its vaults",
		requirement: never(vaultToken, "properties.enablePurgeProtection", true).only(isNotProtected)},

	{id: "site-authentication", source: "CIS 9.2", page: cis, text: "platform authentication", state: open,
		because:     "the API verifies tokens itself, app roles included, which the platform does not check; in front of it the platform would be a second opinion",
		requirement: none(everywhere, "azure-native:web:WebAppAuthSettingsV2")},
	{id: "network", source: "MCSB NS-2", page: mcsb + "network-security", text: "private endpoints, and no public network access", state: open,
		because:     "they cost money by the hour, and publishing from CI would need a runner inside the network",
		requirement: none(everywhere, "azure-native:network:PrivateEndpoint")},
	{id: "vault-network", source: "CIS 3.3.7", page: cis, text: "vaults closed to public networks", state: open,
		because:     "Flex Consumption resolves references in a closed vault only from a virtual network",
		requirement: every(vaultToken, "properties.publicNetworkAccess", "Enabled", "Disabled")},
	{id: "storage-network", source: "CIS 4.6", page: cis, text: "storage accounts closed to public networks", state: open,
		because:     "the app's own storage would need a virtual network too",
		requirement: never(accountToken, "publicNetworkAccess", "Disabled")},
	{id: "storage-cmk", source: "CIS 4.11", page: cis, text: "customer-managed keys", state: open,
		because:     "Azure encrypts with its own keys; the accounts hold packages and the host's bookkeeping, no orders",
		requirement: never(accountToken, "encryption.keySource", "Microsoft.Keyvault")},
	{id: "storage-logs", source: "MCSB LT-3", page: mcsb + "logging-threat-detection", text: "logs of storage accounts", state: open,
		because:     "the Functions host renews its leases all day, and each renewal would be a line to pay for",
		requirement: all(diagnosticToken, "resourceUri", isNotOf(accountToken), "/id/"+accountToken+"/ordersapi")},
	{id: "zones", source: "AVM SFR2", page: avm + "SFR2", text: "zone redundancy", state: open,
		because:     "it costs more; a stack can be deployed again from its settings",
		requirement: all(accountToken, "sku.name", is("Standard_LRS"), "Standard_ZRS")},
	{id: "locks", source: "AVM RMFR4", page: avm + "RMFR4", text: "locks against deletion", state: open,
		because:     "`protect` keeps Pulumi from deleting what all access depends on; a lock needs Owner or User Access Administrator, and the deployer is neither",
		requirement: none(everywhere, "azure-native:authorization:ManagementLockByScope")},
	{id: "defender", source: "MCSB LT-1", page: mcsb + "logging-threat-detection", text: "Microsoft Defender plans", state: open,
		because:     "they belong to the subscription and cost money",
		requirement: none(everywhere, "azure-native:security:Pricing")},
	{id: "cap-alert", source: "Azure Monitor", page: "https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap", text: "an alert when the daily cap is reached", state: open,
		because:     "it needs to know whom to tell, and each rule costs money",
		requirement: none(everywhere, "azure-native:insights:ScheduledQueryRule")},
}
