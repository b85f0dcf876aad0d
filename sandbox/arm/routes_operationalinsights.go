package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// workspaceRoutes is what belongs to Microsoft.OperationalInsights.
func (s *Service) workspaceRoutes() []route.Route {
	return slices.Concat([]route.Route{
		{
			Pattern:    "GET " + subscriptionPath + "/providers/microsoft.operationalinsights/deletedworkspaces",
			Permission: may(workspaceType + "/read"),
			Serve:      s.do((*call).deletedWorkspaces), Doc: docs + "loganalytics/deleted-workspaces/list",
			Checked: "2026-11-23", Witness: "TestWitness/deleted workspaces",
		},
	}, s.ofType(workspaceType, "2026-11-23"))
}
