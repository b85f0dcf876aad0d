package settings

import (
	"errors"
	"fmt"
	"slices"
)

// This file keeps a deployer from locking itself out. The azuread provider
// takes the creator's ownership of an app registration away unless the creator
// is listed, and a deployer with Application.ReadWrite.OwnedBy may write only
// what it owns: its first update would work, and no later one.

// graphHosts is Microsoft Graph by authority host
// (https://learn.microsoft.com/graph/deployments).
var graphHosts = map[string]string{
	publicAuthorityHost:                        "https://graph.microsoft.com",
	"https://login.microsoftonline.us":         "https://graph.microsoft.us",
	"https://login.partner.microsoftonline.cn": "https://microsoftgraph.chinacloudapi.cn",
}

// refuseStranger refuses a login that is not among the pinned owners if it may
// write only what it owns, and warns of others.
func (l *lookups) refuseStranger(objectID string) {
	const key = Namespace + ":owners"
	permissions, err := l.graphPermissions()
	if err == nil && slices.Contains(permissions, "Application.ReadWrite.OwnedBy") &&
		!slices.Contains(permissions, "Application.ReadWrite.All") && !slices.Contains(permissions, "Directory.ReadWrite.All") {
		l.refuse(key, SetCommand(fmt.Sprintf("%s[%d]", key, len(l.settings.Owners)), objectID), "expected the signed-in %q among the owners, since it may only write what it owns (Application.ReadWrite.OwnedBy) and would lose the app registration", objectID)
		return
	}
	l.warn("%s is without the signed-in %q, which loses the app registration if it may only write what it owns", key, objectID)
}

// graphPermissions are the application permissions of whoever is signed in.
func (l *lookups) graphPermissions() ([]string, error) {
	endpoint := l.graph
	if endpoint == "" {
		endpoint = graphHosts[l.settings.AuthorityHost]
	}
	if endpoint == "" {
		return nil, errors.New("find Microsoft Graph: expected a cloud that is known")
	}
	return l.Providers.GraphPermissions(endpoint)
}
