package graph

import (
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file answers what tools ask about objects of any type: what an id is,
// which groups a service principal is in, and what users let it do. The sandbox
// has no users or groups, and so no delegated permission that was granted: of
// those the lists are empty.

// directoryTypes are the types that getByIds can be asked for, and the kinds of
// object that are of that type here.
var directoryTypes = map[string][]string{
	"directoryobject": {"application", "servicePrincipal"}, "application": {"application"}, "serviceprincipal": {"servicePrincipal"},
	"user": nil, "group": nil, "device": nil, "directoryobjectpartnerreference": nil,
}

// mostIDs is how many ids getByIds takes.
const mostIDs = 1000

var getByIDsFields = schema.Fields{"ids": texts().Required(), "types": texts()}

// getByIDs returns the objects with these ids, and leaves out what is not there
// (https://learn.microsoft.com/graph/api/directoryobject-getbyids).
func getByIDs(tx *store.Tx, q *request) (answer, error) {
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	if body, err = read(getByIDsFields, "getByIds", body); err != nil {
		return answer{}, err
	}
	kinds, err := kindsOf(textsOf(body["types"]))
	if err != nil {
		return answer{}, err
	}
	ids := textsOf(body["ids"])
	if len(ids) > mostIDs {
		return answer{}, invalidValue("ids", "getByIds")
	}
	found := &page{}
	var seen []string
	for _, id := range ids {
		if !isGUID(id) {
			return answer{}, invalidValue("ids", "getByIds")
		}
		o, ok := q.anyObject(tx, id)
		if ok && slices.Contains(kinds, o.kind) && !containsID(seen, id) {
			o.mixed = true
			found.objects, seen = append(found.objects, o), append(seen, id)
		}
	}
	return answer{status: http.StatusOK, context: "directoryObjects", page: found}, nil
}

// kindsOf are the kinds of object of these types; without types, all.
func kindsOf(types []string) ([]string, error) {
	if len(types) == 0 {
		types = []string{"directoryObject"}
	}
	var kinds []string
	for _, name := range types {
		of, known := directoryTypes[strings.ToLower(name)]
		if !known {
			return nil, unemulated("type %q of getByIds", name)
		}
		kinds = append(kinds, of...)
	}
	return kinds, nil
}

// anyObject returns the tenant's application or service principal with the id.
func (q *request) anyObject(tx *store.Tx, id string) (object, bool) {
	if sp, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id); ok {
		return viewServicePrincipal(sp, applicationOf(tx, sp), q.version), true
	}
	app, ok := store.Applications.Get(tx, store.TenantKey(q.caller.TenantID, id))
	if !ok || app.DeletedAt != nil {
		return object{}, false
	}
	return viewApplication(tx, app, q.version, false), true
}

// getMemberGroups answers for a service principal
// (https://learn.microsoft.com/graph/api/directoryobject-getmembergroups).
func getMemberGroups(tx *store.Tx, q *request) (answer, error) {
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	if _, err := read(schema.Fields{"securityEnabledOnly": schema.Flag().Required()}, "getMemberGroups", body); err != nil {
		return answer{}, err
	}
	if _, err := q.anyServicePrincipal(tx); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, context: "Collection(Edm.String)", page: &page{}}, nil
}

// listGrantsOf lists the delegated permissions of a service principal
// (https://learn.microsoft.com/graph/api/serviceprincipal-list-oauth2permissiongrants).
func listGrantsOf(tx *store.Tx, q *request) (answer, error) {
	if _, err := q.anyServicePrincipal(tx); err != nil {
		return answer{}, err
	}
	return listGrants(tx, q)
}

func listGrants(_ *store.Tx, q *request) (answer, error) {
	return q.list("oauth2PermissionGrants", filterable{"id": filterExact, "clientId": filterText, "consentType": filterText, "principalId": filterText, "resourceId": filterText},
		func(func(string, object) bool) {})
}

// anyServicePrincipal returns the service principal of the path, for routes
// that no ownership opens.
func (q *request) anyServicePrincipal(tx *store.Tx) (store.ServicePrincipal, error) {
	sp, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, q.PathValue("id"))
	if !ok {
		return sp, notFound(q.PathValue("id"))
	}
	return sp, nil
}
