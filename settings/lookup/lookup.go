// Package lookup asks Pulumi's azuread and azure-native providers for what the
// settings of a stack need. It only asks; package settings decides.
package lookup

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/settings"
)

// Providers are the default providers of a stack.
type Providers struct{ Context *pulumi.Context }

var _ settings.Providers = Providers{}

// EntraLogin is who azuread is signed in as.
func (p Providers) EntraLogin() (settings.EntraLogin, error) {
	found, err := azuread.GetClientConfig(p.Context, nil)
	if err != nil {
		return settings.EntraLogin{}, err
	}
	return settings.EntraLogin{TenantID: found.TenantId, ObjectID: found.ObjectId}, nil
}

// AzureLogin is where azure-native is signed in.
func (p Providers) AzureLogin() (settings.AzureLogin, error) {
	found, err := authorization.GetClientConfig(p.Context)
	if err != nil {
		return settings.AzureLogin{}, err
	}
	return settings.AzureLogin{TenantID: found.TenantId, SubscriptionID: found.SubscriptionId}, nil
}

// ServicePrincipals are those with an object id or a display name. The provider
// answers with an error unless there is exactly one.
func (p Providers) ServicePrincipals(objectID, displayName string) ([]settings.ServicePrincipal, error) {
	args := &azuread.GetServicePrincipalsArgs{ObjectIds: []string{objectID}}
	if displayName != "" {
		args = &azuread.GetServicePrincipalsArgs{DisplayNames: []string{displayName}}
	}
	found, err := azuread.GetServicePrincipals(p.Context, args)
	if err != nil {
		return nil, err
	}
	var all []settings.ServicePrincipal
	for _, principal := range found.ServicePrincipals {
		all = append(all, settings.ServicePrincipal{ObjectID: principal.ObjectId, ClientID: principal.ClientId, DisplayName: principal.DisplayName})
	}
	return all, nil
}

// Registration is the app registration with a client id, with its service
// principal.
func (p Providers) Registration(clientID string) (settings.Registration, error) {
	application, err := azuread.LookupApplication(p.Context, &azuread.LookupApplicationArgs{ClientId: &clientID})
	if err != nil {
		return settings.Registration{}, err
	}
	principal, err := azuread.LookupServicePrincipal(p.Context, &azuread.LookupServicePrincipalArgs{ClientId: &clientID})
	if err != nil {
		return settings.Registration{}, err
	}
	r := settings.Registration{
		ClientID: application.ClientId, ObjectID: application.ObjectId, DisplayName: application.DisplayName, IdentifierURIs: application.IdentifierUris,
		ServicePrincipalID: principal.ObjectId, Enabled: principal.AccountEnabled, AssignmentRequired: principal.AppRoleAssignmentRequired,
	}
	for _, api := range application.Apis {
		r.TokenVersion = api.RequestedAccessTokenVersion
	}
	for _, role := range application.AppRoles {
		r.Roles = append(r.Roles, settings.RegisteredRole{ID: role.Id, Value: role.Value, Enabled: role.Enabled, ForApplications: slices.Contains(role.AllowedMemberTypes, "Application")})
	}
	return r, nil
}

// GraphPermissions are the roles claim of the caller's own access token for
// Microsoft Graph. The token is read and dropped; no error quotes it.
func (p Providers) GraphPermissions(endpoint string) ([]string, error) {
	got, err := authorization.GetClientToken(p.Context, &authorization.GetClientTokenArgs{Endpoint: &endpoint})
	if err != nil {
		return nil, errors.New("get a token for Microsoft Graph: refused")
	}
	parts := strings.Split(got.Token, ".")
	if len(parts) != 3 {
		return nil, errors.New("read a token for Microsoft Graph: expected three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil, errors.New("read a token for Microsoft Graph: expected claims")
	}
	return claims.Roles, nil
}
