package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// workspaceRoutes is what belongs to Microsoft.OperationalInsights.
func (s *Service) workspaceRoutes() []route.Route {
	return slices.Concat(routesOf([]row{
		{"GET " + subscriptionPath + "/providers/microsoft.operationalinsights/deletedworkspaces", may(workspaceType + "/read"), nil,
			s.do((*call).deletedWorkspaces), docs + "loganalytics/deleted-workspaces/list", "2026-11-23", "deleted workspaces"},
	}), s.ofType(workspaceType, "2026-11-23"))
}
