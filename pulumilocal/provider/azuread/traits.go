package azuread

import "app-to-app/pulumilocal/provider/plugin"

// This file has what the SDK's types do not show of Terraform's schemas. The
// rules are: a deprecated property, and one of two that stand for the same list,
// is left out of imports, because giving both is refused.

var (
	set      = plugin.Traits{Set: true}
	computed = plugin.Traits{Computed: true}
	twin     = plugin.Traits{Computed: true, Unimported: true}
)

var applicationTraits = map[string]plugin.Traits{
	"api.knownClientApplications":           set,
	"api.oauth2PermissionScopes":            set,
	"api.oauth2PermissionScopes.enabled":    {Default: true},
	"api.oauth2PermissionScopes.type":       {Default: "User"},
	"api.requestedAccessTokenVersion":       {Default: defaultTokenVersion},
	"appRoles":                              set,
	"appRoles.allowedMemberTypes":           set,
	"appRoles.enabled":                      {Default: true},
	"featureTags":                           twin,
	"groupMembershipClaims":                 set,
	"identifierUris":                        set,
	"optionalClaims.accessTokens.essential": {Default: false},
	"optionalClaims.idTokens.essential":     {Default: false},
	"optionalClaims.saml2Tokens.essential":  {Default: false},
	"owners":                                set,
	"preventDuplicateNames":                 {Default: false},
	"publicClient.redirectUris":             set,
	"requiredResourceAccesses":              set,
	"signInAudience":                        {Default: "AzureADMyOrg"},
	"singlePageApplication.redirectUris":    set,
	"tags":                                  {Computed: true, Set: true},
	"templateId":                            computed,
	"web.redirectUris":                      set,
}

var appRoleTraits = map[string]plugin.Traits{"allowedMemberTypes": set}

var passwordTraits = map[string]plugin.Traits{
	"applicationObjectId": twin, "startDate": computed, "endDate": computed, "displayName": computed,
}

var certificateTraits = map[string]plugin.Traits{
	"applicationObjectId": twin, "encoding": {Default: "pem"}, "keyId": computed, "startDate": computed, "endDate": computed,
}

var federatedTraits = map[string]plugin.Traits{"applicationObjectId": twin}

var servicePrincipalTraits = map[string]plugin.Traits{
	"accountEnabled":             {Default: true},
	"alternativeNames":           set,
	"applicationId":              twin,
	"clientId":                   computed,
	"featureTags":                twin,
	"features":                   twin,
	"features.visibleToUsers":    {Default: true},
	"notificationEmailAddresses": set,
	"owners":                     set,
	"tags":                       {Computed: true, Set: true},
}
