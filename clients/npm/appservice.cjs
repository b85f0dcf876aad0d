// @azure/arm-appservice: a Flex Consumption app, as a program would make it.
"use strict";

const { WebSiteManagementClient } = require("@azure/arm-appservice");
const { all, arm, credential, estate, run } = require("./estate.cjs");

const { appServicePlans, webApps } = new WebSiteManagementClient(credential, estate.subscription, arm);
const location = "westeurope";

run({
  plan: async (group, name) =>
    (await appServicePlans.beginCreateOrUpdateAndWait(group, name, { location, kind: "functionapp", reserved: true, sku: { name: "FC1", tier: "FlexConsumption" } })).name,
  site: async (group, name, serverFarmId, storage, identity) => {
    const authentication = { type: "UserAssignedIdentity", userAssignedIdentityResourceId: identity };
    const site = await webApps.beginCreateOrUpdateAndWait(group, name, {
      location, kind: "functionapp,linux", serverFarmId, httpsOnly: true,
      identity: { type: "UserAssigned", userAssignedIdentities: { [identity]: {} } },
      functionAppConfig: {
        deployment: { storage: { type: "blobContainer", value: storage, authentication } },
        runtime: { name: "custom", version: "1.0" },
        scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40 },
      },
    });
    return site.defaultHostName;
  },
  get: async (group, name) => (await webApps.get(group, name)).kind,
  update: async (group, name) => (await webApps.update(group, name, { httpsOnly: false })).httpsOnly,
  list: async () => (await all(webApps.list())).map((site) => site.name),
  settings: async (group, name) => {
    await webApps.updateApplicationSettings(group, name, { properties: { ORDERS_URL: "https://a.test" } });
    return (await webApps.listApplicationSettings(group, name)).properties;
  },
  config: async (group, name) => (await webApps.getConfiguration(group, name)).minTlsVersion,
  auth: async (group, name) => (await webApps.getAuthSettingsV2(group, name)).platform.enabled,
  restart: (group, name) => webApps.restart(group, name),
  delete: (group, name) => webApps.delete(group, name, { deleteEmptyServerFarm: false }),
});
