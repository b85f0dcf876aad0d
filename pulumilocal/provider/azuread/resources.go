package azuread

import (
	"context"
	"strings"
	"time"

	sdk "github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"

	"app-to-app/pulumilocal/provider/plugin"
)

// resources is the table of the emulated resource types. Properties come from the
// SDK; Replace, traits and schema versions from the schemas of
// terraform-provider-azuread 2.53.1 (ForceNew, Default, Optional with Computed,
// TypeSet, SchemaVersion).
func (p *provider) resources() map[string]plugin.Resource {
	const minute = time.Minute
	slow := plugin.Timeouts{Create: 10 * minute, Update: 10 * minute}
	credential := plugin.Timeouts{Create: 15 * minute}
	return map[string]plugin.Resource{
		"azuread:index/application:Application": {
			Args: plugin.TypeOf(sdk.ApplicationArgs{}).With(applicationTraits), State: plugin.TypeOf(sdk.Application{}),
			Bridge:  &plugin.Bridge{SchemaVersion: 2, Recomputed: map[string]string{"appRoles": "appRoleIds", scopesPath: "oauth2PermissionScopeIds"}},
			Replace: []string{"templateId"}, Timeouts: slow, Validate: offline(validateApplication), Lifecycle: application{p},
		},
		"azuread:index/applicationAppRole:ApplicationAppRole": {
			Args: plugin.TypeOf(sdk.ApplicationAppRoleArgs{}).With(appRoleTraits), State: plugin.TypeOf(sdk.ApplicationAppRole{}),
			Bridge:   &plugin.Bridge{},
			Required: []string{"allowedMemberTypes"}, Replace: []string{"applicationId", "roleId"}, Timeouts: slow,
			Validate: offline(validateAppRole), Lifecycle: appRole{p},
		},
		"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": {
			Args: plugin.TypeOf(sdk.ApplicationIdentifierUriArgs{}), State: plugin.TypeOf(sdk.ApplicationIdentifierUri{}),
			Bridge:  &plugin.Bridge{NoUpdate: true},
			Replace: []string{"applicationId", "identifierUri"}, Timeouts: slow, Validate: offline(requireApplication), Lifecycle: identifierURI{provider: p},
		},
		"azuread:index/applicationPassword:ApplicationPassword": {
			Args: plugin.TypeOf(sdk.ApplicationPasswordArgs{}).With(passwordTraits), State: plugin.TypeOf(sdk.ApplicationPassword{}),
			Bridge:  &plugin.Bridge{SchemaVersion: 1},
			Replace: []string{"applicationId", "applicationObjectId", "displayName", "startDate", "endDate", "endDateRelative", "rotateWhenChanged"},
			Secret:  []string{"value"}, Timeouts: credential, Validate: offline(validateCredential), Lifecycle: newPassword(p),
		},
		"azuread:index/applicationCertificate:ApplicationCertificate": {
			Args: plugin.TypeOf(sdk.ApplicationCertificateArgs{}).With(certificateTraits), State: plugin.TypeOf(sdk.ApplicationCertificate{}),
			Bridge:  &plugin.Bridge{},
			Replace: []string{"applicationId", "applicationObjectId", "encoding", "type", "keyId", "startDate", "endDate", "endDateRelative", "value"},
			Secret:  []string{"value"}, Timeouts: slow, Validate: offline(validateCertificate), Lifecycle: newCertificate(p),
		},
		"azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {
			Args: plugin.TypeOf(sdk.ApplicationFederatedIdentityCredentialArgs{}).With(federatedTraits), State: plugin.TypeOf(sdk.ApplicationFederatedIdentityCredential{}),
			Bridge:   &plugin.Bridge{},
			Required: []string{"audiences"}, Replace: []string{"applicationId", "applicationObjectId", "displayName"}, Timeouts: credential,
			Validate: offline(validateFederated), Lifecycle: federated{p},
		},
		"azuread:index/servicePrincipal:ServicePrincipal": {
			Args: plugin.TypeOf(sdk.ServicePrincipalArgs{}).With(servicePrincipalTraits), State: plugin.TypeOf(sdk.ServicePrincipal{}),
			Bridge:  &plugin.Bridge{},
			Replace: []string{"clientId", "applicationId"}, Timeouts: slow, Validate: offline(validateServicePrincipal), Lifecycle: servicePrincipal{p},
		},
		"azuread:index/appRoleAssignment:AppRoleAssignment": {
			Args: plugin.TypeOf(sdk.AppRoleAssignmentArgs{}), State: plugin.TypeOf(sdk.AppRoleAssignment{}),
			Bridge:  &plugin.Bridge{NoUpdate: true},
			Replace: []string{"appRoleId", "principalObjectId", "resourceObjectId"}, Lifecycle: assignment{provider: p},
			Validate: offline(func(c *plugin.Check) { requireGUIDs(c, "appRoleId", "principalObjectId", "resourceObjectId") }),
		},
	}
}

// offline adapts a check that makes no call.
func offline(validate func(*plugin.Check)) func(context.Context, *plugin.Check) {
	return func(_ context.Context, c *plugin.Check) { validate(c) }
}

func validateMembership(c *plugin.Check) {
	for _, claim := range texts(c.Plain(), "groupMembershipClaims") {
		switch claim {
		case "None", "SecurityGroup", "DirectoryRole", "ApplicationGroup", "All":
		default:
			c.Fail("groupMembershipClaims", "property %q: expected None, SecurityGroup, DirectoryRole, ApplicationGroup or All, got %q", "groupMembershipClaims", claim)
		}
	}
}

// validateVersion checks the token version. Personal accounts only have
// version 2.
func validateVersion(c *plugin.Check) {
	in := c.Plain()
	version, ok := object(in, "api")["requestedAccessTokenVersion"].(float64)
	if !ok {
		version = defaultTokenVersion
	}
	personal := strings.Contains(text(in, "signInAudience"), "Personal")
	if version != 2 && (version != 1 || personal) {
		const property = "api.requestedAccessTokenVersion"
		c.Fail(property, "property %q: expected 1 or 2, and 2 where personal accounts sign in, got %v", property, version)
	}
}

func validateApplication(c *plugin.Check) {
	for _, name := range []string{"password", "logoImage", "templateId"} {
		if c.Given(name) {
			c.Fail(name, "property %q of Application is not emulated by the stand-in for azuread", name)
		}
	}
	if c.Given("tags") && c.Given("featureTags") {
		c.Fail("tags", "expected tags or featureTags, got both")
	}
	in := c.Plain()
	requireIn(c, "signInAudience", "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
	validateMembership(c)
	if c.Given("api") {
		validateVersion(c)
	}
	ids, values := map[string]bool{}, map[string]bool{}
	for _, element := range append(objects(in, "appRoles"), objects(object(in, "api"), "oauth2PermissionScopes")...) {
		id, value := text(element, "id"), text(element, "value")
		if id != "" && !guid.MatchString(id) {
			c.Fail("appRoles", "expected a GUID as id of an app role or permission scope, got %q", id)
		}
		if id != "" && ids[id] || value != "" && values[value] {
			c.Fail("appRoles", "expected app roles and permission scopes with different ids and values, got id %q, value %q twice", id, value)
		}
		ids[id], values[value] = true, true
		validateRoleValue(c, "appRoles", value)
	}
}

// validateRoleValue follows
// https://learn.microsoft.com/graph/api/resources/approle?view=graph-rest-1.0.
func validateRoleValue(c *plugin.Check, property, value string) {
	const allowed = "!#$%&'()*+,-./:;<=>?@[]^_`{|}~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	wrong := strings.IndexFunc(value, func(r rune) bool { return !strings.ContainsRune(allowed, r) })
	if len(value) > 249 || strings.HasPrefix(value, ".") || wrong >= 0 {
		c.Fail(property, "expected a role value of at most 249 characters without spaces and not starting with a dot, got %q", value)
	}
}

func validateAppRole(c *plugin.Check) {
	requireApplication(c)
	requireGUIDs(c, "roleId")
	if value, ok := c.Known("value"); ok {
		validateRoleValue(c, "value", value)
	}
	for _, member := range texts(c.Plain(), "allowedMemberTypes") {
		if member != "Application" && member != "User" {
			c.Fail("allowedMemberTypes", "property %q: expected Application or User, got %q", "allowedMemberTypes", member)
		}
	}
}

func validateCredential(c *plugin.Check) {
	requireOneOf(c, "applicationId", "applicationObjectId")
	requireApplication(c)
	requireGUIDs(c, "applicationObjectId")
}

func validateCertificate(c *plugin.Check) {
	validateCredential(c)
	requireGUIDs(c, "keyId")
	requireIn(c, "encoding", "pem", "base64", "hex")
	requireIn(c, "type", "AsymmetricX509Cert", "Symmetric")
	if c.Given("endDate") && c.Given("endDateRelative") {
		c.Fail("endDate", "expected endDate or endDateRelative, got both")
	}
}

func validateFederated(c *plugin.Check) {
	validateCredential(c)
	if n := len(listOf(c.Plain(), "audiences")); n > 1 {
		c.Fail("audiences", "property %q: expected one, got %d", "audiences", n)
	}
}

func validateServicePrincipal(c *plugin.Check) {
	requireOneOf(c, "clientId", "applicationId")
	requireGUIDs(c, "clientId", "applicationId")
	if c.Given("features") {
		c.Fail("features", "property %q is deprecated and not emulated by the stand-in for azuread; use featureTags", "features")
	}
	if c.Given("tags") && c.Given("featureTags") {
		c.Fail("tags", "expected tags or featureTags, got both")
	}
}
