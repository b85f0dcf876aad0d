// @azure/arm-resources: resource groups, and what is in them.
"use strict";

const { ResourceManagementClient } = require("@azure/arm-resources");
const { all, arm, credential, estate, run } = require("./estate.cjs");

const client = new ResourceManagementClient(credential, estate.subscription, arm);
const names = (items) => items.map((item) => item.name);

run({
  create: async (name) => (await client.resourceGroups.createOrUpdate(name, { location: "westeurope" })).properties.provisioningState,
  update: async (name) => (await client.resourceGroups.update(name, { tags: { stack: "dev" } })).tags,
  list: async () => names(await all(client.resourceGroups.list())),
  exists: async (name) => (await client.resourceGroups.checkExistence(name)).body,
  resources: async (filter) => names(await all(client.resources.list({ filter }))),
  register: async (namespace) => (await client.providers.register(namespace)).registrationState,
  delete: (name) => client.resourceGroups.delete(name),
});
