package components

import (
	"maps"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// This file gives the code of a function app a place to keep what it writes. The
// rules are:
//   - the code has an identity of its own: the host's may also write the packages
//     that it runs
//   - that identity has a role on this container, and on nothing else
//   - there is no key and no shared access signature

// ContainerArgs describe the blob container of a function app's code.
type ContainerArgs struct {
	PrincipalID pulumi.StringOutput // object id of who may read, write and delete blobs there
	Setting     string              // app setting that gets its URL
}

// addIdentity gives an API's code an identity and a container.
func (api *API) addIdentity(ctx *pulumi.Context, name string, place Place, args *FunctionAppArgs) error {
	identity, err := managedidentity.NewUserAssignedIdentity(ctx, name+"-identity", &managedidentity.UserAssignedIdentityArgs{
		Tags:              armTags(ctx, name+"-identity"),
		ResourceGroupName: place.ResourceGroupName,
		Location:          pulumi.String(place.Location),
	}, pulumi.Parent(api))
	if err != nil {
		return err
	}
	args.Identities = pulumi.StringArray{identity.ID()}
	args.AppSettings[api.setting("MANAGED_IDENTITY_CLIENT_ID")] = identity.ClientId
	args.Container = &ContainerArgs{PrincipalID: identity.PrincipalId, Setting: api.setting("CONTAINER_URL")}
	return nil
}

// addContainer creates the container. The role is the smallest of Azure's own that
// may write blobs
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage).
func (b *appBuilder) addContainer() error {
	args := b.args.Container
	if args == nil {
		return nil
	}
	container, err := storage.NewBlobContainer(b.ctx, b.name+"-data", &storage.BlobContainerArgs{
		ResourceGroupName: b.args.Place.ResourceGroupName,
		AccountName:       b.storage.account.(*storage.StorageAccount).Name,
	}, b.parent)
	if err != nil {
		return err
	}
	assignment, err := assignRole(b.ctx, b.name+"-data-"+storageBlobDataContributor.noun, storageBlobDataContributor, container, args.PrincipalID, b.args.Place.SubscriptionID, b.parent)
	if err != nil {
		return err
	}
	b.beforePublish = append(b.beforePublish, assignment)
	settings := maps.Clone(b.args.AppSettings)
	settings[args.Setting] = pulumi.Sprintf("%s%s", b.storage.blobEndpoint, container.Name) // the endpoint ends with a slash
	b.args.AppSettings = settings
	return nil
}
