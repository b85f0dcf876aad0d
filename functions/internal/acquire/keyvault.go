package acquire

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"app-to-app/azurecloud/endpoints"
)

// This file gets the certificate of an app registration from Key Vault, when the
// connection string names it there. The rules are: the managed identity, or the
// Azure CLI's login on a developer's machine, reads the vault; the certificate is
// read for every token request, so that a renewed one is used within an hour; it
// is not stored. The token for Key Vault opens every vault that the identity may
// read, so it goes only to vaults of the cloud of ORDERS_AUTHORITY_HOST: any other
// host is refused before a token is asked for, and redirects are not followed
// (see [observed]).

const (
	vaultAPIVersion = "7.4" // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
	maxVaultAnswer  = 1 << 20
)

// secretPath is the path of a secret identifier, with or without a version
// (https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers).
const secretPath = `/secrets/[0-9A-Za-z-]{1,127}(/[0-9a-f]{32})?$`

var (
	vaultName       = regexp.MustCompile(`^[a-z0-9-]{3,24}$`)
	vaultPath       = regexp.MustCompile("^" + secretPath)
	privateCloudRef = regexp.MustCompile(`^(/[0-9A-Za-z-]+)*` + secretPath)
)

// checkSecretIdentifier returns an error unless the secret is in a vault of the
// authority host's cloud. A cloud that is not one of Microsoft's, as the local
// sandbox, has its vaults on the authority's host name, on any port. The error does
// not quote the identifier: people paste secrets in the wrong place.
func checkSecretIdentifier(identifier, authorityHost string) error {
	suffix, private := endpoints.Public().VaultSuffix, ""
	if cloud, named := endpoints.Of(authorityHost); named {
		suffix = cloud.VaultSuffix
	} else if endpoints.IsMicrosoft(authorityHost) {
		return fmt.Errorf("%s: the host names of vaults in the cloud of %q are not known here; use ORDERS_CLIENT_CERTIFICATE", partKeyVault, authorityHost)
	} else if authority, err := url.Parse(authorityHost); err == nil {
		private = authority.Hostname() // "" without an authority host: then it must be the public cloud
	}
	u, err := url.Parse(identifier)
	ok := err == nil && u.Scheme == "https" && u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.RawPath == ""
	if private != "" {
		if !ok || !strings.EqualFold(u.Hostname(), private) || !privateCloudRef.MatchString(u.Path) {
			return fmt.Errorf("%s: expected https://%s/…/secrets/NAME, on the host of ORDERS_AUTHORITY_HOST and any port, got something else", partKeyVault, private)
		}
		return nil
	}
	if ok {
		name, is := strings.CutSuffix(strings.ToLower(u.Host), "."+suffix) // with a port it is not
		ok = is && vaultName.MatchString(name) && vaultPath.MatchString(u.Path)
	}
	if !ok {
		return fmt.Errorf("%s: expected https://NAME.%s/secrets/NAME, got something else", partKeyVault, suffix)
	}
	return nil
}

// vaultScope is the scope of tokens for the vaults of the authority host's cloud.
func vaultScope(authorityHost string) string {
	if cloud, named := endpoints.Of(authorityHost); named {
		return cloud.VaultScope()
	}
	return endpoints.Public().VaultScope()
}

// askAppauth is azidentity with the credential of a connection string.
func askAppauth(config ProviderConfig, used credential) (asker, error) {
	if used.vaultSecret == "" {
		return askAzidentity(config, used)
	}
	opening := config
	opening.Scope = vaultScope(config.AuthorityHost)
	identity := credential{tenantID: config.TenantID, identity: config.ManagedIdentityClientID}
	identity.kind = managedIdentityKind(identity.identity, config.Local)
	open, err := askAzidentity(opening, identity)
	if err != nil {
		return nil, err
	}
	vault := newSender(config.HTTPClient)
	return kept(func(ctx context.Context) (grant, error) {
		token, err := open(ctx)
		if err != nil {
			return grant{}, fmt.Errorf("get a token for Key Vault: %w", err)
		}
		found := used
		if found.certificate, err = vault.certificate(ctx, used.vaultSecret, token.token); err != nil {
			return grant{}, fmt.Errorf("get the certificate from Key Vault: %w", err)
		}
		ask, err := askAzidentity(config, found)
		if err != nil {
			return grant{}, err
		}
		return ask(ctx)
	}), nil
}

// certificate reads the secret of a certificate, which includes the private key.
func (s sender) certificate(ctx context.Context, identifier, token string) (keyPair, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, identifier+"?api-version="+vaultAPIVersion, nil)
	if err != nil {
		return keyPair{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := s.Do(request)
	if err != nil {
		return keyPair{}, err
	}
	defer func() { _ = response.Body.Close() }() // nothing to save
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusForbidden:
		return keyPair{}, errors.New("status 403; give the identity that reads the vault the role Key Vault Secrets User on it, and allow the app in the vault's network rules")
	case http.StatusNotFound:
		return keyPair{}, errors.New("status 404; there is no such secret, or it is disabled")
	default:
		return keyPair{}, fmt.Errorf("expected status 200, got %d", response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxVaultAnswer))
	if err != nil {
		return keyPair{}, err
	}
	return readVaultSecret(content)
}

func readVaultSecret(content []byte) (keyPair, error) {
	var secret struct{ Value, ContentType string }
	if err := json.Unmarshal(content, &secret); err != nil {
		return keyPair{}, errors.New("expected a secret as JSON, got something else")
	}
	switch secret.ContentType {
	case "application/x-pem-file":
		return parseKeyPair([]byte(secret.Value))
	case "application/x-pkcs12":
		content, err := base64.StdEncoding.DecodeString(secret.Value)
		if err != nil {
			return keyPair{}, errors.New("expected PFX in base64, got something else")
		}
		return parseKeyPair(content)
	}
	return keyPair{}, errors.New("expected the secret of a certificate, of content type application/x-pkcs12 or application/x-pem-file, got another")
}
