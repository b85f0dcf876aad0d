// @azure/arm-keyvault: vaults and the recycle bin of vaults.
"use strict";

const { KeyVaultManagementClient } = require("@azure/arm-keyvault");
const { all, arm, credential, estate, run } = require("./estate.cjs");

const { vaults } = new KeyVaultManagementClient(credential, estate.subscription, arm);
const properties = { tenantId: estate.tenant, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true };
const names = (items) => items.map((item) => item.name);

run({
  create: async (group, name) => (await vaults.createOrUpdate(group, name, { location: "westeurope", properties })).properties.vaultUri,
  get: async (group, name) => (await vaults.get(group, name)).name,
  update: async (group, name) => (await vaults.update(group, name, { tags: { stack: "dev" } })).tags,
  list: async () => names(await all(vaults.list())),
  "list-subscription": async () => names(await all(vaults.listBySubscription())),
  check: async (name) => (await vaults.checkNameAvailability({ name, type: "Microsoft.KeyVault/vaults" })).nameAvailable,
  delete: (group, name) => vaults.delete(group, name),
  deleted: async () => names(await all(vaults.listDeleted())),
  purge: (name) => vaults.purgeDeleted(name, "westeurope"),
});
