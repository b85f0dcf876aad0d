// @azure/msal-node: a confidential client gets tokens for Graph.
"use strict";

const { ConfidentialClientApplication } = require("@azure/msal-node");
const { estate, run } = require("./estate.cjs");

const application = (proof) =>
  new ConfidentialClientApplication({
    auth: { clientId: estate.client, authority: `${estate.authority}/${estate.tenant}`, knownAuthorities: [new URL(estate.authority).host], ...proof },
  });
const secret = { clientSecret: estate.secret };
const token = async (client, more) => (await client.acquireTokenByClientCredential({ scopes: [`${estate.graph}/.default`], ...more })).accessToken;

run({
  secret: () => token(application(secret)),
  "wrong-secret": () => token(application({ clientSecret: "wrong" })),
  // A region is a host of its own, which MSAL derives from Microsoft's alone;
  // this authority's metadata is in its code.
  region: () =>
    token(new ConfidentialClientApplication({ auth: { clientId: estate.client, authority: `https://login.microsoftonline.com/${estate.tenant}`, ...secret } }), {
      azureRegion: "westeurope",
    }),
  assertion: (client) => token(application({ clientId: client, clientAssertion: estate.assertion })),
  twice: async () => {
    const client = application(secret);
    return (await token(client)) === (await token(client));
  },
});
