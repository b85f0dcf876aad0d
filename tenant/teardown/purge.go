package teardown

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file permanently deletes what is in the recycle bins
// (https://learn.microsoft.com/graph/api/directory-deleteditems-delete,
// https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/purge-deleted).
// The rules are:
//   - only what the journal lists is purged, and only if it still has the same
//     client id or ARM id
//   - what is not in a bin is done; if it was never deleted, the proof finds it

const vaultVersion = "2023-07-01"

func (o Options) purgeServicePrincipals(ctx context.Context, made *Remains) error {
	return o.purgeDirectory(ctx, "service principal", made.ServicePrincipals)
}

func (o Options) purgeApplications(ctx context.Context, made *Remains) error {
	return o.purgeDirectory(ctx, "app registration", made.Applications)
}

func (o Options) purgeDirectory(ctx context.Context, what string, items []Principal) error {
	for _, item := range items {
		path := deletedItem(item)
		var deleted struct {
			AppID string `json:"appId"`
		}
		err := o.Session.Graph.Get(ctx, path, &deleted)
		if azurecloud.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !strings.EqualFold(deleted.AppID, item.ClientID) {
			return fmt.Errorf("expected client id %s for the deleted %s %s, got %q; nothing was purged", item.ClientID, what, item.ObjectID, deleted.AppID)
		}
		o.logf("purging the %s %s", what, item.ObjectID)
		if err := o.Session.Graph.Delete(ctx, path); err != nil && !azurecloud.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func deletedItem(p Principal) string { return "/v1.0/directory/deletedItems/" + p.ObjectID }

func (o Options) purgeVaults(ctx context.Context, made *Remains) error {
	for _, vault := range made.Vaults {
		deleted, err := o.deletedVault(ctx, made, vault)
		if err != nil {
			return err
		}
		if deleted == nil {
			continue
		}
		if deleted.PurgeProtected {
			return azurecloud.WithHint(fmt.Errorf("vault %s cannot be purged before %s: it has purge protection", vault.Name, deleted.PurgeDate),
				"its name stays taken until then and the rest is gone; run the teardown again after that date")
		}
		o.logf("purging the vault %s", vault.Name)
		if err := o.Session.ResourceManager.Post(ctx, made.deletedVaultPath(vault)+"/purge?api-version="+vaultVersion, nil, nil); err != nil {
			return err
		}
		// Purging may still be running when the request returns.
		for range 30 {
			if deleted, err = o.deletedVault(ctx, made, vault); err != nil {
				return err
			}
			if deleted == nil {
				break
			}
			if err := o.Wait(ctx, 10*time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Remains) deletedVaultPath(v Vault) string {
	return "/subscriptions/" + m.SubscriptionID + "/providers/Microsoft.KeyVault/locations/" + v.Location + "/deletedVaults/" + v.Name
}

type deletedVault struct {
	VaultID        string `json:"vaultId"`
	PurgeDate      string `json:"scheduledPurgeDate"`
	PurgeProtected bool   `json:"purgeProtectionEnabled"`
}

// deletedVault is the vault in the recycle bin, or nil. A deleted vault with
// the same name and another id does not belong to the stack.
func (o Options) deletedVault(ctx context.Context, made *Remains, v Vault) (*deletedVault, error) {
	var found struct {
		Properties deletedVault `json:"properties"`
	}
	err := o.Session.ResourceManager.Get(ctx, made.deletedVaultPath(v)+"?api-version="+vaultVersion, &found)
	if azurecloud.IsNotFound(err) || err == nil && !strings.EqualFold(found.Properties.VaultID, v.ID) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found.Properties, nil
}
