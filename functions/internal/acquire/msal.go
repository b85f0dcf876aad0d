package acquire

import (
	"context"
	"fmt"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"

	"app-to-app/azurecloud/endpoints"
)

// askMSAL gets tokens with the Microsoft Authentication Library itself
// (https://learn.microsoft.com/entra/msal/), on which azidentity is built. The
// library caches and refreshes ahead of expiry. It ignores Retry-After; the
// sender waits.
func askMSAL(config ProviderConfig, used credential) (asker, error) {
	switch used.kind {
	case UserAssigned, SystemAssigned:
		return askMSALIdentity(config, used, config.resource())
	case ClientSecret:
		proof, err := confidential.NewCredFromSecret(used.secret.Reveal())
		if err != nil {
			return nil, err
		}
		return askMSALClient(config, used, proof)
	case Certificate:
		proof, err := confidential.NewCredFromCert(used.certificate.chain, used.certificate.key)
		if err != nil {
			return nil, err
		}
		return askMSALClient(config, used, proof)
	case Federated:
		assertion, err := askMSALIdentity(config, used, endpoints.ExchangeAudience(config.AuthorityHost))
		if err != nil {
			return nil, err
		}
		return askMSALClient(config, used, confidential.NewCredFromAssertionCallback(
			func(ctx context.Context, _ confidential.AssertionRequestOptions) (string, error) {
				got, err := assertion(ctx)
				return got.token, err
			}))
	}
	return nil, fmt.Errorf("msal has no credential %s", used.kind)
}

func askMSALClient(config ProviderConfig, used credential, proof confidential.Credential) (asker, error) {
	client, err := confidential.New(config.AuthorityHost+"/"+used.tenantID, used.clientID, proof,
		confidential.WithHTTPClient(newSender(config.HTTPClient)),
		confidential.WithInstanceDiscovery(endpoints.IsMicrosoft(config.AuthorityHost)))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (grant, error) {
		result, err := client.AcquireTokenByCredential(ctx, []string{config.Scope})
		return grant{result.AccessToken, result.ExpiresOn}, err
	}, nil
}

// askMSALIdentity requests tokens as the managed identity. The library has one
// cache of these for the whole process, which azidentity shares.
func askMSALIdentity(config ProviderConfig, used credential, resource string) (asker, error) {
	var id managedidentity.ID = managedidentity.SystemAssigned()
	if used.identity != "" {
		id = managedidentity.UserAssignedClientID(used.identity)
	}
	client, err := managedidentity.New(id,
		managedidentity.WithHTTPClient(newSender(config.HTTPClient)),
		managedidentity.WithRetryPolicyDisabled()) // the sender retries, and waits for Retry-After
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (grant, error) {
		result, err := client.AcquireToken(ctx, resource)
		return grant{result.AccessToken, result.ExpiresOn}, err
	}, nil
}
