package azuread

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"app-to-app/pulumilocal/provider/plugin"
)

// tables are the tables of the resources, and the properties that are in no row
// because code sets or refuses them.
var tables = map[string]struct {
	table     table
	elsewhere []string
}{
	"application:Application":               {applicationTable, []string{"logoImage", "owners", "password", "preventDuplicateNames"}},
	"applicationAppRole:ApplicationAppRole": {appRoleTable, []string{"applicationId"}},
	"applicationPassword:ApplicationPassword": {newPassword(nil).table,
		[]string{"applicationId", "applicationObjectId", "endDateRelative", "rotateWhenChanged", "value"}},
	"applicationCertificate:ApplicationCertificate": {newCertificate(nil).table,
		[]string{"applicationId", "applicationObjectId", "encoding", "endDateRelative", "value"}},
	"applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {federatedTable, []string{"applicationId", "applicationObjectId"}},
	"servicePrincipal:ServicePrincipal":                                             {servicePrincipalTable, []string{"owners", "servicePrincipalNames", "useExisting"}},
	"appRoleAssignment:AppRoleAssignment":                                           {assignmentTable, nil},
}

func TestEveryPropertyHasOneRow(t *testing.T) {
	t.Parallel()
	for name, test := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource := New(Options{}).Resources["azuread:index/"+name]
			properties := slices.Clone(test.elsewhere)
			for _, r := range test.table {
				properties = append(properties, r.property)
				if r.toGraph != nil && !resource.Args.Has(r.property) {
					t.Errorf("row %q: sends a property that the SDK does not have as an input", r.property)
				}
			}
			slices.Sort(properties)
			if want := slices.Sorted(maps.Keys(resource.State.Fields)); !slices.Equal(properties, want) {
				t.Errorf("got properties\n%q\nwant those of the SDK, each once\n%q", properties, want)
			}
		})
	}
}

// TestTablesGoBothWays sends properties to Graph and reads them back.
func TestTablesGoBothWays(t *testing.T) {
	t.Parallel()
	role := plugin.Object{"id": "1", "allowedMemberTypes": []any{"User"}, "description": "d", "displayName": "n", "enabled": false, "value": ""}
	scope := plugin.Object{"id": "2", "adminConsentDescription": "a", "adminConsentDisplayName": "b", "enabled": true, "type": "Admin",
		"userConsentDescription": "", "userConsentDisplayName": "", "value": "Orders.Read"}
	redirects := plugin.Object{"redirectUris": []any{"https://redirect"}}
	noFeatures := []any{plugin.Object{"customSingleSignOn": false, "enterprise": false, "gallery": false, "hide": false}}
	for _, test := range []struct {
		name       string
		table      table
		properties plugin.Object
	}{
		{"application", applicationTable, plugin.Object{
			"displayName": "orders", "description": "d", "notes": "n", "signInAudience": "AzureADMyOrg", "serviceManagementReference": "s",
			"marketingUrl": "m", "privacyStatementUrl": "p", "supportUrl": "u", "termsOfServiceUrl": "t",
			"api": plugin.Object{"mappedClaimsEnabled": true, "knownClientApplications": []any{"3"}, "oauth2PermissionScopes": []any{scope},
				"requestedAccessTokenVersion": 2.0},
			"appRoles": []any{role}, "groupMembershipClaims": []any{"SecurityGroup", "DirectoryRole"}, "identifierUris": []any{"api://orders"},
			"deviceOnlyAuthEnabled": true, "fallbackPublicClientEnabled": true, "oauth2PostResponseRequired": true,
			"publicClient": redirects, "singlePageApplication": redirects, "tags": []any{"a"}, "featureTags": noFeatures,
			"requiredResourceAccesses": []any{plugin.Object{"resourceAppId": "4", "resourceAccesses": []any{plugin.Object{"id": "5", "type": "Role"}}}},
			"optionalClaims": plugin.Object{"idTokens": []any{}, "saml2Tokens": []any{}, "accessTokens": []any{
				plugin.Object{"name": "idtyp", "source": "user", "essential": true, "additionalProperties": []any{"x"}}}},
			"web": plugin.Object{"homepageUrl": "h", "logoutUrl": "l", "redirectUris": []any{"https://web"},
				"implicitGrant": plugin.Object{"accessTokenIssuanceEnabled": true, "idTokenIssuanceEnabled": false}},
		}},
		{"service principal", servicePrincipalTable, plugin.Object{
			"accountEnabled": false, "alternativeNames": []any{"a"}, "appRoleAssignmentRequired": true, "description": "d", "loginUrl": "l", "notes": "n",
			"notificationEmailAddresses": []any{"a@b.example"}, "preferredSingleSignOnMode": "saml", "samlSingleSignOn": plugin.Object{"relayState": "r"},
			"tags": []any{"a"}, "featureTags": noFeatures,
		}},
		{"federated identity credential", federatedTable, plugin.Object{
			"displayName": "n", "description": "d", "audiences": []any{"a"}, "issuer": "i", "subject": "s",
		}},
		{"role of an application", roleTable, role},
		{"certificate", newCertificate(nil).table, plugin.Object{"keyId": "6", "type": "Symmetric", "startDate": "s", "endDate": "e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := test.table.state(test.table.body(test.properties))
			for _, r := range test.table {
				if r.toGraph == nil {
					delete(got, r.property)
				}
			}
			if !reflect.DeepEqual(got, test.properties) {
				t.Errorf("got %v, want %v", got, test.properties)
			}
		})
	}
}

func TestTagsOfFeaturesGoWithTheTags(t *testing.T) {
	t.Parallel()
	given := []any{"a"}
	body := tagTable.body(plugin.Object{"tags": given, "featureTags": []any{plugin.Object{"hide": true}}})
	if want := []any{"a", "HideApp"}; !reflect.DeepEqual(body, plugin.Object{"tags": want}) || len(given) != 1 {
		t.Errorf("got %v, want tags %v", body, want)
	}
	if got := featuresOfTags(body["tags"]).([]any)[0].(plugin.Object); !flag(got, "hide") || flag(got, "gallery") {
		t.Errorf("got features %v, want hide alone", got)
	}
}
