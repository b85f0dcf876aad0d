package main

import (
	"app-to-app/components"
	"app-to-app/settings"
)

// This file turns settings into arguments of components, which know no
// settings.

func rolesOf(stack settings.Settings) []components.Role {
	roles := make([]components.Role, len(stack.Roles))
	for i, role := range stack.Roles {
		roles[i] = components.Role(role)
	}
	return roles
}

func identityOf(identity settings.Identity) components.Identity {
	return components.Identity{
		Kind: identity.Kind, Rotation: identity.Rotation, Brought: identity.Brought,
		Federation: (*components.Federation)(identity.Federation),
		ObjectID:   identity.ObjectID, ClientID: identity.ClientID,
	}
}

// previousOf is the identity that a client moves away from, or nil.
func previousOf(client settings.Client) *components.Identity {
	if client.Previous == nil {
		return nil
	}
	previous := identityOf(*client.Previous)
	return &previous
}
