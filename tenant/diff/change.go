package diff

import (
	"cmp"
	"reflect"
	"slices"
)

// An operation is what happens to a resource.
type operation int

const (
	created operation = iota
	updated
	replaced
	deleted
	otherwise // what the engine calls by another name, or in another combination
)

// A change is all that happens to one resource: a replacement has several steps.
type change struct {
	urn      string
	op       operation
	ops      []string // the engine's words
	old, new *Side    // nil for what is created or deleted
	paths    []string // of the properties that change
	odd      bool     // its steps contradict each other
	instead  string   // the label of what was in the place of a new resource
}

// changes reports whether the step changes the cloud, or found that somebody
// else did, or hands the resource to another provider.
func (f Fact) changes() bool {
	return f.Op != "read" && (f.Op != "same" && f.Op != "refresh" || len(f.Changed) > 0)
}

// changes are what happens to each resource, sorted by operation.
func (f Facts) changes() (all []change) {
	byURN := make(map[string]change)
	for _, step := range f.Steps {
		if !step.changes() {
			continue
		}
		c := byURN[step.URN]
		c.odd = c.odd || slices.Contains(c.ops, step.Op) || differs(c.old, step.Old) || differs(c.new, step.New)
		c.urn, c.ops = step.URN, append(c.ops, step.Op)
		c.old, c.new = cmp.Or(c.old, step.Old), cmp.Or(c.new, step.New)
		c.paths = append(c.paths, step.Changed...)
		byURN[step.URN] = c
	}
	for _, step := range f.Steps {
		if c, found := byURN[step.URN]; found && !step.changes() {
			c.ops = append(c.ops, step.Op) // an older one with the same URN goes, say
			byURN[step.URN] = c
		}
	}
	for _, c := range byURN {
		slices.Sort(c.ops)
		slices.Sort(c.paths)
		c.ops, c.paths = slices.Compact(c.ops), slices.Compact(c.paths)
		c.op = c.operation()
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(a.op, b.op), cmp.Compare(a.urn, b.urn)) })
	return all
}

func differs(a, b *Side) bool { return a != nil && b != nil && !reflect.DeepEqual(a, b) }

// operation is what the steps amount to, if their sides fit.
func (c change) operation() operation {
	all := func(ops ...string) bool {
		return !slices.ContainsFunc(c.ops, func(op string) bool { return !slices.Contains(ops, op) })
	}
	switch was, is := c.old != nil, c.new != nil; {
	case c.odd:
	case all("create") && !was && is:
		return created
	case all("update") && was && is:
		return updated
	case all("replace", "create-replacement", "delete-replaced") && was && is:
		return replaced
	case all("delete", "delete-replaced") && was && !is:
		return deleted
	}
	return otherwise
}
