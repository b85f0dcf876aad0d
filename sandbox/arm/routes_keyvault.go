package arm

import (
	"slices"

	"app-to-app/sandbox/route"
)

// keyVaultRoutes is what belongs to Microsoft.KeyVault.
func (s *Service) keyVaultRoutes() []route.Route {
	return slices.Concat([]route.Route{
		{
			Pattern:    "POST " + subscriptionPath + "/providers/microsoft.keyvault/checknameavailability",
			Permission: may(vaultNameCheck),
			Serve:      s.do((*call).checkVaultName), Doc: docs + "keyvault/keyvault/vaults/check-name-availability",
			Checked: "2026-11-23", Witness: "TestWitness/name of a vault",
		},
		{
			Pattern: "GET " + deletedVaultsPath, Permission: may(deletedVaultsRead),
			Serve: s.do((*call).deletedVaults), Doc: docs + "keyvault/keyvault/vaults/list-deleted",
			Checked: "2026-11-23", Witness: "TestWitness/deleted vaults",
		},
		{
			Pattern: "GET " + oneDeletedVaultPath, Permission: may(deletedVaultRead),
			Serve: s.do((*call).getDeletedVault), Doc: docs + "keyvault/keyvault/vaults/get-deleted",
			Checked: "2026-11-23", Witness: "TestWitness/deleted vault",
		},
		{
			Pattern: "POST " + oneDeletedVaultPath + "/purge", Permission: may(deletedVaultPurge),
			Serve: s.do((*call).purgeDeletedVault), Doc: docs + "keyvault/keyvault/vaults/purge-deleted",
			Checked: "2026-11-23", Witness: "TestWitness/purge a deleted vault",
		},
	}, s.ofType(vaultType, "2026-11-23"), s.ofType(secretType, "2026-11-23"))
}
