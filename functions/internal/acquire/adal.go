package acquire

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/go-autorest/autorest/adal"
)

// askADAL gets tokens with the Azure Active Directory Authentication Library
// from the v1.0 endpoint, which knows resources instead of scopes
// (https://learn.microsoft.com/entra/identity-platform/msal-migration). The
// library is no longer maintained: it is here for clients that still use it, and
// only when ORDERS_TOKEN_PROVIDERS names it. The API's registration decides the
// version of the token, not the endpoint.
//
// The library caches, and refreshes when five minutes are left. It does not
// retry and ignores Retry-After; the sender does both.
func askADAL(config ProviderConfig, used credential) (asker, error) {
	// Without an api-version this is the endpoint of the discovery document, which
	// a client assertion must have as its audience.
	endpoints, err := adal.NewOAuthConfigWithAPIVersion(config.AuthorityHost+"/", used.tenantID, nil)
	if err != nil {
		return nil, err
	}
	var library *adal.ServicePrincipalToken
	switch used.kind {
	case ClientSecret:
		library, err = adal.NewServicePrincipalToken(*endpoints, used.clientID, used.secret.Reveal(), config.resource())
	case Certificate:
		library, err = adal.NewServicePrincipalTokenFromCertificate(*endpoints, used.clientID, used.certificate.leaf, used.certificate.key, config.resource())
	default:
		err = fmt.Errorf("adal has no credential %s", used.kind)
	}
	if err != nil {
		return nil, err
	}
	library.SetSender(newSender(config.HTTPClient))
	library.SetRefreshWithin(refreshAhead)
	if config.Logger != nil {
		config.Logger.Warn("the token provider adal is deprecated: its library is no longer maintained; use msal or azidentity", "tokenProvider", "adal")
	}
	return func(ctx context.Context) (grant, error) {
		err := library.EnsureFreshWithContext(ctx)
		token := library.Token()
		if err != nil && (token.AccessToken == "" || !token.Expires().After(time.Now())) {
			return grant{}, err
		}
		return grant{token.AccessToken, token.Expires()}, nil
	}, nil
}
