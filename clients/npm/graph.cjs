// @microsoft/microsoft-graph-client: what a program would do by hand to let one
// application call another.
"use strict";

const { BatchRequestContent, BatchResponseContent, Client, PageIterator } = require("@microsoft/microsoft-graph-client");
const { TokenCredentialAuthenticationProvider } = require("@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");
const { credential, estate, run } = require("./estate.cjs");

const client = Client.initWithMiddleware({
  baseUrl: estate.graph,
  customHosts: new Set([new URL(estate.graph).hostname]),
  authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [`${estate.graph}/.default`] }),
});
const eventual = (request) => request.header("ConsistencyLevel", "eventual");

run({
  create: async (displayName) => {
    const app = await client.api("/applications").post({ displayName });
    const sp = await client.api("/servicePrincipals").post({ appId: app.appId, displayName });
    return { app: app.id, sp: sp.id };
  },
  find: async (name) => (await client.api("/servicePrincipals").filter(`displayName eq '${name}' or appId eq '${name}'`).select("id").get()).value,
  "find-by-client-id": async (id) => (await client.api(`/servicePrincipals(appId='${id}')`).get()).id,
  count: (name) => eventual(client.api("/applications/$count")).filter(`displayName eq '${name}'`).get(),
  pages: async () => {
    const ids = [];
    const first = await client.api("/servicePrincipals").top(2).get();
    await new PageIterator(client, first, (sp) => ids.push(sp.id)).iterate();
    return ids;
  },
  update: (id, notes) => client.api(`/applications/${id}`).patch({ notes }),
  // An object is sent back with the control information that it came with.
  "send-back": async (id) => {
    const { "@odata.context": context, id: object, notes } = await client.api(`/applications/${id}`).get();
    return client.api(`/applications/${id}`).patch({ "@odata.context": context, id: object, notes: notes + ", again" });
  },
  assign: (principalId, resourceId, appRoleId) =>
    client.api(`/servicePrincipals/${resourceId}/appRoleAssignedTo`).post({ principalId, resourceId, appRoleId }),
  unassign: (resourceId, id) => client.api(`/servicePrincipals/${resourceId}/appRoleAssignedTo/${id}`).delete(),
  expand: async (id) => (await client.api(`/servicePrincipals/${id}`).expand("appRoleAssignments").get()).appRoleAssignments,
  "add-password": async (id) => (await client.api(`/servicePrincipals/${id}/addPassword`).post({ passwordCredential: { displayName: "it" } })).keyId,
  "get-by-ids": async (...ids) => (await client.api("/directoryObjects/getByIds").post({ ids })).value.map((o) => o.id),
  batch: async (...ids) => {
    const content = new BatchRequestContent(
      ids.map((id, i) => ({ id: `${i}`, request: new Request(`${estate.graph}/servicePrincipals/${id}`, { method: "GET" }) })),
    );
    const answers = new BatchResponseContent(await client.api("/$batch").post(await content.getContent()));
    return ids.map((_, i) => answers.getResponseById(`${i}`).status);
  },
  missing: (id) => client.api(`/applications/${id}`).get(),
  delete: (id) => client.api(`/applications/${id}`).delete(),
});
