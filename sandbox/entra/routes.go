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
		{
			Pattern: "GET /{tenant}/v2.0/.well-known/openid-configuration",
			Serve:   s.discoverV2, Doc: docDiscovery, Checked: "2026-11-23", Witness: "TestDiscovery/v2",
		},
		{
			Pattern: "GET /{tenant}/.well-known/openid-configuration",
			Serve:   s.discoverV1, Doc: docDiscovery, Checked: "2026-11-23", Witness: "TestDiscovery/v1",
		},
		{
			Pattern: "GET /{tenant}/discovery/v2.0/keys",
			Serve:   s.keysV2, Doc: docKeys, Checked: "2026-11-23", Witness: "TestKeySets",
		},
		{
			Pattern: "GET /{tenant}/discovery/keys",
			Serve:   s.keysV1, Doc: docKeys, Checked: "2026-11-23", Witness: "TestKeySets",
		},
		{
			Pattern: "GET /common/discovery/instance", Query: []string{"api-version", "authorization_endpoint"},
			Serve: s.discoverInstance, Doc: docInstance, Checked: "2026-11-23", Witness: "TestInstanceDiscovery",
		},
		{
			Pattern: "POST /{tenant}/oauth2/v2.0/token", Query: []string{"client-request-id"},
			Serve: s.tokenV2, Doc: docGrant, Checked: "2026-11-23", Witness: "TestTokenOfV2Resource",
		},
		{
			Pattern: "POST /{tenant}/oauth2/token", Query: []string{"api-version"},
			Serve: s.tokenV1, Doc: docV1, Checked: "2026-11-23", Witness: "TestV1EndpointAnswersWithTexts",
		},
		{
			Pattern: "GET /{tenant}/oauth2/v2.0/token",
			Serve:   s.tokenByGet, Doc: docErrors, Checked: "2026-11-23", Witness: "TestRefusals/table/GET",
		},
		{
			Pattern: "GET /{tenant}/oauth2/token",
			Serve:   s.tokenByGet, Doc: docErrors, Checked: "2026-11-23", Witness: "TestRefusals/table/GET on v1",
		},
	}
}
