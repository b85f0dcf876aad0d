package azuread

import (
	"cmp"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file translates between a resource's properties and Graph's JSON, by
// tables that are read both ways. The rules are: a property is in one row;
// rows of the same member send one list together; what a program does not give
// has the zero value or the row's default, because the types are checked
// before.

// A table has the rows of one resource, or of a block in it.
type table []row

// A row is one property.
type row struct {
	property string // Pulumi's name
	member   string // Graph's name; OUTER.INNER is a member of an object
	conversion
}

// A conversion translates a value; nil stands for a missing one.
type conversion struct {
	toGraph   func(any) any // nil: only read
	fromGraph func(any) any
}

// leftOut is returned by a conversion to leave the value out.
type leftOut struct{}

// body is what a creation and an update send.
func (t table) body(properties plugin.Object) plugin.Object {
	body := plugin.Object{}
	for _, r := range t {
		if r.toGraph == nil {
			continue
		}
		if value := r.toGraph(properties[r.property]); value != any(leftOut{}) {
			r.put(body, value)
		}
	}
	return body
}

// state reads the properties from Graph's answer.
func (t table) state(answer plugin.Object) plugin.Object {
	state := plugin.Object{}
	for _, r := range t {
		if value := r.fromGraph(r.get(answer)); value != any(leftOut{}) {
			state[r.property] = value
		}
	}
	return state
}

func (r row) get(answer plugin.Object) any {
	if outer, inner, nested := strings.Cut(r.member, "."); nested {
		return object(answer, outer)[inner]
	}
	return answer[r.member]
}

func (r row) put(body plugin.Object, value any) {
	name := r.member
	if outer, inner, nested := strings.Cut(r.member, "."); nested {
		if body[outer] == nil {
			body[outer] = plugin.Object{}
		}
		body, name = object(body, outer), inner
	}
	if before, ok := body[name].([]any); ok {
		value = append(slices.Clip(before), value.([]any)...)
	}
	body[name] = value
}

// The conversions of texts differ in how they treat an empty one.
var (
	aText       = conversion{typed[string], typed[string]}   // "" on both sides
	nullText    = conversion{nullIfEmpty, typed[string]}     // null in Graph, "" in the state
	givenText   = conversion{leftOutIfEmpty, typed[string]}  // absent in the body, "" in the state
	aFlag       = conversion{typed[bool], typed[bool]}       // false by default
	anEnabled   = conversion{trueByDefault, typed[bool]}     // true by default
	aList       = conversion{listOrEmpty, listOrEmpty}       // never null
	commaList   = conversion{joinedByCommas, splitAtCommas}  // one text in Graph, null if empty
	idsOfValues = conversion{fromGraph: idsByValue}          // of app roles or scopes
	featureTags = conversion{tagsOfFeatures, featuresOfTags} // flags that stand for tags
)

// readOnly is for members that Graph sets.
func readOnly(c conversion) conversion { return conversion{fromGraph: c.fromGraph} }

// textOr is a text that is sent with a default.
func textOr(otherwise string) conversion {
	return conversion{func(value any) any { return cmp.Or(as[string](value), otherwise) }, typed[string]}
}

// block is an object that is sent and shown even if it is empty.
func block(t table) conversion {
	return conversion{
		func(value any) any { return t.body(as[plugin.Object](value)) },
		func(value any) any { return t.state(as[plugin.Object](value)) },
	}
}

// optionalBlock is an object that is sent only if it is given, and shown only if
// Graph has it.
func optionalBlock(t table) conversion {
	always := block(t)
	return conversion{
		func(value any) any {
			if value == nil {
				return leftOut{}
			}
			return always.toGraph(value)
		},
		func(value any) any {
			if value == nil {
				return leftOut{}
			}
			return always.fromGraph(value)
		},
	}
}

// blocks is a list of objects.
func blocks(t table) conversion {
	each := func(convert func(plugin.Object) plugin.Object) func(any) any {
		return func(value any) any {
			result := []any{}
			for _, element := range elements[plugin.Object](value) {
				result = append(result, convert(element))
			}
			return result
		}
	}
	return conversion{each(t.body), each(t.state)}
}

func typed[T any](value any) any { return as[T](value) }

func nullIfEmpty(value any) any {
	if as[string](value) == "" {
		return nil
	}
	return value
}

func leftOutIfEmpty(value any) any {
	if as[string](value) == "" {
		return leftOut{}
	}
	return value
}

func trueByDefault(value any) any { return value != false }

func listOrEmpty(value any) any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{}
}

func joinedByCommas(value any) any { return nullIfEmpty(strings.Join(elements[string](value), ",")) }

func splitAtCommas(value any) any {
	if as[string](value) == "" {
		return []any{}
	}
	return anyList(strings.Split(strings.ReplaceAll(as[string](value), " ", ""), ","))
}

func idsByValue(value any) any {
	ids := plugin.Object{}
	for _, element := range elements[plugin.Object](value) {
		if value := text(element, "value"); value != "" {
			ids[value] = text(element, "id")
		}
	}
	return ids
}
