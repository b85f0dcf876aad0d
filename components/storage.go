package components

import (
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// storageResources are a function app's storage account and the container of
// its packages.
type storageResources struct {
	account, packages                          pulumi.CustomResource
	blobEndpoint, queueEndpoint, tableEndpoint pulumi.StringOutput
	packagesURL                                pulumi.StringOutput
}

// addStorage creates the storage account. It has no keys and nothing public:
// who may use it is said by role assignments.
func (h *hosting) addStorage() error {
	account, err := storage.NewStorageAccount(h.ctx, storageName(h.name), &storage.StorageAccountArgs{
		ResourceGroupName:            h.args.Place.ResourceGroupName,
		Location:                     pulumi.String(h.args.Place.Location),
		Kind:                         pulumi.String("StorageV2"),
		Sku:                          &storage.SkuArgs{Name: pulumi.String("Standard_LRS")},
		AllowSharedKeyAccess:         pulumi.Bool(false),
		AllowBlobPublicAccess:        pulumi.Bool(false),
		DefaultToOAuthAuthentication: pulumi.Bool(true),
		EnableHttpsTrafficOnly:       pulumi.Bool(true),
		MinimumTlsVersion:            pulumi.String("TLS1_2"),
	}, h.parent)
	if err != nil {
		return err
	}
	packages, err := storage.NewBlobContainer(h.ctx, h.name+"-packages", &storage.BlobContainerArgs{
		ResourceGroupName: h.args.Place.ResourceGroupName,
		AccountName:       account.Name,
	}, h.parent)
	if err != nil {
		return err
	}
	endpoints := account.PrimaryEndpoints
	h.storage = storageResources{
		account: account, packages: packages,
		blobEndpoint: endpoints.Blob(), queueEndpoint: endpoints.Queue(), tableEndpoint: endpoints.Table(),
		packagesURL: pulumi.Sprintf("%s%s", endpoints.Blob(), packages.Name), // the endpoint ends with a slash
	}
	// What the host needs for its own storage, as in Microsoft's sample of a
	// Flex Consumption app with identities (Azure-Samples, rbac.bicep).
	for _, role := range []builtInRole{storageBlobDataOwner, storageQueueDataContributor, storageTableDataContributor} {
		if err := h.allowHost(role, account); err != nil {
			return err
		}
	}
	return nil
}

// A builtInRole is one of Azure's own role definitions
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
type builtInRole struct{ noun, id string }

var (
	storageBlobDataOwner        = builtInRole{"blob-owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"}
	storageQueueDataContributor = builtInRole{"queue-contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"}
	storageTableDataContributor = builtInRole{"table-contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"}
	monitoringMetricsPublisher  = builtInRole{"metrics-publisher", "3913510d-42f4-4e42-8a64-420c390055eb"}
)

// allowHost assigns a role on a resource to the host's identity, before the
// code is published. The role is part of the logical name, because Azure takes
// no other role for an existing assignment.
func (h *hosting) allowHost(role builtInRole, on pulumi.CustomResource) error {
	definition := fmt.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s", h.args.Place.SubscriptionID, role.id)
	assignment, err := authorization.NewRoleAssignment(h.ctx, h.name+"-"+role.noun, &authorization.RoleAssignmentArgs{
		Scope:            on.ID(),
		PrincipalId:      h.host.PrincipalId,
		RoleDefinitionId: pulumi.String(definition),
		// Left out, the SDK says User. Said, Azure does not look the fresh
		// principal up where it may not have arrived yet.
		PrincipalType: pulumi.String("ServicePrincipal"),
		RoleAssignmentName: pulumi.All(on.ID(), h.host.PrincipalId).ApplyT(func(values []any) string {
			return stableID("role assignment", fmt.Sprint(values[0]), fmt.Sprint(values[1]), role.id)
		}).(pulumi.StringOutput),
	}, h.parent)
	if err != nil {
		return err
	}
	h.beforePublish = append(h.beforePublish, assignment)
	return nil
}
