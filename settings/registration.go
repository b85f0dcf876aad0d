package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"app-to-app/components/requests"
)

// This file checks an app registration that was made elsewhere. The stack changes
// nothing of it, so each problem comes with the request for its owner: what to
// change, and the command that does it.

// A Registration is an app registration and its service principal.
type Registration struct {
	ClientID, ObjectID, DisplayName string
	IdentifierURIs                  []string
	TokenVersion                    int // 0 and 1 mean version 1
	Roles                           []RegisteredRole

	ServicePrincipalID string // object id
	Enabled            bool   // the service principal is
	AssignmentRequired bool
}

// A RegisteredRole is an app role of a registration.
type RegisteredRole struct {
	ID, Value       string
	Enabled         bool
	ForApplications bool // among the member types
}

// Resource is what the clients ask a token for: the first identifier URI, or else
// the client id
// (https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope).
func (r Registration) Resource() string {
	if len(r.IdentifierURIs) > 0 {
		return r.IdentifierURIs[0]
	}
	return r.ClientID
}

// RoleID is the id of an app role, "" without one.
func (r Registration) RoleID(value string) string {
	for _, role := range r.Roles {
		if role.Value == value {
			return role.ID
		}
	}
	return ""
}

// findRegistration looks up the API's registration, if it was made elsewhere.
func (l *lookups) findRegistration() {
	api := l.settings.API
	if api.ClientID == "" {
		return
	}
	const key = Namespace + ":api.clientId"
	found, err := l.Providers.Registration(api.ClientID)
	if err != nil {
		l.ask(key, "pulumi config set --path "+key+" CLIENT-ID, of a registration of this tenant that the login may read (Application.Read.All); "+
			"if it has no service principal, ask its owner to run: az ad sp create --id "+api.ClientID, "expected an app registration with a service principal: %v", err)
		return
	}
	l.settings.Registration = &found
	l.checkRegistration(found)
}

func (l *lookups) checkRegistration(r Registration) {
	const key = Namespace + ":api.clientId"
	graph, _ := l.graphEndpoint() // the registration was found there
	owned := requests.Owned{DisplayName: r.DisplayName, ClientID: r.ClientID, ObjectID: r.ObjectID, ServicePrincipalID: r.ServicePrincipalID, Graph: graph}
	if r.TokenVersion != 2 {
		l.ask(key, owned.Version2(), "expected tokens of version 2, got version %d: their issuer and audience are others", max(1, r.TokenVersion))
	}
	if !r.Enabled {
		l.ask(key, owned.Enable(), "expected an enabled service principal: nobody gets a token for a disabled one (AADSTS500014)")
	}
	if !r.AssignmentRequired {
		const text = "expected assignment to be required: without it every application of the tenant gets a token for the API"
		if l.settings.Environment == "prod" {
			l.ask(key, owned.RequireAssignment(), text)
		} else {
			l.warn("%s: %s; %s", key, text, owned.RequireAssignment())
		}
	}
	if l.hasIn(Namespace + ":roles") {
		return
	}
	for n, wanted := range l.settings.Roles {
		l.checkRegisteredRole(fmt.Sprintf("%s:roles[%d].value", Namespace, n), owned, wanted.Value, r)
	}
}

func (l *lookups) checkRegisteredRole(key string, owned requests.Owned, wanted string, r Registration) {
	var there []string
	for _, role := range r.Roles {
		if role.Value == wanted {
			switch {
			case !role.Enabled:
				l.ask(key, owned.EnableRole(role.ID), "expected an enabled app role: tokens do not carry the disabled %q", wanted)
			case !role.ForApplications:
				l.ask(key, owned.AllowApplications(role.ID), "expected an app role for applications, got %q for users and groups only", wanted)
			}
			return
		}
		there = append(there, role.Value)
	}
	slices.Sort(there)
	l.ask(key, owned.AddRole(wanted)+", or use one that is there", "expected an app role of the registration (%s), got %q", cmp.Or(strings.Join(there, ", "), "it has none"), wanted)
}
