package diff

import (
	"slices"
	"strings"
)

// A table says what a change of a resource means, by its type without
// azure-native's API version. The rules are:
//   - a type, an operation or a property that is not in the table is not
//     understood
//   - a kind without a rule decides about access: each of its changes is
//     described, even one that gives nobody anything
type table map[string]kind

// kinds is the table. Its parts are by provider.
var kinds = merged(entraKinds, azureKinds, siteKinds, otherKinds)

func merged(parts ...table) table {
	all := make(table)
	for _, part := range parts {
		for token, k := range part {
			if _, twice := all[token]; twice {
				panic("two rows of the table for " + token)
			}
			all[token] = k
		}
	}
	return all
}

// A kind says what changes of one type of resource mean.
type kind struct {
	noun       string     // "app registration"
	rule       *rule      // when a change gives nobody access; nil if that is never assumed
	outputs    []string   // texts by which others refer to it
	inside     container  // what takes it along when it is deleted
	holds      contents   // what it takes along itself
	properties []property // every property that the table understands
	// describe says what creating, deleting or replacing one means; nil says
	// just that.
	describe func(*stack, change) []line
	// check names properties of a new resource that describe cannot tell, such as
	// a principal that is not known yet.
	check func(*stack, *Side) []string
}

// A container is the type of what has resources in it, and the property by which
// both name it.
type container struct{ token, by string }

// Contents are what goes when a resource is deleted, in words, and whether that is
// somebody's access.
type contents struct {
	text   string
	weight weight
}

// A property is one property of a kind, and everything inside it.
type property struct {
	path   string
	what   string // "the issuer that it trusts"; "" if its change needs no more than its name
	then   string // what follows from it: "; whoever …"
	shown  bool   // its value may be handed over and shown
	part   bool   // [kind.describe] says it, so a new resource needs no line for it
	place  bool   // where the resource is, which is said only if it moves
	usual  any    // the value that a new resource needs no line for
	stated bool   // a new resource has to state it, because the default is not the usual value
	quiet  bool   // it decides about nobody's access
	ids    bool   // its values are ids of principals, which can be looked up
	// lines says what a change from old to new means, for what needs more than
	// "from … to …". A new resource has no old side.
	lines func(s *stack, c change) []line
}

// understood describes a kind all of whose properties are without effect on
// access or described by the kind itself.
func quiet(paths ...string) (all []property) {
	for _, path := range paths {
		all = append(all, property{path: path, quiet: true})
	}
	return all
}

// parts are properties that [kind.describe] says, with their values.
func parts(paths ...string) (all []property) {
	for _, path := range paths {
		all = append(all, property{path: path, shown: true, part: true})
	}
	return all
}

// places are properties that say where a resource is.
func places(paths ...string) (all []property) {
	for _, path := range paths {
		all = append(all, property{path: path, what: "its `" + path + "`", shown: true, place: true})
	}
	return all
}

// property finds the property that a path is or is inside of.
func (k kind) property(path string) (property, bool) {
	i := slices.IndexFunc(k.properties, func(p property) bool { return under(path, []string{p.path}) })
	if i < 0 {
		return property{}, false
	}
	return k.properties[i], true
}

// shows reports whether the value of a property may be handed over.
func (k kind) shows(path string) bool {
	if p, found := k.property(path); found && p.shown {
		return true
	}
	if k.rule == nil {
		return false
	}
	_, compared := k.rule.safe[path]
	return compared
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
