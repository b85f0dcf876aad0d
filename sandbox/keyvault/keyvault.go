// Package keyvault is the sandbox's Key Vault, as far as secrets go: the data
// plane of the vaults that ARM created, path-style under /keyvault/VAULT/, and
// what becomes of secrets whichever plane asks.
//
// It stands for learn.microsoft.com/rest/api/keyvault/secrets. Callers bring an
// Entra token for https://vault.azure.net and need a data role (Key Vault
// Secrets User or Officer, Key Vault Administrator), or an access policy where
// the vault still works with those; Owner of the subscription reads nothing.
//
// It does not know keys, certificates, backups, updates of attributes, and
// paging: a list comes in one piece.
//
// Not for production: values are not encrypted.
package keyvault

import "regexp"

// SecretName is what names of secrets look like:
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
var SecretName = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)
