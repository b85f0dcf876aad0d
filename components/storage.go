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

// softDeletedBlobDays is how long deleted and overwritten blobs, and deleted
// containers, can be recovered: the time that the portal suggests. A package has
// a few megabytes, so they cost next to nothing.
const softDeletedBlobDays = 7

// addStorage creates the storage account. It has no keys and nothing public:
// only role assignments decide who may use it.
func (b *appBuilder) addStorage() error {
	account, err := storage.NewStorageAccount(b.ctx, storageName(b.name), &storage.StorageAccountArgs{
		Tags:                         armTags(b.ctx, storageName(b.name)),
		ResourceGroupName:            b.args.Place.ResourceGroupName,
		Location:                     pulumi.String(b.args.Place.Location),
		Kind:                         pulumi.String("StorageV2"),
		Sku:                          &storage.SkuArgs{Name: pulumi.String("Standard_LRS")},
		AllowSharedKeyAccess:         pulumi.Bool(false),
		AllowBlobPublicAccess:        pulumi.Bool(false),
		AllowCrossTenantReplication:  pulumi.Bool(false),
		DefaultToOAuthAuthentication: pulumi.Bool(true),
		EnableHttpsTrafficOnly:       pulumi.Bool(true),
		MinimumTlsVersion:            pulumi.String("TLS1_2"),
	}, b.parent)
	if err != nil {
		return err
	}
	recoverable := &storage.DeleteRetentionPolicyArgs{Enabled: pulumi.Bool(true), Days: pulumi.Int(softDeletedBlobDays)}
	_, err = storage.NewBlobServiceProperties(b.ctx, b.name+"-blob-service", &storage.BlobServicePropertiesArgs{
		ResourceGroupName: b.args.Place.ResourceGroupName,
		AccountName:       account.Name,
		BlobServicesName:  pulumi.String("default"), // the only one

		DeleteRetentionPolicy:          recoverable,
		ContainerDeleteRetentionPolicy: recoverable,
	}, b.parent, pulumi.DeletedWith(account))
	if err != nil {
		return err
	}
	packages, err := storage.NewBlobContainer(b.ctx, b.name+"-packages", &storage.BlobContainerArgs{
		ResourceGroupName: b.args.Place.ResourceGroupName,
		AccountName:       account.Name,
	}, b.parent)
	if err != nil {
		return err
	}
	endpoints := account.PrimaryEndpoints
	b.storage = storageResources{
		account: account, packages: packages,
		blobEndpoint: endpoints.Blob(), queueEndpoint: endpoints.Queue(), tableEndpoint: endpoints.Table(),
		packagesURL: pulumi.Sprintf("%s%s", endpoints.Blob(), packages.Name), // the endpoint ends with a slash
	}
	// What the host needs for its own storage, as in Microsoft's sample of a
	// Flex Consumption app with identities (Azure-Samples, rbac.bicep).
	for _, role := range []builtInRole{storageBlobDataOwner, storageQueueDataContributor, storageTableDataContributor} {
		if err := b.allowHost(role, account); err != nil {
			return err
		}
	}
	return nil
}

// allowHost assigns a role on a resource to the host's identity, before the
// code is published.
func (b *appBuilder) allowHost(role builtInRole, on pulumi.CustomResource) error {
	assignment, err := assignRole(b.ctx, b.name+"-"+role.noun, role, on, b.host.PrincipalId, b.args.Place.SubscriptionID, b.parent)
	if err != nil {
		return err
	}
	b.beforePublish = append(b.beforePublish, assignment)
	return nil
}
