package tenant

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"app-to-app/azurecloud"
)

// This file reads the tenant and the subscription.

// An application is an app registration
// (https://learn.microsoft.com/graph/api/resources/application).
type application struct {
	ID             string    `json:"id"`
	AppID          string    `json:"appId"`
	DisplayName    string    `json:"displayName"`
	IdentifierURIs []string  `json:"identifierUris"`
	SignInAudience string    `json:"signInAudience"`
	AppRoles       []appRole `json:"appRoles"`
	Secrets        []key     `json:"passwordCredentials"`
	Certificates   []key     `json:"keyCredentials"`
	API            struct {
		TokenVersion *int `json:"requestedAccessTokenVersion"`
	} `json:"api"`
	Disabled string `json:"disabledByMicrosoftStatus"`
}

type appRole struct {
	ID          string   `json:"id"`
	Value       string   `json:"value"`
	IsEnabled   bool     `json:"isEnabled"`
	MemberTypes []string `json:"allowedMemberTypes"`
}

// A key is a client secret or a certificate, without its secret part.
type key struct {
	KeyID       string    `json:"keyId"`
	DisplayName string    `json:"displayName"`
	Start       time.Time `json:"startDateTime"`
	End         time.Time `json:"endDateTime"`
	Hint        string    `json:"hint"`                // the first characters of a secret
	Identifier  string    `json:"customKeyIdentifier"` // of a certificate, its thumbprint
}

// A principal is a service principal
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
type principal struct {
	ID                 string    `json:"id"`
	AppID              string    `json:"appId"`
	DisplayName        string    `json:"displayName"`
	Type               string    `json:"servicePrincipalType"`
	AccountEnabled     bool      `json:"accountEnabled"`
	AssignmentRequired bool      `json:"appRoleAssignmentRequired"`
	AppRoles           []appRole `json:"appRoles"`
	Secrets            []key     `json:"passwordCredentials"`
	Certificates       []key     `json:"keyCredentials"`
	Tags               []string  `json:"tags"`
	AlternativeNames   []string  `json:"alternativeNames"` // of a managed identity, the id of its resource
}

const managedIdentityPrincipal = "ManagedIdentity"

// A federation is a federated identity credential.
type federation struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// An appRoleAssignment is an app role that a principal holds.
type appRoleAssignment struct {
	ID            string    `json:"id"`
	AppRoleID     string    `json:"appRoleId"`
	PrincipalID   string    `json:"principalId"`
	PrincipalName string    `json:"principalDisplayName"`
	PrincipalType string    `json:"principalType"`
	Created       time.Time `json:"createdDateTime"`
}

// A directoryObject is an owner.
type directoryObject struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// A reader reads the tenant and the subscription as they are now.
type reader struct{ session *azurecloud.Session }

// byID reads an object of Graph; found is false when there is none.
func byID[T any](ctx context.Context, r reader, path string) (object T, found bool, err error) {
	err = r.session.Graph.Get(ctx, path, &object)
	if azurecloud.IsNotFound(err) {
		return object, false, nil
	}
	return object, err == nil, err
}

func (r reader) application(ctx context.Context, objectID string) (application, bool, error) {
	return byID[application](ctx, r, "/v1.0/applications/"+url.PathEscape(objectID))
}

func (r reader) principal(ctx context.Context, objectID string) (principal, bool, error) {
	return byID[principal](ctx, r, "/v1.0/servicePrincipals/"+url.PathEscape(objectID))
}

// principalOf is the service principal of an app registration.
func (r reader) principalOf(ctx context.Context, clientID string) (found principal, ok bool, err error) {
	all, err := azurecloud.List[principal](ctx, r.session.Graph, "/v1.0/servicePrincipals?$filter="+url.QueryEscape("appId eq '"+clientID+"'"))
	if err != nil || len(all) == 0 {
		return principal{}, false, err
	}
	return all[0], true, nil
}

func (r reader) federations(ctx context.Context, applicationID string) ([]federation, error) {
	return azurecloud.List[federation](ctx, r.session.Graph, "/v1.0/applications/"+url.PathEscape(applicationID)+"/federatedIdentityCredentials")
}

func (r reader) assignedTo(ctx context.Context, principalID string) ([]appRoleAssignment, error) {
	return azurecloud.List[appRoleAssignment](ctx, r.session.Graph, "/v1.0/servicePrincipals/"+url.PathEscape(principalID)+"/appRoleAssignedTo")
}

// owners of an application or a service principal; the collection says which.
func (r reader) owners(ctx context.Context, collection, objectID string) ([]directoryObject, error) {
	return azurecloud.List[directoryObject](ctx, r.session.Graph, "/v1.0/"+collection+"/"+url.PathEscape(objectID)+"/owners")
}

// A site is a function app.
type site struct {
	Name       string `json:"name"`
	Properties struct {
		State   string `json:"state"`
		Enabled bool   `json:"enabled"`
	} `json:"properties"`
	Identity struct {
		Type         string                      `json:"type"`
		PrincipalID  string                      `json:"principalId"`
		UserAssigned map[string]attachedIdentity `json:"userAssignedIdentities"`
	} `json:"identity"`
}

type attachedIdentity struct {
	ClientID    string `json:"clientId"`
	PrincipalID string `json:"principalId"`
}

// has reports whether the site can get tokens of a principal.
func (s site) has(objectID string) bool {
	if s.Identity.PrincipalID != "" && sameID(s.Identity.PrincipalID, objectID) {
		return true
	}
	for _, attached := range s.Identity.UserAssigned {
		if sameID(attached.PrincipalID, objectID) {
			return true
		}
	}
	return false
}

func (r reader) site(ctx context.Context, siteID string) (found site, ok bool, err error) {
	err = r.session.ResourceManager.Get(ctx, version(siteID, webVersion), &found)
	if azurecloud.IsNotFound(err) {
		return site{}, false, nil
	}
	return found, err == nil, err
}

// settings are the app settings with their values, which are only compared and
// never shown.
func (r reader) settings(ctx context.Context, siteID string) (map[string]string, error) {
	var found struct{ Properties map[string]string }
	err := r.session.ResourceManager.Post(ctx, version(siteID+"/config/appsettings/list", webVersion), nil, &found)
	return found.Properties, err
}

// easyAuth reports whether App Service Authentication is on
// (https://learn.microsoft.com/rest/api/appservice/web-apps/get-auth-settings-v2-without-secrets).
func (r reader) easyAuth(ctx context.Context, siteID string) (bool, error) {
	var found struct {
		Properties struct{ Platform struct{ Enabled bool } }
	}
	err := r.session.ResourceManager.Get(ctx, version(siteID+"/config/authsettingsV2", webVersion), &found)
	return found.Properties.Platform.Enabled, err
}

// basicAuth reports whether publishing passwords work for "ftp" or "scm"
// (https://learn.microsoft.com/azure/app-service/configure-basic-auth-disable).
func (r reader) basicAuth(ctx context.Context, siteID, protocol string) (bool, error) {
	var found struct{ Properties struct{ Allow bool } }
	err := r.session.ResourceManager.Get(ctx, version(siteID+"/basicPublishingCredentialsPolicies/"+protocol, webVersion), &found)
	return found.Properties.Allow, err
}

// roleByID finds an app role.
func roleByID(roles []appRole, id string) (appRole, bool) {
	i := slices.IndexFunc(roles, func(r appRole) bool { return sameID(r.ID, id) })
	if i < 0 {
		return appRole{}, false
	}
	return roles[i], true
}

// denied reports whether the caller may not read what was asked for.
func denied(err error) bool { return azurecloud.StatusOf(err) == http.StatusForbidden }
