package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/provenance"
)

// A credential is who a client is in the tenant, and what its function app
// needs to sign in.
type credential struct {
	clientID            pulumi.StringInput
	objectID            pulumi.StringInput // of the service principal
	principalName       pulumi.StringInput // its display name
	applicationObjectID pulumi.StringInput
	appSettings         pulumi.StringMap
	principal           pulumi.Resource // exists once the service principal does; nil when somebody else made it
	proofs              pulumi.Array    // the credentials that can sign in, for the export
	asked               *Trust          // by an app registration that somebody else makes
}

// An identityBuilder makes the resources of a client's identities. While a
// client moves from one kind to another it has both, and resources that both
// need are made once, so that the move does not replace them.
type identityBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   *ClientArgs
	parent pulumi.ResourceOption

	assigned    *managedidentity.UserAssignedIdentity
	application *azuread.Application
	principal   *azuread.ServicePrincipal
	vault       *keyvault.Vault
	opened      pulumi.Resource // the user-assigned identity may read the vault
}

// credential makes an identity. The one in use must come first; a previous one
// keeps its app roles, and the vault if the one in use has none.
func (b *identityBuilder) credential(identity Identity) (c credential, err error) {
	if identity.assignsIdentity(b.args.FunctionApp != nil) {
		if err := b.assign(); err != nil {
			return credential{}, err
		}
	}
	if b.args.asksFor(identity) {
		c = b.requested(identity.Federation)
	} else if identity.registered() {
		if err := b.register(); err != nil {
			return credential{}, err
		}
		c = credential{
			clientID: b.application.ClientId, objectID: b.principal.ObjectId, applicationObjectID: b.application.ObjectId,
			principal: b.principal, principalName: b.principal.DisplayName, appSettings: pulumi.StringMap{b.args.API.setting("CLIENT_ID"): b.application.ClientId},
		}
	}
	switch identity.Kind {
	case ManagedIdentity:
		c = credential{clientID: b.assigned.ClientId, objectID: b.assigned.PrincipalId, principalName: b.assigned.Name, principal: b.assigned, appSettings: pulumi.StringMap{}}
	case SystemAssigned:
		c = credential{appSettings: pulumi.StringMap{}} // known once the site exists
	case Existing:
		c = credential{clientID: pulumi.String(identity.ClientID), objectID: pulumi.String(identity.ObjectID)}
	case Federated:
		if !b.args.asksFor(identity) {
			c.proofs, err = b.trust(identity.Federation)
		}
	case ClientSecret:
		err = b.addSecrets(identity.Rotation, &c)
	case Certificate:
		err = b.addCertificates(identity, &c)
	}
	if err != nil {
		return credential{}, err
	}
	if c.appSettings == nil {
		return c, nil
	}
	if b.assigned != nil && identity.Kind != SystemAssigned {
		// The function app has a second identity, its host's, so the client
		// must be told which one it signs in or opens its vault with.
		c.appSettings[b.args.API.setting("MANAGED_IDENTITY_CLIENT_ID")] = b.assigned.ClientId
	}
	if b.args.FunctionApp != nil && b.args.FunctionApp.uses("appauth") && c.appSettings["AzureServicesAuthConnectionString"] == nil {
		c.appSettings["AzureServicesAuthConnectionString"] = b.connectionString(identity.Kind)
	}
	return c, nil
}

// connectionString is the connection string that App Authentication documents
// for a managed identity.
func (b *identityBuilder) connectionString(kind string) pulumi.StringInput {
	if kind == SystemAssigned {
		return pulumi.String("RunAs=App")
	}
	return pulumi.Sprintf("RunAs=App;AppId=%s", b.assigned.ClientId)
}

// assign makes the client's user-assigned identity.
func (b *identityBuilder) assign() (err error) {
	if b.assigned != nil {
		return nil
	}
	b.assigned, err = managedidentity.NewUserAssignedIdentity(b.ctx, b.name+"-identity", &managedidentity.UserAssignedIdentityArgs{
		Tags:              armTags(b.ctx, b.name+"-identity"),
		ResourceGroupName: b.args.Place.ResourceGroupName,
		Location:          pulumi.String(b.args.Place.Location),
	}, b.parent)
	return err
}

// register makes the client's app registration and service principal.
func (b *identityBuilder) register() (err error) {
	if b.application != nil {
		return nil
	}
	owners := pulumi.ToStringArray(b.args.Owners.ObjectIDs)
	b.application, err = azuread.NewApplication(b.ctx, provenance.ApplicationOf(b.name), &azuread.ApplicationArgs{
		Tags:           applicationTags(b.ctx, b.name),
		DisplayName:    pulumi.String(b.args.DisplayName),
		SignInAudience: pulumi.String("AzureADMyOrg"),
		Owners:         owners,
	}, b.parent, b.args.Owners.ignoreChanges())
	if err != nil {
		return err
	}
	b.principal, err = azuread.NewServicePrincipal(b.ctx, b.name+"-service-principal", &azuread.ServicePrincipalArgs{
		ClientId: b.application.ClientId,
		Tags:     applicationTags(b.ctx, b.name),
		Owners:   owners,
	}, b.parent, b.args.Owners.ignoreChanges(), pulumi.DeleteBeforeReplace(true)) // an application has one in its tenant
	return err
}

// trust makes the app registration accept tokens of the client's user-assigned
// identity, or of an outside issuer, so that it needs no secret.
func (b *identityBuilder) trust(outside *Federation) (pulumi.Array, error) {
	name, trusts := provenance.FederationOf(b.name), b.trusts(outside)
	made, err := azuread.NewApplicationFederatedIdentityCredential(b.ctx, name, &azuread.ApplicationFederatedIdentityCredentialArgs{
		Description:   pulumi.String(markOf(b.ctx, name).Text()),
		ApplicationId: b.application.ID(),
		DisplayName:   pulumi.String(b.name),
		Issuer:        trusts.Issuer,
		Subject:       trusts.Subject,
		Audiences:     pulumi.StringArray{trusts.Audience},
	}, b.parent,
		pulumi.DeleteBeforeReplace(true)) // a name is unique
	if err != nil {
		return nil, err
	}
	return federationProof(made.CredentialId, Trust{made.Issuer, made.Subject, made.Audiences.Index(pulumi.Int(0))}), nil
}

// A keyCredential is a live client secret or certificate.
type keyCredential struct {
	value pulumi.StringInput // secret
	valid validity
	proof pulumi.Map
}

// A validity is when a credential can sign in, in Unix seconds.
type validity struct {
	from  pulumi.IntPtrInput // nil: Entra decides when it makes the credential
	until pulumi.IntInput
}

// proof describes a secret or certificate, without its value.
func proof(kind string, id, expiresOn pulumi.StringInput) pulumi.Map {
	return pulumi.Map{"kind": pulumi.String(kind), "id": id, "expiresOn": expiresOn,
		"issuer": pulumi.String(""), "subject": pulumi.String(""), "audience": pulumi.String("")}
}
