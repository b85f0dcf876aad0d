package keyvault

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file checks callers. The order is: the vault, the token, the
// api-version, the network, the role or policy, and only then whether the
// secret exists, so that nobody learns names without a role.
// https://learn.microsoft.com/azure/key-vault/general/authentication

// Refusals that App Service handles differently.
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
var (
	// ErrVaultNotFound exists on purpose: in Azure there would be no host name.
	ErrVaultNotFound = &Error{Status: http.StatusNotFound, Code: "VaultNotFound", Message: "The vault does not exist."}
	// ErrSecretNotFound is also returned for a deleted secret.
	ErrSecretNotFound = &Error{Status: http.StatusNotFound, Code: "SecretNotFound", Message: "A secret with this name was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command."}
	// ErrVersionNotFound has the code of [ErrSecretNotFound].
	ErrVersionNotFound = &Error{Status: http.StatusNotFound, Code: "SecretNotFound", Message: "A secret with this name and version was not found in this key vault."}
)

var errDisabled = &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: "SecretDisabled", Message: "Operation get is not allowed on a disabled secret."}

const (
	// resourceName is the resource that the challenge names.
	resourceName  = "https://vault.azure.net"
	applicationID = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// audiences are the audiences of tokens for Key Vault.
var audiences = []string{resourceName, resourceName + "/", applicationID}

// guard admits a caller with a token of the vault's tenant and the route's
// permission.
func (s *Service) guard(w http.ResponseWriter, r *http.Request, known route.Route) (*http.Request, bool) {
	var vault Vault
	err := s.store.View(func(tx *store.Tx) (err error) {
		vault, err = VaultByName(tx, r.PathValue("vault"))
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return nil, false
	}
	caller, err := s.authenticate(r, vault)
	if err != nil {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="%s"`, s.config.AuthorityHost, vault.TenantID, resourceName))
		s.fail(w, r, err)
		return nil, false
	}
	r = route.WithCaller(r, caller)
	if err = checkVersion(r.URL.Query().Get("api-version")); err == nil {
		err = s.store.View(func(tx *store.Tx) error { return vault.permits(tx, caller, known.Permission, r.PathValue("name")) })
	}
	if err != nil {
		s.fail(w, r, err)
		return nil, false
	}
	return r, true
}

// authenticate checks the token. Texts are the service's where users' reports
// have them.
func (s *Service) authenticate(r *http.Request, vault Vault) (route.Caller, error) {
	refusal := &Error{Status: http.StatusUnauthorized, Code: "Unauthorized"}
	if r.Header.Get("Authorization") == "" {
		refusal.Message = "AKV10000: Request is missing a Bearer or PoP token."
		return route.Caller{}, refusal
	}
	caller, err := s.config.Auth.Authenticate(r, audiences...)
	if err != nil {
		refusal.Message = "Error validating token: " + err.Error() + "."
		return route.Caller{}, refusal
	}
	if !strings.EqualFold(caller.TenantID, vault.TenantID) {
		refusal.Message = fmt.Sprintf("AKV10032: Invalid issuer. Expected one of %[1]s/%[2]s/, found %[1]s/%[3]s/.", s.config.AuthorityHost, vault.TenantID, caller.TenantID)
		return route.Caller{}, refusal
	}
	return caller, nil
}

// checkVersion refuses a missing or unknown api-version.
// https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses#api-version
func checkVersion(version string) error {
	switch {
	case version == "":
		return &Error{Status: http.StatusBadRequest, Code: "BadParameter", Message: "api-version must be specified"}
	case !slices.Contains(versions, version):
		return unemulated(fmt.Sprintf("api-version %q", version))
	}
	return nil
}

// permits refuses a caller because of the vault's network rules or a missing
// permission. permission is a data action and its name in access policies.
func (v Vault) permits(tx *store.Tx, caller route.Caller, permission []string, name string) error {
	refuse := func(inner, format string, args ...any) error {
		return &Error{Status: http.StatusForbidden, Code: "Forbidden", Inner: inner, Message: fmt.Sprintf(format, args...)}
	}
	who := fmt.Sprintf("appid=%s;oid=%s", caller.ClientID, caller.ObjectID)
	if !v.Open() && strings.EqualFold(v.PublicNetworkAccess, "Disabled") {
		return refuse("ForbiddenByConnection", "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: %s\r\nVault: %s;location=%s", who, v.Name, v.Location)
	} else if !v.Open() {
		return refuse("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: %s\r\nVault: %s;location=%s", who, v.Name, v.Location)
	}
	action, policy := permission[0], strings.TrimPrefix(permission[1], policyPrefix)
	if !v.RBAC {
		if v.policyAllows(caller, policy) {
			return nil
		}
		return refuse("AccessDenied", "The user, group or application '%s' does not have secrets %s permission on key vault '%s;location=%s'.", who, policy, v.Name, v.Location)
	}
	scope := v.ID
	if name != "" {
		scope = v.secretID(name)
	}
	if rbac.AllowedData(tx, caller.TenantID, caller.ObjectID, action, scope) {
		return nil
	}
	return refuse("ForbiddenByRbac", "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: %s\r\nAction: '%s'\r\nResource: '%s'\r\nAssignment: (not found)\r\nVault: %s;location=%s", who, action, strings.ToLower(scope), v.Name, v.Location)
}

func (v Vault) policyAllows(caller route.Caller, permission string) bool {
	return slices.ContainsFunc(v.AccessPolicies, func(p accessPolicy) bool {
		return strings.EqualFold(p.ObjectID, caller.ObjectID) && strings.EqualFold(p.TenantID, caller.TenantID) &&
			slices.ContainsFunc(p.Permissions.Secrets, func(held string) bool {
				return strings.EqualFold(held, permission) || strings.EqualFold(held, "all")
			})
	})
}

// Read returns the value of a secret if the principal may read it. An empty
// version means the newest. Errors are [*Error], among them [ErrVaultNotFound],
// [ErrSecretNotFound] and [ErrVersionNotFound].
func (s *Service) Read(tenantID, principalID, vault, name, version string) (value string, err error) {
	err = s.store.View(func(tx *store.Tx) error {
		v, err := VaultByName(tx, vault)
		if err == nil && !strings.EqualFold(v.TenantID, tenantID) {
			// A token of another tenant would be refused; how App Service shows
			// that is not known.
			err = ErrVaultNotFound
		}
		if err != nil {
			return err
		}
		caller := route.Caller{TenantID: tenantID, ObjectID: principalID}
		if err := v.permits(tx, caller, []string{readSecret, policyPrefix + "get"}, name); err != nil {
			return err
		}
		_, got, err := v.version(tx, s.store.Now(), name, version)
		value = got.Value
		return err
	})
	return value, err
}

// secretPath matches the path of a secret's address.
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
var secretPath = regexp.MustCompile(`^(.*)/secrets/([0-9A-Za-z-]{1,127})(?:/([0-9a-fA-F]{32}))?/?$`)

// Locate splits the address of a secret; ok is false if it is none. For an
// address outside the sandbox, vault is the host, which names no vault here.
func (s *Service) Locate(uri string) (vault, name, version string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", "", false
	}
	m := secretPath.FindStringSubmatch(u.Path)
	if m == nil {
		return "", "", "", false
	}
	base := "https://" + u.Host + m[1] + "/"
	vault = u.Host
	_ = s.store.View(func(tx *store.Tx) error { // without vaults it is outside
		for _, r := range store.Resources.All(tx, "/subscriptions/") {
			if r.Type != VaultType {
				continue
			}
			if v, err := VaultOf(r); err == nil && v.VaultURI == base {
				vault = v.Name
			}
		}
		return nil
	})
	return vault, m[2], m[3], true
}

// version returns a secret and an enabled version of it.
func (v Vault) version(tx *store.Tx, now time.Time, name, version string) (store.VaultSecret, store.SecretVersion, error) {
	secret, ok := find(tx, now, v.Name, name)
	if !ok || !secret.DeletedAt.IsZero() {
		return secret, store.SecretVersion{}, ErrSecretNotFound
	}
	found := secret.Latest()
	if version != "" {
		if found, ok = secret.Version(version); !ok {
			return secret, found, ErrVersionNotFound
		}
	}
	if !found.Enabled {
		return secret, store.SecretVersion{}, errDisabled
	}
	return secret, found, nil
}
