package plugin

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// readInputs returns the inputs that explain how the object of a native provider
// looks now. A refresh takes over only what differs from the old state: defaults
// that the service filled in are not changes. An import has no old state and takes
// everything that is not empty.
func (r Resource) readInputs(old Object, before, now Result) Object {
	asInputs := r.StateAsInputs
	if asInputs == nil {
		asInputs = func(_ string, state Object) Object { return state }
	}
	after := asInputs(now.ID, now.State)
	if len(before.State) == 0 {
		return r.Args.Project(after).(Object)
	}
	return carry(old, asInputs(before.ID, before.State), after, r.Args)
}

// carry applies the changes between before and after to inputs.
func carry(inputs, before, after Object, t *Type) Object {
	result := Object{}
	for name, field := range t.Fields {
		input, given := inputs[name]
		switch {
		case equal(before[name], after[name]):
			if given {
				result[name] = input
			}
		case isEmpty(after[name]):
		default:
			nested, ok := input.(Object)
			was, ok2 := before[name].(Object)
			is, ok3 := after[name].(Object)
			if ok && ok2 && ok3 && field.Type.Kind == Record {
				result[name] = carry(nested, was, is, field.Type)
			} else {
				result[name] = field.Type.Project(after[name])
			}
		}
	}
	return result
}

// restore keeps the old property value wherever the plain value is the same, so
// that secrets stay secret and assets, of which only the hash is read, stay
// assets.
func restore(read Object, old resource.PropertyMap) resource.PropertyMap {
	result := properties(read)
	for key, value := range old {
		if v, ok := read[string(key)]; ok && equal(v, plainValue(value)) {
			result[key] = value
		}
	}
	annotate(result, old)
	return result
}

func contains(names []string, name string) bool { return slices.Contains(names, name) }
