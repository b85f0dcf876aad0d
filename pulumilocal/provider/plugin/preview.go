package plugin

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

var unknown = resource.MakeComputed(resource.NewProperty(""))

// previewCreate predicts the outputs of a resource that does not exist yet: the
// inputs, and unknowns for the rest.
func (r Resource) previewCreate(inputs resource.PropertyMap) resource.PropertyMap {
	outputs := predict(inputs, r.State)
	r.finish(outputs, inputs)
	return outputs
}

// previewUpdate is the state with the new inputs in it. Outputs that the service
// computes are assumed to stay, unless they depend on the inputs.
func (r Resource) previewUpdate(state, inputs resource.PropertyMap, ignore []string) resource.PropertyMap {
	outputs := state.Copy()
	for key, value := range inputs {
		if field, ok := r.State.Fields[string(key)]; ok {
			outputs[key] = update(outputs[key], value, field.Type)
		}
	}
	if r.OutputsDependOnInputs {
		for name := range r.State.Fields {
			if key := resource.PropertyKey(name); !r.Args.Has(name) {
				outputs[key] = unknown
			}
		}
	}
	if r.Bridge != nil {
		plan := r.plan(inputs, state, ignore)
		for _, output := range r.Bridge.Recomputed {
			if plan.touches(output) {
				outputs[resource.PropertyKey(output)] = unknown
			}
		}
	}
	r.finish(outputs, inputs)
	return outputs
}

// predict fills a record: given values as they are, the others unknown.
func predict(given resource.PropertyMap, t *Type) resource.PropertyMap {
	result := resource.PropertyMap{}
	for name, field := range t.Fields {
		key := resource.PropertyKey(name)
		if value, ok := given[key]; ok {
			result[key] = predictValue(value, field.Type)
		} else {
			result[key] = unknown
		}
	}
	return result
}

func predictValue(value resource.PropertyValue, t *Type) resource.PropertyValue {
	if value.IsSecret() {
		return resource.MakeSecret(predictValue(value.SecretValue().Element, t))
	}
	switch {
	case !value.IsObject() && !value.IsArray(), t.Kind == Any, value.IsObject() && t.Kind == Map:
		return value
	case value.IsObject() && t.Kind == Record:
		return resource.NewProperty(predict(value.ObjectValue(), t))
	case value.IsArray() && t.Kind == List:
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = predictValue(element, t.Element)
		}
		return resource.NewProperty(elements)
	}
	return unknown // the service returns another shape
}

// update lays a new input over an old output.
func update(old, value resource.PropertyValue, t *Type) resource.PropertyValue {
	inner, before := reveal(value), reveal(old)
	if !inner.IsObject() || !before.IsObject() || t.Kind != Record {
		return predictValue(value, t)
	}
	merged := before.ObjectValue().Copy()
	for key, v := range inner.ObjectValue() {
		if field, ok := t.Fields[string(key)]; ok {
			merged[key] = update(merged[key], v, field.Type)
		}
	}
	if value.IsSecret() || old.IsSecret() {
		return resource.MakeSecret(resource.NewProperty(merged))
	}
	return resource.NewProperty(merged)
}

// finish adds to outputs the inputs that are outputs too, and makes secret what
// must be.
func (r Resource) finish(outputs, inputs resource.PropertyMap) {
	anySecret := false
	for key, value := range inputs {
		anySecret = anySecret || value.ContainsSecrets()
		if r.InputsAreOutputs && !resource.IsInternalPropertyKey(key) {
			outputs[key] = value
		}
	}
	annotate(outputs, inputs)
	for key, value := range outputs {
		computed := !r.Args.Has(string(key))
		if !value.IsSecret() && (r.OutputsDependOnInputs && anySecret && computed || contains(r.Secret, string(key))) {
			outputs[key] = resource.MakeSecret(value)
		}
	}
}
