package plugin

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiplugin "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// A drift is how inputs differ from a state, as Terraform's plan finds it.
type drift struct {
	ignored []resource.PropertyPath
	found   map[string]pulumiplugin.PropertyDiff // by path
}

// plan compares new inputs with the state, except for what changes are ignored
// of.
func (r Resource) plan(news, state resource.PropertyMap, ignore []string) drift {
	plan := drift{ignored: paths(ignore), found: map[string]pulumiplugin.PropertyDiff{}}
	plan.record("", r.Args, news, state)
	all := drift{found: map[string]pulumiplugin.PropertyDiff{}}
	all.record("", r.Args, news, state)
	for input, output := range r.Bridge.Recomputed {
		if all.touches(input) && !plan.ignores(output) {
			plan.found[output] = pulumiplugin.PropertyDiff{Kind: pulumiplugin.DiffUpdate}
		}
	}
	return plan
}

// paths leaves out what is no path: the engine has refused it before.
func paths(texts []string) []resource.PropertyPath {
	var all []resource.PropertyPath
	for _, text := range texts {
		if path, err := resource.ParsePropertyPath(text); err == nil {
			all = append(all, path)
		}
	}
	return all
}

func (d drift) ignores(path string) bool {
	for _, parsed := range paths([]string{path}) {
		for _, ignored := range d.ignored {
			if ignored.Contains(parsed) {
				return true
			}
		}
	}
	return false
}

// touches reports whether a property, something in it or something around it
// differs.
func (d drift) touches(path string) bool {
	for found := range d.found {
		if found == path || strings.HasPrefix(found, path+".") || strings.HasPrefix(path, found+".") {
			return true
		}
	}
	return false
}

func (d drift) record(path string, t *Type, given, state resource.PropertyMap) {
	for name, field := range t.Fields {
		key := resource.PropertyKey(name)
		d.value(join(path, name), field, given[key], state[key])
	}
}

func (d drift) value(path string, f Field, given, state resource.PropertyValue) {
	if d.ignores(path) {
		return
	}
	given, state = reveal(given), reveal(state)
	kind := pulumiplugin.DiffUpdate
	switch {
	case given.IsComputed():
	case given.IsNull():
		if f.Computed || f.isDefault(state) {
			return
		}
		kind = pulumiplugin.DiffDelete
	case f.Type.Kind == Record && given.IsObject() && (state.IsObject() || state.IsNull()):
		var was resource.PropertyMap
		if state.IsObject() {
			was = state.ObjectValue()
		}
		d.record(path, f.Type, given.ObjectValue(), was)
		return
	case f.Type.Kind == List && given.IsArray() && state.IsArray():
		if f.sameList(given.ArrayValue(), state.ArrayValue()) {
			return
		}
	case bareValue(given).DeepEquals(bareValue(state)) || isZero(given) && isZero(state):
		return
	case state.IsNull():
		kind = pulumiplugin.DiffAdd
	}
	d.found[path] = pulumiplugin.PropertyDiff{Kind: kind}
}

// same reports whether a given value is what the state has.
func (f Field) same(given, state resource.PropertyValue) bool {
	d := drift{found: map[string]pulumiplugin.PropertyDiff{}}
	d.value("", f, given, state)
	return len(d.found) == 0
}

// sameList compares lists. Those of sets may be in any order.
func (f Field) sameList(given, state []resource.PropertyValue) bool {
	if len(given) != len(state) {
		return false
	}
	element, used := Field{Type: f.Type.Element}, make([]bool, len(state))
	for i := range given {
		found := false
		for j := range state {
			if (f.Set || i == j) && !used[j] && element.same(given[i], state[j]) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// isDefault reports whether a value is what a property has if nobody gives one.
func (f Field) isDefault(value resource.PropertyValue) bool {
	value = reveal(value)
	switch {
	case value.IsNull():
		return true
	case f.Default != nil:
		return value.DeepEquals(resource.NewPropertyValue(f.Default))
	case f.Type.Kind == Record && value.IsObject():
		for name, field := range f.Type.Fields {
			if !field.isDefault(value.ObjectValue()[resource.PropertyKey(name)]) {
				return false
			}
		}
		return true
	case f.Type.Kind == List && f.Type.Element.Kind == Record && value.IsArray():
		for _, element := range value.ArrayValue() {
			if !(Field{Type: f.Type.Element}).isDefault(element) {
				return false
			}
		}
		return true
	}
	return isZero(value)
}

// isZero reports whether a value is the zero of its type, which Terraform does
// not tell from a missing one.
func isZero(value resource.PropertyValue) bool {
	switch v := plainValue(value).(type) {
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == ""
	default:
		return isEmpty(v)
	}
}

// planned completes the call of an update: inputs whose changes are ignored, and
// computed ones that are not given, keep the state's values.
func (r Resource) planned(call *Call, req pulumiplugin.UpdateRequest) {
	plan := r.plan(req.NewInputs, req.OldOutputs, req.IgnoreChanges)
	inputs := resource.NewProperty(req.NewInputs.Copy())
	for _, path := range plan.ignored {
		if value, ok := path.Get(resource.NewProperty(req.OldOutputs)); ok && r.Args.Has(root(path.String())) {
			if changed, ok := path.Add(inputs, value); ok {
				inputs = changed
			}
		}
	}
	call.Inputs, call.OldInputs, call.plan = plain(inputs.ObjectValue()), Object{}, &plan
	for name, field := range r.Args.Fields {
		if value, ok := call.State[name]; ok {
			call.OldInputs[name] = value
			if _, given := call.Inputs[name]; field.Computed && !given {
				call.Inputs[name] = value
			}
		}
	}
}
