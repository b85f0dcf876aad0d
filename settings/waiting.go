package settings

import (
	"app-to-app/components/requests"
)

// This file knows which clients wait for somebody to give them their app roles, and
// an app registration to hold them.

// AsksFor reports whether somebody else makes the app registration of a client.
func (s Settings) AsksFor(client Client) bool {
	return s.Assignments == RequestedAssignments && client.Identity.Kind == Federated
}

// Principals are the object ids of clients' service principals, by client, as far
// as they exist. made are the app registrations that somebody made on request, and
// last are the principals of the last update, by client and kind of identity; that of
// an identity made elsewhere is in the settings.
func (s Settings) Principals(made map[string]requests.Registered, last func(client, kind string) string) map[string]string {
	principals := make(map[string]string)
	for _, client := range s.Clients {
		id := client.Identity.ObjectID
		switch {
		case s.AsksFor(client):
			id = made[client.Name].ServicePrincipalID
		case id == "":
			id = last(client.Name, client.Identity.Kind)
		}
		if id != "" {
			principals[client.Name] = id
		}
	}
	return principals
}

// Waiting are the app roles that clients ask for and do not hold, by client, and the
// app registration before them if there is none yet. A
// client's code is withheld until it holds all of them: a managed identity that
// asks for a token before that keeps one without the roles for about 24 hours
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations).
func (s Settings) Waiting(held requests.Held, principals map[string]string, roleID func(value string) string) map[string][]string {
	waiting := make(map[string][]string)
	if s.Assignments != RequestedAssignments {
		return waiting
	}
	for _, client := range s.Clients {
		if s.AsksFor(client) && principals[client.Name] == "" {
			waiting[client.Name] = []string{"its app registration"}
		}
		for _, value := range client.Roles {
			if len(held.Missing(principals[client.Name], []requests.Role{{Value: value, ID: roleID(value)}})) > 0 {
				waiting[client.Name] = append(waiting[client.Name], value)
			}
		}
	}
	return waiting
}

// Registers reports whether the stack makes an app registration: its API's, or a
// client's. Without, it writes nothing in the directory but assignments.
func (s Settings) Registers() bool {
	registered := func(identity *Identity) bool {
		return identity != nil && (identity.HasSecret() || identity.Kind == Federated && s.Assignments != RequestedAssignments)
	}
	for _, client := range s.Clients {
		if registered(&client.Identity) || registered(client.Previous) {
			return true
		}
	}
	return s.API.Stack == "" && s.API.Registration != ExistingRegistration
}
