package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// authorizationRoutes is what belongs to Microsoft.Authorization.
func (s *Service) authorizationRoutes() []route.Route {
	const resource = groupPath + "/providers/{namespace}/{type1}/{name1}"
	return slices.Concat(
		s.definitionRoutes(),
		s.assignmentsAt("subscription", subscriptionPath),
		s.assignmentsAt("group", groupPath),
		s.assignmentsAt("resource", resource),
		s.assignmentsAt("child", resource+"/{type2}/{name2}"),
		s.assignmentsAt("grandchild", resource+"/{type2}/{name2}/{type3}/{name3}"),
	)
}

// definitionRoutes is role definitions, and the permissions that follow from
// the caller's roles.
func (s *Service) definitionRoutes() []route.Route {
	const definitions = "/providers/microsoft.authorization/roledefinitions"
	const permissions = "/providers/microsoft.authorization/permissions"
	const list, item = docs + "authorization/role-definitions/list", docs + "authorization/role-definitions/get"
	const held = docs + "authorization/permissions/list-for-resource-group"
	return []route.Route{
		{
			Pattern: "GET " + definitions, Query: []string{"$filter"},
			Serve: s.do((*call).listDefinitions), Doc: list,
			Checked: "2026-11-23", Witness: "TestWitness/role definitions",
		},
		{
			Pattern: "GET " + definitions + "/{definition}",
			Serve:   s.do((*call).getDefinition), Doc: item,
			Checked: "2026-11-23", Witness: "TestWitness/role definition",
		},
		{
			Pattern: "GET " + subscriptionPath + definitions, Query: []string{"$filter"}, Permission: may(definitionRead),
			Serve: s.do((*call).listDefinitions), Doc: list,
			Checked: "2026-11-23", Witness: "TestWitness/role definitions of a subscription",
		},
		{
			Pattern: "GET " + subscriptionPath + definitions + "/{definition}", Permission: may(definitionRead),
			Serve: s.do((*call).getDefinition), Doc: item,
			Checked: "2026-11-23", Witness: "TestWitness/role definition of a subscription",
		},
		{
			Pattern: "GET " + subscriptionPath + permissions, Permission: may(permissionRead),
			Serve: s.do((*call).listPermissions), Doc: held,
			Checked: "2026-11-23", Witness: "TestWitness/permissions at a subscription",
		},
		{
			Pattern: "GET " + groupPath + permissions, Permission: may(permissionRead),
			Serve: s.do((*call).listPermissions), Doc: held,
			Checked: "2026-11-23", Witness: "TestWitness/permissions at a group",
		},
		{
			Pattern: "GET " + groupPath + definitions, Query: []string{"$filter"}, Permission: may(definitionRead),
			Serve: s.do((*call).listDefinitions), Doc: list,
			Checked: "2026-11-23", Witness: "TestWitness/role definitions of a group",
		},
	}
}

// assignmentsAt is role assignments at one depth of scopes. place names it in
// the rows of TestAssignmentWitness.
func (s *Service) assignmentsAt(place, scope string) []route.Route {
	const doc = docs + "authorization/role-assignments/"
	all := scope + assignmentPath
	one, witness := all+"/{assignment}", "TestAssignmentWitness/"+place+"/"
	return []route.Route{
		{
			Pattern: "GET " + all, Query: []string{"$filter"}, Permission: may(assignmentRead),
			Serve: s.do((*call).listAssignments), Doc: doc + "list-for-scope", Checked: "2026-11-23", Witness: witness + "list",
		},
		{
			Pattern: "PUT " + one, Permission: may(assignmentWrite),
			Serve: s.do((*call).putAssignment), Doc: doc + "create", Checked: "2026-11-23", Witness: witness + "create",
		},
		{
			Pattern: "GET " + one, Permission: may(assignmentRead),
			Serve: s.do((*call).getAssignment), Doc: doc + "get", Checked: "2026-11-23", Witness: witness + "get",
		},
		{
			Pattern: "DELETE " + one, Permission: may(assignmentErase),
			Serve: s.do((*call).deleteAssignment), Doc: doc + "delete", Checked: "2026-11-23", Witness: witness + "delete",
		},
	}
}
