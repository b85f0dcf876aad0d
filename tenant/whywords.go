package tenant

// passed is what each check of [Why] found to be so when it passed, in the words of
// a report for people.
var passed = map[string]string{
	CheckAPIApplication:    "the API's app registration exists",
	CheckAPIPrincipal:      "the API has a service principal",
	CheckAPIEnabled:        "the API's service principal is enabled",
	CheckTokenVersion:      "the API gets tokens of version 2",
	CheckEasyAuth:          "App Service Authentication is off at the API",
	CheckSites:             "the function apps exist",
	CheckClientApplication: "the client's app registration exists",
	CheckClientPrincipal:   "the client has a service principal",
	CheckClientEnabled:     "the client's service principal is enabled",
	CheckTenantSetting:     "the apps name this tenant",
	CheckAuthoritySetting:  "the apps name this cloud's authority host",
	CheckScopeSetting:      "the client asks for a token for the API",
	CheckAudienceSetting:   "the API expects tokens for itself",
	CheckClientIDSetting:   "the client names its own identity",
	CheckIdentityAttached:  "the identity is attached to the client's function app",
	CheckCredential:        "the client has a credential that is valid now",
	CheckCredentialValue:   "the client's settings have that credential",
	CheckFederation:        "the client's app registration trusts an identity",
	CheckFederatedIssuer:   "it trusts the issuer of the client's token",
	CheckFederatedSubject:  "it trusts the subject of the client's token",
	CheckFederatedAudience: "it trusts the audience of the client's token",
	CheckRole:              "the app role that the API demands exists",
	CheckRoleEnabled:       "that app role is enabled, for applications",
	CheckAssignment:        "the client holds that app role",
	CheckAllowed:           "the API admits this client",
	CheckBlocked:           "the API does not block this client",
	CheckTokenAge:          "the client has held its app role for longer than a token lives",
}

// passedWords are the checks that passed, once each.
func passedWords(checks []string) []string {
	var words []string
	seen := make(map[string]bool)
	for _, check := range checks {
		if !seen[check] {
			seen[check] = true
			words = append(words, passed[check])
		}
	}
	return words
}
