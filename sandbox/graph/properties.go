package graph

import (
	"maps"
	"regexp"
	"strings"

	"app-to-app/sandbox/schema"
)

// This file describes the properties of the objects that clients send. The
// rules are: a property that Graph's reference does not list is unemulated; a
// value of another type is refused; null clears; a PATCH keeps the members of
// an object that it does not send, and replaces lists
// (https://learn.microsoft.com/graph/api/application-update).

func texts() schema.Field                  { return schema.List(schema.Text().NotNull()) }
func objects(f schema.Fields) schema.Field { return schema.List(schema.Object(f)) }

// choice is one of the values, the first until another is set.
func choice(values ...string) schema.Field {
	return schema.Text(values...).NotNull().Default(values[0])
}

var optionalClaims = objects(schema.Fields{
	"name": schema.Text().NotNull(), "source": schema.Text(), "essential": schema.Flag().Default(false), "additionalProperties": texts(),
})

var permissionScopes = objects(schema.Fields{
	"id": schema.Text().NotNull(), "type": choice("User", "Admin"), "isEnabled": schema.Flag().Default(true),
}.With(schema.Each(schema.Text(), "value", "adminConsentDescription", "adminConsentDisplayName",
	"userConsentDescription", "userConsentDisplayName", "origin")))

// plainApplication has the properties of an application that have no rules of
// their own (https://learn.microsoft.com/graph/api/resources/application).
var plainApplication = schema.Fields{
	"isDeviceOnlyAuthSupported": schema.Flag(),
	"isFallbackPublicClient":    schema.Flag(),
	"oauth2RequirePostResponse": schema.Flag().Default(false),
	"info":                      schema.Object(schema.Each(schema.Text(), "marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl")),
	"publicClient":              schema.Object(schema.Fields{"redirectUris": texts()}),
	"spa":                       schema.Object(schema.Fields{"redirectUris": texts()}),
	"web": schema.Object(schema.Fields{
		"homePageUrl": schema.Text(), "logoutUrl": schema.Text(), "redirectUris": texts(),
		"implicitGrantSettings": schema.Object(schema.Each(schema.Flag().Default(false), "enableAccessTokenIssuance", "enableIdTokenIssuance")),
	}),
	"requiredResourceAccess": objects(schema.Fields{
		"resourceAppId":  schema.Text().NotNull(),
		"resourceAccess": objects(schema.Fields{"id": schema.Text().NotNull(), "type": choice("Scope", "Role")}),
	}),
	"optionalClaims": schema.Object(schema.Each(optionalClaims, "accessToken", "idToken", "saml2Token")).NullUntilSet(),
	"parentalControlSettings": schema.Object(schema.Fields{
		"countriesBlockedForMinors": texts(), "legalAgeGroupRule": schema.Text().Default("Allow"),
	}),
	"api": schema.Object(schema.Fields{
		"acceptMappedClaims": schema.Flag(), "knownClientApplications": texts(),
		"requestedAccessTokenVersion": schema.Whole(),
		"oauth2PermissionScopes":      permissionScopes,
		"preAuthorizedApplications": objects(schema.Fields{
			"appId": schema.Text().NotNull(), preAuthorizedPermissions.v1: texts(), // renamed in beta: see version.go
		}),
	}),
}.With(schema.Each(schema.Text(), "description", "notes", "serviceManagementReference", "groupMembershipClaims", "samlMetadataUrl",
	"tokenEncryptionKeyId", "defaultRedirectUri"))

// applicationFields has all properties of an application.
var applicationFields = plainApplication.With(schema.Fields{
	"displayName":         schema.Text().NotNull(),
	"signInAudience":      schema.Text("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount").NotNull(),
	"tags":                texts(),
	"identifierUris":      texts(),
	"appRoles":            schema.List(schema.Object(appRole).NotNull()),
	"keyCredentials":      schema.List(schema.Object(schema.Each(schema.Text(), keyCredential...)).NotNull()),
	"passwordCredentials": schema.List(schema.Any()),
}, schema.Outputs("id", "appId", "applicationTemplateId", "certification", "createdDateTime", "deletedDateTime",
	"disabledByMicrosoftStatus", "publisherDomain", "verifiedPublisher"))

var appRole = schema.Fields{
	"id": schema.Text().NotNull(), "allowedMemberTypes": schema.List(choice("Application", "User")),
	"description": schema.Text().NotNull(), "displayName": schema.Text().NotNull(),
	"isEnabled": schema.Flag().NotNull(), "origin": schema.Text(), "value": schema.Text(),
}

var keyCredential = []string{"keyId", "displayName", "type", "usage", "key", "startDateTime", "endDateTime", "customKeyIdentifier"}

// plainServicePrincipal has those of a service principal
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
var plainServicePrincipal = schema.Fields{
	"alternativeNames":           texts(),
	"notificationEmailAddresses": texts(),
	"samlSingleSignOnSettings":   schema.Object(schema.Fields{"relayState": schema.Text()}).NullUntilSet(),
}.With(schema.Each(schema.Text(), "description", "loginUrl", "notes", "preferredSingleSignOnMode", "tokenEncryptionKeyId"))

// servicePrincipalFields has all properties of a service principal.
var servicePrincipalFields = plainServicePrincipal.With(schema.Fields{
	"accountEnabled":            schema.Flag().NotNull(),
	"appRoleAssignmentRequired": schema.Flag().NotNull(),
	"tags":                      texts(),
}, schema.Outputs("id", "appId", "appDisplayName", "appDescription", "applicationTemplateId", "appOwnerOrganizationId",
	"createdDateTime", "deletedDateTime", "disabledByMicrosoftStatus", "info", "oauth2PermissionScopes",
	"publishedPermissionScopes", "resourceSpecificApplicationPermissions", "servicePrincipalType",
	"signInAudience", "verifiedPublisher"))

var federatedFields = schema.Fields{
	"name": schema.Text(), "issuer": schema.Text(), "subject": schema.Text(), "audiences": texts(), "description": schema.Text(),
}.With(schema.Outputs("id"))

var passwordFields = schema.Fields{
	"displayName": schema.Text(), "startDateTime": schema.Text(), "endDateTime": schema.Text(),
}.With(schema.Outputs("secretText", "hint", "keyId"))

var assignmentFields = schema.Each(schema.Text().NotNull(), "appRoleId", "principalId", "resourceId").With(
	schema.Outputs("id", "createdDateTime", "deletedDateTime", "principalDisplayName", "principalType", "resourceDisplayName"))

// index is the index of a list in a path, which Graph's errors leave out.
var index = regexp.MustCompile(`\[\d+\]`)

// control is the control information that answers carry. Clients that send an
// object back as they got it send it too, and Graph ignores it (OData JSON
// format 4.01, section 4.6).
var control = []string{"@odata.context", "@odata.id", "@odata.editLink"}

// read checks a request by its description, and words problems as Graph does.
func read(fields schema.Fields, resource string, sent map[string]any) (map[string]any, error) {
	sent = maps.Clone(sent)
	for _, name := range control {
		if _, isText := sent[name].(string); isText {
			delete(sent, name)
		}
	}
	if sent["@odata.type"] == "#microsoft.graph."+strings.ToLower(resource[:1])+resource[1:] {
		delete(sent, "@odata.type")
	}
	body, err := schema.Reader{}.Read(fields, sent)
	problem, wrong := err.(*schema.Problem)
	if !wrong {
		return body, err
	}
	property := index.ReplaceAllString(problem.Path, "")
	switch problem.Kind {
	case schema.Unknown:
		return nil, unemulated("property %q of %s", property, resource)
	case schema.NotEmulated:
		return nil, unemulated("value %v of property %q of %s", problem.Value, property, resource)
	case schema.ReadOnly:
		return nil, readOnly(property)
	}
	return nil, invalidValue(property, resource)
}

// merge returns the plain properties to store: those of body over the stored
// ones.
func merge(plain schema.Fields, kept, body map[string]any) map[string]any {
	sent := make(map[string]any)
	for name := range plain {
		if value, ok := body[name]; ok {
			sent[name] = value
		}
	}
	return plain.Merge(kept, sent)
}
