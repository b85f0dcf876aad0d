package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// storageRoutes is what belongs to Microsoft.Storage.
func (s *Service) storageRoutes() []route.Route {
	return slices.Concat([]route.Route{
		{
			Pattern:    "POST " + subscriptionPath + "/providers/microsoft.storage/checknameavailability",
			Permission: may(accountNameCheck),
			Serve:      s.do((*call).checkAccountName), Doc: docs + "storagerp/storage-accounts/check-name-availability",
			Checked: "2026-11-23", Witness: "TestWitness/name of an account",
		},
	}, s.ofType(storageType, "2026-11-23"), s.ofType(containerType, "2026-11-23"))
}
