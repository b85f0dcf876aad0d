package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// This file decides what a comment says first. The rules are:
//   - "nobody's access changes" is said only if nothing that decides about access
//     changes and nothing is unknown
//   - new code is named: the API's code is what checks access

// A report is a preview in the order in which it is read.
type report struct {
	lines     []line
	unknown   []notUnderstood
	published []string // function apps that get other code
	changes   []change
	stale     bool // a token that is cached may have the roles of before
}

// What the table does not know.
type notUnderstood struct {
	change
	properties []string
}

func (f Facts) report(t table) report {
	s := newStack(f, t)
	r := report{changes: f.changes()}
	for _, c := range r.changes {
		k, known := s.table[unversioned(typeOf(c.urn))]
		r.lines = append(r.lines, k.emptied(s, c)...)
		switch {
		case c.op == otherwise || !known:
			r.unknown = append(r.unknown, notUnderstood{c, c.paths})
		case k.rule.harmless(c):
		case k.properties == nil: // only a rule
			r.unknown = append(r.unknown, notUnderstood{c, c.paths})
		case c.publishes() || c.op == deleted && c.isPublisher():
			if c.new != nil {
				r.published = append(r.published, code(nameOf(c.new.Parent)))
			}
		case typeOf(c.urn) == commandType && !(c.op == created && c.isPublisher()):
			r.unknown = append(r.unknown, notUnderstood{c, c.paths})
		default:
			lines, unknown := k.explain(s, c)
			r.lines = append(r.lines, lines...)
			if len(unknown) > 0 || len(lines) == 0 {
				slices.Sort(unknown)
				r.unknown = append(r.unknown, notUnderstood{c, slices.Compact(unknown)})
			}
			r.stale = r.stale || s.stale(c)
		}
	}
	slices.SortStableFunc(r.lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.weight, b.weight), cmp.Compare(a.text, b.text)) })
	slices.Sort(r.published)
	r.published = slices.Compact(r.published)
	return r
}

// stale reports whether a change of an app role is of a principal whose tokens
// Azure keeps. A new one has none yet.
func (s *stack) stale(c change) bool {
	if c.old == nil && c.new == nil || typeOf(c.urn) != assignmentType {
		return false
	}
	for _, side := range c.sides() {
		v := valueOf(side.Side, "principalObjectId")
		urn := s.ids[strings.ToLower(v.text())]
		if v.text() != "" && (urn == "" || typeOf(urn) != servicePrincipalType) {
			return true
		}
	}
	return false
}

// verdict is the first sentence.
func (r report) verdict() string {
	apps := enumerate(r.published)
	upTo := func(least weight) bool {
		return slices.ContainsFunc(r.lines, func(l line) bool { return l.weight <= least })
	}
	sentence := "Nobody's access changes"
	switch {
	case len(r.unknown) > 0 && upTo(loses):
		sentence = "**Access changes**, and this report does not understand all of it: read both lists"
	case len(r.unknown) > 0:
		sentence = "**Access may change**: this report does not understand everything that changes"
	case upTo(loses):
		sentence = "**Access changes**, as listed"
	case upTo(neither):
		sentence = "**What decides about access changes**, as listed, though none of it is known to give or take access"
	case apps != "":
		return "Nobody's access changes, unless by the new code of " + apps + "."
	}
	if apps != "" {
		sentence += "; the new code of " + apps + " may change more"
	}
	return sentence + "."
}

// mostPublished is how many bytes the names of function apps take in the verdict:
// an escaped one can have 2,000.
const mostPublished = 2400

// enumerate is as many of the names as fit, and how many are left out.
func enumerate(names []string) string {
	size := 0
	fitting := slices.IndexFunc(names, func(name string) bool {
		size += len(name) + len(", ")
		return size > mostPublished
	})
	if fitting < 0 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more function apps", strings.Join(names[:fitting], ", "), len(names)-fitting)
}
