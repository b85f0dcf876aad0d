package plugin

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A Bridge says that the official provider is a Terraform provider behind
// Pulumi's bridge (https://github.com/pulumi/pulumi-terraform-bridge). Such a
// provider differs from a native one:
//   - Check adds the defaults of Terraform's schema to the inputs, and lists
//     what it added in __defaults.
//   - Diff compares the inputs with the state. So a refresh need not copy what
//     it found into the inputs, and only updates those that the program gives.
//   - A property that the program stops giving goes back to its default, unless
//     it is computed.
//   - The state has every property, null where nothing is, and id and __meta.
type Bridge struct {
	SchemaVersion int  // of Terraform's schema
	NoUpdate      bool // Terraform's schema has no timeout for updates

	// Recomputed are outputs by the input that they are computed from. A plan
	// that changes the input has them as unknown, even if the change itself is
	// ignored.
	Recomputed map[string]string
}

// Names that the bridge adds to inputs and to states.
const (
	defaultsKey = "__defaults"
	metaKey     = "__meta"
)

// timeoutsKey is where Terraform's SDK keeps a resource's timeouts
// (terraform-plugin-sdk, schema.TimeoutKey).
const timeoutsKey = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"

// meta is what the bridge keeps of Terraform's private state.
func (r Resource) meta() string {
	in := func(timeout time.Duration) time.Duration { return cmp.Or(timeout, defaultTimeout) }
	timeouts := map[string]time.Duration{
		"create": in(r.Timeouts.Create), "read": in(r.Timeouts.Read), "update": in(r.Timeouts.Update), "delete": in(r.Timeouts.Delete),
	}
	if r.Bridge.NoUpdate {
		delete(timeouts, "update")
	}
	meta := map[string]any{timeoutsKey: timeouts}
	if r.Bridge.SchemaVersion > 0 {
		meta["schema_version"] = strconv.Itoa(r.Bridge.SchemaVersion)
	}
	encoded, _ := json.Marshal(meta) // of numbers and texts only
	return string(encoded)
}

// withDefaults adds the defaults to inputs, at every level.
func withDefaults(given resource.PropertyMap, t *Type) resource.PropertyMap {
	result, added := resource.PropertyMap{}, []string{}
	for key, value := range given {
		if field, ok := t.Fields[string(key)]; ok && !reveal(value).IsNull() {
			result[key] = inside(value, func(v resource.PropertyValue) resource.PropertyValue { return defaultsIn(v, field.Type) })
		} else if resource.IsInternalPropertyKey(key) {
			result[key] = value
		}
	}
	for name, field := range t.Fields {
		if key := resource.PropertyKey(name); field.Default != nil && result[key].V == nil {
			result[key] = resource.NewPropertyValue(field.Default)
			added = append(added, name)
		}
	}
	slices.Sort(added)
	result[defaultsKey] = resource.NewPropertyValue(added)
	return result
}

func defaultsIn(value resource.PropertyValue, t *Type) resource.PropertyValue {
	switch {
	case t.Kind == Record && value.IsObject():
		return resource.NewProperty(withDefaults(value.ObjectValue(), t))
	case t.Kind == List && value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = inside(element, func(v resource.PropertyValue) resource.PropertyValue { return defaultsIn(v, t.Element) })
		}
		return resource.NewProperty(elements)
	}
	return value
}

// inside changes a value that may be secret or an output.
func inside(value resource.PropertyValue, change func(resource.PropertyValue) resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return resource.MakeSecret(inside(value.SecretValue().Element, change))
	case value.IsOutput():
		output := value.OutputValue()
		if output.Known {
			output.Element = inside(output.Element, change)
		}
		return resource.NewProperty(output)
	}
	return change(value)
}

// complete adds to outputs what the bridge adds to every state. After a creation
// or an update (applied), lists and maps that the program does not give are null
// and not empty: Terraform keeps what was planned.
func (r Resource) complete(outputs resource.PropertyMap, id string, inputs resource.PropertyMap, applied bool) {
	for name := range r.State.Fields {
		key := resource.PropertyKey(name)
		value := outputs[key]
		_, given := inputs[key]
		if value.V == nil || applied && !given && r.Args.Fields[name].plannedAsNull() && isEmpty(plainValue(value)) {
			outputs[key] = resource.NewNullProperty()
		}
	}
	outputs["id"] = resource.NewProperty(id)
	outputs[metaKey] = resource.NewProperty(r.meta())
}

// plannedAsNull reports whether Terraform plans null for the input if it is not
// given. It plans an empty list for a list of blocks, and leaves a computed
// property open.
func (f Field) plannedAsNull() bool {
	if f.Type == nil || f.Computed {
		return false
	}
	return f.Type.Kind == Map || f.Type.Kind == List && f.Type.Element.Kind != Record
}

// refreshed returns the old inputs with their values in the state.
func refreshed(olds, state resource.PropertyMap, t *Type) resource.PropertyMap {
	result, kept := resource.PropertyMap{}, map[string]bool{}
	for key, old := range olds {
		field, ok := t.Fields[string(key)]
		now := state[key]
		switch {
		case !ok:
			result[key] = old
		case field.same(old, now):
			result[key], kept[string(key)] = old, true
		case now.V == nil:
		default:
			result[key] = inside(old, func(was resource.PropertyValue) resource.PropertyValue {
				if now = reveal(now); was.IsObject() && now.IsObject() && field.Type.Kind == Record {
					return resource.NewProperty(refreshed(was.ObjectValue(), now.ObjectValue(), field.Type))
				}
				return now
			})
		}
	}
	if defaults := olds[defaultsKey]; defaults.IsArray() {
		result[defaultsKey] = resource.NewProperty(slices.DeleteFunc(slices.Clone(defaults.ArrayValue()), func(name resource.PropertyValue) bool {
			return !name.IsString() || !kept[name.StringValue()]
		}))
	}
	return result
}

// imported returns the inputs that explain a state: what is required, and what is
// not the default.
func imported(state resource.PropertyMap, t *Type, required []string) resource.PropertyMap {
	result := resource.PropertyMap{defaultsKey: resource.NewProperty([]resource.PropertyValue{})}
	for name, field := range t.Fields {
		value := reveal(state[resource.PropertyKey(name)])
		must := field.Required || slices.Contains(required, name)
		if value.IsNull() || field.Unimported || !must && field.isDefault(value) {
			continue
		}
		result[resource.PropertyKey(name)] = importedValue(value, field.Type)
	}
	return result
}

func importedValue(value resource.PropertyValue, t *Type) resource.PropertyValue {
	switch {
	case t.Kind == Record && value.IsObject():
		return resource.NewProperty(imported(value.ObjectValue(), t, nil))
	case t.Kind == List && value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = importedValue(reveal(element), t.Element)
		}
		return resource.NewProperty(elements)
	}
	return value
}
