package entra

import "app-to-app/sandbox/route"

// Microsoft's pages and the RFCs that the answers follow.
const (
	docGrant     = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
	docDiscovery = "https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc"
	docKeys      = "https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature"
	docV1        = "https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-oauth2-client-creds-grant-flow"
	docErrors    = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
	docInstance  = "https://learn.microsoft.com/entra/msal/dotnet/advanced/instance-discovery"
)

// routes are all of Entra's. {tenant} is a tenant's id or domain.
func (s *Service) routes() []route.Route {
	return []route.Route{
		route.Of("GET /{tenant}/v2.0/.well-known/openid-configuration", s.publish(s.discoverV2), docDiscovery, "2026-11-23", "TestDiscovery/v2"),
		route.Of("GET /{tenant}/.well-known/openid-configuration", s.publish(s.discoverV1), docDiscovery, "2026-11-23", "TestDiscovery/v1"),
		route.Of("GET /{tenant}/discovery/v2.0/keys", s.publish(s.keysV2), docKeys, "2026-11-23", "TestKeySets"),
		route.Of("GET /{tenant}/discovery/keys", s.publish(s.keysV1), docKeys, "2026-11-23", "TestKeySets"),
		route.Of("GET /common/discovery/instance", s.publish(s.discoverInstance), docInstance, "2026-11-23", "TestInstanceDiscovery").
			With("api-version", "authorization_endpoint"),
		route.Of("POST /{tenant}/oauth2/v2.0/token", s.tokenV2, docGrant, "2026-11-23", "TestTokenOfV2Resource").With("client-request-id"),
		// msal-node with azureRegion adds a slash.
		route.Of("POST /{tenant}/oauth2/v2.0/token/{$}", s.tokenV2, docGrant, "2026-11-26", "TestTokenPathWithSlash").With("client-request-id"),
		route.Of("POST /{tenant}/oauth2/token", s.tokenV1, docV1, "2026-11-23", "TestV1EndpointAnswersWithTexts").With("api-version"),
		route.Of("GET /{tenant}/oauth2/v2.0/token", s.tokenByGet, docErrors, "2026-11-23", "TestRefusals/table/GET"),
		route.Of("GET /{tenant}/oauth2/token", s.tokenByGet, docErrors, "2026-11-23", "TestRefusals/table/GET on v1"),
	}
}
