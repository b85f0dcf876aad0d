package arm

import (
	"net/http"
	"strings"
	"time"

	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/store"
)

// This file implements deleted vaults:
// learn.microsoft.com/azure/key-vault/general/soft-delete-overview. A deleted
// vault keeps its secrets and its name for its retention on the sandbox's
// clock, or until it is purged. One with purge protection cannot be purged.

const (
	deletedVaultType    = keyvault.DeletedVaultType
	deletedVaultsRead   = deletedVaultType + "/read"
	deletedVaultRead    = "Microsoft.KeyVault/locations/deletedVaults/read"
	deletedVaultPurge   = "Microsoft.KeyVault/locations/deletedVaults/purge/action"
	vaultNameCheck      = "Microsoft.KeyVault/checkNameAvailability/read"
	deletedVaultsPath   = subscriptionPath + "/providers/microsoft.keyvault/deletedvaults"
	oneDeletedVaultPath = subscriptionPath + "/providers/microsoft.keyvault/locations/{location}/deletedvaults/{deleted}"
)

func afterVaultDelete(c *call, r store.Resource) {
	r.Type, r.ChangedAt = deletedVaultType, c.service.store.Now()
	store.Resources.Put(c.tx, deletedKey(r.ID), r)
}

// deletedVaultsOf returns the deleted vaults below a scope that can still be
// recovered. In a write it removes the others.
func (c *call) deletedVaultsOf(scope string) ([]keyvault.Vault, error) {
	var all []keyvault.Vault
	var over []store.Resource
	for _, r := range store.Resources.All(c.tx, "deleted"+scope+"/") {
		if r.Type != deletedVaultType {
			continue
		}
		v, err := keyvault.VaultOf(r)
		if err != nil {
			return nil, err
		}
		if c.service.store.Now().Before(r.ChangedAt.Add(v.Retention())) {
			all = append(all, v)
		} else {
			over = append(over, r)
		}
	}
	if c.writes() {
		for _, r := range over {
			c.purge(r)
		}
	}
	return all, nil
}

// deletedVault finds a deleted vault by name in all subscriptions.
func (c *call) deletedVault(name string) (keyvault.Vault, bool, error) {
	all, err := c.deletedVaultsOf("/subscriptions")
	for _, v := range all {
		if strings.EqualFold(v.Name, name) {
			return v, true, nil
		}
	}
	return keyvault.Vault{}, false, err
}

func (c *call) purge(r store.Resource) {
	store.Resources.Delete(c.tx, deletedKey(r.ID))
	keyvault.PurgeAll(c.tx, r.Name)
	c.service.config.Vaults.Purged(r.Name)
}

func (c *call) showDeletedVault(v keyvault.Vault) map[string]any {
	properties := map[string]any{
		"vaultId": v.ID, "location": v.Location, "tags": v.Tags,
		"deletionDate": v.ChangedAt.Format(time.RFC3339), "scheduledPurgeDate": v.ChangedAt.Add(v.Retention()).Format(time.RFC3339),
	}
	if v.PurgeProtection {
		properties["purgeProtectionEnabled"] = true
	}
	return map[string]any{
		"id":   c.subscriptionID() + "/providers/Microsoft.KeyVault/locations/" + v.Location + "/deletedVaults/" + v.Name,
		"name": v.Name, "type": deletedVaultType, "properties": properties,
	}
}

// deletedVaults follows
// learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted.
func (c *call) deletedVaults() (reply, error) {
	if err := c.service.typeOf(vaultType).supports(c.version); err != nil {
		return reply{}, err
	}
	all, err := c.deletedVaultsOf(store.ResourceKey(c.subscriptionID()))
	if err != nil {
		return reply{}, err
	}
	var items []map[string]any
	for _, v := range all {
		items = append(items, c.showDeletedVault(v))
	}
	return ok(values(items))
}

// askedDeletedVault returns the deleted vault of the request's path.
func (c *call) askedDeletedVault() (keyvault.Vault, error) {
	if err := c.service.typeOf(vaultType).supports(c.version); err != nil {
		return keyvault.Vault{}, err
	}
	name := c.r.PathValue("deleted")
	v, found, err := c.deletedVault(name)
	if err == nil && (!found || v.SubscriptionID != c.subscription.ID || v.Location != canonicalLocation(c.r.PathValue("location"))) {
		err = refuse(http.StatusNotFound, "DeletedVaultNotFound", "The specified deleted vault '%s' does not exist.", name)
	}
	return v, err
}

// getDeletedVault follows
// learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get-deleted.
func (c *call) getDeletedVault() (reply, error) {
	v, err := c.askedDeletedVault()
	if err != nil {
		return reply{}, err
	}
	return ok(c.showDeletedVault(v))
}

// purgeDeletedVault follows
// learn.microsoft.com/rest/api/keyvault/keyvault/vaults/purge-deleted. It is
// immediate; in Azure it takes a while.
func (c *call) purgeDeletedVault() (reply, error) {
	v, err := c.askedDeletedVault()
	if err != nil {
		return reply{}, err
	}
	if v.PurgeProtection {
		return reply{}, refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
	}
	c.purge(v.Resource)
	c.note(v.ID)
	return reply{status: http.StatusOK}, nil
}
