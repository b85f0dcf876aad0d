package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// An expander converts one package of the model to Pulumi's schema. It adds a type
// when a resource or function refers to it, as an input or as an output.
type expander struct {
	name    string // of the package: web/v20240401
	version string // its API version
	module  module
	spec    *schema.PackageSpec
}

// expand converts the model to Pulumi's schema.
func expand(m *model) (*schema.PackageSpec, error) {
	spec := &schema.PackageSpec{
		Name:      m.Name,
		Version:   m.Version,
		Types:     map[string]schema.ComplexTypeSpec{},
		Resources: map[string]schema.ResourceSpec{},
		Functions: map[string]schema.FunctionSpec{},
		Provider:  &schema.ResourceSpec{},
	}
	language, err := json.Marshal(goSettings())
	if err != nil {
		return nil, err
	}
	spec.Language = map[string]schema.RawMessage{"go": language}
	for _, name := range slices.Sorted(maps.Keys(m.Packages)) {
		e := expander{name: name, version: m.Packages[name], module: m.Modules[moduleOf(name)], spec: spec}
		for name, r := range e.module.Resources {
			e.addResource(name, r)
		}
		for name, f := range e.module.Functions {
			e.addFunction(name, f)
		}
	}
	return spec, nil
}

func (e *expander) addResource(name string, r resource) {
	if !holds(e.version, r.Since) {
		return
	}
	inputs := e.object(r.object, input)
	e.spec.Resources[e.token(name)] = schema.ResourceSpec{
		ObjectTypeSpec:  e.object(r.object, output),
		InputProperties: inputs.Properties,
		RequiredInputs:  inputs.Required,
		Aliases:         e.aliases(name, r.Siblings),
	}
}

// aliases lists the same resource in the other API versions and in the module's
// root package, so that switching between them does not replace it.
func (e *expander) aliases(name string, siblings []string) []schema.AliasSpec {
	packages := make([]string, 0, len(siblings)+1)
	for _, s := range siblings {
		packages = append(packages, moduleOf(e.name)+"/"+s)
	}
	packages = append(packages, moduleOf(e.name))
	var aliases []schema.AliasSpec
	for _, p := range packages {
		if p != e.name {
			aliases = append(aliases, schema.AliasSpec{Type: "azure-native:" + p + ":" + name})
		}
	}
	return aliases
}

func (e *expander) addFunction(name string, f object) {
	if !holds(e.version, f.Since) {
		return
	}
	inputs, outputs := e.object(f, input), e.object(f, output)
	e.spec.Functions[e.token(name)] = schema.FunctionSpec{
		Description: f.Doc,
		Inputs:      &inputs,
		ReturnType:  &schema.ReturnTypeSpec{ObjectTypeSpec: &outputs},
	}
}

// A form of a type is its input or its output.
type form int

const (
	input form = iota
	output
)

// object returns the input or the output form of an object.
func (e *expander) object(o object, f form) schema.ObjectTypeSpec {
	spec := schema.ObjectTypeSpec{Type: "object", Description: o.Doc, Properties: map[string]schema.PropertySpec{}}
	for _, name := range slices.Sorted(maps.Keys(o.Properties)) {
		p := o.Properties[name]
		if !holds(e.version, p.Since) || f == input && p.ReadOnly || f == output && p.WriteOnly {
			continue
		}
		typeName := p.Type
		if f == output && p.Output != "" {
			typeName = p.Output
		}
		spec.Properties[name] = schema.PropertySpec{
			TypeSpec:    e.typeSpec(typeName, f),
			Description: p.Doc,
			Default:     p.Default,
		}
		if p.Required || f == output && (p.Present || p.ReadOnly && !p.Optional) {
			spec.Required = append(spec.Required, name)
		}
	}
	return spec
}

func (e *expander) typeSpec(name string, f form) schema.TypeSpec {
	if element, ok := strings.CutPrefix(name, "list of "); ok {
		items := e.typeSpec(element, f)
		return schema.TypeSpec{Type: "array", Items: &items}
	}
	if element, ok := strings.CutPrefix(name, "map of "); ok {
		values := e.typeSpec(element, f)
		return schema.TypeSpec{Type: "object", AdditionalProperties: &values}
	}
	if values, ok := e.module.Enums[name]; ok {
		return e.enumSpec(name, values, f)
	}
	if o, ok := e.module.Types[name]; ok {
		return e.reference(e.typeName(name, o, f), func() schema.ComplexTypeSpec {
			return schema.ComplexTypeSpec{ObjectTypeSpec: e.object(o, f)}
		})
	}
	return schema.TypeSpec{Type: name}
}

// typeName is the name of a type's form. If a type is defined in another one,
// "Response" comes after the name of the outer type.
func (e *expander) typeName(name string, o object, f form) string {
	if f == input {
		return name
	}
	if own, ok := strings.CutPrefix(name, o.Within); ok && o.Within != "" {
		return o.Within + "Response" + own
	}
	return name + "Response"
}

// enumSpec returns an enum. Outputs are plain strings, because the service may
// return newer values.
func (e *expander) enumSpec(name string, values enum, f form) schema.TypeSpec {
	if f == output {
		return schema.TypeSpec{Type: "string"}
	}
	reference := e.reference(name, func() schema.ComplexTypeSpec {
		spec := schema.ComplexTypeSpec{ObjectTypeSpec: schema.ObjectTypeSpec{Type: "string", Description: values.Doc}}
		for _, v := range values.Values {
			if holds(e.version, v.Since) {
				spec.Enum = append(spec.Enum, schema.EnumValueSpec{Name: v.Value, Value: v.Value})
			}
		}
		return spec
	})
	if values.Strict {
		return reference
	}
	return schema.TypeSpec{OneOf: []schema.TypeSpec{{Type: "string"}, reference}}
}

// reference refers to a type of this package and adds it if needed.
func (e *expander) reference(name string, build func() schema.ComplexTypeSpec) schema.TypeSpec {
	token := e.token(name)
	if _, ok := e.spec.Types[token]; !ok {
		e.spec.Types[token] = schema.ComplexTypeSpec{} // stops recursion
		e.spec.Types[token] = build()
	}
	return schema.TypeSpec{Ref: fmt.Sprintf("#/types/%s", token)}
}

func (e *expander) token(name string) string { return "azure-native:" + e.name + ":" + name }
