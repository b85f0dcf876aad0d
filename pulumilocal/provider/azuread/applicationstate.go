package azuread

import (
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// applicationState reads Graph's application. What Graph does not return comes
// from the inputs.
func applicationState(app, inputs plugin.Object) plugin.Object {
	info, api := object(app, "info"), object(app, "api")
	state := plugin.Object{
		"applicationId":               text(app, "appId"),
		"clientId":                    text(app, "appId"),
		"objectId":                    text(app, "id"),
		"api":                         apiState(api),
		"appRoles":                    rolesState(objects(app, "appRoles")),
		"appRoleIds":                  idsByValue(objects(app, "appRoles")),
		"description":                 text(app, "description"),
		"deviceOnlyAuthEnabled":       flag(app, "isDeviceOnlyAuthSupported"),
		"disabledByMicrosoft":         text(app, "disabledByMicrosoftStatus"),
		"displayName":                 text(app, "displayName"),
		"fallbackPublicClientEnabled": flag(app, "isFallbackPublicClient"),
		"featureTags":                 featureState(texts(app, "tags")),
		"groupMembershipClaims":       membershipState(app),
		"identifierUris":              listOf(app, "identifierUris"),
		"logoUrl":                     text(info, "logoUrl"),
		"marketingUrl":                text(info, "marketingUrl"),
		"notes":                       text(app, "notes"),
		"oauth2PermissionScopeIds":    idsByValue(objects(api, "oauth2PermissionScopes")),
		"oauth2PostResponseRequired":  flag(app, "oauth2RequirePostResponse"),
		"owners":                      listOf(inputs, "owners"),
		"preventDuplicateNames":       flag(inputs, "preventDuplicateNames"),
		"privacyStatementUrl":         text(info, "privacyStatementUrl"),
		"publicClient":                urisState(object(app, "publicClient")),
		"publisherDomain":             text(app, "publisherDomain"),
		"requiredResourceAccesses":    accessState(objects(app, "requiredResourceAccess")),
		"serviceManagementReference":  text(app, "serviceManagementReference"),
		"signInAudience":              text(app, "signInAudience"),
		"singlePageApplication":       urisState(object(app, "spa")),
		"supportUrl":                  text(info, "supportUrl"),
		"tags":                        listOf(app, "tags"),
		"templateId":                  text(app, "applicationTemplateId"),
		"termsOfServiceUrl":           text(info, "termsOfServiceUrl"),
		"web":                         webState(object(app, "web")),
	}
	if claims := object(app, "optionalClaims"); claims != nil {
		state["optionalClaims"] = claimsState(claims)
	}
	for name, value := range state {
		if value == "" && nullable[name] {
			delete(state, name)
		}
	}
	return state
}

// nullable are the outputs that are absent rather than empty.
var nullable = map[string]bool{
	"description": true, "marketingUrl": true, "notes": true, "privacyStatementUrl": true, "serviceManagementReference": true,
	"supportUrl": true, "termsOfServiceUrl": true, "loginUrl": true, "preferredSingleSignOnMode": true,
	"homepageUrl": true, "logoutUrl": true,
}

func apiState(api plugin.Object) plugin.Object {
	state := plugin.Object{
		"knownClientApplications": listOf(api, "knownClientApplications"),
		"mappedClaimsEnabled":     flag(api, "acceptMappedClaims"),
		"oauth2PermissionScopes":  scopesState(objects(api, "oauth2PermissionScopes")),
	}
	if version, ok := api["requestedAccessTokenVersion"].(float64); ok {
		state["requestedAccessTokenVersion"] = version
	}
	return state
}

func rolesState(roles []plugin.Object) []any {
	return each(roles, func(role plugin.Object) plugin.Object {
		return plugin.Object{
			"id":                 text(role, "id"),
			"allowedMemberTypes": listOf(role, "allowedMemberTypes"),
			"description":        text(role, "description"),
			"displayName":        text(role, "displayName"),
			"enabled":            flag(role, "isEnabled"),
			"value":              text(role, "value"),
		}
	})
}

func scopesState(scopes []plugin.Object) []any {
	return each(scopes, func(scope plugin.Object) plugin.Object {
		return plugin.Object{
			"id":                      text(scope, "id"),
			"adminConsentDescription": text(scope, "adminConsentDescription"),
			"adminConsentDisplayName": text(scope, "adminConsentDisplayName"),
			"enabled":                 flag(scope, "isEnabled"),
			"type":                    text(scope, "type"),
			"userConsentDescription":  text(scope, "userConsentDescription"),
			"userConsentDisplayName":  text(scope, "userConsentDisplayName"),
			"value":                   text(scope, "value"),
		}
	})
}

// idsByValue maps the values of roles or scopes to their ids.
func idsByValue(elements []plugin.Object) plugin.Object {
	ids := plugin.Object{}
	for _, element := range elements {
		if value := text(element, "value"); value != "" {
			ids[value] = text(element, "id")
		}
	}
	return ids
}

func membershipState(app plugin.Object) []any {
	claims := text(app, "groupMembershipClaims")
	if claims == "" {
		return []any{}
	}
	return anyList(strings.Split(strings.ReplaceAll(claims, " ", ""), ","))
}

func urisState(in plugin.Object) plugin.Object {
	return plugin.Object{"redirectUris": listOf(in, "redirectUris")}
}

func accessState(accesses []plugin.Object) []any {
	return each(accesses, func(access plugin.Object) plugin.Object {
		return plugin.Object{
			"resourceAppId": text(access, "resourceAppId"),
			"resourceAccesses": each(objects(access, "resourceAccess"), func(a plugin.Object) plugin.Object {
				return plugin.Object{"id": text(a, "id"), "type": text(a, "type")}
			}),
		}
	})
}

func claimsState(claims plugin.Object) plugin.Object {
	state := plugin.Object{}
	for name, wire := range map[string]string{"accessTokens": "accessToken", "idTokens": "idToken", "saml2Tokens": "saml2Token"} {
		state[name] = each(objects(claims, wire), func(claim plugin.Object) plugin.Object {
			return plugin.Object{
				"name":                 text(claim, "name"),
				"source":               claim["source"],
				"essential":            flag(claim, "essential"),
				"additionalProperties": listOf(claim, "additionalProperties"),
			}
		})
	}
	return state
}

func webState(web plugin.Object) plugin.Object {
	grant := object(web, "implicitGrantSettings")
	state := plugin.Object{
		"implicitGrant": plugin.Object{
			"accessTokenIssuanceEnabled": flag(grant, "enableAccessTokenIssuance"),
			"idTokenIssuanceEnabled":     flag(grant, "enableIdTokenIssuance"),
		},
		"redirectUris": listOf(web, "redirectUris"),
	}
	for name, wire := range map[string]string{"homepageUrl": "homePageUrl", "logoutUrl": "logoutUrl"} {
		if value := text(web, wire); value != "" {
			state[name] = value
		}
	}
	return state
}
