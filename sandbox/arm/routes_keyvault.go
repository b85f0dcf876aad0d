package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// keyVaultRoutes is what belongs to Microsoft.KeyVault.
func (s *Service) keyVaultRoutes() []route.Route {
	return slices.Concat(routesOf([]row{
		{"POST " + subscriptionPath + "/providers/microsoft.keyvault/checknameavailability", may(vaultNameCheck), nil,
			s.do((*call).checkVaultName), docs + "keyvault/keyvault/vaults/check-name-availability", "2026-11-23", "name of a vault"},
		{"GET " + subscriptionPath + "/providers/microsoft.keyvault/managedhsms", may("Microsoft.KeyVault/managedHSMs/read"), nil,
			s.doAt(vaultVersions, (*call).listHSMs), docs + "keyvault/managedhsm/managed-hsms/list-by-subscription", "2026-11-26", "managed HSMs"},
		{"GET " + deletedVaultsPath, may(deletedVaultsRead), nil,
			s.do((*call).deletedVaults), docs + "keyvault/keyvault/vaults/list-deleted", "2026-11-23", "deleted vaults"},
		{"GET " + oneDeletedVaultPath, may(deletedVaultRead), nil,
			s.do((*call).getDeletedVault), docs + "keyvault/keyvault/vaults/get-deleted", "2026-11-23", "deleted vault"},
		{"POST " + oneDeletedVaultPath + "/purge", may(deletedVaultPurge), nil,
			s.do((*call).purgeDeletedVault), docs + "keyvault/keyvault/vaults/purge-deleted", "2026-11-23", "purge a deleted vault"},
	}), s.ofType(vaultType, "2026-11-23"), s.ofType(secretType, "2026-11-23"))
}
