package graph

import (
	"strings"
	"time"

	"app-to-app/sandbox/store"
)

// This file delays what clients of Graph must wait for: see [route.Lag]. On
// purpose reads are never late; only the delays that the azuread provider or
// Graph's documentation mention are here.

// born records when the application, its app roles and its credentials appear,
// for [request.late].
func (q *request) born(tx *store.Tx, app store.Application) {
	before, known := store.Applications.Get(tx, store.TenantKey(app.TenantID, app.ObjectID))
	if !known {
		store.Born(tx, q.service.Store.Now(), app.TenantID, app.ObjectID)
	}
	q.bornParts(tx, app.ObjectID, partsOf(before), partsOf(app))
}

// bornParts records when the parts of an object appear that it did not have.
func (q *request) bornParts(tx *store.Tx, object string, old, parts map[string]bool) {
	for id := range parts {
		if !old[id] {
			store.Born(tx, q.service.Store.Now(), q.caller.TenantID, object+"/"+id)
		}
	}
	for id := range old {
		if !parts[id] {
			store.Gone(tx, q.caller.TenantID, object+"/"+id)
		}
	}
}

func partsOf(app store.Application) map[string]bool {
	parts := secretIDs(app.PasswordCredentials)
	for _, role := range app.AppRoles {
		parts[strings.ToLower(role.ID)] = true
	}
	for _, federated := range app.FederatedCredentials {
		parts[strings.ToLower(federated.ID)] = true
	}
	return parts
}

func secretIDs(secrets []store.PasswordCredential) map[string]bool {
	ids := map[string]bool{}
	for _, secret := range secrets {
		ids[strings.ToLower(secret.KeyID)] = true
	}
	return ids
}

// late says whether id is too new for a part of Graph to know it.
func (q *request) late(tx *store.Tx, lag time.Duration, id string) bool {
	return store.Fresh(tx, q.service.Store.Now(), lag, q.caller.TenantID, id)
}

// knownRoles are the app roles that have reached a service principal.
func (q *request) knownRoles(tx *store.Tx, sp store.ServicePrincipal) []store.AppRole {
	roles := store.RolesOf(tx, sp)
	lag := q.service.Weather.Lag().AppRole
	app, ok := store.ApplicationByClientID(tx, sp.TenantID, sp.ClientID)
	if lag == 0 || !ok {
		return roles
	}
	var known []store.AppRole
	for _, role := range roles {
		if !q.late(tx, lag, app.ObjectID+"/"+role.ID) {
			known = append(known, role)
		}
	}
	return known
}
