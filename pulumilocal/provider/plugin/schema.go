package plugin

import (
	"encoding/json"
	"slices"
	"strings"
)

// This file writes the provider's schema
// (https://www.pulumi.com/docs/iac/packages-and-automation/pulumi-packages/schema/).
// The engine asks for it to show what `pulumi import` imported. The rules are: it
// has the emulated types and functions only; nested objects have the names of the
// SDK's structs; there are no descriptions.

type (
	packageSpec struct {
		Name      string                  `json:"name"`
		Version   string                  `json:"version"`
		Meta      *metaSpec               `json:"meta,omitempty"`
		Config    configSpec              `json:"config"`
		Types     map[string]objectSpec   `json:"types"`
		Resources map[string]resourceSpec `json:"resources"`
		Functions map[string]functionSpec `json:"functions"`
	}
	metaSpec struct {
		ModuleFormat string `json:"moduleFormat"`
	}
	configSpec struct {
		Variables map[string]typeSpec `json:"variables"`
	}
	objectSpec struct {
		Type       string              `json:"type,omitempty"`
		Properties map[string]typeSpec `json:"properties"`
		Required   []string            `json:"required,omitempty"`
	}
	resourceSpec struct {
		objectSpec
		InputProperties map[string]typeSpec `json:"inputProperties"`
		RequiredInputs  []string            `json:"requiredInputs,omitempty"`
	}
	functionSpec struct {
		Inputs objectSpec `json:"inputs"`
	}
	typeSpec struct {
		Type                 string    `json:"type,omitempty"`
		Ref                  string    `json:"$ref,omitempty"`
		Items                *typeSpec `json:"items,omitempty"`
		AdditionalProperties *typeSpec `json:"additionalProperties,omitempty"`
		Default              any       `json:"default,omitempty"`
		Secret               bool      `json:"secret,omitempty"`
		WillReplace          bool      `json:"willReplaceOnChanges,omitempty"`
	}
)

// bridgedModules is the module format of bridged providers: the last part of a
// token's module is the type's own name.
const bridgedModules = "(.*)(?:/[^/]*)"

// schema describes the provider.
func (d Definition) schema() ([]byte, error) {
	s := packageSpec{Name: d.Name, Version: d.Version, Config: configSpec{map[string]typeSpec{}},
		Types: map[string]objectSpec{}, Resources: map[string]resourceSpec{}, Functions: map[string]functionSpec{}}
	for _, key := range d.Config {
		s.Config.Variables[key] = typeSpec{Type: "string"}
	}
	for token, r := range d.Resources {
		if strings.Contains(token, ":index/") {
			s.Meta = &metaSpec{bridgedModules}
		}
		spec := resourceSpec{objectSpec: s.object(token, r.State), InputProperties: s.properties(token, r.Args), RequiredInputs: required(r.Args)}
		spec.RequiredInputs = append(spec.RequiredInputs, r.Required...)
		spec.Type, spec.Required = "", nil
		for name, property := range spec.Properties {
			property.Secret = contains(r.Secret, name)
			spec.Properties[name] = property
		}
		for name, property := range spec.InputProperties {
			property.WillReplace = contains(r.Replace, name)
			spec.InputProperties[name] = property
		}
		s.Resources[token] = spec
	}
	for token, f := range d.Functions {
		s.Functions[token] = functionSpec{s.object(token, f.Args)}
	}
	return json.Marshal(s)
}

func (s packageSpec) object(token string, t *Type) objectSpec {
	return objectSpec{Type: "object", Properties: s.properties(token, t), Required: required(t)}
}

func required(t *Type) (names []string) {
	for name, field := range t.Fields {
		if field.Required {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// properties describes a record; token is that of the resource or function around
// it.
func (s packageSpec) properties(token string, t *Type) map[string]typeSpec {
	all := map[string]typeSpec{}
	for name, field := range t.Fields {
		spec := s.typeOf(token, field.Type)
		spec.Default = field.Default
		all[name] = spec
	}
	return all
}

func (s packageSpec) typeOf(token string, t *Type) typeSpec {
	switch t.Kind {
	case String:
		return typeSpec{Type: "string"}
	case Bool:
		return typeSpec{Type: "boolean"}
	case Number:
		if t.Integer {
			return typeSpec{Type: "integer"}
		}
		return typeSpec{Type: "number"}
	case List:
		items := s.typeOf(token, t.Element)
		return typeSpec{Type: "array", Items: &items}
	case Map:
		values := s.typeOf(token, t.Element)
		return typeSpec{Type: "object", AdditionalProperties: &values}
	case Record:
		name := nested(token, t.Name)
		if _, ok := s.Types[name]; !ok {
			s.Types[name] = objectSpec{} // it may contain itself
			s.Types[name] = s.object(token, t)
		}
		return typeSpec{Ref: "#/types/" + name}
	}
	return typeSpec{Ref: "pulumi.json#/Any"}
}

// nested is the token of an object type: in the module of the token around it.
func nested(token, name string) string {
	parts := strings.SplitN(token, ":", 3)
	if module, ok := strings.CutPrefix(parts[1], "index/"); ok && module != "" {
		parts[1] = "index/" + name
	}
	return parts[0] + ":" + parts[1] + ":" + name
}
