// Reads types of Azure Resource Manager and Key Vault from the packages of
// Microsoft's clients for JavaScript, for derive.mjs. There are two generations:
// older packages have mappers, newer ones a function for each type that reads
// its JSON. Both know the names on the wire, which the clients' own names differ
// from, and what is nested in properties.
import { readFileSync } from "node:fs";

const lower = (name) => name[0].toLowerCase() + name.slice(1);

// A resource has an id, a name and a type in every answer, although the packages
// call them optional, because requests do not need them:
// https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/resource-api-reference.md
function resourceMembers(members) {
  const identity = ["id", "name", "type"];
  if (!identity.every((n) => members.some((m) => m.name === n && m.kind === "string" && m.readOnly))) return;
  for (const m of members) m.always ||= identity.includes(m.name);
}

const textOf = (members) => {
  resourceMembers(members);
  return members.map((m) => `${m.name} ${m.kind}${m.always ? "!" : ""}`).sort();
};

const oneOf = (values) => `{${values.join("|")}}`;

// mapped reads the mappers of an older package, in file.
export async function mapped(file, roots) {
  const source = readFileSync(file, "utf8").replace(/^import .*$/gm, "");
  const mappers = await import("data:text/javascript," + encodeURIComponent(source));
  const byClass = new Map(Object.values(mappers).filter((m) => m.type).map((m) => [m.type.className, m]));
  const out = new Map();
  const kindOf = (type) => {
    switch (type.name) {
      case "Composite": visit(type.className); return lower(type.className);
      case "Sequence": return `[${kindOf(type.element.type)}]`;
      case "Dictionary": return type.value.type.name === "any" ? "any" : "map " + kindOf(type.value.type);
      case "Enum": return oneOf(type.allowedValues);
      case "Boolean": return "bool";
      case "Number": return "number";
      case "DateTime": return "dateTime";
      case "TimeSpan": return "duration";
      case "Uuid": return "guid";
      case "String": return "string";
      case "any": return "any";
    }
    throw new Error(`${file}: no kind for ${type.name}`);
  };
  const visit = (name) => {
    if (out.has(lower(name))) return;
    const found = byClass.get(name);
    if (!found) throw new Error(`${file}: no mapper of ${name}`);
    const nested = new Map([["", []]]); // members by the path they are nested in
    out.set(lower(name), nested.get(""));
    for (const property of Object.values(found.type.modelProperties ?? {})) {
      if (property.serializedName === "additionalProperties") continue; // the client's own
      const steps = property.serializedName.split(/(?<!\\)\./).map((step) => step.replaceAll("\\.", "."));
      let path = "";
      for (const step of steps.slice(0, -1)) {
        const inner = path + step[0].toUpperCase() + step.slice(1);
        if (!nested.has(inner)) {
          nested.set(inner, []);
          nested.get(path).push({ name: step, kind: lower(name) + inner });
          out.set(lower(name) + inner, nested.get(inner));
        }
        path = inner;
      }
      nested.get(path).push({ name: steps.at(-1), kind: kindOf(property.type), always: property.required && !property.nullable, readOnly: property.readOnly });
    }
  };
  roots.forEach(visit);
  return new Map([...out].map(([name, members]) => [name, textOf(members)]));
}

// modelled reads the declarations and the functions of a newer package: files
// without their extension, of which the first has the types.
export function modelled(files, roots) {
  const [file] = files;
  const all = (extension) => files.map((f) => readFileSync(f + extension, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")).join("\n");
  const declared = all(".d.ts"), code = all(".js");
  const interfaces = new Map(), aliases = new Map(), enums = new Map(), reader = new Map();
  for (const m of declared.matchAll(/interface (\w+)(?: extends (\w+))? \{([\s\S]*?)\n\}/g)) {
    interfaces.set(m[1], { base: m[2], members: [...m[3].matchAll(/^\s*(readonly )?"?(\w+)"?(\?)?: (.+);$/gm)].map((v) => ({ readOnly: !!v[1], name: v[2], optional: !!v[3], type: v[4] })) });
  }
  for (const m of declared.matchAll(/type (\w+) = ([^;]+);/g)) aliases.set(m[1], m[2]);
  for (const m of declared.matchAll(/enum (\w+) \{([\s\S]*?)\n\}/g)) enums.set(m[1], [...m[2].matchAll(/= "([^"]*)"/g)].map((v) => v[1]));
  for (const m of declared.matchAll(/function (\w+)Deserializer\(item: any\): (\w+);/g)) reader.set(m[2], m[1]);
  // The members that a function reads: the client's name, the wire's, and how.
  const read = new Map();
  for (const m of code.matchAll(/function (\w+)Deserializer\(item\) \{\s*return \{([\s\S]*?)\n\s*\};\n\}/g)) {
    const indent = /^\n( *)\S/.exec(m[2])?.[1] ?? " ";
    const entries = m[2].split(new RegExp(`\\n${indent}(?=\\S)`)).slice(1);
    read.set(m[1], (indent === " " ? [m[2].trim()] : entries).map((entry) => ({
      name: /^"?(\w+)"?:/.exec(entry)?.[1],
      wire: /item\["([^"]+)"\]/.exec(entry)?.[1],
      spread: entry.startsWith("...") ? /(\w+)Deserializer\(item/.exec(entry)?.[1] : undefined,
      unix: /\* (1000|1e3)/.test(entry),
    })).filter((e) => e.wire));
  }
  const out = new Map();
  const kindOf = (type) => {
    let m;
    if ((m = /^(.+)\[\]$/.exec(type)) || (m = /^Array<(.+)>$/.exec(type))) return `[${kindOf(m[1].replace(/^\((.*)\)$/, "$1"))}]`;
    if ((m = /^Record<string, (.+)>$/.exec(type))) return /^(any|unknown)$/.test(m[1]) ? "any" : "map " + kindOf(m[1]);
    if (/^"[^"]*"( \| "[^"]*")*$/.test(type)) return oneOf([...type.matchAll(/"([^"]*)"/g)].map((v) => v[1]));
    if (interfaces.has(type)) { visit(type); return lower(type); }
    if (aliases.has(type)) return enums.get("Known" + type)?.length ? oneOf(enums.get("Known" + type)) : kindOf(aliases.get(type));
    switch (type) {
      case "string": case "Uint8Array": return "string";
      case "boolean": return "bool";
      case "number": return "number";
      case "Date": return "dateTime";
      case "any": case "unknown": return "any";
    }
    throw new Error(`${file}: no kind for ${type}`);
  };
  const membersOf = (name) => name ? [...membersOf(interfaces.get(name).base), ...interfaces.get(name).members] : [];
  // A newer package shows what is nested in properties as members of the outer
  // type, which it reads with a function of their own.
  const visit = (name) => {
    if (out.has(lower(name))) return;
    const fields = new Map(membersOf(name).map((m) => [m.name, m]));
    const fill = (type, entries) => {
      const members = [];
      out.set(type, members);
      for (const { name: field, wire, spread, unix } of entries) {
        if (spread) {
          if (!read.has(spread)) throw new Error(`${file}: nothing reads the ${wire} of ${name}`);
          const inner = type + wire[0].toUpperCase() + wire.slice(1);
          fill(inner, read.get(spread));
          members.push({ name: wire, kind: inner });
          continue;
        }
        const f = fields.get(field);
        if (!f) throw new Error(`${file}: ${name} has no ${field}`);
        const declared = f.type.replace(/ \| null$/, "");
        members.push({ name: wire, kind: unix ? "int" : kindOf(declared), always: !f.optional && declared === f.type, readOnly: f.readOnly });
      }
    };
    fill(lower(name), read.get(reader.get(name)) ?? [...fields.keys()].map((field) => ({ name: field, wire: field })));
  };
  roots.forEach(visit);
  return new Map([...out].map(([name, members]) => [name, textOf(members)]));
}
