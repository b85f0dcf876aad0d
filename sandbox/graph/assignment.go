package graph

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file holds app role assignments
// (https://learn.microsoft.com/graph/api/resources/approleassignment), listed
// by resource (appRoleAssignedTo) and by principal (appRoleAssignments). The
// rules are: principal and resource are object ids of service principals; the
// resource defines the role, enabled, for applications; no assignment is made
// twice.

// defaultAccess is the role id for resources that define no roles.
const defaultAccess = "00000000-0000-0000-0000-000000000000"

var assignmentFilters = filterable{"id": filterExact}

func viewAssignment(tx *store.Tx, a store.AppRoleAssignment, version string) object {
	principal, _ := store.LiveServicePrincipal(tx, a.TenantID, a.PrincipalID)
	resource, _ := store.LiveServicePrincipal(tx, a.TenantID, a.ResourceID)
	return object{kind: "appRoleAssignment", props: map[string]any{
		"id": a.ID, "deletedDateTime": nil, "appRoleId": a.AppRoleID, inVersion(version, assignmentCreated): moment(a.CreatedAt),
		"principalDisplayName": principal.DisplayName, "principalId": a.PrincipalID, "principalType": "ServicePrincipal",
		"resourceDisplayName": resource.DisplayName, "resourceId": a.ResourceID,
	}}
}

// A side is one of the two collections in which assignments are listed.
type side struct {
	name string // of the collection
	id   func(store.AppRoleAssignment) string
}

var (
	fromResource  = side{"appRoleAssignedTo", func(a store.AppRoleAssignment) string { return a.ResourceID }}
	fromPrincipal = side{"appRoleAssignments", func(a store.AppRoleAssignment) string { return a.PrincipalID }}
)

func (s side) context(id string) string { return "servicePrincipals('" + id + "')/" + s.name }

// end returns the service principal of the path. The caller need not own it to
// assign roles: AppRoleAssignment.ReadWrite.All covers all, including
// Microsoft's.
func (q *request) end(tx *store.Tx) (store.ServicePrincipal, error) {
	id := q.PathValue("id")
	sp, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id)
	if !ok {
		return sp, notFound(id)
	}
	return sp, q.mayRead(strings.EqualFold(id, q.caller.ObjectID) && q.Method == http.MethodGet, ownersOf(tx, sp)...)
}

func (s side) list(tx *store.Tx, q *request) (answer, error) {
	sp, err := q.end(tx)
	if err != nil {
		return answer{}, err
	}
	// A service principal can have thousands of assignments; most clients look
	// for one of them.
	holds := cmp.Or(equalTo(q.URL.Query().Get("$filter"), "id"), sp.ObjectID)
	return q.list(s.context(sp.ObjectID), assignmentFilters, func(yield func(string, object) bool) {
		for key, a := range store.AppRoleAssignments.Holding(tx, store.TenantKey(q.caller.TenantID, ""), holds) {
			if strings.EqualFold(s.id(a), sp.ObjectID) && !yield(key, viewAssignment(tx, a, q.version)) {
				return
			}
		}
	})
}

// assignment returns the assignment of the path.
func (s side) assignment(tx *store.Tx, q *request) (store.AppRoleAssignment, error) {
	sp, err := q.end(tx)
	if err != nil {
		return store.AppRoleAssignment{}, err
	}
	id := q.PathValue("assignment")
	a, ok := store.AppRoleAssignments.Get(tx, store.TenantKey(q.caller.TenantID, id))
	if !ok || a.ID != id || !strings.EqualFold(s.id(a), sp.ObjectID) {
		return a, notFound(id)
	}
	return a, nil
}

func (s side) get(tx *store.Tx, q *request) (answer, error) {
	a, err := s.assignment(tx, q)
	if err != nil {
		return answer{}, err
	}
	return q.one(s.context(q.PathValue("id")), viewAssignment(tx, a, q.version))
}

func (s side) remove(tx *store.Tx, q *request) (answer, error) {
	a, err := s.assignment(tx, q)
	if err != nil {
		return answer{}, err
	}
	store.AppRoleAssignments.Delete(tx, store.TenantKey(a.TenantID, a.ID))
	q.note(a.ID)
	return answer{status: http.StatusNoContent}, nil
}

func (s side) create(tx *store.Tx, q *request) (answer, error) {
	sp, err := q.end(tx)
	if err != nil {
		return answer{}, err
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	a, err := q.readAssignment(body)
	if err != nil {
		return answer{}, err
	}
	if !strings.EqualFold(s.id(a), sp.ObjectID) {
		return answer{}, badRequest("Not a valid reference update.")
	}
	if err := q.checkAssignment(tx, a); err != nil {
		return answer{}, err
	}
	store.AppRoleAssignments.Put(tx, store.TenantKey(a.TenantID, a.ID), a)
	store.Born(tx, a.CreatedAt, a.TenantID, a.ID)
	q.note(a.ID)
	shown := viewAssignment(tx, a, q.version)
	shown.id = a.ID
	return answer{status: http.StatusCreated, context: s.context(sp.ObjectID) + "/$entity", object: &shown}, nil
}

// readAssignment returns the assignment that a body describes.
func (q *request) readAssignment(body map[string]any) (store.AppRoleAssignment, error) {
	const resource = "AppRoleAssignment"
	a := store.AppRoleAssignment{
		TenantID: q.caller.TenantID, ID: newAssignmentID(),
		CreatedBy: q.caller.ObjectID, CreatedAt: q.service.Store.Now(),
	}
	body, err := read(assignmentFields, resource, body)
	if err != nil {
		return a, err
	}
	into := map[string]*string{"appRoleId": &a.AppRoleID, "principalId": &a.PrincipalID, "resourceId": &a.ResourceID}
	for _, name := range slices.Sorted(maps.Keys(into)) {
		id, _ := body[name].(string)
		if !isGUID(id) {
			return a, invalidValue(name, resource)
		}
		*into[name] = strings.ToLower(id)
	}
	return a, nil
}

// newAssignmentID looks like Graph's own: 32 bytes in URL-safe text.
func newAssignmentID() string {
	id := make([]byte, 32)
	rand.Read(id) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(id)
}

func (q *request) checkAssignment(tx *store.Tx, a store.AppRoleAssignment) error {
	lag := q.service.Weather.Lag()

	for _, id := range []string{a.PrincipalID, a.ResourceID} {
		if _, ok := store.LiveServicePrincipal(tx, a.TenantID, id); ok && !q.late(tx, lag.ServicePrincipal, id) {
			continue
		} else if ok && !strings.EqualFold(id, q.PathValue("id")) {
			return badRequest("Not a valid reference update.")
		} else if ok {
			return notFound(id)
		}
		// The id of an application is another mistake than an unknown id, such
		// as a client id.
		if app, ok := store.Applications.Get(tx, store.TenantKey(a.TenantID, id)); ok && app.DeletedAt == nil {
			return badRequest("Not a valid reference update.")
		}
		return notFound(id)
	}
	resource, _ := store.LiveServicePrincipal(tx, a.TenantID, a.ResourceID)
	if !assignable(q.knownRoles(tx, resource), a.AppRoleID) {
		return badRequest("Permission being assigned was not found on application '%s'.", resource.ClientID)
	}
	for _, other := range store.AppRoleAssignments.Holding(tx, store.TenantKey(a.TenantID, ""), a.PrincipalID) {
		if strings.EqualFold(other.AppRoleID, a.AppRoleID) && strings.EqualFold(other.PrincipalID, a.PrincipalID) && strings.EqualFold(other.ResourceID, a.ResourceID) {
			return badRequest("Permission being assigned already exists on the object")
		}
	}
	return nil
}

// assignable says whether a service principal can hold the role. Disabled roles
// and roles for users only do not count.
func assignable(roles []store.AppRole, id string) bool {
	usable := slices.DeleteFunc(slices.Clone(roles), func(r store.AppRole) bool {
		return !r.IsEnabled || !slices.Contains(r.AllowedMemberTypes, "Application")
	})
	if id == defaultAccess {
		return len(usable) == 0
	}
	return slices.ContainsFunc(usable, func(r store.AppRole) bool { return strings.EqualFold(r.ID, id) })
}
