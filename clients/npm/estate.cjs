// What the scripts here share: the sandbox as the test describes it in ESTATE,
// and how a script runs one of its operations: node SCRIPT OPERATION [ARGUMENT…]
"use strict";

const estate = JSON.parse(process.env.ESTATE);

const { ClientSecretCredential } = require("@azure/identity");

// Every public cloud's setting that the sandbox changes for @azure/identity.
const authority = { authorityHost: estate.authority, disableInstanceDiscovery: true };
const credential = new ClientSecretCredential(estate.tenant, estate.client, estate.secret, authority);
const arm = { endpoint: estate.arm };

// all returns what an iterator of pages has.
async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

// run prints the result of an operation as JSON, or fails with its error's code
// and message, which have no secret in them.
async function run(operations) {
  const [name, ...args] = process.argv.slice(2);
  try {
    console.log(JSON.stringify((await operations[name](...args)) ?? null));
  } catch (e) {
    console.error(`${e.code ?? e.errorCode ?? e.name}: ${e.message}`);
    process.exitCode = 1;
  }
}

module.exports = { all, arm, authority, credential, estate, run };
