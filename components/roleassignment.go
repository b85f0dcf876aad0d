package components

import (
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A builtInRole is one of Azure's own role definitions
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
type builtInRole struct{ noun, id string }

var (
	storageBlobDataOwner        = builtInRole{"blob-owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"}
	storageBlobDataContributor  = builtInRole{"blob-contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"}
	storageQueueDataContributor = builtInRole{"queue-contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"}
	storageTableDataContributor = builtInRole{"table-contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"}
	keyVaultSecretsUser         = builtInRole{"secrets-user", "4633458b-17de-408a-b874-0445c86b69e6"}
	monitoringMetricsPublisher  = builtInRole{"metrics-publisher", "3913510d-42f4-4e42-8a64-420c390055eb"}
)

// assignRole gives a principal an Azure role on a resource. An existing
// assignment cannot change its role, so the role is part of the logical name.
func assignRole(ctx *pulumi.Context, name string, role builtInRole, on pulumi.CustomResource, principalID pulumi.StringOutput, subscriptionID string, opts ...pulumi.ResourceOption) (*authorization.RoleAssignment, error) {
	return authorization.NewRoleAssignment(ctx, name, &authorization.RoleAssignmentArgs{
		Scope:            on.ID(),
		Description:      pulumi.String(markOf(ctx, name).Text()),
		PrincipalId:      principalID,
		RoleDefinitionId: pulumi.String(fmt.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s", subscriptionID, role.id)),
		// Without it the SDK sends User. With it, Azure does not look up the
		// principal, which is new and may not be replicated yet.
		PrincipalType: pulumi.String("ServicePrincipal"),
		RoleAssignmentName: pulumi.All(on.ID(), principalID).ApplyT(func(values []any) string {
			return stableID("role assignment", fmt.Sprint(values[0]), fmt.Sprint(values[1]), role.id)
		}).(pulumi.StringOutput),
	}, opts...)
}
