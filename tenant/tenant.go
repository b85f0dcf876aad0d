// Package tenant compares what a stack declares with what its tenant and its
// subscription hold, from outside: it reads Microsoft Graph and Azure Resource
// Manager as any administrator could, and shares nothing with the program that
// deployed the stack.
//
//   - [Check] says whether a caller can deploy.
//   - [Audit] finds every difference between a [Declaration] and the tenant.
//   - [Why] finds the reason why a client gets no token, a 401 or a 403.
//
// Nothing here changes anything, and nothing that it returns holds a secret:
// values of app settings are compared and never shown.
package tenant

import (
	"maps"
	"slices"
	"strings"
)

// API versions of Resource Manager, by what they read.
const (
	subscriptionVersion = "2022-09-01" // Microsoft.Resources
	webVersion          = "2024-04-01" // Microsoft.Web
	permissionVersion   = "2022-04-01" // Microsoft.Authorization
	identityVersion     = "2023-01-31" // Microsoft.ManagedIdentity
)

// sameID compares GUIDs, or ids of Resource Manager, whose case means nothing.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }

// version adds an API version to a path.
func version(path, apiVersion string) string { return path + "?api-version=" + apiVersion }

// containsID reports whether a list has an id.
func containsID(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(known string) bool { return sameID(known, id) })
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
