package graph

import (
	"strings"

	"app-to-app/sandbox/store"
)

// mostExpanded is how many related objects $expand shows; there is no link to
// the others (https://learn.microsoft.com/graph/query-parameters#expand).
const mostExpanded = 20

// expandAssignments adds the app role assignments that each service principal
// of an answer holds, if $expand asks for them. Other relations are not
// emulated, nor are callers who may not read what they do not own: what they
// are shown is not documented.
func (q *request) expandAssignments(tx *store.Tx, a answer) (answer, error) {
	query := q.URL.Query()
	if !query.Has("$expand") {
		return a, nil
	}
	relation := query.Get("$expand")
	if relation != fromPrincipal.name {
		return a, unemulated("$expand=%s", relation)
	}
	if q.eventual() && query.Get("$count") == "true" {
		return a, unemulated("$expand in an advanced query, which Graph does not support")
	}
	if q.reach != reachAll {
		return a, unemulated("$expand for a caller that may not read all service principals")
	}
	var shown []object
	if a.page != nil {
		shown = a.page.objects
	} else {
		shown = []object{*a.object}
		a.object = &shown[0]
	}
	for i, sp := range shown {
		held := []any{}
		for _, assignment := range store.AppRoleAssignments.Holding(tx, store.TenantKey(q.caller.TenantID, ""), sp.id) {
			if strings.EqualFold(assignment.PrincipalID, sp.id) && len(held) < mostExpanded {
				held = append(held, viewAssignment(tx, assignment, q.version).props)
			}
		}
		shown[i].props[relation] = held
		if q.metadata != "none" {
			shown[i].props[relation+"@odata.context"] = q.root() + "/$metadata#" + fromPrincipal.context(sp.id)
		}
	}
	properties := append(selection(query), relation+"()")
	a.context = strings.Replace(a.context, "servicePrincipals"+selected(query), "servicePrincipals("+strings.Join(properties, ",")+")", 1)
	return a, nil
}
