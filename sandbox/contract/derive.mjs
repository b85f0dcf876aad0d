// Writes the tables of this folder from types that Microsoft publishes. By hand:
//
//	npm install --prefix DIR --ignore-scripts $(sed -sn '1s/^# From \([^ ]*\) \([^ ,]*\).*/\1@\2/p' *.txt)
//	node derive.mjs DIR
//
// The first lines of the tables have the packages and their versions.
//
// Graph's come from the declarations of @microsoft/microsoft-graph-types: a
// member that may not be null is always there, unless an exception in
// exceptions.go says otherwise. Those of Azure Resource Manager and Key Vault come
// from the models of @azure/arm-* and @azure/keyvault-secrets (derivearm.mjs).
// Only names and kinds are taken over.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mapped, modelled } from "./derivearm.mjs";

const modules = join(process.argv[2], "node_modules");

const graph = {
  "graph": ["@microsoft/microsoft-graph-types", "/v1.0"],
  "graphbeta": ["@microsoft/microsoft-graph-types-beta", "/beta"],
};
const graphRoots = ["Application", "ServicePrincipal", "AppRoleAssignment", "FederatedIdentityCredential", "PasswordCredential", "KeyCredential", "OAuth2PermissionGrant", "Organization", "DirectoryObject", "TenantAppManagementPolicy", "AppManagementPolicy"];
// What only beta has, or what is asked of beta alone.
const betaRoots = ["SignIn", "ServicePrincipalSignInActivity", "AppCredentialSignInActivity"];
// The relationships that $expand shows.
const expanded = new Set(["appRoleAssignments", "appRoleAssignedTo"]);

const lower = (name) => name[0].toLowerCase() + name.slice(1);
const versionOf = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"))).version;

function write(file, source, types) {
  let text = `# From ${source} by derive.mjs.\n`;
  for (const name of [...types.keys()].sort()) {
    text += `\n${name}\n`;
    let line = " ";
    for (const member of types.get(name)) {
      if (line.length > 1 && line.length + member.length > 118) { text += line + "\n"; line = " "; }
      line += ` ${member},`;
    }
    text += line.trim() === "" ? "" : line + "\n";
  }
  writeFileSync(file + ".txt", text);
}

function graphTypes(source) {
  const text = readFileSync(join(modules, source, "microsoft-graph.d.ts"), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const enums = new Map(), entities = new Map();
  for (const m of text.matchAll(/export type (\w+)\s*=\s*([^;]+);/g)) {
    enums.set(m[1], [...m[2].matchAll(/"([^"]*)"/g)].map((v) => v[1]));
  }
  for (const m of text.matchAll(/export interface (\w+)(?: extends (\w+))? \{([^}]*)\}/g)) {
    entities.set(m[1], { base: m[2], members: [...m[3].matchAll(/(\w+)\??:\s*([^;]+);/g)].map((v) => [v[1], v[2].replace(/\s+/g, " ").trim()]) });
  }
  const isEntity = (n) => n === "Entity" || (entities.has(n) && entities.get(n).base && isEntity(entities.get(n).base));
  const out = new Map();
  const visit = (name) => {
    if (out.has(lower(name))) return;
    const members = [];
    out.set(lower(name), members);
    for (let t = name; t; t = entities.get(t).base) {
      for (const [member, declared] of entities.get(t).members) {
        const nullable = /^NullableOption<(.*)>$/.exec(declared);
        let type = nullable ? nullable[1] : declared;
        const list = /^(.*)\[\]$/.exec(type);
        if (list) type = list[1].replace(/^\((.*)\)$/, "$1").replace(/^NullableOption<(.*)>$/, "$1");
        if (isEntity(type) && !expanded.has(member)) continue;
        let kind = type;
        if (type.includes(".")) kind = "any"; // of another namespace
        else if (enums.has(type)) kind = `{${enums.get(type).join("|")}}`;
        else if (entities.has(type)) { visit(type); kind = lower(type); }
        else if (type === "boolean") kind = "bool";
        else if (type === "string" && /DateTime$/.test(member)) kind = "dateTime";
        else if (type === "string" && /^(keyId|appRoleId|principalId|resourceId|appOwnerOrganizationId)$/.test(member) && t !== "ResourceAccess" && t !== "OAuth2PermissionGrant") kind = "guid";
        else if (type === "string" && member === "id" && /^(AppRole|PermissionScope|ResourceAccess|AddIn)$/.test(t)) kind = "guid";
        if (list) kind = `[${kind}]`;
        members.push(`${member} ${kind}${nullable || isEntity(type) ? "" : "!"}`);
      }
    }
    members.sort();
  };
  graphRoots.forEach(visit);
  if (source.endsWith("-beta")) betaRoots.forEach(visit);
  return out;
}

for (const [file, [source, version]] of Object.entries(graph)) write(file, `${source} ${versionOf(source)}, for ${version}`, graphTypes(source));

// The tables of ARM and Key Vault: the package, its models, and the types that
// the sandbox answers with.
const models = "dist/esm/models/models";
const azure = {
  "appservice": ["arm-appservice", models, ["Site", "AppServicePlan", "StringDictionary", "SlotConfigNamesResource", "SiteConfigResource", "SiteAuthSettingsV2", "ApiKVReference", "CsmPublishingCredentialsPoliciesEntity", "FunctionEnvelope", "HostKeys", "GeoRegion", "ResourceNameAvailability"]],
  "storage": ["arm-storage", models, ["StorageAccount", "BlobServiceProperties", "BlobContainer", "ListContainerItem", "CheckNameAvailabilityResult"]],
  "resources": ["arm-resources", models, ["ResourceGroup", "GenericResourceExpanded", "Provider"]],
  "subscriptions": ["arm-resources-subscriptions", "dist/esm/models/mappers.js", ["Subscription", "Location", "TenantIdDescription"]],
  "authorization": ["arm-authorization", "dist-esm/src/models/mappers.js", ["RoleAssignment", "RoleDefinition", "Permission"]],
  "keyvault": ["arm-keyvault", models, ["Vault", "Secret", "DeletedVault", "CheckNameAvailabilityResult", "ManagedHsm"]],
  "msi": ["arm-msi", "dist/esm/models/mappers.js", ["Identity", "FederatedIdentityCredential"]],
  "appinsights": ["arm-appinsights", "dist/esm/models/mappers.js", ["ApplicationInsightsComponent"]],
  "operationalinsights": ["arm-operationalinsights", models, ["Workspace"]],
  "monitor": ["arm-monitor", "dist/esm/models/diagnosticsSettings/models dist/esm/models/models dist/esm/models/microsoft/common/models", ["DiagnosticSettingsResource"]],
  "logs": ["monitor-query", "dist/esm/generated/logquery/src/models/mappers.js", ["QueryResults"]],
  "secrets": ["keyvault-secrets", models, ["SecretBundle", "SecretItem", "DeletedSecretBundle", "DeletedSecretItem"]],
};
for (const [file, [name, path, roots]] of Object.entries(azure)) {
  const from = path.split(" ").map((p) => join(modules, "@azure", name, p));
  write(file, `@azure/${name} ${versionOf("@azure/" + name)}`, path.endsWith(".js") ? await mapped(from[0], roots) : modelled(from, roots));
}
