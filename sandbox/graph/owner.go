package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file holds the owners of applications and service principals
// (https://learn.microsoft.com/graph/api/application-post-owners). There are no
// users here, so an owner is always a service principal.

// An owned is an application or a service principal with its owners.
type owned struct {
	id      string
	context string // applications or servicePrincipals
	owners  []string
	put     func(tx *store.Tx, owners []string)
}

// ownedObject returns the object of the path.
func (q *request) ownedObject(tx *store.Tx) (owned, error) {
	if strings.Contains(q.Pattern, "/applications/") {
		app, err := q.application(tx)
		return owned{app.ObjectID, "applications", app.Owners, func(tx *store.Tx, owners []string) {
			app.Owners = owners
			q.putApplication(tx, app)
		}}, err
	}
	sp, err := q.servicePrincipal(tx)
	return owned{sp.ObjectID, "servicePrincipals", sp.Owners, func(tx *store.Tx, owners []string) {
		sp.Owners = owners
		q.putServicePrincipal(tx, sp)
	}}, err
}

func listOwners(tx *store.Tx, q *request) (answer, error) {
	o, err := q.ownedObject(tx)
	if err != nil {
		return answer{}, err
	}
	return q.list("directoryObjects", filterable{}, func(yield func(string, object) bool) {
		for _, id := range slices.Sorted(slices.Values(o.owners)) {
			owner, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id)
			if !ok {
				continue // a deleted principal owns nothing
			}
			shown := viewServicePrincipal(owner, applicationOf(tx, owner), q.version)
			shown.mixed = true
			if !yield(id, shown) {
				return
			}
		}
	})
}

// getOwner answers azuread's check that an owner exists. It ignores $select:
// azuread selects id and url, and a reference has no properties.
func getOwner(tx *store.Tx, q *request) (answer, error) {
	o, err := q.ownedObject(tx)
	if err != nil {
		return answer{}, err
	}
	id := q.PathValue("owner")
	owner, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id)
	if !ok || !containsID(o.owners, id) {
		return answer{}, notFound(id)
	}
	return answer{status: http.StatusOK, context: "$ref", object: &object{
		kind: "servicePrincipal", id: owner.ObjectID, mixed: true,
		props: map[string]any{"id": owner.ObjectID, "@odata.id": q.root() + "/directoryObjects/" + owner.ObjectID},
	}}, nil
}

func addOwner(tx *store.Tx, q *request) (answer, error) {
	o, err := q.ownedObject(tx)
	if err != nil {
		return answer{}, err
	}
	body, err := q.body()
	if err != nil {
		return answer{}, err
	}
	target := body["@odata.id"]
	if _, err := read(schema.Fields{"@odata.id": schema.Any(), "@odata.type": schema.Text()}, "Reference", body); err != nil {
		return answer{}, err
	}
	id, err := q.reference(tx, target)
	if err != nil {
		return answer{}, err
	}
	if containsID(o.owners, id) {
		return answer{}, badRequest("One or more added object references already exist for the following modified properties: 'owners'.")
	}
	o.put(tx, append(o.owners, id))
	return answer{status: http.StatusNoContent}, nil
}

func removeOwner(tx *store.Tx, q *request) (answer, error) {
	o, err := q.ownedObject(tx)
	if err != nil {
		return answer{}, err
	}
	id := q.PathValue("owner")
	if !containsID(o.owners, id) {
		return answer{}, badRequest("One or more removed object references do not exist for the following modified properties: 'owners'.")
	}
	o.put(tx, slices.DeleteFunc(o.owners, func(owner string) bool { return strings.EqualFold(owner, id) }))
	return answer{status: http.StatusNoContent}, nil
}

// bindOwners removes owners@odata.bind from a body and returns the owners. They
// include a caller that may only change what it owns, or it could not change
// what it creates.
func (q *request) bindOwners(tx *store.Tx, body map[string]any) ([]string, error) {
	var owners []string
	if q.reach == reachOwned {
		owners = append(owners, strings.ToLower(q.caller.ObjectID))
	}
	bound, ok := body["owners@odata.bind"]
	delete(body, "owners@odata.bind")
	if !ok {
		return owners, nil
	}
	// Graph takes at most 20 references in one request
	// (https://learn.microsoft.com/graph/api/application-post-applications).
	references, isList := bound.([]any)
	if bound != nil && !isList || len(references) > 20 {
		return nil, invalidValue("owners@odata.bind", "DirectoryObject")
	}
	for _, ref := range references {
		id, err := q.reference(tx, ref)
		if err != nil {
			return nil, err
		}
		if !containsID(owners, id) {
			owners = append(owners, id)
		}
	}
	return owners, nil
}

// reference returns the id in the address of a service principal. azuread puts
// the tenant's id between version and collection; so does an object's own
// @odata.id, which ends in its type.
func (q *request) reference(tx *store.Tx, value any) (string, error) {
	address, _ := value.(string)
	if address == "" {
		return "", badRequest("Property '@odata.id' is required and must be the address of a directory object.")
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", badRequest("Invalid URL '%s' in a reference.", address)
	}
	if base := parsed.Scheme + "://" + parsed.Host; base != q.service.BaseURL && base != "https://graph.microsoft.com" {
		return "", badRequest("Invalid URL '%s' in a reference.", address)
	}
	parts := strings.Split(strings.Trim(canonicalPath(parsed.Path), "/"), "/")
	if len(parts) == 5 && strings.HasPrefix(parts[4], directoryService) {
		parts = parts[:4]
	}
	if len(parts) == 4 && strings.EqualFold(parts[1], q.caller.TenantID) {
		parts = slices.Delete(parts, 1, 2)
	}
	if len(parts) == 3 && strings.HasPrefix(parts[2], "(") {
		return "", unemulated("the reference %q", address)
	}
	if len(parts) != 3 || parts[0] != "v1.0" && parts[0] != "beta" || parts[1] != "directoryObjects" && parts[1] != "servicePrincipals" {
		return "", badRequest("Invalid URL '%s' in a reference.", address)
	}
	id := strings.ToLower(parts[2])
	if _, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id); ok {
		return id, nil
	}
	if app, ok := store.Applications.Get(tx, store.TenantKey(q.caller.TenantID, id)); ok && app.DeletedAt == nil {
		return "", badRequest("The reference target 'Application_%s' of type 'Application' is invalid for the 'owners' reference.", id)
	}
	return "", notFound(id)
}
