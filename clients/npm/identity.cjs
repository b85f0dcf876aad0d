// @azure/identity: each kind of credential gets a token for Graph.
"use strict";

const { ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential } = require("@azure/identity");
const { authority, credential, estate, run } = require("./estate.cjs");

const graph = `${estate.graph}/.default`;
const token = async (credential, scope = graph) => (await credential.getToken(scope)).token;

run({
  secret: () => token(credential),
  "wrong-secret": () => token(new ClientSecretCredential(estate.tenant, estate.client, "wrong", authority)),
  certificate: (file) => token(new ClientCertificateCredential(estate.tenant, estate.client, file, authority)),
  assertion: (client) => token(new ClientAssertionCredential(estate.tenant, client, async () => estate.assertion, authority)),
  api: (scope) => token(credential, scope),
});
