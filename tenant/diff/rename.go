package diff

import (
	"maps"
	"slices"
	"strings"
)

// This file pairs what is deleted with what is created in its place: a resource that
// the program gives another logical name. What the new one does not have is dropped,
// as by a replacement.

// place is what makes two resources the same thing in Azure: the type, all names in
// the inputs and what they are names in; "" if one is not known, or if none but the
// group's is there.
func place(urn string, side *Side) string {
	text, named := unversioned(typeOf(urn)), false
	for _, path := range slices.Sorted(maps.Keys(side.Inputs)) {
		isName := (path == "name" || strings.HasSuffix(path, "Name")) && path != "displayName"
		if !isName && path != "resourceUri" && path != "scope" || strings.ContainsAny(path, ".[") {
			continue
		}
		name := valueOf(side, path).text()
		if name == "" {
			return ""
		}
		named = named || isName && path != "resourceGroupName"
		text += "\n" + path + "=" + strings.ToLower(name)
	}
	if !named {
		return ""
	}
	return text
}

// freed are the resources that go and are not made again, by their place; "" if
// several had it.
func (s *stack) freed() map[string]string {
	urns := make(map[string]string)
	for _, urn := range keys(s.before, nil) {
		if at := place(urn, s.before[urn]); at != "" && s.goes[urn] && s.after[urn] == nil {
			if _, several := urns[at]; several {
				urn = ""
			}
			urns[at] = urn
		}
	}
	return urns
}

// inPlace is a new resource as the replacement of the one that was in its place, if
// there was one.
func (s *stack) inPlace(c change) change {
	if c.op != created || c.old != nil {
		return c
	}
	if urn := s.free[place(c.urn, c.new)]; urn != "" {
		c.op, c.old, c.instead = replaced, s.before[urn], s.label(urn)
	}
	return c
}
