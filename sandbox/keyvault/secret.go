package keyvault

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file has the operations that ARM, the data plane and the recovery of a
// vault share. The rules are: setting a secret creates a new version; a deleted
// secret keeps its name for the vault's retention; a secret that is not deleted
// has a resource in ARM, so that roles can be assigned on it.
// https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview

const (
	// VaultType and SecretType are ARM's names.
	VaultType  = "Microsoft.KeyVault/vaults"
	SecretType = VaultType + "/secrets"
	// DeletedVaultType is that of a vault that can still be recovered.
	DeletedVaultType = "Microsoft.KeyVault/deletedVaults"
)

// ErrDeletedButRecoverable is returned by [Set] for the name of a deleted
// secret.
var ErrDeletedButRecoverable = errors.New("the secret is deleted but recoverable, and its name cannot be reused")

// A Vault is a key vault as ARM stores it.
type Vault struct {
	store.Resource
	VaultURI            string         `json:"vaultUri"`
	RBAC                bool           `json:"enableRbacAuthorization"`
	PurgeProtection     bool           `json:"enablePurgeProtection"`
	RetentionDays       int            `json:"softDeleteRetentionInDays"`
	PublicNetworkAccess string         `json:"publicNetworkAccess"`
	AccessPolicies      []accessPolicy `json:"accessPolicies"`
	NetworkACLs         networkACLs    `json:"networkAcls"`
}

type networkACLs struct {
	DefaultAction string `json:"defaultAction"`
}

// An accessPolicy is the older alternative to roles:
// learn.microsoft.com/azure/key-vault/general/assign-access-policy.
type accessPolicy struct {
	TenantID    string `json:"tenantId"`
	ObjectID    string `json:"objectId"`
	Permissions struct {
		Secrets []string `json:"secrets"`
	} `json:"permissions"`
}

// VaultOf returns the vault of a resource.
func VaultOf(r store.Resource) (Vault, error) {
	v := Vault{}
	err := json.Unmarshal(r.Properties, &v)
	v.Resource = r
	return v, err
}

// VaultByName returns the vault with that name, in any subscription, or
// [ErrVaultNotFound].
func VaultByName(tx *store.Tx, name string) (Vault, error) {
	for _, r := range store.Resources.All(tx, "/subscriptions/") {
		if r.Type == VaultType && strings.EqualFold(r.Name, name) {
			return VaultOf(r)
		}
	}
	return Vault{}, ErrVaultNotFound
}

// Retention is how long the vault and its secrets can be recovered.
func (v Vault) Retention() time.Duration { return time.Duration(v.RetentionDays) * 24 * time.Hour }

// Open says whether the vault's network rules admit callers. Exceptions to the
// rules do not matter: the sandbox is in none of their networks.
func (v Vault) Open() bool {
	return !strings.EqualFold(v.PublicNetworkAccess, "Disabled") && !strings.EqualFold(v.NetworkACLs.DefaultAction, "Deny")
}

// find returns a secret, deleted or not, but not after its retention.
func find(tx *store.Tx, now time.Time, vault, name string) (store.VaultSecret, bool) {
	s, ok := store.VaultSecrets.Get(tx, store.VaultSecretKey(vault, name))
	if ok && !s.DeletedAt.IsZero() && !now.Before(s.PurgeAt) {
		return store.VaultSecret{}, false
	}
	return s, ok
}

// VersionOf returns the version that a checked request describes: value,
// contentType, tags and attributes. It is enabled by default.
func VersionOf(body map[string]any) (store.SecretVersion, error) {
	var sent struct {
		store.SecretVersion
		Attributes struct {
			Enabled bool
			Nbf     int64
			Exp     int64
		}
	}
	sent.Attributes.Enabled = true
	err := schema.Decode(body, &sent)
	version := sent.SecretVersion
	version.Enabled, version.NotBefore, version.Expires = sent.Attributes.Enabled, sent.Attributes.Nbf, sent.Attributes.Exp
	return version, err
}

// Set adds a version to a secret, and creates the secret if needed. It sets the
// version's id and times. It returns [ErrDeletedButRecoverable].
func Set(tx *store.Tx, now time.Time, v Vault, name string, version store.SecretVersion) (store.VaultSecret, error) {
	s, ok := find(tx, now, v.Name, name)
	switch {
	case !ok:
		s = store.VaultSecret{Vault: v.Name, Name: name}
	case !s.DeletedAt.IsZero():
		return s, ErrDeletedButRecoverable
	}
	tx.Issue(store.VaultValue, version.Value)
	id := uuid.New()
	version.ID, version.CreatedAt, version.UpdatedAt = hex.EncodeToString(id[:]), now, now
	s.Versions = append(s.Versions, version)
	store.VaultSecrets.Put(tx, store.VaultSecretKey(v.Name, name), s)
	return s, v.mirror(tx, now, s)
}

// Delete deletes a secret, so that it can be recovered.
func Delete(tx *store.Tx, now time.Time, v Vault, s store.VaultSecret) store.VaultSecret {
	s.DeletedAt, s.PurgeAt = now, now.Add(v.Retention())
	store.VaultSecrets.Put(tx, store.VaultSecretKey(v.Name, s.Name), s)
	id := store.ResourceKey(v.secretID(s.Name))
	store.Resources.Delete(tx, id)
	store.RoleAssignments.DeleteBelow(tx, id+"/")
	return s
}

// Recover restores a deleted secret.
func Recover(tx *store.Tx, now time.Time, v Vault, s store.VaultSecret) (store.VaultSecret, error) {
	s.DeletedAt, s.PurgeAt = time.Time{}, time.Time{}
	store.VaultSecrets.Put(tx, store.VaultSecretKey(v.Name, s.Name), s)
	return s, v.mirror(tx, now, s)
}

// RecoverAll restores the resources of a recovered vault's secrets.
func RecoverAll(tx *store.Tx, now time.Time, v Vault) error {
	for _, s := range secretsOf(tx, v.Name) {
		if s.DeletedAt.IsZero() {
			if err := v.mirror(tx, now, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// PurgeAll deletes all secrets of a vault permanently.
func PurgeAll(tx *store.Tx, vault string) {
	store.VaultSecrets.DeleteBelow(tx, store.VaultSecretKey(vault, ""))
}

// secretsOf returns the secrets of a vault by name, including deleted ones.
func secretsOf(tx *store.Tx, vault string) []store.VaultSecret {
	var all []store.VaultSecret
	for _, s := range store.VaultSecrets.All(tx, store.VaultSecretKey(vault, "")) {
		all = append(all, s)
	}
	return all
}

func (v Vault) secretID(name string) string { return v.ID + "/secrets/" + name }

// mirror stores the resource of a secret.
func (v Vault) mirror(tx *store.Tx, now time.Time, s store.VaultSecret) error {
	properties, err := json.Marshal(v.Shown(s))
	if err != nil {
		return err
	}
	r := store.Resource{
		ID: v.secretID(s.Name), TenantID: v.TenantID, SubscriptionID: v.SubscriptionID, ResourceGroup: v.ResourceGroup,
		Type: SecretType, Name: s.Name, CreatedAt: s.Versions[0].CreatedAt, ChangedAt: now,
		Location: v.Location, Tags: s.Latest().Tags, Properties: properties,
	}
	store.Resources.Put(tx, store.ResourceKey(r.ID), r)
	return nil
}

// Shown shows a secret as ARM does, without its value.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get
func (v Vault) Shown(s store.VaultSecret) map[string]any {
	latest := s.Latest()
	shown := map[string]any{
		"attributes":           attributesOf(latest),
		"secretUri":            v.VaultURI + "secrets/" + s.Name,
		"secretUriWithVersion": v.VaultURI + "secrets/" + s.Name + "/" + latest.ID,
	}
	if latest.ContentType != "" {
		shown["contentType"] = latest.ContentType
	}
	return shown
}

// attributesOf are the attributes that both planes show. Times are Unix
// seconds.
func attributesOf(version store.SecretVersion) map[string]any {
	shown := map[string]any{"enabled": version.Enabled, "created": version.CreatedAt.Unix(), "updated": version.UpdatedAt.Unix()}
	if version.NotBefore != 0 {
		shown["nbf"] = version.NotBefore
	}
	if version.Expires != 0 {
		shown["exp"] = version.Expires
	}
	return shown
}
