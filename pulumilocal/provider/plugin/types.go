package plugin

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Kind is the kind of a property's value.
type Kind int

// The kinds that the SDKs use. Any allows every value.
const (
	Any Kind = iota
	String
	Number
	Bool
	List
	Map
	Record
)

func (k Kind) String() string {
	return [...]string{"any value", "a string", "a number", "a boolean", "a list", "a map", "an object"}[k]
}

// A Type describes a property's value, as far as the SDKs' Go types show it.
type Type struct {
	Kind    Kind
	Name    string           // of a Record's struct in the SDK
	Integer bool             // a Number without fraction
	Element *Type            // of a List or a Map
	Fields  map[string]Field // of a Record
}

// A Field is one property of a record.
type Field struct {
	Type     *Type
	Required bool
	Traits
}

// Traits are what an SDK's Go types do not show of a property in a Terraform
// schema (see [Bridge]).
type Traits struct {
	Default    any  // if the program gives none
	Computed   bool // keeps its value when the program stops giving one
	Set        bool // a list without order
	Unimported bool // left out of imports, because another property says the same
}

// With is the type with traits of properties, by path; a path goes through the
// elements of lists ("optionalClaims.accessTokens.essential"). It panics at a
// property that is not there.
func (t *Type) With(traits map[string]Traits) *Type {
	for path, one := range traits {
		t = t.with(strings.Split(path, "."), one)
	}
	return t
}

func (t *Type) with(path []string, traits Traits) *Type {
	changed := *t
	if t.Kind == List {
		changed.Element = t.Element.with(path, traits)
		return &changed
	}
	field, ok := t.Fields[path[0]]
	if !ok {
		panic(fmt.Sprintf("expected a property %q in the SDK's type, got none", path[0]))
	}
	if len(path) == 1 {
		field.Traits = traits
	} else {
		field.Type = field.Type.with(path[1:], traits)
	}
	changed.Fields = maps.Clone(t.Fields)
	changed.Fields[path[0]] = field
	return &changed
}

// Has reports whether a record has the property.
func (t *Type) Has(name string) bool {
	_, ok := t.Fields[name]
	return ok
}

// Without is the type without properties, by path ("siteConfig.ftpsState"). A
// property that is not there is no mistake: arguments lack what is only read.
func (t *Type) Without(paths ...string) *Type {
	for _, path := range paths {
		name, inner, isInner := strings.Cut(path, ".")
		field, ok := t.Fields[name]
		if !ok {
			continue
		}
		rest := *t
		rest.Fields = maps.Clone(t.Fields)
		if delete(rest.Fields, name); isInner {
			field.Type = field.Type.Without(inner)
			rest.Fields[name] = field
		}
		t = &rest
	}
	return t
}

// elementTyper is what every input, output and argument struct of the SDKs
// has: the plain Go type behind it.
type elementTyper interface{ ElementType() reflect.Type }

var (
	elementTyperType   = reflect.TypeFor[elementTyper]()
	assetType          = reflect.TypeFor[pulumi.Asset]()
	assetOrArchiveType = reflect.TypeFor[pulumi.AssetOrArchive]()
)

// TypeOf reads the type from a value of an SDK: an argument struct such as
// azuread.ApplicationArgs{}, a resource such as azuread.Application{}, or a
// function's argument struct.
func TypeOf(value any) *Type {
	t, r := reflect.TypeOf(value), reader{}
	if t.Kind() == reflect.Struct && isResource(t) {
		return &Type{Kind: Record, Fields: r.fields(t)}
	}
	return r.read(t)
}

// A reader reads Go types; it remembers what it has read, for types that
// contain themselves.
type reader map[reflect.Type]*Type

func (r reader) read(t reflect.Type) *Type {
	if known, ok := r[t]; ok {
		return known
	}
	if t.Kind() == reflect.Pointer {
		return r.read(t.Elem())
	}
	if t.Kind() != reflect.Interface && t.Implements(elementTyperType) {
		if element := reflect.Zero(t).Interface().(elementTyper).ElementType(); element != t {
			return r.read(element)
		}
	}
	result := &Type{}
	r[t] = result
	switch t.Kind() {
	case reflect.String:
		result.Kind = String
	case reflect.Bool:
		result.Kind = Bool
	case reflect.Int, reflect.Int32, reflect.Int64:
		result.Kind, result.Integer = Number, true
	case reflect.Float32, reflect.Float64:
		result.Kind = Number
	case reflect.Slice:
		result.Kind, result.Element = List, r.read(t.Elem())
	case reflect.Map:
		result.Kind, result.Element = Map, r.read(t.Elem())
	case reflect.Struct:
		result.Kind, result.Name, result.Fields = Record, t.Name(), r.fields(t)
	}
	return result
}

// isResource recognizes resources by the embedded pulumi.CustomResourceState.
func isResource(t reflect.Type) bool {
	field, ok := t.FieldByName("CustomResourceState")
	return ok && field.Anonymous
}

func (r reader) fields(t reflect.Type) map[string]Field {
	fields := map[string]Field{}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, ok := field.Tag.Lookup("pulumi")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		fields[name] = Field{Type: r.read(field.Type), Required: option != "optional" && requires(field.Type)}
	}
	return fields
}

// requires tells from a field's Go type whether it must be set. For lists, maps
// and unions the type does not show it.
func requires(t reflect.Type) bool {
	if t == assetType || t == assetOrArchiveType {
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64, reflect.Struct:
		return true
	}
	return false
}

// Project drops from a value what the type does not have, and what is empty.
func (t *Type) Project(value any) any {
	switch value := value.(type) {
	case Object:
		result := Object{}
		for name, v := range value {
			if field, ok := t.Fields[name]; t.Kind == Record && ok && !isEmpty(v) {
				result[name] = field.Type.Project(v)
			} else if t.Kind == Map || t.Kind == Any {
				result[name] = v
			}
		}
		return result
	case []any:
		if t.Kind != List {
			return value
		}
		result := make([]any, len(value))
		for i, v := range value {
			result[i] = t.Element.Project(v)
		}
		return result
	}
	return value
}
