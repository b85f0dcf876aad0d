package arm

import (
	"net/http"

	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/schema"
)

const secretType = keyvault.SecretType

// vaultSecrets is the management plane of secrets, which sets values and never
// shows them: learn.microsoft.com/rest/api/keyvault/keyvault/secrets. It cannot
// delete. It also shows secrets set in the data plane.
func vaultSecrets() *resourceType {
	body := childEnvelope(schema.Fields{
		"value": schema.Text(), "contentType": schema.Text(),
		"attributes": schema.Object(schema.Fields{"enabled": schema.Flag(), "nbf": schema.Whole(), "exp": schema.Whole()}.With(schema.Outputs("created", "updated"))),
	}.With(schema.Outputs("secretUri", "secretUriWithVersion")))
	return &resourceType{
		name:     secretType,
		parent:   vaultType,
		under:    "secrets",
		doc:      "https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/create-or-update",
		versions: vaultVersions,
		names:    nameRule{keyvault.SecretName, "BadRequest", "The secret name '%s' is invalid: 1 to 127 letters, digits and '-'."},
		body:     body.With(schema.Fields{"tags": schema.Dict(schema.Text()), "location": schema.Output()}),
		created:  http.StatusCreated,
		tagged:   true,
		lasting:  true,
		check:    checkVaultSecret,
	}
}

func checkVaultSecret(ch *change) error {
	vault, err := keyvault.VaultOf(ch.parent)
	if err != nil {
		return err
	}
	if _, given := ch.properties["value"]; !given {
		return unemulated("a secret that is written without a value")
	}
	version, err := keyvault.VersionOf(ch.properties)
	if err != nil {
		return err
	}
	version.Tags = ch.resource.Tags
	secret, err := keyvault.Set(ch.tx, ch.service.store.Now(), vault, ch.resource.Name, version)
	if err == keyvault.ErrDeletedButRecoverable {
		// The text is the data plane's; the code is a guess.
		return refuse(http.StatusConflict, "Conflict", "Secret %s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", ch.resource.Name)
	}
	if err != nil {
		return err
	}
	ch.resource.Location = ch.parent.Location
	ch.properties = vault.Shown(secret)
	return nil
}
