package plugin

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
)

// This file makes the schema of the types of inputs and outputs, and compares it
// with the committed one. After a look at the difference, accept it with
// go test ./plugin -run TestSchema -update.

var update = flag.Bool("update", false, "rewrite schema.json")

// served are the components, their inputs and outputs.
var served = []struct {
	name            string
	inputs, outputs any
}{
	{"API", apiArgs{}, apiOutputs{}},
	{"Client", clientArgs{}, clientOutputs{}},
	{"FunctionApp", functionAppArgs{}, functionAppOutputs{}},
}

// named are the types of members, by their names in the schema.
var named = map[string]any{"Role": role{}, "Federation": federation{}, "Identity": identity{}, "APIReference": apiReference{}}

type fields = map[string]any

func TestSchema(t *testing.T) {
	t.Parallel()
	docs := readDocs(t, "args.go", "outputs.go")
	types, resources := fields{}, fields{}
	for name, value := range named {
		properties, required := describe(t, docs, reflect.TypeOf(value), name != "APIReference")
		types["app-to-app:components:"+name] = fields{"type": "object", "description": docs.of(t, reflect.TypeOf(value).Name()), "properties": properties, "required": required}
	}
	for _, component := range served {
		inputs, requiredInputs := describe(t, docs, reflect.TypeOf(component.inputs), false)
		outputs, required := describe(t, docs, reflect.TypeOf(component.outputs), false)
		resources["app-to-app:components:"+component.name] = fields{
			"isComponent": true, "description": docs.of(t, reflect.TypeOf(component.inputs).Name()),
			"inputProperties": inputs, "requiredInputs": requiredInputs, "properties": outputs, "required": required,
		}
	}
	var made bytes.Buffer
	encoder := json.NewEncoder(&made)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(fields{
		"name": Name, "version": Version, "displayName": "App-to-app",
		"description": "An API and its clients as function apps, with app roles instead of shared secrets",
		"language":    fields{}, "types": types, "resources": resources,
	}); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.json", made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made.Bytes(), Schema) {
		t.Errorf("schema.json is not what the types say; fix: go test ./plugin -run TestSchema -update; got\n%s", made.String())
	}
}

// describe are the properties of a struct's fields, and which are required. In a
// plain type every member is plain.
func describe(t *testing.T, docs docs, of reflect.Type, plain bool) (properties fields, required []string) {
	t.Helper()
	properties, required = fields{}, []string{}
	for i := range of.NumField() {
		field := of.Field(i)
		if field.Anonymous {
			more, needed := describe(t, docs, field.Type, plain)
			for name, property := range more {
				properties[name] = property
			}
			required = append(required, needed...)
			continue
		}
		tag := strings.Split(field.Tag.Get("pulumi"), ",")
		if tag[0] == "" {
			t.Fatalf("%s.%s: expected the tag pulumi", of, field.Name)
		}
		property := typeOf(t, field.Type, field.Tag.Get("type"), plain)
		property["description"] = docs.of(t, of.Name()+"."+field.Name)
		properties[tag[0]] = property
		if !slices.Contains(tag[1:], "optional") {
			required = append(required, tag[0])
		}
	}
	slices.Sort(required)
	return properties, required
}

// typeOf is the type of a field in the schema.
func typeOf(t *testing.T, of reflect.Type, reference string, plain bool) fields {
	t.Helper()
	switch of {
	case reflect.TypeFor[pulumi.StringInput](), reflect.TypeFor[pulumi.StringOutput](), reflect.TypeFor[pulumi.StringPtrInput]():
		return fields{"type": "string"}
	case reflect.TypeFor[pulumi.StringMapInput]():
		return fields{"type": "object", "additionalProperties": fields{"type": "string"}}
	case reflect.TypeFor[pulumi.ArrayOutput]():
		return fields{"type": "array", "items": fields{"type": "object", "additionalProperties": fields{"$ref": "pulumi.json#/Any"}}}
	case reflect.TypeFor[pulumi.MapInput](), reflect.TypeFor[pulumi.Map]():
		for name, value := range named {
			if reflect.TypeOf(value).Name() == reference {
				return fields{"$ref": "#/types/app-to-app:components:" + name}
			}
		}
		t.Fatalf("expected the tag type to name a type of the schema, got %q", reference)
	}
	property := fields{}
	switch of.Kind() {
	case reflect.Pointer:
		return typeOf(t, of.Elem(), reference, plain)
	case reflect.String:
		property["type"] = "string"
	case reflect.Bool:
		property["type"] = "boolean"
	case reflect.Int:
		property["type"] = "integer"
	case reflect.Float64:
		property["type"] = "number"
	case reflect.Slice:
		property["type"], property["items"] = "array", typeOf(t, of.Elem(), "", plain)
	case reflect.Map:
		property["type"], property["additionalProperties"] = "object", typeOf(t, of.Elem(), "", plain)
	case reflect.Struct:
		for name, value := range named {
			if reflect.TypeOf(value) == of {
				property["$ref"] = "#/types/app-to-app:components:" + name
			}
		}
	}
	if property["type"] == nil && property["$ref"] == nil {
		t.Fatalf("expected a type that a schema has, got %s", of)
	}
	property["plain"] = true
	return property
}

// docs are the comments of types and of fields, as TYPE and TYPE.FIELD.
type docs map[string]string

func readDocs(t *testing.T, files ...string) docs {
	t.Helper()
	found := make(docs)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.TYPE {
				continue
			}
			spec := general.Specs[0].(*ast.TypeSpec)
			found[spec.Name.Name] = strings.TrimSpace(general.Doc.Text())
			if structure, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range structure.Fields.List {
					for _, name := range field.Names {
						found[spec.Name.Name+"."+name.Name] = strings.TrimSpace(field.Doc.Text())
					}
				}
			}
		}
	}
	return found
}

// of is a description, which nothing goes without.
func (d docs) of(t *testing.T, name string) string {
	t.Helper()
	if !strings.HasSuffix(d[name], ".") {
		t.Errorf("%s: expected a comment that is a sentence, got %q", name, d[name])
	}
	return d[name]
}

// TestNothingIsLeftOut compares the inputs with the arguments of the Go
// components: each is an input, or it is known why not.
func TestNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{ // of the Go arguments that have another name
		"Place.ResourceGroupName": "resourceGroupName", "Place.Location": "location", "Place.SubscriptionID": "subscriptionId",
		"Tenant.ID": "tenantId", "Tenant.AuthorityHost": "authorityHost", "Tenant.ExchangeAudience": "authorityHost",
		"Owners.ObjectIDs": "owners", "Owners.Pinned": "owners", "Package.Path": "code", "Package.SHA256": "code", "Package.Publisher": "publisher", "Package.Routes": "code",
		"DailyLogCapGB": "dailyLogCapGb", "API": "api", "Identity.Kind": "identity", "Identity.Rotation": "identity", "Identity.Federation": "identity",
		"Identity.ObjectID": "identity", "Identity.ClientID": "identity", "Previous": "previousIdentity",
		"FunctionApp.Package": "code", "FunctionApp.TokenProviders": "tokenProviders", "FunctionApp.Schedule": "schedule", "FunctionApp.DailyLogCapGB": "dailyLogCapGb",
	}
	unused := make(map[string]bool)
	for name := range leftOut {
		unused[name] = true
	}
	for i, args := range []any{components.APIArgs{}, components.ClientArgs{}, components.FunctionAppArgs{}} {
		properties, _ := describe(t, readDocs(t, "args.go"), reflect.TypeOf(served[i].inputs), false)
		of := reflect.TypeOf(args)
		for _, argument := range argumentsOf(of) {
			name := inputs[argument]
			if name == "" {
				name = strings.ToLower(argument[:1]) + argument[1:]
			}
			full := of.Name() + "." + argument
			delete(unused, full)
			if _, ok := properties[name]; ok == (leftOut[full] != "") {
				t.Errorf("%s: expected an input %q, or a reason in leftOut for having none, got an input: %t", full, name, ok)
			}
		}
	}
	for name := range unused {
		t.Errorf("leftOut: expected an argument, got %q, which no component has", name)
	}
}

// argumentsOf are the arguments of a component; those that belong together are
// listed one by one.
func argumentsOf(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		field, inner := of.Field(i), of.Field(i).Type
		if inner.Kind() == reflect.Pointer && field.Name == "FunctionApp" {
			inner = inner.Elem()
		}
		if inner.Kind() != reflect.Struct {
			names = append(names, field.Name)
			continue
		}
		for j := range inner.NumField() {
			names = append(names, field.Name+"."+inner.Field(j).Name)
		}
	}
	return names
}

// schemaProperties are the outputs of a component in the schema.
func schemaProperties(t *testing.T, component string) fields {
	t.Helper()
	var schema struct {
		Resources map[string]struct{ Properties fields }
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	properties := schema.Resources["app-to-app:components:"+component].Properties
	if len(properties) == 0 {
		t.Fatalf("expected outputs of %s in the schema, got none", component)
	}
	return properties
}
