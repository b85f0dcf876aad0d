package entra

import (
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// A resource is what a token is for.
type resource struct {
	principal store.ServicePrincipal
	requested string // the name that the client used
	version   int    // of the access token: 1 or 2
	idtyp     bool   // whether the token says that it is app-only
}

// audience is the claim "aud" of a token for the resource: in a v2 token always
// the client id, in a v1 token what the client asked for
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
func (r resource) audience() string {
	if r.version == 2 {
		return r.principal.ClientID
	}
	return r.requested
}

// storageAccount matches the name of one account's service as a resource
// (https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory).
var storageAccount = regexp.MustCompile(`^https://[a-z0-9]{3,24}\.(blob|queue|table|file)\.core\.windows\.net/?$`)

// findResource returns the live resource of that name in the tenant: a client
// id, an identifier URI, or a name of one of Microsoft's services. The
// match is exact, as in Entra: a trailing slash makes it another name.
func (s *Service) findResource(tx *store.Tx, tenantID, name string) (resource, error) {
	sp, app, ok := s.lookUpResource(tx, tenantID, name)
	switch {
	case !ok:
		return resource{}, refuse(500011, "no resource named %s in tenant %s: expected the client id or an identifier URI of an app registration that has a service principal there", shown(name), tenantID)
	case !sp.AccountEnabled:
		return resource{}, refuse(500014, "the service principal of resource %s is disabled", shown(name))
	}
	found := resource{principal: sp, requested: name, version: 1}
	switch {
	case sp.FirstParty && sp.ClientID == exchangeID:
		found.version = 2
	case sp.FirstParty:
		// Graph's and ARM's own tokens say that they are app-only.
		found.idtyp = true
	default:
		if app.RequestedAccessTokenVersion == 2 {
			found.version = 2
		}
		found.idtyp = slices.Contains(app.AccessTokenClaims, "idtyp")
	}
	return found, nil
}

func (s *Service) lookUpResource(tx *store.Tx, tenantID, name string) (store.ServicePrincipal, store.Application, bool) {
	clientID := ""
	switch {
	case len(name) == 36 && uuid.Validate(name) == nil:
		clientID = name
	// Even if the sandbox had other ports when the tenant was created.
	case strings.TrimSuffix(name, "/") == s.GraphURL:
		clientID = graphID
	case strings.TrimSuffix(name, "/") == s.ResourceManagerURL:
		clientID = armID
	case storageAccount.MatchString(name):
		clientID = storageID
	default:
		for _, sp := range store.ServicePrincipals.All(tx, store.TenantKey(tenantID, "")) {
			if sp.FirstParty && sp.DeletedAt == nil && slices.Contains(sp.ServicePrincipalNames, name) {
				return sp, store.Application{}, true
			}
		}
		for _, app := range store.Applications.All(tx, store.TenantKey(tenantID, "")) {
			if app.DeletedAt == nil && slices.Contains(app.IdentifierURIs, name) {
				clientID = app.ClientID
				break
			}
		}
	}
	if clientID == "" {
		return store.ServicePrincipal{}, store.Application{}, false
	}
	sp, ok := store.ServicePrincipalByClientID(tx, tenantID, clientID)
	if !ok || sp.FirstParty {
		return sp, store.Application{}, ok
	}
	// A managed identity has no app registration: nobody gets tokens for it.
	app, ok := store.ApplicationByClientID(tx, tenantID, clientID)
	return sp, app, ok
}

// rolesOf returns the values of the app roles that a token for the resource
// carries, and whether the client has any assignment at all. A role counts
// while it exists, is enabled and is meant for applications; an assignment while
// the token endpoint knows it ([route.Lag]).
func (s *Service) rolesOf(tx *store.Tx, client, resource store.ServicePrincipal) (values []string, assigned bool) {
	held := map[string]bool{}
	lag, now := s.Weather.Lag().TokenAssignment, s.Store.Now()
	for _, a := range store.AppRoleAssignments.Holding(tx, store.TenantKey(client.TenantID, ""), client.ObjectID) {
		if strings.EqualFold(a.PrincipalID, client.ObjectID) && strings.EqualFold(a.ResourceID, resource.ObjectID) && !store.Fresh(tx, now, lag, a.TenantID, a.ID) {
			held[strings.ToLower(a.AppRoleID)] = true
			assigned = true
		}
	}
	for _, role := range store.RolesOf(tx, resource) {
		if held[strings.ToLower(role.ID)] && role.IsEnabled && role.Value != "" && slices.Contains(role.AllowedMemberTypes, "Application") {
			values = append(values, role.Value)
		}
	}
	return values, assigned
}
