package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func newSpec(t *testing.T) *schema.PackageSpec {
	t.Helper()
	m, err := newModel(t, miniature)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := expand(m)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// same compares as JSON, because the specs contain pointers.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestExpandResource(t *testing.T) {
	t.Parallel()
	spec := newSpec(t)
	app := spec.Resources["azure-native:web/v20240401:App"]
	same(t, "inputs", names(app.InputProperties), []string{"config", "group", "location", "mode", "reserved", "users"})
	same(t, "outputs", names(app.Properties), []string{"config", "location", "mode", "reserved", "state", "users"})
	same(t, "required inputs", app.RequiredInputs, []string{"group"})
	same(t, "outputs that are always present", app.Required, []string{"location", "state"})
	same(t, "default", app.InputProperties["reserved"].Default, false)
	same(t, "users as given", app.InputProperties["users"].TypeSpec,
		schema.TypeSpec{Type: "array", Items: &schema.TypeSpec{Type: "string"}})
	same(t, "users as returned", app.Properties["users"].TypeSpec,
		schema.TypeSpec{Type: "object", AdditionalProperties: &schema.TypeSpec{Ref: "#/types/azure-native:web/v20240401:ConfigResponse"}})

	older := spec.Resources["azure-native:web:App"]
	same(t, "inputs before mode was added", names(older.InputProperties), []string{"config", "group", "location", "reserved", "users"})
}

func TestExpandAliases(t *testing.T) {
	t.Parallel()
	spec := newSpec(t)
	for token, want := range map[string]string{
		"azure-native:web:App":           "azure-native:web/v20220901:App azure-native:web/v20240401:App",
		"azure-native:web/v20240401:App": "azure-native:web/v20220901:App azure-native:web:App",
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, alias := range spec.Resources[token].Aliases {
				got = append(got, alias.Type)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestExpandTypes(t *testing.T) {
	t.Parallel()
	spec := newSpec(t)
	same(t, "types", names(spec.Types), []string{
		"azure-native:web/v20240401:Config",
		"azure-native:web/v20240401:ConfigInner",
		"azure-native:web/v20240401:ConfigResponse",
		"azure-native:web/v20240401:ConfigResponseInner",
		"azure-native:web/v20240401:Kind",
		"azure-native:web/v20240401:Mode",
		"azure-native:web:Config",
		"azure-native:web:ConfigInner",
		"azure-native:web:ConfigResponse",
		"azure-native:web:ConfigResponseInner",
		"azure-native:web:Kind",
	})
	kind := schema.TypeSpec{Ref: "#/types/azure-native:web/v20240401:Kind"}
	same(t, "open enum as given", spec.Types["azure-native:web/v20240401:Config"].Properties["kind"].TypeSpec,
		schema.TypeSpec{OneOf: []schema.TypeSpec{{Type: "string"}, kind}})
	same(t, "enum as returned", spec.Types["azure-native:web/v20240401:ConfigResponse"].Properties["kind"].TypeSpec,
		schema.TypeSpec{Type: "string"})
	same(t, "strict enum as given", spec.Resources["azure-native:web/v20240401:App"].InputProperties["mode"].TypeSpec,
		schema.TypeSpec{Ref: "#/types/azure-native:web/v20240401:Mode"})
	same(t, "values before b was added", len(spec.Types["azure-native:web:Kind"].Enum), 1)
	same(t, "values with b", len(spec.Types["azure-native:web/v20240401:Kind"].Enum), 2)
}

func TestExpandFunction(t *testing.T) {
	t.Parallel()
	f := newSpec(t).Functions["azure-native:web:listKeys"]
	same(t, "inputs", names(f.Inputs.Properties), []string{"name"})
	same(t, "required inputs", f.Inputs.Required, []string{"name"})
	result := f.ReturnType.ObjectTypeSpec
	same(t, "keys", result.Properties["keys"].TypeSpec, schema.TypeSpec{
		Type: "object",
		AdditionalProperties: &schema.TypeSpec{
			Type: "array", Items: &schema.TypeSpec{Type: "string"},
		},
	})
	same(t, "results that are always present", result.Required, []string(nil))
}

// TestNothingUnused fails on a type of the model that no resource or function
// uses: it would look supported, but not be generated.
func TestNothingUnused(t *testing.T) {
	t.Parallel()
	m, err := readModel(committedModel)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := expand(m)
	if err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{}
	for token := range spec.Types {
		reached[token[strings.LastIndex(token, ":")+1:]] = true
	}
	for _, mod := range m.Modules {
		for name := range mod.Enums {
			if !reached[name] {
				t.Errorf("enum %s is not used", name)
			}
		}
		for name, o := range mod.Types {
			e := expander{module: mod}
			if !reached[name] && !reached[e.typeName(name, o, output)] {
				t.Errorf("type %s is not used", name)
			}
		}
	}
}
