package appservice

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/keyvault"
)

// This file is Key Vault references in app settings:
// learn.microsoft.com/azure/app-service/app-service-key-vault-references. The rules
// are: the site's keyVaultReferenceIdentity reads the vault, with its own roles;
// references are read when the host starts, when something about the site
// changes, and every 24 hours; only then it notices that a secret or a role on it
// changed. If a reference cannot be read, the app gets the reference itself.

// Vaults reads Key Vault as a principal, with that principal's roles.
type Vaults interface {
	// Read returns the value of a secret; an empty version means the newest.
	Read(tenantID, principalID, vault, name, version string) (value string, err error)
	// Locate parses the address of a secret; ok is false if it is not one.
	Locate(uri string) (vault, name, version string, ok bool)
}

const (
	referencePrefix = "@Microsoft.KeyVault("
	vaultResource   = "https://vault.azure.net"
	// referencesAge is how old a value may be.
	referencesAge = 24 * time.Hour
)

// The status of a reference, as
// learn.microsoft.com/rest/api/appservice/web-apps/get-app-settings-key-vault-references
// names it.
const (
	resolved           = "Resolved"
	invalidSyntax      = "InvalidSyntax"
	identityNotEnabled = "MSINotEnabled"
	vaultNotFound      = "VaultNotFound"
	secretNotFound     = "SecretNotFound"
	versionNotFound    = "SecretVersionNotFound"
	accessDenied       = "AccessToKeyVaultDenied"
	otherReasons       = "OtherReasons"
)

// isReference reports whether a setting is meant to be a reference.
func isReference(text string) bool {
	return len(text) >= len(referencePrefix) && strings.EqualFold(text[:len(referencePrefix)], referencePrefix)
}

// readReference parses a reference.
func readReference(text string, vaults Vaults) (ref arm.Reference, ok bool) {
	ref = arm.Reference{Text: text}
	inner, closed := strings.CutSuffix(text[len(referencePrefix):], ")")
	if !closed {
		return ref, false
	}
	parts := make(map[string]string)
	for part := range strings.SplitSeq(inner, ";") {
		name, value, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := parts[name]; !found || twice || value == "" {
			return ref, false
		}
		parts[name] = strings.TrimSpace(value)
	}
	if uri, given := parts["secreturi"]; given {
		ref.Vault, ref.Secret, ref.Version, ok = vaults.Locate(uri)
		return ref, ok && len(parts) == 1
	}
	ref.Vault, ref.Secret, ref.Version = parts["vaultname"], parts["secretname"], parts["secretversion"]
	_, versioned := parts["secretversion"]
	known := 2
	if versioned {
		known = 3
	}
	return ref, ref.Vault != "" && ref.Secret != "" && len(parts) == known
}

// resolve replaces the references among the definition's settings by their values
// and returns the status of each, by setting.
func (s *Service) resolve(def *definition) map[string]arm.Reference {
	found := make(map[string]arm.Reference)
	for name, text := range def.Settings {
		if !isReference(text) {
			continue
		}
		value, ref := s.resolveOne(*def, text)
		if ref.Status == resolved {
			def.Settings[name] = value
		}
		found[name] = ref
	}
	return found
}

func (s *Service) resolveOne(def definition, text string) (value string, ref arm.Reference) {
	ref, ok := readReference(text, s.config.Vaults)
	principalID, kind := def.referenceIdentity()
	ref.IdentityType = kind
	switch {
	case !ok:
		ref.Status = invalidSyntax
		ref.Details = "Expected @Microsoft.KeyVault(SecretUri=URI) or @Microsoft.KeyVault(VaultName=NAME;SecretName=NAME), with SecretVersion=VERSION if wanted."
		return "", ref
	case principalID == "":
		ref.Status = identityNotEnabled
		ref.Details = "The identity in keyVaultReferenceIdentity is not one of the site."
		return "", ref
	}
	_, err := s.config.Tokens.ManagedIdentityTokenFor(uuid.NewString(), def.TenantID, principalID, vaultResource)
	if err == nil {
		value, err = s.config.Vaults.Read(def.TenantID, principalID, ref.Vault, ref.Secret, ref.Version)
	}
	ref.Status, ref.Details = outcome(err)
	return value, ref
}

// outcome is the status of a reference after it was read. We are not sure which
// status Azure shows for a disabled secret.
func outcome(err error) (status, details string) {
	var refusal *keyvault.Error
	switch {
	case err == nil:
		return resolved, "Reference has been successfully resolved."
	case errors.Is(err, keyvault.ErrVaultNotFound):
		return vaultNotFound, err.Error()
	case errors.Is(err, keyvault.ErrVersionNotFound):
		return versionNotFound, err.Error()
	case errors.Is(err, keyvault.ErrSecretNotFound):
		return secretNotFound, err.Error()
	case errors.As(err, &refusal) && refusal.Status == http.StatusForbidden:
		return accessDenied, err.Error()
	}
	return otherReasons, err.Error()
}

// referenceIdentity is the principal that reads vaults; empty when the site does
// not have the identity.
func (d definition) referenceIdentity() (principalID, kind string) {
	if d.ReferenceIdentity == "" || strings.EqualFold(d.ReferenceIdentity, "SystemAssigned") {
		if d.Identity.systemAssigned() {
			principalID = d.Identity.PrincipalID
		}
		return principalID, "SystemAssigned"
	}
	principalID, _ = d.Identity.userAssigned(d.ReferenceIdentity)
	return principalID, "UserAssigned"
}

// follow resolves the references for the next host and stores their status. A
// changed value changes the definition.
func (a *app) follow(def *definition) {
	found := a.service.resolve(def)
	a.mu.Lock()
	before := a.references
	a.references, a.resolvedAt = found, a.service.config.Store.Now()
	a.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if ref := found[name]; ref.Status != resolved && before[name].Status != ref.Status {
			a.journal.host(warning, "app setting %q: Key Vault reference is not resolved: %s", name, ref.Status)
		}
	}
}

// due reports whether references must be read again: those without a version, and
// those that could not be read.
func (a *app) due(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.agesLocked() && !now.Before(a.resolvedAt.Add(referencesAge))
}

func (a *app) agesLocked() bool {
	for _, ref := range a.references {
		if ref.Version == "" || ref.Status != resolved {
			return true
		}
	}
	return false
}

// remind makes the app read its references again when they are due, even if
// nothing else happens until then. Only the app's goroutine calls it.
func (a *app) remind() {
	if a.reminder != nil {
		a.reminder.Stop()
		a.reminder = nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.agesLocked() && !a.closed {
		a.reminder = time.AfterFunc(referencesAge, func() { a.refresh(false) })
	}
}

// References returns the status of the Key Vault references in a site's app
// settings, by setting, after all changes made so far.
func (s *Service) References(siteID string) map[string]arm.Reference {
	a := s.app(siteID)
	if a == nil || a.await(context.Background()) == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.references)
}
