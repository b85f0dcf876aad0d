package plugin

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// readInputs is what the inputs must have been for the object to look as it
// does. At a refresh only what differs from the old state is taken over: what
// the service fills in by itself is no change of the program's. An import has
// no old state; it takes everything that is not empty.
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

// carry takes the changes from before to after over into inputs.
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

// restore puts old property values back where the plain value is the same, so
// that secrets, and assets that are only known by hash, stay what they were.
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
