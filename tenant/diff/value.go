package diff

import (
	"fmt"
	"slices"
	"strings"
)

// A value is one property of one side.
type value struct {
	raw  any      // text, number, boolean or list; nil if there is none or it is not handed over
	set  bool     // there is one
	from []string // URNs that it comes from
}

// valueOf is the value of a property; side may be nil.
func valueOf(side *Side, path string) value {
	if side == nil {
		return value{}
	}
	raw, set := side.Inputs[path]
	return value{raw, set, side.From[firstName(path)]}
}

// firstName is the property that a path is inside of.
func firstName(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}

// known reports whether the value itself is there.
func (v value) known() bool { return v.raw != nil && !opaque(v.raw) }

// text is a known text, or "".
func (v value) text() string {
	if text, ok := v.raw.(string); ok && v.known() {
		return text
	}
	return ""
}

// list is a known list of texts. Nothing is an empty list.
func (v value) list() (texts []string, known bool) {
	if !v.set {
		return nil, true
	}
	items, ok := v.raw.([]any)
	for _, item := range items {
		text, isText := item.(string)
		ok = ok && isText && !opaque(text)
		texts = append(texts, text)
	}
	return texts, ok
}

// show is a value as a report shows it.
func (s *stack) show(v value) string {
	switch {
	case !v.set:
		return "nothing"
	case v.raw == unknownValue && len(v.from) == 1:
		return "a value that is not known yet, from " + s.label(v.from[0])
	case v.raw == unknownValue:
		return "a value that is not known yet"
	case !v.known():
		return "a value that is not shown"
	}
	if items, ok := v.raw.([]any); ok {
		var all []string
		for _, item := range items {
			all = append(all, s.show(value{raw: item, set: true, from: v.from}))
		}
		if len(all) == 0 {
			return "an empty list"
		}
		return strings.Join(all, ", ")
	}
	return code(fmt.Sprint(v.raw))
}

// inside are the known values of the paths inside a property, sorted, and
// whether all are known.
func inside(side *Side, property string) (paths []string) {
	if side == nil {
		return nil
	}
	for _, path := range keys(side.Inputs, nil) {
		if under(path, []string{property}) {
			paths = append(paths, path)
		}
	}
	return paths
}

// minus are the items of a that are not in b, in order, whatever their case.
func minus(a, b []string) (rest []string) {
	for _, item := range a {
		if !slices.ContainsFunc(b, func(other string) bool { return strings.EqualFold(item, other) }) {
			rest = append(rest, item)
		}
	}
	slices.Sort(rest)
	return slices.Compact(rest)
}
