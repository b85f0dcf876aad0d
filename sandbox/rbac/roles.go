package rbac

import "strings"

// RoleByID returns the built-in role with that GUID, in any case.
func RoleByID(id string) (Role, bool) {
	for _, role := range roles {
		if strings.EqualFold(role.ID, id) {
			return role, true
		}
	}
	return Role{}, false
}

// Roles returns the built-in roles that the sandbox knows.
func Roles() []Role { return append([]Role(nil), roles...) }

// The built-in roles, as on
// learn.microsoft.com/azure/role-based-access-control/built-in-roles. Actions
// of services that the sandbox does not have are kept where a role names them.
var roles = []Role{
	{
		ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner",
		Description: "Full access to all resources, role assignments included.",
		Actions:     []string{"*"},
	},
	{
		ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor",
		Description: "Full access to all resources, but not to role assignments.",
		Actions:     []string{"*"},
		NotActions: []string{
			"Microsoft.Authorization/*/Delete",
			"Microsoft.Authorization/*/Write",
			"Microsoft.Authorization/elevateAccess/Action",
			"Microsoft.Blueprint/blueprintAssignments/write",
			"Microsoft.Blueprint/blueprintAssignments/delete",
			"Microsoft.Compute/galleries/share/action",
			"Microsoft.Purview/consents/write",
			"Microsoft.Purview/consents/delete",
			"Microsoft.Resources/deploymentStacks/manageDenySetting/action",
		},
	},
	{
		ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader",
		Description: "Sees all resources and changes none.",
		Actions:     []string{"*/read"},
	},
	{
		ID: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", Name: "User Access Administrator",
		Description: "Manages who has access to resources.",
		Actions:     []string{"*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"},
	},
	{
		ID: "f58310d9-a9f6-439a-9e8d-f62e7b41a168", Name: "Role Based Access Control Administrator",
		Description: "Manages role assignments, and no other kind of access.",
		Actions: []string{
			"Microsoft.Authorization/roleAssignments/write",
			"Microsoft.Authorization/roleAssignments/delete",
			"*/read",
			"Microsoft.Support/*",
		},
	},
	{
		ID: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", Name: "Storage Blob Data Owner",
		Description: "Full access to blob containers and data, POSIX access control included.",
		Actions: []string{
			"Microsoft.Storage/storageAccounts/blobServices/containers/*",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
		},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"},
	},
	{
		ID: "ba92f5b4-2d11-453d-a403-e96b0029c9fe", Name: "Storage Blob Data Contributor",
		Description: "Reads, writes and deletes blob containers and blobs.",
		Actions: []string{
			"Microsoft.Storage/storageAccounts/blobServices/containers/delete",
			"Microsoft.Storage/storageAccounts/blobServices/containers/read",
			"Microsoft.Storage/storageAccounts/blobServices/containers/write",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
		},
		DataActions: []string{
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action",
			"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
		},
	},
	{
		ID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", Name: "Storage Blob Data Reader",
		Description: "Reads blob containers and blobs.",
		Actions: []string{
			"Microsoft.Storage/storageAccounts/blobServices/containers/read",
			"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
		},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"},
	},
	{
		ID: "974c5e8b-45b9-4653-ba55-5f855dd0fb88", Name: "Storage Queue Data Contributor",
		Description: "Reads, writes and deletes queues and their messages.",
		Actions: []string{
			"Microsoft.Storage/storageAccounts/queueServices/queues/delete",
			"Microsoft.Storage/storageAccounts/queueServices/queues/read",
			"Microsoft.Storage/storageAccounts/queueServices/queues/write",
		},
		DataActions: []string{
			"Microsoft.Storage/storageAccounts/queueServices/queues/messages/delete",
			"Microsoft.Storage/storageAccounts/queueServices/queues/messages/read",
			"Microsoft.Storage/storageAccounts/queueServices/queues/messages/write",
			"Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action",
		},
	},
	{
		ID: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", Name: "Storage Table Data Contributor",
		Description: "Reads, writes and deletes tables and their entities.",
		Actions: []string{
			"Microsoft.Storage/storageAccounts/tableServices/tables/read",
			"Microsoft.Storage/storageAccounts/tableServices/tables/write",
			"Microsoft.Storage/storageAccounts/tableServices/tables/delete",
		},
		DataActions: []string{
			"Microsoft.Storage/storageAccounts/tableServices/tables/entities/read",
			"Microsoft.Storage/storageAccounts/tableServices/tables/entities/write",
			"Microsoft.Storage/storageAccounts/tableServices/tables/entities/delete",
			"Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action",
			"Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action",
		},
	},
	{
		ID: "3913510d-42f4-4e42-8a64-420c390055eb", Name: "Monitoring Metrics Publisher",
		Description: "Publishes metrics and telemetry.",
		Actions: []string{
			"Microsoft.Insights/Register/Action",
			"Microsoft.Support/*",
			"Microsoft.Resources/subscriptions/resourceGroups/read",
		},
		DataActions: []string{"Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"},
	},
	{
		ID: "4633458b-17de-408a-b874-0445c86b69e6", Name: "Key Vault Secrets User",
		Description: "Reads the values of secrets.",
		DataActions: []string{"Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"},
	},
	{
		ID: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", Name: "Key Vault Secrets Officer",
		Description: "Does anything with secrets but give others access.",
		Actions:     keyVaultActions,
		DataActions: []string{"Microsoft.KeyVault/vaults/secrets/*"},
	},
	{
		ID: "00482a5a-887f-4fb3-b363-3fe8e74ba4b5", Name: "Key Vault Administrator",
		Description: "Does anything with keys, secrets and certificates but manage vaults and access to them.",
		Actions:     keyVaultActions,
		DataActions: []string{"Microsoft.KeyVault/vaults/*"},
	},
}

// keyVaultActions are the control-plane actions of the roles that manage what
// is in a vault.
var keyVaultActions = []string{
	"Microsoft.Authorization/*/read",
	"Microsoft.Insights/alertRules/*",
	"Microsoft.Resources/deployments/*",
	"Microsoft.Resources/subscriptions/resourceGroups/read",
	"Microsoft.Support/*",
	"Microsoft.KeyVault/checkNameAvailability/read",
	"Microsoft.KeyVault/deletedVaults/read",
	"Microsoft.KeyVault/locations/*/read",
	"Microsoft.KeyVault/vaults/*/read",
	"Microsoft.KeyVault/operations/read",
}
