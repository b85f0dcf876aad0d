package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file lists the resources that change. The rules are:
//   - one line for each resource, also for a replaced one
//   - names of properties, never their values

// What happens to a resource, in the order in which it is shown.
var kinds = []struct{ sign, word string }{
	{"+", "created"}, {"~", "updated"}, {"±", "replaced"}, {"-", "deleted"}, {"?", "changed otherwise"},
}

// kindOfOp is an index of kinds.
func kindOfOp(op string) int {
	switch op {
	case "create", "import":
		return 0
	case "update":
		return 1
	case "replace", "create-replacement", "delete-replaced", "import-replacement":
		return 2
	case "delete":
		return 3
	}
	return 4
}

// A change is what happens to one resource.
type change struct {
	urn        string
	kind       int
	properties []string
}

func (p Preview) changed() []change {
	byURN := make(map[string]change)
	for _, s := range p.Steps {
		if !s.changes() {
			continue
		}
		c := byURN[s.URN]
		c.urn, c.kind = s.URN, kindOfOp(s.Op)
		c.properties = append(c.properties, s.properties()...)
		byURN[s.URN] = c
	}
	return slices.SortedFunc(maps.Values(byURN), func(a, b change) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.urn, b.urn))
	})
}

// properties are the paths that differ, as the provider names them.
func (s Step) properties() []string {
	if len(s.DetailedDiff) > 0 {
		return slices.Collect(maps.Keys(s.DetailedDiff))
	}
	return s.DiffReasons
}

// resources are the lines of the resources that change.
func (p Preview) resources() (lines []string) {
	for _, c := range p.changed() {
		line := fmt.Sprintf("%s %s %s", code(kinds[c.kind].sign), code(typeOf(c.urn)), code(nameOf(c.urn)))
		slices.Sort(c.properties)
		if names := slices.Compact(c.properties); len(names) > 0 {
			for i, name := range names {
				names[i] = code(name)
			}
			line += ": " + strings.Join(names, ", ")
		}
		lines = append(lines, line)
	}
	return lines
}

// summary counts the resources that change, by kind.
func (p Preview) summary() string {
	counts := make([]int, len(kinds))
	for _, c := range p.changed() {
		counts[c.kind]++
	}
	var parts []string
	for i, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kinds[i].word))
		}
	}
	return "Resources: " + strings.Join(parts, ", ")
}
