package components

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/credentials"
)

// This file makes client secrets and certificates. The rules are: each
// generation is a resource of its own, so that rotation never replaces a live
// one; values are secrets of the engine from the start, and reach the app only
// through its vault.

// addSecrets makes the live client secrets.
func (b *identityBuilder) addSecrets(rotation credentials.Rotation, c *credential) error {
	live := make(map[int64]keyCredential, len(rotation.Live))
	for _, generation := range rotation.Live {
		label := b.name + "-secret-" + strconv.FormatInt(generation, 10)
		made, err := azuread.NewApplicationPassword(b.ctx, label, &azuread.ApplicationPasswordArgs{
			ApplicationId: b.application.ID(),
			DisplayName:   pulumi.String(label),
			EndDate:       pulumi.String(rotation.Ends(generation).Format(time.RFC3339)), // endDateRelative is ignored in this version
		}, b.parent)
		if err != nil {
			return err
		}
		live[generation] = keyCredential{
			value: made.Value,
			valid: validity{until: pulumi.Int(int(rotation.Ends(generation).Unix()))},
			proof: proof(ClientSecret, made.KeyId, made.EndDate),
		}
		c.proofs = append(c.proofs, live[generation].proof)
	}
	if b.vault != nil { // the slots belong to the identity in use
		return nil
	}
	slots, err := b.slots("text/plain", rotation, live)
	if err != nil {
		return err
	}
	// App Authentication wants the secret inside its connection string.
	connections := make(map[int64]keyCredential, len(live))
	for generation, secret := range live {
		connections[generation] = keyCredential{
			value: pulumi.Sprintf("RunAs=App;AppId=%s;TenantId=%s;AppKey=%s", b.application.ClientId, b.args.Tenant.ID, secret.value),
			valid: secret.valid,
		}
	}
	strings, err := b.connectionSlots(rotation, connections)
	if err != nil {
		return err
	}
	c.appSettings[b.args.API.setting("CLIENT_SECRET")] = slots.reference(rotation.Active)
	if b.args.FunctionApp != nil && b.args.FunctionApp.uses("appauth") {
		c.appSettings["AzureServicesAuthConnectionString"] = strings.reference(rotation.Active)
	}
	return nil
}

// addCertificates registers the certificates: those that were brought, or
// generated ones.
func (b *identityBuilder) addCertificates(identity Identity, c *credential) error {
	rotation := identity.Rotation
	var live map[int64]keyCredential
	var err error
	if len(identity.Brought) > 0 {
		// Certificates made elsewhere rotate when their list is edited: the first is in use.
		rotation = credentials.Rotation{Active: 0, Live: []int64{0}}
		live, err = b.bring(identity.Brought)
	} else {
		live, err = b.generate(rotation)
	}
	if err != nil {
		return err
	}
	for _, generation := range slices.Sorted(maps.Keys(live)) {
		c.proofs = append(c.proofs, live[generation].proof)
	}
	if b.vault != nil { // the slots belong to the identity in use
		return nil
	}
	slots, err := b.slots("application/x-pem-file", rotation, live)
	if err != nil {
		return err
	}
	connections := make(map[int64]keyCredential, len(rotation.Live))
	for _, generation := range rotation.Live {
		connections[generation] = keyCredential{value: pulumi.Sprintf("RunAs=App;AppId=%s;TenantId=%s;KeyVaultCertificateSecretIdentifier=%s",
			b.application.ClientId, b.args.Tenant.ID, slots.uri(generation)), valid: live[generation].valid}
	}
	strings, err := b.connectionSlots(rotation, connections)
	if err != nil {
		return err
	}
	c.appSettings[b.args.API.setting("CLIENT_CERTIFICATE")] = slots.reference(rotation.Active)
	if b.args.FunctionApp != nil && b.args.FunctionApp.uses("appauth") {
		c.appSettings["AzureServicesAuthConnectionString"] = strings.reference(rotation.Active)
	}
	return nil
}

// certificateKeyBits is the size of generated keys (NIST SP 800-57 part 1:
// enough beyond 2030).
const certificateKeyBits = 3072

// generate makes the live certificates and their keys. A certificate is valid
// from the time it is made, which is not an input; even so, it is replaced by
// the calendar.
func (b *identityBuilder) generate(rotation credentials.Rotation) (map[int64]keyCredential, error) {
	live := make(map[int64]keyCredential, len(rotation.Live))
	for _, generation := range rotation.Live {
		number := strconv.FormatInt(generation, 10)
		key, err := tls.NewPrivateKey(b.ctx, b.name+"-key-"+number, &tls.PrivateKeyArgs{
			Algorithm: pulumi.String("RSA"),
			RsaBits:   pulumi.Int(certificateKeyBits),
		}, b.parent)
		if err != nil {
			return nil, err
		}
		certificate, err := tls.NewSelfSignedCert(b.ctx, b.name+"-cert-"+number, &tls.SelfSignedCertArgs{
			PrivateKeyPem:       key.PrivateKeyPem,
			Subject:             &tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String(b.name + "-" + number)},
			AllowedUses:         pulumi.ToStringArray([]string{"digital_signature", "client_auth"}),
			ValidityPeriodHours: pulumi.Int(int(2 * rotation.Period.Hours())),
		}, b.parent)
		if err != nil {
			return nil, err
		}
		registered, err := b.registerCertificate(number, certificate.CertPem)
		if err != nil {
			return nil, err
		}
		live[generation] = keyCredential{
			value: pulumi.ToSecret(pulumi.Sprintf("%s%s", key.PrivateKeyPemPkcs8, certificate.CertPem)).(pulumi.StringOutput),
			valid: validity{from: unixSeconds(certificate.ValidityStartTime).ToIntPtrOutput(), until: unixSeconds(certificate.ValidityEndTime)},
			proof: proof(Certificate, registered.KeyId, certificate.ValidityEndTime),
		}
	}
	return live, nil
}

// unixSeconds converts a time of RFC 3339.
func unixSeconds(text pulumi.StringOutput) pulumi.IntOutput {
	return text.ApplyT(func(text string) (int, error) {
		at, err := time.Parse(time.RFC3339, text)
		return int(at.Unix()), err
	}).(pulumi.IntOutput)
}

// bring registers certificates from elsewhere, by their place in the list.
func (b *identityBuilder) bring(all []credentials.KeyPair) (map[int64]keyCredential, error) {
	live := make(map[int64]keyCredential, len(all))
	for i, pair := range all {
		if pair.IsPlaceholder() && !b.ctx.DryRun() {
			return nil, fmt.Errorf("%s: expected its private key, got a placeholder, which is good for a preview only", pair)
		}
		registered, err := b.registerCertificate(pair.Label(), pulumi.String(pair.Certificate()))
		if err != nil {
			return nil, err
		}
		live[int64(i)] = keyCredential{
			value: pulumi.ToSecret(pulumi.String(pair.PrivateKey() + pair.Certificate())).(pulumi.StringOutput),
			valid: validity{from: pulumi.Int(int(pair.ValidFrom.Unix())), until: pulumi.Int(int(pair.ExpiresOn.Unix()))},
			proof: proof(Certificate, registered.KeyId, pulumi.String(pair.ExpiresOn.UTC().Format(time.RFC3339))),
		}
	}
	return live, nil
}

// registerCertificate puts a certificate, which is public, on the app
// registration.
func (b *identityBuilder) registerCertificate(label string, content pulumi.StringInput) (*azuread.ApplicationCertificate, error) {
	return azuread.NewApplicationCertificate(b.ctx, b.name+"-certificate-"+label, &azuread.ApplicationCertificateArgs{
		ApplicationId: b.application.ID(),
		Type:          pulumi.String("AsymmetricX509Cert"),
		Value:         content,
	}, b.parent)
}
