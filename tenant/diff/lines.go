package diff

import (
	"reflect"
	"slices"
	"strings"
)

// This file describes a change by its row of the table.

// A line of the report, in the order in which a reader wants them.
type line struct {
	weight weight
	text   string
}

type weight int

const (
	gains weight = iota // somebody gains something
	loses
	neither // it decides about access, and this gives or takes nothing by itself
	aside   // it does not decide about access, and a reviewer wants to know
)

// describe is what the table says about a change, and the paths that it does not
// know.
func (k kind) explain(s *stack, c change) (lines []line, unknown []string) {
	if (c.op == replaced || c.op == deleted) && s.stays(k, c) {
		stays := line{gains, s.label(c.urn) + " **stays, but is no longer managed**: what it allows is not taken away"}
		if !c.old.RetainOnDelete && s.after[c.old.DeletedWith] != nil {
			stays.text = s.label(c.urn) + " **may stay, no longer managed**: the engine leaves it to the replacement of the " + s.label(c.old.DeletedWith) + ", which does not take it along"
		}
		if c.op == deleted {
			return []line{stays}, nil
		}
		c.op, c.old = created, nil // beside the old one
		lines, unknown = k.explain(s, c)
		return append([]line{stays}, lines...), unknown
	}
	switch c.op {
	case created, replaced, deleted:
		if k.describe != nil {
			lines = k.describe(s, c)
		} else {
			lines = []line{{c.weight(), s.label(c.urn) + " is " + c.word()}}
		}
	}
	switch c.op {
	case created, replaced:
		more, odd := k.describeNew(s, s.inPlace(c))
		if len(more) > 0 && len(lines) > 0 && (strings.HasPrefix(more[0].text, lines[0].text+": ") || strings.HasPrefix(more[0].text, lines[0].text+", in the place of ")) {
			lines = nil // the same with more
		}
		lines, unknown = append(lines, more...), append(unknown, odd...)
	case updated:
		more, odd := k.describeUpdate(s, c)
		lines, unknown = append(lines, more...), append(unknown, odd...)
	}
	return lines, unknown
}

// emptied says what goes with a resource that is deleted, be it for a new one.
func (k kind) emptied(s *stack, c change) []line {
	if k.holds.text == "" || c.old == nil || !s.goes[c.urn] || s.stays(k, c) {
		return nil
	}
	text := s.label(c.urn) + " is **deleted**, with " + k.holds.text
	if c.new != nil {
		text = s.label(c.urn) + " is **replaced**; the old one goes, with " + k.holds.text
	}
	return []line{{k.holds.weight, text}}
}

// word is what happened, in words.
func (c change) word() string {
	if c.instead != "" {
		return "**new**, in the place of " + c.instead
	}
	return []string{"**new**", "changed", "**replaced**", "**deleted**", "changed otherwise"}[c.op]
}

// stays reports whether the engine may forget a resource that the stack no longer
// has, instead of deleting it
// (https://www.pulumi.com/docs/iac/concepts/options/retainondelete/ and deletedwith).
// It leaves to deletedWith what is deleted, and also what is replaced by making
// the new one first (isDeletedWith and GenerateDeletes in the engine's
// resource/deploy). A preview does not say which is made first.
func (s *stack) stays(k kind, c change) bool {
	if with := c.old.DeletedWith; s.goes[with] {
		return !s.isIn(k, c.old, with)
	}
	return c.old.RetainOnDelete
}

// isIn reports whether a resource goes when another one does: that is of the type
// that such resources are in, and has the name that this one gives for it.
func (s *stack) isIn(k kind, side *Side, with string) bool {
	name, its := valueOf(side, k.inside.by), valueOf(s.before[with], k.inside.by)
	return k.inside.token == unversioned(typeOf(with)) && name.text() != "" && strings.EqualFold(name.text(), its.text())
}

// weight of a change of which the table says no more than what happened.
func (c change) weight() weight {
	if c.op == deleted {
		return loses
	}
	return neither
}

// describeNew says what is unusual about a new resource.
func (k kind) describeNew(s *stack, c change) (lines []line, unknown []string) {
	for path := range c.new.Inputs {
		if _, found := k.property(path); !found {
			unknown = append(unknown, path)
		}
	}
	if k.check != nil {
		unknown = append(unknown, k.check(s, c.new)...)
	}
	for _, path := range c.paths {
		if _, found := k.property(path); !found {
			unknown = append(unknown, path)
		}
	}
	var with, hidden []string
	for _, p := range k.properties {
		v := valueOf(c.new, p.path)
		differs := c.op == replaced && c.differsIn(p.path)
		switch {
		case p.lines != nil:
			lines = append(lines, p.lines(s, c)...)
		case p.quiet || p.what == "" || (p.part || p.place) && !differs:
		case differs:
			with = append(with, p.what+s.fromTo(c, p, inside(c.new, p.path))+p.then)
		case v.set && !v.known() && !opaqueFrom(v):
			hidden = append(hidden, p.what)
		case v.set && !reflect.DeepEqual(v.raw, p.usual), len(inside(c.new, p.path)) > 0 && !v.set:
			with = append(with, p.what+": "+s.show(v)+p.then)
		case !v.set && p.stated:
			with = append(with, p.what+": not stated"+p.then)
		}
	}
	if len(hidden) > 0 {
		with = append(with, "set, with a value that is not shown: "+strings.Join(hidden, ", "))
	}
	if len(with) > 0 {
		lines = append([]line{{gains, s.label(c.urn) + " is " + c.word() + ": " + strings.Join(with, "; ")}}, lines...)
	}
	return lines, unknown
}

// opaqueFrom reports whether it is known at least where a value comes from.
func opaqueFrom(v value) bool { return v.raw == unknownValue && len(v.from) > 0 }

// differsIn reports whether a property, or anything inside it, is not surely the
// same before and after.
func (c change) differsIn(property string) bool {
	paths := append(inside(c.old, property), inside(c.new, property)...)
	return slices.ContainsFunc(paths, func(path string) bool {
		was, is := valueOf(c.old, path), valueOf(c.new, path)
		return was.set != is.set || !same(was.raw, is.raw) || slices.Contains(c.paths, path)
	})
}

// describeUpdate says what each changed property means.
func (k kind) describeUpdate(s *stack, c change) (lines []line, unknown []string) {
	if len(c.paths) == 0 {
		return nil, []string{"(no property is named)"}
	}
	changed := make(map[string][]string) // paths by property
	for _, path := range c.paths {
		p, found := k.property(path)
		if !found || p.place || p.part && p.what == "" {
			unknown = append(unknown, path)
			continue
		}
		changed[p.path] = append(changed[p.path], path)
	}
	var names []string
	for _, p := range k.properties {
		paths := changed[p.path]
		switch {
		case len(paths) == 0:
		case p.lines != nil:
			found := p.lines(s, c)
			if len(found) == 0 { // it changes, and not in what the lines compare
				unknown = append(unknown, paths...)
			}
			lines = append(lines, found...)
		case p.what == "":
			names = append(names, p.path)
		default:
			lines = append(lines, line{p.weight(), s.label(c.urn) + " changes " + p.what + s.fromTo(c, p, paths) + p.then})
		}
	}
	if len(names) > 0 {
		for i, name := range names {
			names[i] = code(name)
		}
		lines = append(lines, line{neither, s.label(c.urn) + " changes " + strings.Join(names, ", ") + ", which gives nobody access by itself"})
	}
	return lines, unknown
}

// fromTo is how a property changes: from one value to another, or which of its
// parts do.
func (s *stack) fromTo(c change, p property, paths []string) string {
	was, is := valueOf(c.old, p.path), valueOf(c.new, p.path)
	if was.set && is.set && !was.known() && !is.known() && !opaque(is.raw) {
		return " to another value, which is not shown"
	}
	if was.set && is.set && s.show(was) == s.show(is) {
		return alike(was, is, paths, s.show(is))
	}
	if was.set || is.set {
		return " from " + s.show(was) + " to " + s.show(is)
	}
	if len(paths) == 0 {
		return " from a value that is not shown to nothing"
	}
	for i, path := range paths {
		paths[i] = code(path)
	}
	return " in " + strings.Join(paths, ", ")
}

// alike is how a property changes whose two values look the same: it is written in
// another form, or the change is inside of it.
func alike(was, is value, paths []string, shown string) string {
	if form, other := formOf(was.raw), formOf(is.raw); form != other {
		return " from the " + form + " " + shown + " to the " + other + " " + shown
	}
	var inner []string
	for _, path := range paths {
		inner = append(inner, code(path))
	}
	return " in " + strings.Join(inner, ", ") + ", from one value to another that looks the same: " + shown
}

// formOf is what JSON calls a value.
func formOf(raw any) string {
	switch raw.(type) {
	case string:
		return "text"
	case bool:
		return "truth value"
	case []any:
		return "list"
	}
	return "number"
}

// weight of a change of a property.
func (p property) weight() weight {
	if p.quiet {
		return neither
	}
	return gains
}

// people says which principals a list gains and loses, with the words around
// each. c.old is nil for a new resource.
func (s *stack) people(was, is value, added, removed func(who string) line) (lines []line, known bool) {
	old, knew := was.list()
	new, knows := is.list()
	if !knew || !knows {
		return nil, false
	}
	for _, id := range minus(new, old) {
		lines = append(lines, added(s.named(id)))
	}
	for _, id := range minus(old, new) {
		lines = append(lines, removed(s.named(id)))
	}
	if len(lines) == 0 && !slices.Equal(old, new) {
		lines = append(lines, line{neither, "a list of principals is in another order"})
	}
	return lines, true
}
