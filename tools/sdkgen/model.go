package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A model is schema.yaml: what the comment at its top describes.
type model struct {
	Name     string            `yaml:"name"`
	Version  string            `yaml:"version"`
	Packages map[string]string `yaml:"packages"` // package to API version
	Modules  map[string]module `yaml:"modules"`
}

// A module is one resource provider namespace and one Go module.
type module struct {
	Resources map[string]resource `yaml:"resources"`
	Functions map[string]object   `yaml:"functions"`
	Types     map[string]object   `yaml:"types"`
	Enums     map[string]enum     `yaml:"enums"`
}

type resource struct {
	object   `yaml:",inline"`
	Siblings []string `yaml:"siblings"`
}

type object struct {
	Doc        string              `yaml:"doc"`
	Since      string              `yaml:"since"`
	Within     string              `yaml:"within"`
	Properties map[string]property `yaml:"properties"`
}

type property struct {
	Type      string `yaml:"type"`
	Output    string `yaml:"output"`
	Doc       string `yaml:"doc"`
	Since     string `yaml:"since"`
	Default   any    `yaml:"default"`
	Required  bool   `yaml:"required"`
	ReadOnly  bool   `yaml:"readOnly"`
	WriteOnly bool   `yaml:"writeOnly"`
	Present   bool   `yaml:"present"`
	Optional  bool   `yaml:"optional"`
}

type enum struct {
	Doc    string      `yaml:"doc"`
	Strict bool        `yaml:"strict"`
	Values []enumValue `yaml:"values"`
}

type enumValue struct {
	Value string `yaml:"value"`
	Since string `yaml:"since"`
}

// UnmarshalYAML reads a value with its API version, or only the value.
func (v *enumValue) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		v.Value = node.Value
		return nil
	}
	type plain enumValue
	return node.Decode((*plain)(v))
}

// readModel reads and checks the model. Unknown keys and names are errors, because
// a misspelt one would silently change the SDK.
func readModel(file string) (*model, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	m := new(model)
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return m, nil
}

func (m *model) check() error {
	var problems []error
	for name := range m.Packages {
		if _, ok := m.Modules[moduleOf(name)]; !ok {
			problems = append(problems, fmt.Errorf("package %q: no module %q", name, moduleOf(name)))
		}
	}
	for name, mod := range m.Modules {
		for _, o := range mod.objects() {
			problems = append(problems, mod.checkObject(name+":"+o.name, o.object)...)
		}
		for key, e := range mod.Enums {
			if e.Doc == "" || len(e.Values) == 0 {
				problems = append(problems, fmt.Errorf("%s:%s: an enum needs doc and values", name, key))
			}
		}
	}
	return errors.Join(problems...)
}

func (mod module) checkObject(name string, o object) []error {
	var problems []error
	if o.Doc == "" {
		problems = append(problems, fmt.Errorf("%s: no doc", name))
	}
	if _, ok := mod.Types[o.Within]; o.Within != "" && !ok {
		problems = append(problems, fmt.Errorf("%s: within unknown type %q", name, o.Within))
	}
	for key, p := range o.Properties {
		if p.Doc == "" {
			problems = append(problems, fmt.Errorf("%s.%s: no doc", name, key))
		}
		for _, t := range []string{p.Type, p.Output} {
			if base := baseType(t); t != "" && !mod.knows(base) {
				problems = append(problems, fmt.Errorf("%s.%s: unknown type %q", name, key, base))
			}
		}
		if p.Type == "" {
			problems = append(problems, fmt.Errorf("%s.%s: no type", name, key))
		}
		if p.ReadOnly && (p.WriteOnly || p.Required || p.Present || p.Default != nil) {
			problems = append(problems, fmt.Errorf("%s.%s: readOnly excludes writeOnly, required, present and default", name, key))
		}
	}
	return problems
}

type namedObject struct {
	name   string
	object object
}

// objects returns everything in the module that has properties.
func (mod module) objects() []namedObject {
	var all []namedObject
	for name, r := range mod.Resources {
		all = append(all, namedObject{name, r.object})
	}
	for name, f := range mod.Functions {
		all = append(all, namedObject{name, f})
	}
	for name, t := range mod.Types {
		all = append(all, namedObject{name, t})
	}
	return all
}

var scalars = []string{"string", "boolean", "integer", "number"}

func (mod module) knows(base string) bool {
	_, isType := mod.Types[base]
	_, isEnum := mod.Enums[base]
	return isType || isEnum || slices.Contains(scalars, base)
}

// baseType strips "list of" and "map of".
func baseType(t string) string {
	for {
		rest, ok := strings.CutPrefix(t, "list of ")
		if !ok {
			rest, ok = strings.CutPrefix(t, "map of ")
		}
		if !ok {
			return t
		}
		t = rest
	}
}

// moduleOf returns the module of a package: "web" for "web/v20240401".
func moduleOf(pkg string) string {
	name, _, _ := strings.Cut(pkg, "/")
	return name
}

// holds reports whether version has something that was added in API version
// since. Stable versions are dates, so they compare as text.
func holds(version, since string) bool { return since == "" || since <= version }
