package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/keyvault/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/credentials"
)

// This file brings a secret to a function app: through the client's own Key
// Vault, as a reference in the app settings, which the platform resolves with
// the client's user-assigned identity
// (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references).
// The rules are: only role assignments decide who may read; the vault is open
// to all networks, because Flex Consumption cannot resolve references into a
// closed one; a reference names a version, so that the app has a new value when
// its settings change, and not up to 24 hours later; a slot is overwritten and
// never deleted on its own, since Resource Manager deletes no secrets and the
// deployer needs no right to read or delete them; a secret has the times of its
// credential, which are not read from a clock, and the platform resolves it
// before and after them all the same.

// How long a deleted vault can be recovered: the shortest and the longest time
// that Key Vault allows. The longest goes with purge protection, which makes it
// the time in which nobody can get rid of it.
const (
	softDeleteDays          = 7
	protectedSoftDeleteDays = 90
)

// openVault makes the vault, and lets the client's identity read it.
func (b *identityBuilder) openVault() (err error) {
	if b.vault != nil {
		return nil
	}
	properties := &keyvault.VaultPropertiesArgs{
		TenantId:                  pulumi.String(b.args.Tenant.ID),
		Sku:                       &keyvault.SkuArgs{Family: pulumi.String("A"), Name: keyvault.SkuNameStandard},
		EnableRbacAuthorization:   pulumi.Bool(true),
		SoftDeleteRetentionInDays: pulumi.Int(softDeleteDays),
		PublicNetworkAccess:       pulumi.String("Enabled"),
	}
	if b.args.PurgeProtection {
		properties.EnablePurgeProtection = pulumi.Bool(true) // Azure refuses false
		properties.SoftDeleteRetentionInDays = pulumi.Int(protectedSoftDeleteDays)
	}
	b.vault, err = keyvault.NewVault(b.ctx, storageName(b.name), &keyvault.VaultArgs{ // as short as the name of a storage account
		Tags:              armTags(b.ctx, storageName(b.name)),
		ResourceGroupName: b.args.Place.ResourceGroupName,
		Location:          pulumi.String(b.args.Place.Location),
		Properties:        properties,
	}, b.parent,
		// Azure takes it at the creation only, and refuses every change. A vault
		// keeps what it has, because replacing it would leave the app without
		// its secret until the new role assignment is effective.
		pulumi.IgnoreChanges([]string{"properties.softDeleteRetentionInDays"}))
	if err != nil || b.assigned == nil {
		return err
	}
	b.opened, err = assignRole(b.ctx, b.name+"-"+keyVaultSecretsUser.noun, keyVaultSecretsUser, b.vault, b.assigned.PrincipalId, b.args.Place.SubscriptionID, b.parent)
	return err
}

// slots are two secrets in the vault; the generations of a credential take
// turns in them.
type slots map[int64]*keyvault.Secret

// unused is the value of an empty slot, which is also disabled.
const unused = "unused"

func (b *identityBuilder) slots(contentType string, rotation credentials.Rotation, live map[int64]keyCredential) (slots, error) {
	return b.fill("credential", contentType, rotation, live)
}

func (b *identityBuilder) connectionSlots(rotation credentials.Rotation, live map[int64]keyCredential) (slots, error) {
	return b.fill("connection", "text/plain", rotation, live)
}

func (b *identityBuilder) fill(noun, contentType string, rotation credentials.Rotation, live map[int64]keyCredential) (slots, error) {
	if err := b.openVault(); err != nil {
		return nil, err
	}
	filled := make(slots, 2)
	for slot, letter := range []string{"a", "b"} {
		generation, isLive := rotation.InSlot(int64(slot))
		value := pulumi.StringInput(pulumi.String(unused))
		attributes := &keyvault.SecretAttributesArgs{Enabled: pulumi.Bool(isLive)}
		if isLive {
			value = live[generation].value
			attributes.NotBefore, attributes.Expires = live[generation].valid.from, live[generation].valid.until.ToIntOutput()
		}
		made, err := keyvault.NewSecret(b.ctx, b.name+"-"+noun+"-"+letter, &keyvault.SecretArgs{
			ResourceGroupName: b.args.Place.ResourceGroupName,
			VaultName:         b.vault.Name,
			SecretName:        pulumi.String(noun + "-" + letter),
			Properties: &keyvault.SecretPropertiesArgs{
				Attributes:  attributes,
				ContentType: pulumi.String(contentType),
				Value:       pulumi.ToSecret(value).(pulumi.StringOutput),
			},
		}, b.parent, pulumi.DeletedWith(b.vault), pulumi.RetainOnDelete(true))
		if err != nil {
			return nil, err
		}
		if isLive {
			filled[generation] = made
		}
	}
	return filled, nil
}

// uri is the address of the version that a generation's slot holds.
func (s slots) uri(generation int64) pulumi.StringOutput {
	return s[generation].Properties.SecretUriWithVersion()
}

// reference is the app setting that the platform replaces by the secret.
func (s slots) reference(generation int64) pulumi.StringOutput {
	return pulumi.Sprintf("@Microsoft.KeyVault(SecretUri=%s)", s.uri(generation))
}
