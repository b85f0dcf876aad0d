package arm

import (
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// This file is the language in which resource types describe their JSON. The
// rules are those of ARM's resource providers: names and enumerated values
// ignore case and are kept in the described one; null is as good as absent;
// read-only properties are accepted and ignored. One rule is the sandbox's: a
// property that is not described is unemulated.

type form int

const (
	aText form = iota
	aFlag
	aWhole
	aNumber
	anObject
	aList
	aDict // free names, values of one form
)

// A field describes one property.
type field struct {
	form     form
	values   []string // of a text; none means any
	min, max int64    // of a whole number; both zero means any
	fields   schema   // of an object
	element  *field   // of a list or a dict
	needed   bool
	readOnly bool
	isFixed  bool   // cannot change after the creation
	since    string // the first api-version that knows it
	just     []any  // values that the sandbox can do; others are unemulated
}

type schema map[string]field

func text(values ...string) field { return field{form: aText, values: values} }
func flag() field                 { return field{form: aFlag} }
func whole(min, max int64) field  { return field{form: aWhole, min: min, max: max} }
func number() field               { return field{form: aNumber} }
func object(fields schema) field  { return field{form: anObject, fields: fields} }
func list(element field) field    { return field{form: aList, element: &element} }
func dict(element field) field    { return field{form: aDict, element: &element} }

// output is a property that only ARM sets.
func output() field { return field{readOnly: true} }

func (f field) need() field               { f.needed = true; return f }
func (f field) fixed() field              { f.isFixed = true; return f }
func (f field) from(version string) field { f.since = version; return f }

// only marks the values that the sandbox can do.
func (f field) only(values ...any) field { f.just = values; return f }

// with is s and more.
func (s schema) with(more schema) schema {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// outputs are read-only properties of these names.
func outputs(names ...string) schema {
	s := make(schema, len(names))
	for _, name := range names {
		s[name] = output()
	}
	return s
}

// find returns the description of a name in any case.
func (s schema) find(name string) (string, field, bool) {
	if f, ok := s[name]; ok {
		return name, f, true
	}
	for known, f := range s {
		if strings.EqualFold(known, name) {
			return known, f, true
		}
	}
	return "", field{}, false
}

// read checks an object and returns it with described names and values, without
// read-only properties. path says where in the request it stands.
func (s schema) read(in map[string]any, path, version string) (map[string]any, error) {
	out := make(map[string]any, len(in))
	for _, given := range slices.Sorted(maps.Keys(in)) {
		name, f, known := s.find(given)
		if !known || version < f.since {
			return nil, unknown("property %q at api-version %s", path+given, version)
		}
		if f.readOnly || in[given] == nil {
			continue
		}
		value, err := f.read(in[given], path+name, version)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if _, given := out[name]; s[name].needed && !given {
			return nil, missing(path + name)
		}
	}
	return out, nil
}

// missing refuses a request without a required property. Only the code for the
// location is documented; providers differ in the others.
func missing(path string) error {
	if path == "location" {
		return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	}
	return refuse(http.StatusBadRequest, "MissingRequiredProperty", "The required property '%s' is missing.", path)
}

func (f field) read(in any, path, version string) (any, error) {
	value, err := f.shape(in, path, version)
	if err != nil {
		return nil, err
	}
	if f.just != nil && !slices.Contains(f.just, value) {
		return nil, unknown("the value %s of property %q", mustJSON(in), path)
	}
	return value, nil
}

func (f field) shape(in any, path, version string) (any, error) {
	switch f.form {
	case aText:
		if value, ok := in.(string); ok {
			return f.oneOf(value, path)
		}
		return nil, wrongForm(path, "a string")
	case aFlag:
		if value, ok := in.(bool); ok {
			return value, nil
		}
		return nil, wrongForm(path, "a boolean")
	case aWhole:
		return f.wholeNumber(in, path)
	case aNumber:
		if value, ok := in.(json.Number); ok {
			return value, nil
		}
		return nil, wrongForm(path, "a number")
	case anObject:
		if value, ok := in.(map[string]any); ok {
			return f.fields.read(value, path+".", version)
		}
		return nil, wrongForm(path, "an object")
	case aDict:
		return f.dict(in, path, version)
	}
	return f.list(in, path, version)
}

func (f field) oneOf(value, path string) (any, error) {
	if f.values == nil {
		return value, nil
	}
	for _, known := range f.values {
		if strings.EqualFold(known, value) {
			return known, nil
		}
	}
	return nil, refuse(http.StatusBadRequest, "InvalidRequestPropertyValue",
		"The value '%s' is not allowed for property %s. Allowed values are: %s.", value, path, strings.Join(f.values, ", "))
}

// wholeNumber takes 40 and 40.0 alike: Pulumi knows one kind of number.
func (f field) wholeNumber(in any, path string) (any, error) {
	given, ok := in.(json.Number)
	if !ok {
		return nil, wrongForm(path, "an integer")
	}
	ratio, ok := new(big.Rat).SetString(given.String())
	if !ok || !ratio.IsInt() || !ratio.Num().IsInt64() {
		return nil, wrongForm(path, "an integer")
	}
	n := ratio.Num().Int64()
	if (f.min != 0 || f.max != 0) && (n < f.min || n > f.max) {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestPropertyValue",
			"The value '%d' is not allowed for property %s. The allowed range is [%d, %d].", n, path, f.min, f.max)
	}
	return json.Number(strconv.FormatInt(n, 10)), nil
}

func (f field) list(in any, path, version string) (any, error) {
	items, ok := in.([]any)
	if !ok {
		return nil, wrongForm(path, "an array")
	}
	out := make([]any, 0, len(items))
	for i, item := range items {
		value, err := f.element.read(item, path+"["+strconv.Itoa(i)+"]", version)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

func (f field) dict(in any, path, version string) (any, error) {
	pairs, ok := in.(map[string]any)
	if !ok {
		return nil, wrongForm(path, "an object")
	}
	out := make(map[string]any, len(pairs))
	for name, item := range pairs {
		if item == nil {
			continue
		}
		value, err := f.element.read(item, path+"."+name, version)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

func wrongForm(path, expected string) error {
	return refuse(http.StatusBadRequest, "InvalidRequestContent",
		"The request content was invalid and could not be deserialized: expected %s in property '%s'.", expected, path)
}

// changedFixed returns the first property that cannot change and would, by its
// path. A fixed property that the request leaves out keeps its value.
func (s schema) changedFixed(before, after map[string]any, path string) string {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		f := s[name]
		old, new := before[name], after[name]
		if f.isFixed && new != nil && !sameJSON(old, new) && !(old == nil && new == false) {
			return path + name
		}
		if f.form != anObject {
			continue
		}
		oldObject, _ := old.(map[string]any)
		newObject, _ := new.(map[string]any)
		if changed := f.fields.changedFixed(oldObject, newObject, path+name+"."); changed != "" {
			return changed
		}
	}
	return ""
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
