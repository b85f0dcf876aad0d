package graph

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	"app-to-app/sandbox/store"
)

var applicationFilters = filterable{
	"id": filterText, "appId": filterText, "displayName": filterStart, "identifierUris": filterList,
	"signInAudience": filterText, "publisherDomain": filterStart, "tags": filterList,
}

// viewApplication shows an application. Certificates are shown only if selected
// (https://learn.microsoft.com/graph/api/resources/keycredential).
func viewApplication(tx *store.Tx, app store.Application, version string, withKeys bool) object {
	tenant, _ := store.Tenants.Get(tx, strings.ToLower(app.TenantID))
	props := map[string]any{
		"id":                        app.ObjectID,
		"appId":                     app.ClientID,
		"deletedDateTime":           momentOrNull(app.DeletedAt),
		"createdDateTime":           moment(app.CreatedAt),
		"displayName":               app.DisplayName,
		"identifierUris":            listOrEmpty(app.IdentifierURIs),
		"publisherDomain":           textOrNull(tenant.Domain),
		"signInAudience":            app.SignInAudience,
		"tags":                      listOrEmpty(app.Tags),
		"appRoles":                  viewRoles(app.AppRoles),
		"keyCredentials":            viewKeys(app.KeyCredentials, withKeys),
		"passwordCredentials":       viewPasswords(app.PasswordCredentials),
		"applicationTemplateId":     nil,
		"disabledByMicrosoftStatus": nil,
		"certification":             nil,
		"addIns":                    []any{},
		"managerApplications":       []any{},
		"verifiedPublisher":         map[string]any{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
	}
	maps.Copy(props, plainApplication.Show(app.Other))
	if info, ok := props["info"].(map[string]any); ok {
		info["logoUrl"] = nil
	}
	if api, ok := props["api"].(map[string]any); ok && app.RequestedAccessTokenVersion != 0 {
		api["requestedAccessTokenVersion"] = app.RequestedAccessTokenVersion
	}
	if web, ok := props["web"].(map[string]any); ok {
		web["redirectUriSettings"] = []any{}
	}
	showInVersion(version, props)
	return object{kind: "application", id: app.ObjectID, props: props}
}

func viewRoles(roles []store.AppRole) []any {
	shown := []any{}
	for _, role := range roles {
		shown = append(shown, map[string]any{
			"id": role.ID, "allowedMemberTypes": role.AllowedMemberTypes,
			"description": role.Description, "displayName": role.DisplayName,
			"isEnabled": role.IsEnabled, "origin": "Application", "value": textOrNull(role.Value),
		})
	}
	return shown
}

// viewPasswords shows client secrets without their values.
func viewPasswords(credentials []store.PasswordCredential) []any {
	shown := []any{}
	for _, c := range credentials {
		shown = append(shown, viewPassword(c))
	}
	return shown
}

func viewPassword(c store.PasswordCredential) map[string]any {
	return map[string]any{
		"keyId": c.KeyID, "displayName": textOrNull(c.DisplayName), "hint": c.Hint, "secretText": nil,
		"customKeyIdentifier": nil, "startDateTime": moment(c.Start), "endDateTime": moment(c.End),
	}
}

func viewKeys(credentials []store.KeyCredential, withKeys bool) []any {
	shown := []any{}
	for _, c := range credentials {
		key := map[string]any{
			"keyId": c.KeyID, "displayName": textOrNull(c.DisplayName), "type": c.Type, "usage": c.Usage, "key": nil,
			"customKeyIdentifier": c.CustomKeyIdentifier, "startDateTime": moment(c.Start), "endDateTime": moment(c.End),
		}
		if withKeys {
			key["key"] = base64.StdEncoding.EncodeToString(c.Certificate)
		}
		shown = append(shown, key)
	}
	return shown
}

var servicePrincipalFilters = filterable{
	"id": filterText, "appId": filterStart, "displayName": filterStart, "servicePrincipalType": filterText,
	"servicePrincipalNames": filterList, "accountEnabled": filterFlag, "appOwnerOrganizationId": filterGUID,
	"tags": filterList,
}

// viewServicePrincipal shows a service principal, with many properties of its
// application. app is nil for managed identities and Microsoft's own services.
func viewServicePrincipal(sp store.ServicePrincipal, app *store.Application, version string) object {
	names := sp.ServicePrincipalNames
	if !containsID(names, sp.ClientID) {
		names = append([]string{sp.ClientID}, names...)
	}
	props := map[string]any{
		"id":                        sp.ObjectID,
		"appId":                     sp.ClientID,
		"deletedDateTime":           momentOrNull(sp.DeletedAt),
		"displayName":               sp.DisplayName,
		"appDisplayName":            sp.DisplayName,
		"appDescription":            nil,
		"appOwnerOrganizationId":    textOrNull(sp.AppOwnerTenantID),
		"appRoleAssignmentRequired": sp.AppRoleAssignmentRequired,
		"accountEnabled":            sp.AccountEnabled,
		"servicePrincipalType":      sp.Type,
		"servicePrincipalNames":     names,
		"tags":                      listOrEmpty(sp.Tags),
		"appRoles":                  viewRoles(sp.AppRoles),
		"homepage":                  nil, "logoutUrl": nil, "signInAudience": nil,
		"replyUrls":             []string{},
		"info":                  plainApplication["info"].Show(nil),
		"applicationTemplateId": nil, "disabledByMicrosoftStatus": nil,
		"preferredTokenSigningKeyThumbprint": nil,
		"addIns":                             []any{}, "keyCredentials": []any{}, "passwordCredentials": viewPasswords(sp.PasswordCredentials),
		"verifiedPublisher": map[string]any{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
	}
	maps.Copy(props, plainServicePrincipal.Show(sp.Other))
	scopes := any([]any{})
	switch {
	case sp.FirstParty:
		props["signInAudience"] = "AzureADMultipleOrgs"
	case sp.Type == store.ServicePrincipalManagedIdentity:
		props["appDisplayName"] = nil
		props["alternativeNames"] = identityNames(sp.ManagedIdentityID)
	case app != nil:
		scopes = mirror(props, sp, *app)
	}
	if version == "beta" {
		props["createdDateTime"], props["samlMetadataUrl"] = moment(sp.CreatedAt), nil
		props["publishedPermissionScopes"] = scopes
	} else {
		props["oauth2PermissionScopes"] = scopes
		props["resourceSpecificApplicationPermissions"] = []any{}
	}
	return object{kind: "servicePrincipal", id: sp.ObjectID, props: props}
}

// mirror adds the application's properties to its service principal's, tags
// included, and returns the delegated permissions that it defines.
func mirror(props map[string]any, sp store.ServicePrincipal, app store.Application) any {
	shown := plainApplication.Show(app.Other)
	object := func(name string) map[string]any {
		members, _ := shown[name].(map[string]any)
		return members
	}
	web := object("web")
	replies := []string{}
	for _, platform := range []map[string]any{web, object("spa"), object("publicClient")} {
		uris, _ := platform["redirectUris"].([]any)
		for _, uri := range uris {
			replies = append(replies, uri.(string))
		}
	}
	tags := listOrEmpty(sp.Tags)
	for _, tag := range app.Tags {
		if !containsID(tags, tag) {
			tags = append(tags, tag)
		}
	}
	props["displayName"], props["appDisplayName"] = app.DisplayName, app.DisplayName
	props["appDescription"] = shown["description"]
	props["servicePrincipalNames"] = append([]string{app.ClientID}, app.IdentifierURIs...)
	props["appRoles"] = viewRoles(app.AppRoles)
	props["signInAudience"] = app.SignInAudience
	props["homepage"], props["logoutUrl"] = web["homePageUrl"], web["logoutUrl"]
	props["replyUrls"], props["tags"] = replies, tags
	object("info")["logoUrl"] = nil
	props["info"] = shown["info"]
	return object("api")["oauth2PermissionScopes"]
}

// identityNames name the Azure resource of a managed identity; only a
// user-assigned one is explicit.
func identityNames(id string) []string {
	explicit := "isExplicit=False"
	if strings.Contains(strings.ToLower(id), "/userassignedidentities/") {
		explicit = "isExplicit=True"
	}
	if id == "" {
		return []string{explicit}
	}
	return []string{explicit, id}
}

// applicationOf returns the application of a service principal, deleted or not,
// or nil if the tenant has none.
func applicationOf(tx *store.Tx, sp store.ServicePrincipal) *store.Application {
	if sp.FirstParty || sp.Type == store.ServicePrincipalManagedIdentity {
		return nil
	}
	for _, app := range store.Applications.Holding(tx, store.TenantKey(sp.TenantID, ""), sp.ClientID) {
		if strings.EqualFold(app.ClientID, sp.ClientID) {
			return &app
		}
	}
	return nil
}

// raw returns the JSON of a value that can always be encoded.
func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, numbers, lists and maps of them come here
	}
	return data
}
