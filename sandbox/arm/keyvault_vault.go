package arm

import (
	"net/http"
	"regexp"
	"strings"

	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements key vaults:
// learn.microsoft.com/rest/api/keyvault/keyvault/vaults/create-or-update. Their
// names are unique in the whole sandbox, deleted ones included. Texts and codes
// are from users' reports; the code for a foreign tenant is a guess.

const vaultType = keyvault.VaultType

var vaultVersions = []string{"2021-10-01", "2022-07-01", "2022-11-01", "2023-02-01", "2023-07-01", "2024-04-01-preview", "2024-11-01", "2024-12-01-preview", "2025-05-01", rbacByDefault}

// rbacByDefault is the first api-version in which vaults are created with RBAC,
// and updated without a change of it, if the request does not say:
// learn.microsoft.com/azure/key-vault/general/access-control-default.
const rbacByDefault = "2026-02-01"

const vaultNameText = "The vault name '%s' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742"

func vaults() *resourceType {
	return &resourceType{
		name:        vaultType,
		under:       "providers/" + vaultType,
		doc:         "https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/create-or-update",
		patch:       patching{[]string{"tags", "properties"}, docs + "keyvault/keyvault/vaults/update"},
		versions:    vaultVersions,
		names:       nameRule{regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$`), "VaultNameNotValid", vaultNameText},
		body:        envelope(nil, schema.Fields{"properties": schema.Object(vaultProperties).Required()}),
		created:     http.StatusOK,
		check:       checkVault,
		afterDelete: afterVaultDelete,
	}
}

var vaultProperties = schema.Fields{
	"tenantId": schema.Text().Required(),
	"sku": schema.Object(schema.Fields{
		"family": schema.Text("A").Required(), "name": schema.Text("standard", "premium").Required(),
	}).Required(),
	"accessPolicies": schema.List(accessPolicy),
	"createMode":     schema.Text("default", "recover"),
	"networkAcls": schema.Object(schema.Fields{
		"bypass":              schema.Text("AzureServices", "None"),
		"defaultAction":       schema.Text("Allow", "Deny"),
		"ipRules":             schema.List(schema.Object(schema.Fields{"value": schema.Text().Required()})),
		"virtualNetworkRules": schema.List(schema.Object(schema.Fields{"id": schema.Text().Required(), "ignoreMissingVnetServiceEndpoint": schema.Flag()})),
	}),
	"publicNetworkAccess":       schema.Text("Enabled", "Disabled", "SecuredByPerimeter").Only("Enabled", "Disabled"),
	"softDeleteRetentionInDays": schema.Whole().Within(7, 90),
}.With(schema.Each(schema.Flag(), "enablePurgeProtection", "enableRbacAuthorization", "enableSoftDelete", "enabledForDeployment",
	"enabledForDiskEncryption", "enabledForTemplateDeployment"),
	schema.Outputs("hsmPoolResourceId", "privateEndpointConnections", "provisioningState", "vaultUri"))

var accessPolicy = schema.Object(schema.Fields{
	"tenantId": schema.Text().Required(), "objectId": schema.Text().Required(), "applicationId": schema.Text(),
	"permissions": schema.Object(schema.Each(schema.List(schema.Text()), "keys", "secrets", "certificates", "storage")).Required(),
})

func checkVault(ch *change) error {
	name := ch.resource.Name
	if strings.Contains(name, "--") {
		return refuse(http.StatusBadRequest, "VaultNameNotValid", vaultNameText, name)
	}
	if tenant := textAt(ch.properties, "tenantId"); !strings.EqualFold(tenant, ch.resource.TenantID) {
		return badRequest("The tenant ID '%s' is not valid: expected '%s', the tenant of the subscription.", tenant, ch.resource.TenantID)
	}
	recovers := textAt(ch.properties, "createMode") == "recover"
	delete(ch.properties, "createMode")
	switch {
	case ch.old == nil && recovers:
		return ch.recoverVault()
	case ch.old == nil:
		if err := ch.freeVaultName(name); err != nil {
			return err
		}
	}
	if err := ch.checkVaultSwitches(); err != nil {
		return err
	}
	ch.setDefault("accessPolicies", []any{})
	ch.setDefault("publicNetworkAccess", "Enabled")
	for _, name := range []string{"enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment", "enableRbacAuthorization"} {
		ch.setDefault(name, false)
	}
	ch.properties["enableSoftDelete"] = true
	ch.setDefault("softDeleteRetentionInDays", 90)
	ch.properties["provisioningState"] = succeeded
	// The sandbox has no DNS, so a vault's address is not made of its name.
	var err error
	ch.properties["vaultUri"], err = ch.service.config.Vaults.Of(name)
	return err
}

// checkVaultSwitches refuses switches that cannot be changed, or not back:
// learn.microsoft.com/azure/key-vault/general/soft-delete-overview.
func (ch *change) checkVaultSwitches() error {
	if ch.properties["enableSoftDelete"] == false {
		return badRequest(`The property "enableSoftDelete" cannot be set to false. Soft delete is enabled for all vaults, and this is an irreversible action.`)
	}
	if ch.properties["enablePurgeProtection"] == false {
		return badRequest(`The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.`)
	}
	if ch.version >= rbacByDefault {
		kept, had := ch.before["enableRbacAuthorization"]
		ch.setDefault("enableRbacAuthorization", !had || kept == true)
	}
	rbacNow := ch.properties["enableRbacAuthorization"] == true
	if _, given := ch.properties["accessPolicies"]; !given && !rbacNow && ch.old == nil {
		return badRequest("The parameter accessPolicies is not specified.")
	}
	if ch.old == nil {
		return nil
	}
	for _, name := range []string{"enablePurgeProtection", "accessPolicies", "softDeleteRetentionInDays"} {
		if kept, had := ch.before[name]; had {
			ch.setDefault(name, kept)
		}
	}
	if !schema.Same(ch.properties["softDeleteRetentionInDays"], ch.before["softDeleteRetentionInDays"]) {
		return badRequest(`The property "softDeleteRetentionInDays" has been set already and it can't be modified.`)
	}
	// learn.microsoft.com/azure/key-vault/general/rbac-access-policy
	if rbacNow != (ch.before["enableRbacAuthorization"] == true) &&
		!rbac.Allowed(ch.tx, ch.caller.TenantID, ch.caller.ObjectID, assignmentWrite, ch.resource.ID) {
		return refuse(http.StatusForbidden, "AuthorizationFailed",
			"The client '%s' with object id '%s' does not have authorization to change the permission model of the vault: it needs '%s' over scope '%s'.",
			ch.caller.ClientID, ch.caller.ObjectID, assignmentWrite, ch.resource.ID)
	}
	return nil
}

// freeVaultName refuses the name of a vault, or of a deleted vault that can be
// recovered.
func (c *call) freeVaultName(name string) error {
	const taken = "The vault name '%s' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740"
	if _, err := keyvault.VaultByName(c.tx, name); err != keyvault.ErrVaultNotFound {
		return orRefuse(err, http.StatusConflict, "VaultAlreadyExists", taken, name)
	}
	deleted, ok, err := c.deletedVault(name)
	switch {
	case err != nil || !ok:
		return err
	case deleted.SubscriptionID == c.subscription.ID:
		return refuse(http.StatusConflict, "ConflictError", "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")
	}
	return refuse(http.StatusConflict, "VaultAlreadyExists", taken, name)
}

func orRefuse(err error, status int, code, format string, args ...any) error {
	if err != nil {
		return err
	}
	return refuse(status, code, format, args...)
}

// recoverVault restores a deleted vault with its secrets. As in Azure, role
// assignments are lost. Other properties of the request are ignored, which is a
// guess.
func (ch *change) recoverVault() error {
	deleted, ok, err := ch.deletedVault(ch.resource.Name)
	if err != nil {
		return err
	}
	if !ok || store.ResourceKey(deleted.ID) != store.ResourceKey(ch.resource.ID) || deleted.Location != ch.resource.Location {
		return refuse(http.StatusNotFound, "DeletedVaultNotFound", "A deleted vault with the name '%s' does not exist in this resource group and location.", ch.resource.Name)
	}
	store.Resources.Delete(ch.tx, deletedKey(deleted.ID))
	deleted.Type = vaultType
	ch.resource.Tags, ch.resource.CreatedAt, ch.resource.CreatedBy = deleted.Tags, deleted.CreatedAt, deleted.CreatedBy
	if ch.properties, err = decodeObject(deleted.Properties); err != nil {
		return err
	}
	vault, err := keyvault.VaultOf(deleted.Resource)
	if err != nil {
		return err
	}
	vault.ID = ch.resource.ID
	return keyvault.RecoverAll(ch.tx, ch.service.store.Now(), vault)
}

// listHSMs answers az keyvault list, which asks for managed HSMs as well. None
// can be made here, so there are none.
func (c *call) listHSMs() (reply, error) { return ok(values[any](nil)) }

// checkVaultName follows
// learn.microsoft.com/rest/api/keyvault/keyvault/vaults/check-name-availability.
func (c *call) checkVaultName() (reply, error) {
	t := c.service.typeOf(vaultType)
	name, err := c.askedName(t, vaultType)
	if err != nil {
		return reply{}, err
	}
	if invalid := t.names.check(name); invalid != nil {
		return ok(map[string]any{"nameAvailable": false, "reason": "AccountNameInvalid", "message": messageOf(invalid)})
	}
	return availability(c.freeVaultName(name))
}
