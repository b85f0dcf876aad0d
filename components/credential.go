package components

import (
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ManagedIdentity is the kind of identity that is a user-assigned managed
// identity: Azure keeps its credential, and nobody ever sees it.
const ManagedIdentity = "managedIdentity"

// A credential is who a client is in the tenant, and what its function app
// needs to prove it.
type credential struct {
	clientID    pulumi.StringOutput
	objectID    pulumi.StringOutput // of the service principal
	identities  pulumi.StringArray  // ARM ids to attach to the function app
	appSettings pulumi.StringMap
	principal   pulumi.Resource // exists once the service principal does
}

// newCredential creates the identity of a client.
func newCredential(ctx *pulumi.Context, name, kind string, place Place, parent pulumi.Resource) (credential, error) {
	if kind != ManagedIdentity {
		return credential{}, fmt.Errorf("expected an identity of the kind %q, got %q", ManagedIdentity, kind)
	}
	identity, err := managedidentity.NewUserAssignedIdentity(ctx, name+"-identity", &managedidentity.UserAssignedIdentityArgs{
		ResourceGroupName: place.ResourceGroupName,
		Location:          pulumi.String(place.Location),
	}, pulumi.Parent(parent))
	if err != nil {
		return credential{}, err
	}
	return credential{
		clientID:   identity.ClientId,
		objectID:   identity.PrincipalId,
		identities: pulumi.StringArray{identity.ID()},
		// The function app has a second identity, its host's, so the client
		// must say which one it is.
		appSettings: pulumi.StringMap{"ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity.ClientId},
		principal:   identity,
	}, nil
}
