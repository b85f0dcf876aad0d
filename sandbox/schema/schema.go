// Package schema describes the JSON of a service in tables, and reads, merges
// and shows it by them.
//
// [Fields] maps names to a [Field]: a form ([Text], [Flag], [Whole], [Number],
// [Object], [List], [Dict], [Any]) and what else is true of the value, such as
// [Field.Required]. A name that is not described is a [Problem]. Services
// differ in case, null and read-only properties; a [Reader] says how, and each
// service turns a [Problem] into its own refusal.
//
// Rules that involve several properties are not in the tables but in code.
//
// Not for production: it describes only the JSON that the sandbox needs, and does
// not check the tables.
package schema

import "maps"

type form int

const (
	anything form = iota
	text
	flag
	whole
	number
	object
	list
	dict
)

// expected is each form as an error names it.
var expected = [...]string{"a value", "a string", "a boolean", "an integer", "a number", "an object", "an array", "an object"}

// A Field describes one value. Its methods return a changed copy.
type Field struct {
	form     form
	values   []string // of a text; none means any
	min, max int64    // of a whole number; both zero means any
	members  Fields   // of an object
	element  *Field   // of a list or a dict

	required, notNull, readOnly, fixed, nullUntilSet bool

	since   string
	only    []any
	initial any
}

// Fields are the members of an object by name.
type Fields map[string]Field

// Any is a value that code reads.
func Any() Field { return Field{form: anything} }

// Text is a string, one of values if there are any.
func Text(values ...string) Field { return Field{form: text, values: values} }

// Flag is a boolean.
func Flag() Field { return Field{form: flag} }

// Whole is a number without a fraction that fits 64 bits.
func Whole() Field { return Field{form: whole} }

// Number is any number.
func Number() Field { return Field{form: number} }

// Object has the members of fields and no others.
func Object(fields Fields) Field { return Field{form: object, members: fields} }

// List is an array of elements.
func List(element Field) Field { return Field{form: list, element: &element} }

// Dict is an object with any names, and elements for values.
func Dict(element Field) Field { return Field{form: dict, element: &element} }

// Output is a property that only the service sets.
func Output() Field { return Field{readOnly: true} }

// Outputs are properties of these names that only the service sets.
func Outputs(names ...string) Fields { return Each(Output(), names...) }

// Each gives every name the same field.
func Each(field Field, names ...string) Fields {
	fields := make(Fields, len(names))
	for _, name := range names {
		fields[name] = field
	}
	return fields
}

// Required refuses a request without the property.
func (f Field) Required() Field { f.required = true; return f }

// NotNull refuses null, but not a request without the property.
func (f Field) NotNull() Field { f.notNull = true; return f }

// Fixed marks a property that cannot change after the creation.
func (f Field) Fixed() Field { f.fixed = true; return f }

// Within bounds a whole number, bounds included.
func (f Field) Within(min, max int64) Field { f.min, f.max = min, max; return f }

// Since names the first version of the API that knows the property.
func (f Field) Since(version string) Field { f.since = version; return f }

// Only names the values that the sandbox emulates.
func (f Field) Only(values ...any) Field { f.only = values; return f }

// Default is the value shown until one is set.
func (f Field) Default(value any) Field { f.initial = value; return f }

// NullUntilSet shows an object as null, instead of with its members' defaults,
// until it is set.
func (f Field) NullUntilSet() Field { f.nullUntilSet = true; return f }

// Members are the fields of an object.
func (f Field) Members() Fields { return f.members }

// KnownAt says whether a version of the API knows the property.
func (f Field) KnownAt(version string) bool { return version >= f.since }

// Changeable says whether a request can change the property.
func (f Field) Changeable() bool { return !f.readOnly && !f.fixed }

// With returns fields and more.
func (fields Fields) With(more ...Fields) Fields {
	all := maps.Clone(fields)
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}
