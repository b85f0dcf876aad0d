package plugin

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// checkInputs compares inputs with the SDK's types. Every failure names the
// property by its path.
func checkInputs(t *Type, required []string, inputs resource.PropertyMap) []Failure {
	c := &Check{News: inputs}
	checkRecord(c, "", t, inputs)
	for _, name := range required {
		if !c.Given(name) {
			c.Fail(name, "missing required property %q", name)
		}
	}
	slices.SortStableFunc(c.Failures, func(a, b Failure) int { return compare(a.Property, b.Property) })
	return c.Failures
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func checkRecord(c *Check, path string, t *Type, properties resource.PropertyMap) {
	for key, value := range properties {
		name := string(key)
		field, ok := t.Fields[name]
		switch {
		case ok:
			checkValue(c, join(path, name), field.Type, value)
		case !resource.IsInternalPropertyKey(key):
			c.Fail(join(path, name), "unknown property %q%s", join(path, name), suggestion(name, slices.Collect(maps.Keys(t.Fields))))
		}
	}
	for name, field := range t.Fields {
		if value, ok := properties[resource.PropertyKey(name)]; field.Required && (!ok || reveal(value).IsNull()) {
			c.Fail(join(path, name), "missing required property %q", join(path, name))
		}
	}
}

func checkValue(c *Check, path string, t *Type, value resource.PropertyValue) {
	value = reveal(value)
	if value.IsNull() || value.IsComputed() || t.Kind == Any {
		return
	}
	got := kindOf(value)
	if got != t.Kind && !(got == Record && t.Kind == Map) {
		c.Fail(path, "property %q: expected %s, got %s", path, t.Kind, got)
		return
	}
	switch t.Kind {
	case Number:
		if n := value.NumberValue(); t.Integer && n != float64(int64(n)) {
			c.Fail(path, "property %q: expected a whole number, got %v", path, n)
		}
	case List:
		for i, element := range value.ArrayValue() {
			checkValue(c, fmt.Sprintf("%s[%d]", path, i), t.Element, element)
		}
	case Map:
		for key, element := range value.ObjectValue() {
			checkValue(c, join(path, string(key)), t.Element, element)
		}
	case Record:
		checkRecord(c, path, t, value.ObjectValue())
	}
}

func kindOf(value resource.PropertyValue) Kind {
	switch {
	case value.IsString():
		return String
	case value.IsNumber():
		return Number
	case value.IsBool():
		return Bool
	case value.IsArray():
		return List
	case value.IsObject():
		return Record
	}
	return Any
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// suggestion names the known name nearest to a wrong one, if one is near enough.
func suggestion(name string, known []string) string {
	best, distance := "", len(name)/2+1
	slices.Sort(known)
	for _, candidate := range known {
		if d := editDistance(name, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance counts the insertions, deletions and replacements between two
// names (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
