package store

import (
	"strings"
	"time"
)

// This file has the state of Key Vault besides the resources that ARM shows.

// A VaultSecret is one secret of a key vault with all its versions. It outlives
// a deletion of the vault for as long as the vault can be recovered.
type VaultSecret struct {
	Vault     string // its name: vaults' names are unique everywhere
	Name      string
	Versions  []SecretVersion // oldest first, at least one
	DeletedAt time.Time       // zero: it is not deleted
	PurgeAt   time.Time       // when a deleted one is removed
}

// Latest is the version that a request without one means.
func (s VaultSecret) Latest() SecretVersion { return s.Versions[len(s.Versions)-1] }

// Version returns the version with that id.
func (s VaultSecret) Version(id string) (SecretVersion, bool) {
	for _, v := range s.Versions {
		if strings.EqualFold(v.ID, id) {
			return v, true
		}
	}
	return SecretVersion{}, false
}

// A SecretVersion is one value that a secret had. Never print one: it contains
// the value.
type SecretVersion struct {
	ID          string // 32 hexadecimal digits
	Value       string
	ContentType string
	Enabled     bool
	NotBefore   int64 // Unix seconds; zero: none
	Expires     int64 // Unix seconds; zero: none
	Tags        map[string]string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// VaultSecrets are keyed by [VaultSecretKey].
var VaultSecrets = collection[VaultSecret]("vaultSecrets")

// VaultSecretKey is the key of a secret: names ignore case. An empty name makes
// the prefix of all secrets of the vault.
func VaultSecretKey(vault, name string) string { return strings.ToLower(vault + "/" + name) }
