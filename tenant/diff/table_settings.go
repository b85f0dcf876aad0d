package diff

import (
	"maps"
	"slices"
	"strings"
)

// This file has the app settings of the handlers. Their names begin with that of
// the API, which the stack chooses.

const appSettingsType = "azure-native:web:WebAppApplicationSettings"

// settingsOf are the app settings of an API and its clients.
func settingsOf(api string) []property {
	prefix := api + "_"
	return append([]property{
		admits(prefix+"ROLE", "the app role that callers need"),
		admits(prefix+"TENANT_ID", "the tenant whose tokens count"),
		admits(prefix+"AUTHORITY_HOST", "whose signature on tokens counts, and to whom credentials are sent"),
		admits(prefix+"AUDIENCE", "the audience that tokens need"),
		callers(prefix+"ALLOWED_CLIENTS", "the only clients to be admitted", "; none means every holder of the app role"),
		callers(prefix+"BLOCKED_CALLERS", "the callers that are refused whatever they hold", ""),
		admits(prefix+"URL", "where tokens for the API are sent"),
		admits(prefix+"SCOPE", "the API that tokens are asked for"),
		admits(prefix+"CLIENT_ID", "the application that it signs in as"),
		admits(prefix+"MANAGED_IDENTITY_CLIENT_ID", "the managed identity that it acts as"),
		hidden(prefix+"CLIENT_SECRET", "the client secret that it signs in with"),
		hidden(prefix+"CLIENT_CERTIFICATE", "the certificate that it signs in with"),
		admits(prefix+"CONTAINER_URL", "where its code keeps what it writes"),
	}, quiet("properties."+prefix+"SCHEDULE", "properties."+prefix+"TOKEN_PROVIDERS")...)
}

// forAPIs is the table with the app settings of the APIs that app settings belong
// to, by their names: every app has a tenant and an authority host. What has
// another name is not understood, as before.
func (t table) forAPIs(names []string) table {
	k, found := t[appSettingsType]
	if !found {
		return t
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		api, isTenant := strings.CutSuffix(name, "_TENANT_ID")
		known := slices.ContainsFunc(k.properties, func(p property) bool { return p.path == "properties."+name })
		if isTenant && !known && slices.Contains(names, api+"_AUTHORITY_HOST") {
			k.properties = slices.Concat(k.properties, settingsOf(api))
		}
	}
	all := maps.Clone(t)
	all[appSettingsType] = k
	return all
}

// settingNames are the names of app settings in a preview.
func (p Preview) settingNames() (names []string) {
	for _, s := range p.Steps {
		for _, state := range []*State{s.Old, s.New} {
			if state == nil || unversioned(typeOf(s.URN)) != appSettingsType {
				continue
			}
			for path := range flat(state.Inputs) {
				names = append(names, strings.TrimPrefix(path, "properties."))
			}
		}
	}
	return names
}

// settingNames are those in what was handed over.
func (f Facts) settingNames() (names []string) {
	for _, s := range f.Steps {
		for _, side := range []*Side{s.Old, s.New} {
			if side == nil || unversioned(typeOf(s.URN)) != appSettingsType {
				continue
			}
			for path := range side.Inputs {
				names = append(names, strings.TrimPrefix(path, "properties."))
			}
		}
	}
	return names
}
