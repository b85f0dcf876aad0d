package diff

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// This file says who somebody is. The rules are:
//   - an id says who; a resource's logical name is only the program's word for it
//   - an id that is known is always shown, beside what the stack or the tenant
//     calls it
//   - an id that is not known yet is said to come from one resource that can be a
//     principal, or is not understood: a program can make anything of it
//   - what the stack adopts or reads belongs to somebody else, whatever it is named

// principal is who has the object id or client id of a value. understood is
// false if a preview cannot tell.
func (s *stack) principal(v value) (text string, understood bool) {
	if id := v.text(); id != "" {
		return s.named(id), true
	}
	if v.raw == unknownValue && len(v.from) == 1 && !s.foreign(v.from[0]) {
		switch unversioned(typeOf(v.from[0])) {
		case userAssignedType, servicePrincipalType, siteType, applicationType:
			return s.label(v.from[0]) + notKnownYet, true
		}
	}
	return s.show(v), false
}

// notKnownYet follows the resource that an id comes from. The engine knows only
// that the program computes the one from the other; [takenFrom] says so once.
const notKnownYet = " (id not known yet)"

// takenFrom explains notKnownYet below the lists.
const takenFrom = "Where an id is not known yet, the program takes it from the resource that is named. A preview cannot tell whether it passes on that very id or makes another one of it: read the program."

// foreign reports whether a resource was made elsewhere, or is the service
// principal of an application that was.
func (s *stack) foreign(urn string) bool {
	if s.side(urn) == nil || s.external[urn] {
		return true
	}
	for _, side := range []*Side{s.before[urn], s.after[urn]} {
		if side != nil && side.Inputs["useExisting"] != nil {
			return true
		}
	}
	return typeOf(urn) == servicePrincipalType && s.applicationOf(urn) == ""
}

// checkPrincipals is a check of a kind for properties that are principals.
func checkPrincipals(paths ...string) func(*stack, *Side) []string {
	return func(s *stack, side *Side) (unknown []string) {
		for _, path := range paths {
			v := valueOf(side, path)
			if _, understood := s.principal(v); !understood {
				unknown = append(unknown, path)
			}
		}
		return unknown
	}
}

// named is who has an object id.
func (s *stack) named(id string) string { return s.who("object id", id) }

// who is who has an id, which is of the kind that noun says.
func (s *stack) who(noun, id string) string {
	id = strings.ToLower(id)
	noun += " " + code(id)
	if urn := s.ids[id]; urn != "" {
		return s.label(urn) + ", " + noun + ","
	}
	switch name, asked := s.Names[id]; {
	case asked && name != Name{}:
		return printable(name.Kind) + " " + code(name.DisplayName) + ", " + noun + ","
	case asked:
		return noun + ", no name found,"
	case len(s.Names) >= mostLookUps:
		return fmt.Sprintf("%s, not looked up (more than %d ids),", noun, mostLookUps)
	}
	return noun + ", not looked up,"
}

// armNamed is a resource of Azure by its ARM id.
func (s *stack) armNamed(id string) string {
	if urn := s.ids[strings.ToLower(id)]; urn != "" {
		return s.label(urn)
	}
	return "the managed identity " + code(id) + ", which is not the stack's"
}

// printable is the kind of a principal, which comes from the tenant and is one of
// few.
func printable(kind string) string {
	if slices.Contains([]string{"service principal", "managed identity", "application", "user", "group"}, kind) {
		return kind
	}
	return "principal of the kind " + code(kind)
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Unnamed are the ids of principals in what changes, in lower case and sorted,
// that only the tenant can name: the first 200, if there are more.
func (f Facts) Unnamed() (ids []string) {
	s := newStack(f, kinds)
	for _, step := range f.Steps {
		if !step.changes() {
			continue
		}
		k := s.table[unversioned(typeOf(step.URN))]
		for _, side := range []*Side{step.Old, step.New} {
			if side == nil {
				continue
			}
			for path := range side.Inputs {
				if p, found := k.property(path); found && p.ids {
					ids = append(ids, guids(valueOf(side, path))...)
				}
			}
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return s.ids[id] != "" })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), mostLookUps)]
}

// guids are the ids in a text, a text with commas, or a list.
func guids(v value) (ids []string) {
	texts, _ := v.list()
	if text := v.text(); text != "" {
		texts = items(text)
	}
	for _, text := range texts {
		if guid.MatchString(text) {
			ids = append(ids, strings.ToLower(text))
		}
	}
	return ids
}

// items are those of a list with commas.
func items(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
