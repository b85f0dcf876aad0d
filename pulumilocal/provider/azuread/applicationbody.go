package azuread

import (
	"maps"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file translates between the properties of an Application and those of
// Graph's application
// (https://learn.microsoft.com/graph/api/resources/application?view=graph-rest-beta).

// applicationBody is the full property set, as a creation and an update send
// it.
func applicationBody(in plugin.Object) plugin.Object {
	body := plugin.Object{
		"displayName": text(in, "displayName"),
		"description": null(text(in, "description")),
		"info": plugin.Object{
			"marketingUrl":        null(text(in, "marketingUrl")),
			"privacyStatementUrl": null(text(in, "privacyStatementUrl")),
			"supportUrl":          null(text(in, "supportUrl")),
			"termsOfServiceUrl":   null(text(in, "termsOfServiceUrl")),
		},
		"api":                        apiBody(object(in, "api")),
		"appRoles":                   rolesBody(objects(in, "appRoles")),
		"groupMembershipClaims":      null(strings.Join(texts(in, "groupMembershipClaims"), ",")),
		"identifierUris":             listOf(in, "identifierUris"),
		"isDeviceOnlyAuthSupported":  flag(in, "deviceOnlyAuthEnabled"),
		"isFallbackPublicClient":     flag(in, "fallbackPublicClientEnabled"),
		"notes":                      null(text(in, "notes")),
		"oauth2RequirePostResponse":  flag(in, "oauth2PostResponseRequired"),
		"publicClient":               plugin.Object{"redirectUris": listOf(object(in, "publicClient"), "redirectUris")},
		"requiredResourceAccess":     accessBody(objects(in, "requiredResourceAccesses")),
		"serviceManagementReference": null(text(in, "serviceManagementReference")),
		"signInAudience":             textOr(in, "signInAudience", "AzureADMyOrg"),
		"spa":                        plugin.Object{"redirectUris": listOf(object(in, "singlePageApplication"), "redirectUris")},
		"tags":                       tagsBody(in),
		"web":                        webBody(object(in, "web")),
	}
	if claims := object(in, "optionalClaims"); claims != nil {
		body["optionalClaims"] = claimsBody(claims)
	}
	return body
}

func textOr(o plugin.Object, name, otherwise string) string {
	if value := text(o, name); value != "" {
		return value
	}
	return otherwise
}

// defaultTokenVersion is the requestedAccessTokenVersion of a block api that
// names none.
const defaultTokenVersion = 1.0

func apiBody(in plugin.Object) plugin.Object {
	body := plugin.Object{
		"acceptMappedClaims":      flag(in, "mappedClaimsEnabled"),
		"knownClientApplications": listOf(in, "knownClientApplications"),
		"oauth2PermissionScopes":  scopesBody(objects(in, "oauth2PermissionScopes")),
	}
	if in != nil {
		body["requestedAccessTokenVersion"] = defaultTokenVersion
		if version, ok := in["requestedAccessTokenVersion"]; ok {
			body["requestedAccessTokenVersion"] = version
		}
	}
	return body
}

func rolesBody(in []plugin.Object) []any {
	return each(in, func(role plugin.Object) plugin.Object {
		return plugin.Object{
			"id":                 text(role, "id"),
			"allowedMemberTypes": listOf(role, "allowedMemberTypes"),
			"description":        text(role, "description"),
			"displayName":        text(role, "displayName"),
			"isEnabled":          flagOr(role, "enabled", true),
			"value":              null(text(role, "value")),
		}
	})
}

func scopesBody(in []plugin.Object) []any {
	return each(in, func(scope plugin.Object) plugin.Object {
		return plugin.Object{
			"id":                      text(scope, "id"),
			"adminConsentDescription": null(text(scope, "adminConsentDescription")),
			"adminConsentDisplayName": null(text(scope, "adminConsentDisplayName")),
			"isEnabled":               flagOr(scope, "enabled", true),
			"type":                    textOr(scope, "type", "User"),
			"userConsentDescription":  null(text(scope, "userConsentDescription")),
			"userConsentDisplayName":  null(text(scope, "userConsentDisplayName")),
			"value":                   null(text(scope, "value")),
		}
	})
}

func accessBody(in []plugin.Object) []any {
	return each(in, func(access plugin.Object) plugin.Object {
		return plugin.Object{
			"resourceAppId": text(access, "resourceAppId"),
			"resourceAccess": each(objects(access, "resourceAccesses"), func(a plugin.Object) plugin.Object {
				return plugin.Object{"id": text(a, "id"), "type": text(a, "type")}
			}),
		}
	})
}

func claimsBody(in plugin.Object) plugin.Object {
	body := plugin.Object{}
	for name, wire := range map[string]string{"accessTokens": "accessToken", "idTokens": "idToken", "saml2Tokens": "saml2Token"} {
		body[wire] = each(objects(in, name), func(claim plugin.Object) plugin.Object {
			return plugin.Object{
				"name":                 text(claim, "name"),
				"source":               null(text(claim, "source")),
				"essential":            flag(claim, "essential"),
				"additionalProperties": listOf(claim, "additionalProperties"),
			}
		})
	}
	return body
}

func webBody(in plugin.Object) plugin.Object {
	grant := object(in, "implicitGrant")
	return plugin.Object{
		"homePageUrl": null(text(in, "homepageUrl")),
		"logoutUrl":   null(text(in, "logoutUrl")),
		"implicitGrantSettings": plugin.Object{
			"enableAccessTokenIssuance": flag(grant, "accessTokenIssuanceEnabled"),
			"enableIdTokenIssuance":     flag(grant, "idTokenIssuanceEnabled"),
		},
		"redirectUris": listOf(in, "redirectUris"),
	}
}

// featureTags are the tags behind the flags of block featureTags.
var featureTags = []struct{ flag, tag string }{
	{"customSingleSignOn", "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"},
	{"enterprise", "WindowsAzureActiveDirectoryIntegratedApp"},
	{"gallery", "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1"},
	{"hide", "HideApp"},
}

func tagsBody(in plugin.Object) []any {
	tags := listOf(in, "tags")
	for _, features := range objects(in, "featureTags") {
		for _, feature := range featureTags {
			if flag(features, feature.flag) {
				tags = append(tags, feature.tag)
			}
		}
	}
	return tags
}

func featureState(tags []string) []any {
	features := plugin.Object{}
	for _, feature := range featureTags {
		features[feature.flag] = slices.Contains(tags, feature.tag)
	}
	return []any{features}
}

func each(in []plugin.Object, convert func(plugin.Object) plugin.Object) []any {
	result := make([]any, len(in))
	for i, o := range in {
		result[i] = convert(o)
	}
	return result
}

func keys(o plugin.Object) []string { return slices.Sorted(maps.Keys(o)) }

// merged lays over on top of base.
func merged(base, over plugin.Object) plugin.Object {
	result := plugin.Object{}
	maps.Copy(result, base)
	maps.Copy(result, over)
	return result
}
