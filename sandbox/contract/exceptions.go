package contract

// An exception is a member that Microsoft's services send otherwise than the
// published types say. A kind with an exclamation mark is always there.
type exception struct{ file, of, member, kind, reason string }

const (
	whereParts  = "App Service says where a site's parts are, as learn.microsoft.com/azure/app-service/configure-authentication-api-version shows"
	secretsHave = "the samples of learn.microsoft.com/rest/api/keyvault/secrets all have it"
)

var exceptions = []exception{
	{"graph", "application", "logo", "any", "a stream, which has an address of its own"},
	{"graphbeta", "application", "logo", "any", "a stream, which has an address of its own"},
	{"graph", "application", "managerApplications", "[guid]!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "managerApplications", "[guid]!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "signInAudienceRestrictions", "any!", "in Graph's metadata, not in the package"},
	{"graphbeta", "application", "oauth2RequirePostResponse", "bool!", "the azuread provider speaks beta and reads it"},
	{"graphbeta", "application", "applicationTemplateId", "string", "the azuread provider speaks beta and reads it"},
	{"graphbeta", "servicePrincipal", "createdDateTime", "dateTime", "in the metadata of sovereign clouds' beta, not in the package"},
	{"graph", "organization", "mobileDeviceManagementAuthority", "{unknown|intune|sccm|office365}", "Intune's; it is shown if it is selected"},
	{"graphbeta", "organization", "mobileDeviceManagementAuthority", "{unknown|intune|sccm|office365}", "Intune's; it is shown if it is selected"},

	{"appservice", "siteProperties", "lastModifiedTimeUtc", "zoneless!", "samples of learn.microsoft.com/rest/api/appservice/web-apps/create-or-update name no zone"},
	{"appservice", "stringDictionary", "location", "string", whereParts},
	{"appservice", "siteConfigResource", "location", "string", whereParts},
	{"appservice", "siteAuthSettingsV2", "location", "string", whereParts},
	{"appservice", "csmPublishingCredentialsPoliciesEntity", "location", "string", whereParts},
	{"appservice", "functionEnvelope", "location", "string", whereParts},
	{"secrets", "secretBundle", "id", "string!", secretsHave},
	{"secrets", "secretBundle", "attributes", "secretAttributes!", secretsHave},
	{"secrets", "secretItem", "id", "string!", secretsHave},
	{"secrets", "secretItem", "attributes", "secretAttributes!", secretsHave},
	{"secrets", "deletedSecretBundle", "id", "string!", secretsHave},
	{"secrets", "deletedSecretBundle", "attributes", "secretAttributes!", secretsHave},
	{"secrets", "deletedSecretBundle", "recoveryId", "string!", secretsHave},
	{"secrets", "deletedSecretItem", "id", "string!", secretsHave},
	{"secrets", "deletedSecretItem", "attributes", "secretAttributes!", secretsHave},
	{"secrets", "deletedSecretItem", "recoveryId", "string!", secretsHave},
}
