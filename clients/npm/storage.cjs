// @azure/arm-storage: accounts and containers.
"use strict";

const { StorageManagementClient } = require("@azure/arm-storage");
const { all, arm, credential, estate, run } = require("./estate.cjs");

const { blobContainers, blobServices, storageAccounts } = new StorageManagementClient(credential, estate.subscription, arm);
const account = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" }, allowSharedKeyAccess: false };

run({
  create: async (group, name) => (await storageAccounts.create(group, name, account)).name,
  get: async (group, name) => (await storageAccounts.getProperties(group, name)).name,
  update: async (group, name) => (await storageAccounts.update(group, name, { tags: { stack: "dev" } })).tags,
  list: async () => (await all(storageAccounts.list())).map((item) => item.name),
  check: async (name) => (await storageAccounts.checkNameAvailability({ name, type: "Microsoft.Storage/storageAccounts" })).nameAvailable,
  container: async (group, name) => (await blobContainers.create(group, name, "packages", {})).name,
  containers: async (group, name) => (await all(blobContainers.list(group, name))).map((item) => item.name),
  "soft-delete": async (group, name) =>
    (await blobServices.setServiceProperties(group, name, { properties: { deleteRetentionPolicy: { enabled: true, days: 7 } } })).name,
  keys: async (group, name) => (await storageAccounts.listKeys(group, name)).keys.length,
  delete: (group, name) => storageAccounts.delete(group, name),
});
