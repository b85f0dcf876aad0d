package hardening

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components/componentstest"
)

// A Graph is what one stack registers.
type Graph []componentstest.Resource

// A Finding is one thing that a rule is about, and whether it is as the rule
// wants.
type Finding struct {
	Of string
	OK bool
}

// Look is all that the rule is about in a graph.
func (r Rule) Look(g Graph) []Finding { return r.look(g) }

// Breaks are the ways in which the rule can be broken.
func (r Rule) Breaks() []Breakage { return r.breaks }

// A Breakage is a change of one resource that breaks a rule: without a path the
// resource is missing, or is there if add is set; without a value the property is
// missing.
type Breakage struct {
	of, path string
	value    any
	add      bool
}

func (b Breakage) String() string {
	return fmt.Sprintf("%s %s = %v (add %v)", b.of, b.path, b.value, b.add)
}

// Apply breaks a copy of the graph at each resource that the Breakage is about,
// and the rule too.
func (b Breakage) Apply(g Graph, rule Rule) []Graph {
	if b.add {
		if len(rule.look(g)) == 0 {
			return nil // the rule is not about this stack
		}
		return []Graph{append(slices.Clone(g), componentstest.Resource{TypeToken: b.of, Name: "added", Inputs: resource.PropertyMap{}})}
	}
	var broken []Graph
	for i, r := range g {
		if r.TypeToken != b.of || rule.when != nil && !rule.when(g, r) {
			continue
		}
		changed := slices.Clone(g)
		if b.path == "" {
			changed = slices.Delete(changed, i, i+1)
		} else if changed[i].Inputs = with(r.Inputs, strings.Split(b.path, "."), b.value); reflect.DeepEqual(changed[i].Inputs, r.Inputs) {
			continue // it is not there
		}
		broken = append(broken, changed)
	}
	return broken
}

// with is a copy of inputs in which a property is changed, or missing if value
// is nil.
func with(inputs resource.PropertyMap, path []string, value any) resource.PropertyMap {
	changed, key := inputs.Copy(), resource.PropertyKey(path[0])
	switch {
	case len(path) > 1:
		inner := resource.PropertyMap{}
		if changed[key].IsObject() {
			inner = changed[key].ObjectValue()
		}
		changed[key] = resource.NewProperty(with(inner, path[1:], value))
	case value == nil:
		delete(changed, key)
	default:
		changed[key] = resource.NewPropertyValue(value)
	}
	return changed
}
