package arm

import (
	"net/http"
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
	do := func(answer func(*call) (reply, error)) http.HandlerFunc { return s.doAt(authorizationVersions, answer) }
	return routesOf([]row{
		{"GET " + definitions, nil, []string{"$filter"}, do((*call).listDefinitions), list, "2026-11-23", "role definitions"},
		{"GET " + definitions + "/{definition}", nil, nil, do((*call).getDefinition), item, "2026-11-23", "role definition"},
		{"GET " + subscriptionPath + definitions, may(definitionRead), []string{"$filter"},
			do((*call).listDefinitions), list, "2026-11-23", "role definitions of a subscription"},
		{"GET " + subscriptionPath + definitions + "/{definition}", may(definitionRead), nil,
			do((*call).getDefinition), item, "2026-11-23", "role definition of a subscription"},
		{"GET " + subscriptionPath + permissions, may(permissionRead), nil,
			do((*call).listPermissions), held, "2026-11-23", "permissions at a subscription"},
		{"GET " + groupPath + permissions, may(permissionRead), nil,
			do((*call).listPermissions), held, "2026-11-23", "permissions at a group"},
		{"GET " + groupPath + definitions, may(definitionRead), []string{"$filter"},
			do((*call).listDefinitions), list, "2026-11-23", "role definitions of a group"},
	})
}

// assignmentsAt is role assignments at one depth of scopes. place names it in
// the rows of TestAssignmentWitness.
func (s *Service) assignmentsAt(place, scope string) []route.Route {
	const doc = docs + "authorization/role-assignments/"
	all := scope + assignmentPath
	one, witness := all+"/{assignment}", "TestAssignmentWitness/"+place+"/"
	do := func(answer func(*call) (reply, error)) http.HandlerFunc { return s.doAt(authorizationVersions, answer) }
	return routesOf([]row{
		{"GET " + all, may(assignmentRead), []string{"$filter"},
			do((*call).listAssignments), doc + "list-for-scope", "2026-11-23", witness + "list"},
		{"PUT " + one, may(assignmentWrite), nil, do((*call).putAssignment), doc + "create", "2026-11-23", witness + "create"},
		{"GET " + one, may(assignmentRead), nil, do((*call).getAssignment), doc + "get", "2026-11-23", witness + "get"},
		{"DELETE " + one, may(assignmentErase), nil, do((*call).deleteAssignment), doc + "delete", "2026-11-23", witness + "delete"},
	})
}
