package acquire

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/azurecloud/endpoints"
)

// askAzidentity gets tokens with Microsoft's azidentity library
// (https://learn.microsoft.com/azure/developer/go/sdk/authentication/system-assigned-managed-identity).
// The library caches, refreshes ahead of expiry, and waits as long as Retry-After
// says. It does not cache the Azure CLI's tokens, each of which starts a process.
func askAzidentity(config ProviderConfig, used credential) (asker, error) {
	library, err := azidentityCredential(config, used)
	if err != nil {
		return nil, err
	}
	ask := askTokenCredential(library, config.Scope)
	if used.kind != AzureCLI {
		return ask, nil
	}
	return kept(func(ctx context.Context) (grant, error) {
		note(ctx) // the CLI uses the network, or its own cache
		return ask(ctx)
	}), nil
}

func askTokenCredential(library azcore.TokenCredential, scope string) asker {
	return func(ctx context.Context) (grant, error) {
		token, err := library.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		return grant{token.Token, token.ExpiresOn}, err
	}
}

func azidentityCredential(config ProviderConfig, used credential) (azcore.TokenCredential, error) {
	options := policy.ClientOptions{
		Transport: observed{config.HTTPClient},
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: config.AuthorityHost},
	}
	foreign := !endpoints.IsMicrosoft(config.AuthorityHost)
	switch used.kind {
	case ClientSecret:
		return azidentity.NewClientSecretCredential(used.tenantID, used.clientID, used.secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: foreign})
	case Certificate:
		return azidentity.NewClientCertificateCredential(used.tenantID, used.clientID, used.certificate.chain, used.certificate.key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: foreign})
	case Federated:
		identity, err := azidentityManagedIdentity(config, used)
		if err != nil {
			return nil, err
		}
		assertion := askTokenCredential(identity, endpoints.ExchangeAudience(config.AuthorityHost)+"/.default")
		return azidentity.NewClientAssertionCredential(used.tenantID, used.clientID, func(ctx context.Context) (string, error) {
			got, err := assertion(ctx)
			return got.token, err
		}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: foreign})
	case UserAssigned, SystemAssigned:
		return azidentityManagedIdentity(config, used)
	case AzureCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: used.tenantID})
	}
	return nil, fmt.Errorf("azidentity has no credential %s", used.kind)
}

func azidentityManagedIdentity(config ProviderConfig, used credential) (azcore.TokenCredential, error) {
	options := &azidentity.ManagedIdentityCredentialOptions{}
	options.Transport = observed{config.HTTPClient}
	if used.identity != "" {
		options.ID = azidentity.ClientID(used.identity)
	}
	return azidentity.NewManagedIdentityCredential(options)
}
