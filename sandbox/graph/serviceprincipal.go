package graph

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

const servicePrincipalResource = "ServicePrincipal"

// servicePrincipal returns the service principal of the path. It refuses a
// caller that may not change it (for GET: read it). Owners of the application
// also own its service principal. Nobody can change Microsoft's own services.
func (q *request) servicePrincipal(tx *store.Tx) (store.ServicePrincipal, error) {
	id := q.PathValue("id")
	sp, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id)
	if !ok {
		return sp, notFound(id)
	}
	owners := ownersOf(tx, sp)
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		return sp, q.mayRead(strings.EqualFold(sp.ObjectID, q.caller.ObjectID), owners...)
	}
	if sp.FirstParty {
		return sp, denied()
	}
	return sp, q.mayChange(owners...)
}

// ownersOf are the owners of a service principal and of its application.
func ownersOf(tx *store.Tx, sp store.ServicePrincipal) []string {
	if app := applicationOf(tx, sp); app != nil {
		return slices.Concat(sp.Owners, app.Owners)
	}
	return sp.Owners
}

func (q *request) putServicePrincipal(tx *store.Tx, sp store.ServicePrincipal) {
	store.ServicePrincipals.Put(tx, store.TenantKey(sp.TenantID, sp.ObjectID), sp)
	q.note(sp.ObjectID)
}

func listServicePrincipals(tx *store.Tx, q *request) (answer, error) {
	a, err := q.list("servicePrincipals", servicePrincipalFilters, servicePrincipals(tx, q, false))
	if err != nil {
		return a, err
	}
	return q.expandAssignments(tx, a)
}

// servicePrincipals are the tenant's service principals, either deleted or not.
func servicePrincipals(tx *store.Tx, q *request, deleted bool) iter.Seq2[string, object] {
	return func(yield func(string, object) bool) {
		apps := make(map[string]*store.Application)
		for _, app := range store.Applications.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			apps[strings.ToLower(app.ClientID)] = &app
		}
		for key, sp := range store.ServicePrincipals.All(tx, store.TenantKey(q.caller.TenantID, "")) {
			if (sp.DeletedAt != nil) != deleted || expired(sp.DeletedAt, q.service.Store.Now()) {
				continue
			}
			if !yield(key, viewServicePrincipal(sp, apps[strings.ToLower(sp.ClientID)], q.version)) {
				return
			}
		}
	}
}

func getServicePrincipal(tx *store.Tx, q *request) (answer, error) {
	sp, err := q.servicePrincipal(tx)
	if err != nil {
		return answer{}, err
	}
	a, err := q.one("servicePrincipals", viewServicePrincipal(sp, applicationOf(tx, sp), q.version))
	if err != nil {
		return a, err
	}
	return q.expandAssignments(tx, a)
}

// createServicePrincipal creates the service principal of an application
// (https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals).
func createServicePrincipal(tx *store.Tx, q *request) (answer, error) {
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	clientID, _ := body["appId"].(string)
	if clientID == "" {
		return answer{}, invalidValue("appId", servicePrincipalResource)
	}
	delete(body, "appId")
	app, err := q.backing(tx, clientID)
	if err != nil {
		return answer{}, err
	}
	if _, ok := store.ServicePrincipalByClientID(tx, q.caller.TenantID, clientID); ok {
		return answer{}, &refusal{http.StatusConflict, codeSameKey, fmt.Sprintf(
			"The service principal cannot be created, updated, or restored because the service principal name %s is already in use.", clientID)}
	}
	sp := store.ServicePrincipal{
		TenantID: q.caller.TenantID, ObjectID: uuid.NewString(), ClientID: app.ClientID,
		Type: store.ServicePrincipalApplication, CreatedBy: q.caller.ObjectID, CreatedAt: q.service.Store.Now(),
		DisplayName: app.DisplayName, AccountEnabled: true, AppOwnerTenantID: app.TenantID,
	}
	if sp.Owners, err = q.bindOwners(tx, body); err != nil {
		return answer{}, err
	}
	// The name is the application's. Whether Graph keeps another one is not
	// documented.
	if name, sent := body["displayName"]; sent && name != app.DisplayName {
		return answer{}, unemulated("a service principal's displayName that is not its application's")
	}
	delete(body, "displayName")
	if err := setServicePrincipal(&sp, body); err != nil {
		return answer{}, err
	}
	q.putServicePrincipal(tx, sp)
	store.Born(tx, sp.CreatedAt, sp.TenantID, sp.ObjectID)
	shown := viewServicePrincipal(sp, &app, q.version)
	return answer{status: http.StatusCreated, context: "servicePrincipals/$entity", object: &shown}, nil
}

// backing returns the application for a new service principal. A caller that
// may only change what it owns must own it.
func (q *request) backing(tx *store.Tx, clientID string) (store.Application, error) {
	app, ok := store.ApplicationByClientID(tx, q.caller.TenantID, clientID)
	// Both refusals can also be due to lag; azuread retries on both.
	ok = ok && !q.late(tx, q.service.Weather.Lag().Application, app.ObjectID)
	switch {
	case ok:
		return app, q.mayChange(app.Owners...)
	case q.reach == reachOwned:
		return app, &refusal{http.StatusForbidden, codeDenied,
			"When using this permission, the backing application of the service principal being created must in the local tenant"}
	}
	for _, foreign := range store.Applications.All(tx, "") {
		if foreign.DeletedAt == nil && strings.EqualFold(foreign.ClientID, clientID) && foreign.SignInAudience != "AzureADMyOrg" {
			return app, unemulated("a service principal for another tenant's application")
		}
	}
	return app, &refusal{http.StatusBadRequest, "NoBackingApplicationObject", fmt.Sprintf(
		"The appId '%s' of the service principal does not reference a valid application object.", clientID)}
}

func patchServicePrincipal(tx *store.Tx, q *request) (answer, error) {
	sp, err := q.servicePrincipal(tx)
	if err != nil {
		return answer{}, err
	}
	if sp.Type == store.ServicePrincipalManagedIdentity {
		return answer{}, unemulated("changing the service principal of a managed identity")
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	if err := takeID(body, sp.ObjectID); err != nil {
		return answer{}, err
	}
	if err := setServicePrincipal(&sp, body); err != nil {
		return answer{}, err
	}
	q.putServicePrincipal(tx, sp)
	return answer{status: http.StatusNoContent}, nil
}

// deleteServicePrincipal moves it to the recycle bin. That of a managed
// identity is deleted only with its Azure resource.
func deleteServicePrincipal(tx *store.Tx, q *request) (answer, error) {
	sp, err := q.servicePrincipal(tx)
	if err != nil {
		return answer{}, err
	}
	if sp.Type == store.ServicePrincipalManagedIdentity {
		return answer{}, denied()
	}
	recycle(tx, sp, q.service.Store.Now())
	q.note(sp.ObjectID)
	return answer{status: http.StatusNoContent}, nil
}

func setServicePrincipal(sp *store.ServicePrincipal, body map[string]any) error {
	body, err := read(servicePrincipalFields, servicePrincipalResource, body)
	if err != nil {
		return err
	}
	if value, sent := body["accountEnabled"]; sent {
		sp.AccountEnabled = value.(bool)
	}
	if value, sent := body["appRoleAssignmentRequired"]; sent {
		sp.AppRoleAssignmentRequired = value.(bool)
	}
	if value, sent := body["tags"]; sent {
		sp.Tags = textsOf(value)
	}
	sp.Other = merge(plainServicePrincipal, sp.Other, body)
	return nil
}
