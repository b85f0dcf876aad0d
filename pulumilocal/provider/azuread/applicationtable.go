package azuread

import (
	"slices"

	"app-to-app/pulumilocal/provider/plugin"
)

// applicationTable follows
// https://learn.microsoft.com/graph/api/resources/application?view=graph-rest-beta.
var applicationTable = slices.Concat(table{
	{"applicationId", "appId", readOnly(aText)},
	{"clientId", "appId", readOnly(aText)},
	{"objectId", "id", readOnly(aText)},
	{"api", "api", block(apiTable)},
	{"appRoles", "appRoles", blocks(roleTable)},
	{"appRoleIds", "appRoles", idsOfValues},
	{"description", "description", nullText},
	{"deviceOnlyAuthEnabled", "isDeviceOnlyAuthSupported", aFlag},
	{"disabledByMicrosoft", "disabledByMicrosoftStatus", conversion{fromGraph: goText}},
	{"displayName", "displayName", aText},
	{"fallbackPublicClientEnabled", "isFallbackPublicClient", aFlag},
	{"groupMembershipClaims", "groupMembershipClaims", commaList},
	{"identifierUris", "identifierUris", aList},
	{"logoUrl", "info.logoUrl", readOnly(aText)},
	{"marketingUrl", "info.marketingUrl", nullText},
	{"notes", "notes", nullText},
	{"oauth2PermissionScopeIds", "api.oauth2PermissionScopes", idsOfValues},
	{"oauth2PostResponseRequired", "oauth2RequirePostResponse", aFlag},
	{"optionalClaims", "optionalClaims", conversion{claimsToGraph, optionalBlock(claimsTable).fromGraph}},
	{"privacyStatementUrl", "info.privacyStatementUrl", nullText},
	{"publicClient", "publicClient", block(redirectTable)},
	{"publisherDomain", "publisherDomain", readOnly(aText)},
	{"requiredResourceAccesses", "requiredResourceAccess", blocks(table{
		{"resourceAppId", "resourceAppId", aText},
		{"resourceAccesses", "resourceAccess", blocks(table{{"id", "id", aText}, {"type", "type", aText}})},
	})},
	{"serviceManagementReference", "serviceManagementReference", nullText},
	{"signInAudience", "signInAudience", textOr("AzureADMyOrg")},
	{"singlePageApplication", "spa", block(redirectTable)},
	{"supportUrl", "info.supportUrl", nullText},
	{"templateId", "applicationTemplateId", readOnly(aText)},
	{"termsOfServiceUrl", "info.termsOfServiceUrl", nullText},
	{"web", "web", block(slices.Concat(redirectTable, table{
		{"homepageUrl", "homePageUrl", nullText},
		{"logoutUrl", "logoutUrl", nullText},
		{"implicitGrant", "implicitGrantSettings", block(table{
			{"accessTokenIssuanceEnabled", "enableAccessTokenIssuance", aFlag},
			{"idTokenIssuanceEnabled", "enableIdTokenIssuance", aFlag},
		})},
	}))},
}, tagTable)

// sentIfChanged are the properties of an application that an update sends only if
// they changed.
var sentIfChanged = []string{"appRoles", "identifierUris", "optionalClaims", "requiredResourceAccesses"}

var redirectTable = table{{"redirectUris", "redirectUris", aList}}

var apiTable = table{
	{"mappedClaimsEnabled", "acceptMappedClaims", aFlag},
	{"knownClientApplications", "knownClientApplications", aList},
	{"oauth2PermissionScopes", "oauth2PermissionScopes", blocks(scopeTable)},
	{"requestedAccessTokenVersion", "requestedAccessTokenVersion", conversion{
		tokenVersion, tokenVersion,
	}},
}

// defaultTokenVersion is the requestedAccessTokenVersion if none is given, or
// Graph has none.
const defaultTokenVersion = 1.0

func tokenVersion(value any) any {
	if value == nil {
		return defaultTokenVersion
	}
	return value
}

// claimsToGraph sends an empty block for a missing one.
func claimsToGraph(value any) any {
	if value == nil {
		return plugin.Object{}
	}
	return claimsTable.body(as[plugin.Object](value))
}

// goText is a text as Go prints a pointer to it: "<nil>" for a missing one. The
// official provider does that by mistake.
func goText(value any) any {
	if value == nil {
		return "<nil>"
	}
	return value
}

// ownRoleTable is an app role without id and enabled, which the resource
// ApplicationAppRole handles in its own way.
var ownRoleTable = table{
	{"allowedMemberTypes", "allowedMemberTypes", aList},
	{"description", "description", aText},
	{"displayName", "displayName", aText},
	{"value", "value", nullText},
}

var roleTable = slices.Concat(ownRoleTable, table{{"id", "id", aText}, {"enabled", "isEnabled", anEnabled}})

var scopeTable = table{
	{"id", "id", aText},
	{"adminConsentDescription", "adminConsentDescription", nullText},
	{"adminConsentDisplayName", "adminConsentDisplayName", nullText},
	{"enabled", "isEnabled", anEnabled},
	{"type", "type", textOr("User")},
	{"userConsentDescription", "userConsentDescription", nullText},
	{"userConsentDisplayName", "userConsentDisplayName", nullText},
	{"value", "value", nullText},
}

var claimsTable = table{
	{"accessTokens", "accessToken", blocks(claimTable)},
	{"idTokens", "idToken", blocks(claimTable)},
	{"saml2Tokens", "saml2Token", blocks(claimTable)},
}

var claimTable = table{
	{"name", "name", aText},
	{"source", "source", nullText},
	{"essential", "essential", aFlag},
	{"additionalProperties", "additionalProperties", aList},
}

// tagTable is for applications and service principals.
var tagTable = table{{"tags", "tags", aList}, {"featureTags", "tags", featureTags}}

// features are the tags behind the flags of block featureTags.
var features = []struct{ flag, tag string }{
	{"customSingleSignOn", "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"},
	{"enterprise", "WindowsAzureActiveDirectoryIntegratedApp"},
	{"gallery", "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1"},
	{"hide", "HideApp"},
}

func tagsOfFeatures(value any) any {
	tags := []any{}
	for _, given := range elements[plugin.Object](value) {
		for _, feature := range features {
			if flag(given, feature.flag) {
				tags = append(tags, feature.tag)
			}
		}
	}
	return tags
}

func featuresOfTags(value any) any {
	result := plugin.Object{}
	for _, feature := range features {
		result[feature.flag] = slices.Contains(elements[string](value), feature.tag)
	}
	return []any{result}
}

// applicationState takes what Graph does not return from the inputs.
func applicationState(app, inputs plugin.Object) plugin.Object {
	state := applicationTable.state(app)
	state["owners"], state["preventDuplicateNames"] = listOf(inputs, "owners"), flag(inputs, "preventDuplicateNames")
	state["logoImage"] = "" // not emulated
	return state
}
