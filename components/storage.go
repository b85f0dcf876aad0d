package components

import (
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

// allowHost assigns a role on a resource to the host's identity, before the
// code is published.
func (h *hosting) allowHost(role builtInRole, on pulumi.CustomResource) error {
	assignment, err := assignRole(h.ctx, h.name+"-"+role.noun, role, on, h.host.PrincipalId, h.args.Place.SubscriptionID, h.parent)
	if err != nil {
		return err
	}
	h.beforePublish = append(h.beforePublish, assignment)
	return nil
}
