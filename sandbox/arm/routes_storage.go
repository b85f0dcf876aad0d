package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// storageRoutes is what belongs to Microsoft.Storage.
func (s *Service) storageRoutes() []route.Route {
	return slices.Concat(routesOf([]row{
		{"POST " + subscriptionPath + "/providers/microsoft.storage/checknameavailability", may(accountNameCheck), nil,
			s.do((*call).checkAccountName), docs + "storagerp/storage-accounts/check-name-availability", "2026-11-23", "name of an account"},
	}), s.ofType(storageType, "2026-11-23"), s.ofType(blobServiceType, "2026-11-26"), s.ofType(containerType, "2026-11-23"))
}
