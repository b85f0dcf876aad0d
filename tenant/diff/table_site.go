package diff

import (
	"slices"
	"strings"
)

// siteKinds are the parts of a function app that decide as whom it acts, whom it
// admits and who can replace its code. Platform authentication and all other
// parts are not understood.
var siteKinds = table{
	siteType: {
		noun: "function app", outputs: []string{"identity.principalId"},
		rule: &rule{onlyUpdate: true, only: []string{"tags", "functionAppConfig.scaleAndConcurrency"}},
		properties: append(append(places("location", "resourceGroupName", "name"), []property{
			{path: "identity.type", what: "the kinds of identity that it has", shown: true},
			{path: "identity.userAssignedIdentities", shown: true, lines: identityLines},
			{path: "keyVaultReferenceIdentity", what: "the identity that reads its secrets", shown: true},
			{path: "httpsOnly", what: "whether it refuses plain http", shown: true, usual: true, stated: true},
			{path: "functionAppConfig.deployment.storage", what: "where its code comes from", then: "; whoever can write there can replace it", part: true},
			{path: "functionAppConfig.runtime", what: "what runs its code", part: true},
			{path: "publicNetworkAccess", what: "whether it is reachable from public networks", shown: true},
			{path: "clientCertEnabled", what: "whether it asks for client certificates", shown: true},
			{path: "clientCertMode", what: "whether it requires client certificates", shown: true},
			{path: "clientCertExclusionPaths", what: "the paths that need no client certificate", shown: true},
			{path: "virtualNetworkSubnetId", what: "the network that it reaches", shown: true},
			{path: "enabled", what: "whether it runs", shown: true},
		}...), quiet("tags", "functionAppConfig.scaleAndConcurrency", "kind", "reserved", "isXenon", "hyperV", "scmSiteAlsoStopped", "serverFarmId", "clientAffinityEnabled")...),
	},
	appSettingsType: {
		noun: "app settings", inside: container{siteType, "name"},
		properties: slices.Concat(ofSite, settingsOf("ORDERS"), []property{
			hidden("AzureServicesAuthConnectionString", "how one of its libraries signs in"),
			admits("AzureWebJobsStorage__blobServiceUri", "where the host keeps its keys"),
			admits("AzureWebJobsStorage__queueServiceUri", "where the host keeps its queues"),
			admits("AzureWebJobsStorage__tableServiceUri", "where the host keeps its tables"),
			admits("AzureWebJobsStorage__credential", "how the host signs in"),
			admits("AzureWebJobsStorage__clientId", "the identity that the host acts as"),
			hidden("APPLICATIONINSIGHTS_CONNECTION_STRING", "where its telemetry goes"),
			hidden("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "how its telemetry signs in"),
		}),
	},
	"azure-native:web:WebAppFtpAllowed": {
		noun: "publishing by FTP", inside: container{siteType, "name"}, describe: describePasswords, properties: append(slices.Clone(ofSite), property{path: "allow", shown: true, lines: passwordLines}),
	},
	"azure-native:web:WebAppScmAllowed": {
		noun: "publishing with basic authentication", inside: container{siteType, "name"}, describe: describePasswords, properties: append(slices.Clone(ofSite), property{path: "allow", shown: true, lines: passwordLines}),
	},
}

// ofSite says which site a resource is part of. The name of a site is unique in
// all of Azure.
var ofSite = append(places("resourceGroupName"), property{path: "name", what: "the function app that it is of", shown: true})

// admits is an app setting that is compared and shown.
func admits(name, what string) property {
	return property{path: "properties." + name, what: what + " (`" + name + "`)", shown: true}
}

// hidden is an app setting that may be a secret.
func hidden(name, what string) property {
	return property{path: "properties." + name, what: what + " (`" + name + "`)"}
}

// callers is an app setting with ids and commas.
func callers(name, what, then string) property {
	path := "properties." + name
	return property{path: path, shown: true, ids: true, lines: func(s *stack, c change) []line {
		was, is := valueOf(c.old, path), valueOf(c.new, path)
		if same(was.raw, is.raw) && was.set == is.set && !opaque(is.raw) {
			return nil
		}
		who := s.label(c.urn) + " changes " + what + " (`" + name + "`)"
		if was.set && was.text() == "" && was.raw != "" || is.set && is.text() == "" && is.raw != "" {
			return []line{{gains, who + " to " + s.show(is) + then}}
		}
		describe := func(ids []string) string {
			for i, id := range ids {
				ids[i] = strings.TrimSuffix(s.who("id", id), ",")
			}
			if len(ids) == 0 {
				return "nobody"
			}
			return strings.Join(ids, "; ")
		}
		old, new := items(was.text()), items(is.text())
		return []line{{gains, who + ": added " + describe(minus(new, old)) + "; removed " + describe(minus(old, new)) + then}}
	}}
}

// identityLines says which managed identities the site's code can act as.
func identityLines(s *stack, c change) (lines []line) {
	const path = "identity.userAssignedIdentities"
	who := s.label(c.urn)
	was, is := valueOf(c.old, path), valueOf(c.new, path)
	old, knew := was.list()
	new, knows := is.list()
	if !knew && len(old) == 0 || !knows && len(new) == 0 {
		return []line{{gains, who + " changes the managed identities that its code **can act as** from " + s.show(was) + " to " + s.show(is)}}
	}
	for _, id := range minus(new, old) {
		text := s.armNamed(id)
		if opaque(id) { // one or more
			text = "managed identities that are not known yet" + s.sources(is)
		}
		lines = append(lines, line{gains, who + ": its code **can act as** " + text})
	}
	for _, id := range minus(old, new) {
		lines = append(lines, line{loses, who + ": its code can no longer act as " + s.armNamed(id)})
	}
	return lines
}

// sources are the resources that a value comes from.
func (s *stack) sources(v value) string {
	if len(v.from) == 0 {
		return ""
	}
	var all []string
	for _, urn := range v.from {
		all = append(all, s.label(urn))
	}
	slices.Sort(all)
	return ", from " + strings.Join(all, ", ")
}

// describePasswords says what is not in the property allow.
func describePasswords(s *stack, c change) []line {
	switch c.op {
	case deleted:
		return []line{{loses, s.label(c.urn) + " is no longer set by the program"}}
	case replaced:
		return []line{{neither, s.label(c.urn) + " is **replaced**"}}
	}
	return nil
}

// passwordLines says whether publishing passwords work. Whoever may list them
// can then replace the code, without a sign-in
// (https://learn.microsoft.com/azure/app-service/configure-basic-auth-disable).
func passwordLines(s *stack, c change) []line {
	was, is := valueOf(c.old, "allow"), valueOf(c.new, "allow")
	switch what := s.label(c.urn); {
	case is.raw == false && c.old == nil:
		return []line{{neither, what + " is off"}}
	case is.raw == false && was.raw != false:
		return []line{{loses, what + " is **switched off**"}}
	case is.raw == true && was.raw != true:
		return []line{{gains, what + " is **switched on**: whoever has the site's publishing password can replace its code, and so act as its identities"}}
	case is.raw != was.raw || opaque(is.raw) || !is.set:
		return []line{{gains, what + " changes whether it is on to " + s.show(is)}}
	}
	return nil
}
