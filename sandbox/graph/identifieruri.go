package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file holds the rules of identifier URIs
// (https://learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions):
// a new one must be well formed, must contain the tenant's id, the client id or
// a verified domain, and must not be used by another application of the tenant,
// deleted or not.

// longestURI and mostURIs are Entra's limits for single tenant applications
// (https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation).
const (
	longestURI = 255
	mostURIs   = 50
)

func (q *request) setIdentifierURIs(tx *store.Tx, app *store.Application, uris []string) error {
	if len(uris) > mostURIs {
		return invalidValue("identifierUris", applicationResource)
	}
	tenant, _ := store.Tenants.Get(tx, strings.ToLower(app.TenantID))
	for i, uri := range uris {
		if containsID(uris[:i], uri) {
			return duplicate()
		}
		if slices.Contains(app.IdentifierURIs, uri) {
			continue // the rules are for new URIs only
		}
		if !wellFormed(uri) {
			return invalidValue("identifierUris", applicationResource)
		}
		if !belongs(uri, tenant, app.ClientID) {
			return &refusal{http.StatusBadRequest, "HostNameNotOnVerifiedDomain",
				"Values of identifierUris property must use a verified domain of the organization or its subdomain: '" + uri + "'"}
		}
		if taken(tx, *app, uri) {
			return &refusal{http.StatusBadRequest, "ObjectConflict", "Another object with the same value for property identifierUris already exists."}
		}
	}
	app.IdentifierURIs = uris
	return nil
}

// wellFormed accepts the schemes that Entra knows, without wildcard, query,
// fragment or trailing slash.
func wellFormed(uri string) bool {
	if len(uri) > longestURI || strings.ContainsAny(uri, " *?#") || strings.HasSuffix(uri, "/") {
		return false
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.User != nil {
		return false
	}
	switch parsed.Scheme {
	case "api", "https", "http", "ms-appx":
		return parsed.Host != ""
	case "urn":
		return parsed.Opaque != ""
	}
	return false
}

// belongs says whether a URI contains the tenant's id or domain, or the client
// id.
func belongs(uri string, tenant store.Tenant, clientID string) bool {
	parsed, err := url.Parse(uri)
	if err != nil {
		return false
	}
	host := strings.ToLower(parsed.Hostname())
	domain := strings.ToLower(tenant.Domain)
	if domain != "" && (host == domain || strings.HasSuffix(host, "."+domain)) {
		return true
	}
	parts := strings.FieldsFunc(uri, func(r rune) bool { return r == '/' || r == ':' })
	return containsID(parts, tenant.ID) || containsID(parts, clientID)
}

func taken(tx *store.Tx, app store.Application, uri string) bool {
	for _, other := range store.Applications.All(tx, store.TenantKey(app.TenantID, "")) {
		if other.ObjectID != app.ObjectID && containsID(other.IdentifierURIs, uri) {
			return true
		}
	}
	return false
}
