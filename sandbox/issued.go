package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// Issued are all secrets that the sandbox issued or has, so that tests can search
// logs and files for them. It is available only from Go, not through the control
// endpoint, the history or the disk. Each list is sorted.
type Issued struct {
	AccessTokens    []string // of Entra and of managed identities; not forged ones
	ClientSecrets   []string // also those of the deployers
	FunctionKeys    []string // also master and host keys
	IdentityHeaders []string
	VaultSecrets    []string // values set in key vaults
	Own             []string // the control endpoint's token and the passphrase in DIR/env
}

// Issued returns the secrets of this run, and those of earlier runs that are
// still valid.
func (s *Sandbox) Issued() (Issued, error) {
	if s.forgetful {
		return Issued{}, errors.New("issued secrets: expected a sandbox that keeps them, got one with ForgetIssued")
	}
	found := Issued{
		AccessTokens: s.store.Issued(store.AccessToken), ClientSecrets: s.store.Issued(store.ClientSecret),
		FunctionKeys: s.store.Issued(store.FunctionKey), IdentityHeaders: s.store.Issued(store.IdentityHeader),
		VaultSecrets: s.store.Issued(store.VaultValue), Own: []string{s.control.token},
	}
	for _, tenant := range s.tenants {
		found.ClientSecrets = append(found.ClientSecrets, tenant.Deployer.Secret)
	}
	passphrase, err := os.ReadFile(filepath.Join(s.Dir, passphraseFilename))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Issued{}, err
	}
	if text := strings.TrimSpace(string(passphrase)); text != "" {
		found.Own = append(found.Own, text)
	}
	err = s.store.View(func(tx *store.Tx) error {
		found.remembered(tx)
		return nil
	})
	for _, list := range []*[]string{&found.AccessTokens, &found.ClientSecrets, &found.FunctionKeys, &found.IdentityHeaders, &found.VaultSecrets, &found.Own} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return found, err
}

// remembered adds the secrets of earlier runs from the store, which has only
// hashes of client secrets.
func (i *Issued) remembered(tx *store.Tx) {
	for _, token := range store.IdentityTokens.All(tx, "") {
		i.AccessTokens = append(i.AccessTokens, token.AccessToken)
	}
	for _, site := range store.Sites.All(tx, "") {
		i.IdentityHeaders = append(i.IdentityHeaders, site.IdentityHeader)
		i.FunctionKeys = append(i.FunctionKeys, site.MasterKey)
		for _, key := range site.HostKeys {
			i.FunctionKeys = append(i.FunctionKeys, key)
		}
		for _, keys := range site.FunctionKeys {
			for _, key := range keys {
				i.FunctionKeys = append(i.FunctionKeys, key)
			}
		}
	}
	for _, secret := range store.VaultSecrets.All(tx, "") {
		for _, version := range secret.Versions {
			i.VaultSecrets = append(i.VaultSecrets, version.Value)
		}
	}
}
