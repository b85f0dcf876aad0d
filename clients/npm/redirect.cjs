// Sends a program's requests to the sandbox, for programs in which Microsoft's
// hosts are fixed: node --require redirect.cjs. The rules are:
//  - SANDBOX_HOSTS says where a host is: {"graph.microsoft.com":"127.0.0.1:8443"}
//  - a connection to anything else that is not loopback fails at once, so that
//    nothing that a test starts reaches a real service
"use strict";

const https = require("node:https");
const net = require("node:net");

const hosts = JSON.parse(process.env.SANDBOX_HOSTS);

function redirected(options) {
  const sandbox = hosts[options.hostname ?? options.host];
  if (!sandbox) return options;
  const [hostname, port] = sandbox.split(":");
  return { ...options, hostname, host: hostname, port, servername: undefined, headers: withoutHost(options.headers) };
}

function withoutHost(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "host"));
}

for (const name of ["request", "get"]) {
  const original = https[name];
  https[name] = function (first, ...rest) {
    if (typeof first === "string" || first instanceof URL) {
      const { hostname, port, pathname, search } = new URL(first);
      const options = typeof rest[0] === "object" ? rest.shift() : {};
      first = { hostname, port, path: pathname + search, ...options };
    }
    return original.call(https, redirected(first), ...rest);
  };
}

const originalFetch = globalThis.fetch;
globalThis.fetch = (resource, options) => {
  const url = new URL(typeof resource === "string" || resource instanceof URL ? resource : resource.url);
  const sandbox = hosts[url.hostname];
  if (!sandbox) return originalFetch(resource, options);
  url.host = sandbox;
  return resource instanceof Request ? originalFetch(new Request(url, resource), options) : originalFetch(url, options);
};

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const { host } = net._normalizeArgs(Array.isArray(args[0]) ? args[0] : args)[0];
  if (host && host !== "127.0.0.1" && host !== "localhost") {
    process.nextTick(() => this.destroy(new Error(`connection to ${host} refused: it is not the sandbox`)));
    return this;
  }
  return connect.apply(this, args);
};
