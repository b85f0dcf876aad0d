package contract

// An exception is a member that Microsoft's services send otherwise than the
// published types say. A kind with an exclamation mark is always there.
type exception struct{ file, of, member, kind, reason string }

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
}
