package diff

import (
	"slices"
	"strings"
)

// This file decides what a comment claims besides its list of who gains or
// loses what. The rules are:
//   - "nobody's access changes" is claimed only if each change is of a kind
//     that is known to give nobody access
//   - a type or an operation that is not listed here may give somebody access;
//     so may all but a few properties of a site, and an update of a site that
//     names no property
//   - the list covers a resource only if one of its lines names the whole
//     change: one more property, or a replacement, is more than the line says

// claim is the sentence that goes with the list.
func (p Preview) claim(before, after side, hasList bool) string {
	list := listed(before, after)
	silent := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.changes() && !s.harmless() && !list.covers(s) })
	switch {
	case silent && hasList:
		return "\nAccess may change beyond this list: read the resources below.\n"
	case silent:
		return "Access may change: read the resources below.\n"
	case !hasList:
		return "Nobody's access changes.\n"
	}
	return ""
}

// A rule says when a change of a resource gives nobody access.
type rule struct {
	only   []string // updates of these properties alone; nil means any change
	except []string // but none of these
}

// rules are by type. Any change of a type that is not listed may give somebody
// access. azure-native's API versions are left out.
var rules = map[string]rule{
	"pulumi:pulumi:Stack": {},
	// A component does nothing itself; what is below it has steps of its own.
	apiType: {}, clientType: {}, functionAppType: {},
	"azure-native:resources:ResourceGroup":       {},
	"azure-native:insights:Component":            {},
	"azure-native:operationalinsights:Workspace": {},
	// Anyone who can write to the storage account can replace the code.
	"azure-native:storage:StorageAccount": {except: []string{"allowBlobPublicAccess", "allowSharedKeyAccess", "isLocalUserEnabled", "isSftpEnabled"}},
	"azure-native:storage:BlobContainer":  {except: []string{"publicAccess"}},
	"azure-native:web:AppServicePlan":     {},
	"azure-native:web:WebApp":             {only: []string{"tags", "functionAppConfig.scaleAndConcurrency"}},
}

// publishPath ends the type of a command that publishes a function app's code.
// Any other command may do anything.
const publishPath = functionAppType + "$command:local:Command"

// knownOps are the operations that rules are about.
var knownOps = []string{"create", "update", "delete", "replace", "create-replacement", "delete-replaced", "import", "import-replacement"}

// harmless reports whether the step gives nobody access.
func (s Step) harmless() bool {
	if !slices.Contains(knownOps, s.Op) {
		return false
	}
	if strings.HasSuffix(strings.SplitN(s.URN, "::", 4)[2], publishPath) {
		return true
	}
	r, known := rules[unversioned(typeOf(s.URN))]
	if !known || r.only != nil && (s.Op != "update" || !s.changesOnly(r.only)) {
		return false
	}
	return !slices.ContainsFunc(s.properties(), func(path string) bool { return under(path, r.except) })
}

// changesOnly reports whether an update names what it changes, and all of that
// is in the allowed properties.
func (s Step) changesOnly(allowed []string) bool {
	paths := s.properties()
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(path string) bool { return !under(path, allowed) })
}

// under reports whether a path is one of the properties or inside one.
func under(path string, properties []string) bool {
	return slices.ContainsFunc(properties, func(property string) bool {
		rest, found := strings.CutPrefix(path, property)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// unversioned is a type without the API version in it.
func unversioned(token string) string {
	module, name, found := strings.Cut(strings.TrimPrefix(token, "azure-native:"), ":")
	if !found || !strings.HasPrefix(token, "azure-native:") {
		return token
	}
	module, _, _ = strings.Cut(module, "/")
	return "azure-native:" + module + ":" + name
}

// A listing is the changes that the list names: properties by URN. A created or
// deleted resource has none.
type listing map[string][]string

// covers reports whether the list names all that the step does.
func (l listing) covers(s Step) bool {
	properties, named := l[s.URN]
	if len(properties) == 0 {
		return named && (s.Op == "create" || s.Op == "delete")
	}
	return s.Op == "update" && s.changesOnly(properties)
}

// listed is what the lines of [access] name.
func listed(before, after side) listing {
	l := make(listing)
	wasAPI, isAPI := before.apis(), after.apis()
	for _, name := range keys(wasAPI, isAPI) {
		l.api(wasAPI[name], isAPI[name], after)
	}
	wasClient, isClient := before.clients(), after.clients()
	for _, name := range keys(wasClient, isClient) {
		was, is := wasClient[name], isClient[name]
		gained, lost := roleChanges(was, is)
		l.roles(is, gained)
		l.roles(was, lost)
		if was.credentials != nil && is.credentials != nil { // otherwise no line names them
			l.credentials(after, is)
			l.credentials(before, was)
		}
	}
	return l
}

func (l listing) api(was, is api, after side) {
	if was.from == nil || is.from == nil {
		return // the list names a new API, but not its parts
	}
	for urn := range was.roles {
		l[urn] = nil
	}
	for urn := range is.roles {
		// The line only says that a role is offered. That people can hold it
		// too would be more.
		if types, _ := after[urn].Inputs["allowedMemberTypes"].([]any); len(types) == 1 && types[0] == "Application" {
			l[urn] = nil
		}
	}
	for _, property := range []struct {
		name    string
		changed bool
	}{
		{requiredProperty, was.open != is.open}, {ownersProperty, was.owners != is.owners}, {blockedProperty, was.blocked != is.blocked},
	} {
		if urn := is.from[property.name]; property.changed && urn != "" {
			l[urn] = append(l[urn], property.name)
		}
	}
}

func (l listing) roles(c client, named []string) {
	for urn, role := range c.roles {
		if slices.Contains(named, role) {
			l[urn] = nil
		}
	}
}

// credentials adds the credentials that are for an app registration of their
// own client.
func (l listing) credentials(s side, c client) {
	for urn := range c.credentials {
		r := s[urn]
		applications := r.PropertyDependencies["applicationId"]
		other := func(application string) bool {
			return s.owner(s[application], clientType) != s.owner(r, clientType)
		}
		if len(applications) > 0 && !slices.ContainsFunc(applications, other) {
			l[urn] = nil
		}
	}
}
