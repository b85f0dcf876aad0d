package graph

import "iter"

// This file has the names that differ between v1.0 and beta of Microsoft Graph,
// from the metadata documents of both. What is stored has the names of v1.0.

// A name is a property's name in each version.
type name struct{ v1, beta string }

var (
	assignmentCreated        = name{"createdDateTime", "creationTimestamp"}
	preAuthorizedPermissions = name{"delegatedPermissionIds", "permissionIds"}
)

func inVersion(version string, n name) string {
	if version == "beta" {
		return n.beta
	}
	return n.v1
}

// readInVersion renames what a beta client sends for an application.
func (q *request) readInVersion(application map[string]any) error {
	if q.version != "beta" {
		return nil
	}
	for client := range preAuthorized(application) {
		if _, sent := client[preAuthorizedPermissions.v1]; sent {
			return unemulated("property %q of %s in beta", "api.preAuthorizedApplications."+preAuthorizedPermissions.v1, applicationResource)
		}
		rename(client, preAuthorizedPermissions.beta, preAuthorizedPermissions.v1)
	}
	return nil
}

// showInVersion renames what a beta client is shown of an application, adds what
// only beta has, and removes what only v1.0 has.
func showInVersion(version string, application map[string]any) {
	if version != "beta" {
		return
	}
	for client := range preAuthorized(application) {
		rename(client, preAuthorizedPermissions.v1, preAuthorizedPermissions.beta)
	}
	// https://learn.microsoft.com/graph/api/resources/unrestrictedaudience
	delete(application, "addIns")
	application["signInAudienceRestrictions"] = map[string]any{"@odata.type": "#microsoft.graph.unrestrictedAudience", "kind": "unrestricted"}
}

// preAuthorized are the clients that an application authorizes in advance.
func preAuthorized(application map[string]any) iter.Seq[map[string]any] {
	return func(yield func(map[string]any) bool) {
		api, _ := application["api"].(map[string]any)
		clients, _ := api["preAuthorizedApplications"].([]any)
		for _, item := range clients {
			if client, ok := item.(map[string]any); ok && !yield(client) {
				return
			}
		}
	}
}

func rename(object map[string]any, from, to string) {
	if value, ok := object[from]; ok {
		delete(object, from)
		object[to] = value
	}
}
