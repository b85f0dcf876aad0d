package graph

import (
	"net/http"
	"regexp"
	"strings"

	"app-to-app/sandbox/store"
)

// This file reads paths. Graph takes more forms of them than there are routes:
// words in any case, which the azuread provider relies on
// (directory/deleteditems); /v1.0/myorganization/, left from the API before
// Graph, which CLI for Microsoft 365 uses; and the client id as a key,
// applications(appId='…')
// (https://learn.microsoft.com/graph/api/serviceprincipal-get).

// segments are the words of Graph's paths in the routes' case.
var segments = func() map[string]string {
	words := make(map[string]string)
	for _, word := range []string{
		"v1.0", "beta", "applications", "servicePrincipals", "owners", "$ref", "$count", "addPassword", "removePassword",
		"federatedIdentityCredentials", "appRoleAssignedTo", "appRoleAssignments", "directoryObjects",
		"directory", "deletedItems", "microsoft.graph.application", "microsoft.graph.servicePrincipal",
		"restore", "organization", "me", "getByIds", "getMemberGroups", "oauth2PermissionGrants", "$batch",
		"auditLogs", "signIns", "reports", "servicePrincipalSignInActivities", "appCredentialSignInActivities",
	} {
		words[strings.ToLower(word)] = word
	}
	return words
}()

// keyed is a collection with a client id as the key.
var keyed = regexp.MustCompile(`^((?i:applications|servicePrincipals))(\((?i:appId)='[^']*'\))$`)

// canonicalPath returns the path that the routes know. A client id as the key
// becomes a segment, which [request.findByClientID] replaces.
func canonicalPath(path string) string {
	var parts []string
	for _, part := range strings.Split(path, "/") {
		if m := keyed.FindStringSubmatch(part); m != nil {
			parts = append(parts, segments[strings.ToLower(m[1])], m[2])
		} else if word, ok := segments[strings.ToLower(part)]; ok {
			parts = append(parts, word)
		} else {
			parts = append(parts, part)
		}
	}
	if len(parts) > 3 && strings.EqualFold(parts[2], "myorganization") {
		parts = append(parts[:2], parts[3:]...)
	}
	return strings.Join(parts, "/")
}

// findByClientID puts the object id in the place of a client id in the path.
func (q *request) findByClientID(tx *store.Tx) error {
	key := q.PathValue("id")
	_, quoted, isKey := strings.Cut(strings.TrimSuffix(key, "')"), "='")
	if !isKey || !strings.HasPrefix(key, "(") {
		return nil
	}
	var id string
	var ok bool
	if strings.Contains(q.Pattern, "/applications/") {
		var app store.Application
		app, ok = store.ApplicationByClientID(tx, q.caller.TenantID, quoted)
		id = app.ObjectID
	} else {
		var sp store.ServicePrincipal
		sp, ok = store.ServicePrincipalByClientID(tx, q.caller.TenantID, quoted)
		id = sp.ObjectID
	}
	if !ok {
		return notFound(quoted)
	}
	q.URL.Path = strings.Replace(q.URL.Path, key, id, 1)
	q.SetPathValue("id", id)
	return nil
}

// functionNamed is an id that is none in Graph, but asks for something else:
// $count, delta, a cast to a type. If these were ids, they would be not found.
var functionNamed = regexp.MustCompile(`^(?i:\$.*|delta|delta\(.*|microsoft\.graph\..*)$`)

// checkIDs says that what has an id's place in the path is not emulated.
func checkIDs(r *http.Request) error {
	if id := r.PathValue("id"); functionNamed.MatchString(id) {
		return unemulated("%q", id)
	}
	for _, name := range []string{"owner", "credential", "assignment"} {
		if id := r.PathValue(name); strings.HasPrefix(id, "$") {
			return unemulated("%q", id)
		}
	}
	return nil
}
