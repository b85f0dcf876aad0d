package settings

import (
	"fmt"
	"slices"
)

// This file keeps a deployer from locking itself out. The azuread provider
// removes the creator from the owners of an app registration unless it is
// listed, and a deployer with Application.ReadWrite.OwnedBy may write only what
// it owns: its first update would work, and no later one.

// refuseStranger refuses a login that is not among the pinned owners if it may
// write only what it owns, and only warns of others.
func (l *lookups) refuseStranger(objectID string) {
	const key = Namespace + ":owners"
	permissions, err := l.graphPermissions()
	if err == nil && slices.Contains(permissions, "Application.ReadWrite.OwnedBy") &&
		!slices.Contains(permissions, "Application.ReadWrite.All") && !slices.Contains(permissions, "Directory.ReadWrite.All") {
		l.refuse(key, SetCommand(fmt.Sprintf("%s[%d]", key, len(l.settings.Owners)), objectID), "expected the signed-in %q among the owners, since it may only write what it owns (Application.ReadWrite.OwnedBy) and would lose the app registration", objectID)
		return
	}
	l.warn("%s does not list the signed-in %q, which loses the app registration if it may only write what it owns", key, objectID)
}

// graphPermissions are the application permissions of the caller.
func (l *lookups) graphPermissions() ([]string, error) {
	endpoint, err := l.graphEndpoint()
	if err != nil {
		return nil, err
	}
	return l.Providers.GraphPermissions(endpoint)
}
