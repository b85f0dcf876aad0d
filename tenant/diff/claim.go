package diff

import (
	"slices"
	"strings"
)

// This file decides what a comment claims besides its list of who gains or
// loses what. The rules are:
//   - "nobody's access changes" is claimed only if each change is known to give
//     nobody access (see rules)
//   - new code is named: the API's code is what checks access
//   - the list covers a resource only if one of its lines names the whole
//     change: one more property, or a replacement, is more than the line says

// claim is the sentence that goes with the list.
func (p Preview) claim(before, after side, hasList bool) string {
	list := listed(before, after)
	var silent bool
	var published []string
	for _, s := range p.Steps {
		switch {
		case !s.changes() || list.covers(s) || s.harmless():
		case s.publishes():
			published = append(published, code(nameOf(s.New.Parent)))
		case !s.unpublishes():
			silent = true
		}
	}
	slices.Sort(published)
	apps := strings.Join(slices.Compact(published), ", ")
	switch {
	case silent && hasList:
		return "\nAccess may change beyond this list: read the resources below.\n"
	case silent:
		return "Access may change: read the resources below.\n"
	case apps != "" && hasList:
		return "\nAccess changes no further, unless by the new code of " + apps + ".\n"
	case apps != "":
		return "Nobody's access changes, unless by the new code of " + apps + ".\n"
	case hasList:
		return ""
	}
	return "Nobody's access changes.\n"
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
	return s.Op == "update" && s.changesOnly(func(path string) bool { return under(path, properties) })
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
		l.roles(is, gained, was)
		l.roles(was, lost, was)
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

// roles adds the assignments of named roles to the client itself: to a resource
// of its own, or to whom it was before.
func (l listing) roles(c client, named []string, was client) {
	earlier := values(was.principals)
	for urn, principal := range c.principals {
		if slices.Contains(named, c.roles[urn]) && (principal == ownPrincipal || principal != "" && earlier[principal]) {
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
