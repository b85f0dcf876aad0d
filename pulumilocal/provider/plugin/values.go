package plugin

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// This file converts between the engine's property values and plain objects.
// The rules are: a secret or an output becomes the value inside, null becomes
// absent, and an asset or archive becomes its hash.

// reveal takes secrets and known outputs off a value. A nil value is null.
func reveal(value resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case value.IsSecret():
			value = value.SecretValue().Element
		case value.IsOutput() && value.OutputValue().Known:
			value = value.OutputValue().Element
		case value.IsOutput():
			return resource.MakeComputed(resource.NewProperty(""))
		default:
			return value
		}
	}
}

// bare reveals a whole map, so that secrecy does not matter in comparisons.
func bare(properties resource.PropertyMap) resource.PropertyMap {
	result := resource.PropertyMap{}
	for key, value := range properties {
		if !resource.IsInternalPropertyKey(key) {
			result[key] = bareValue(value)
		}
	}
	return result
}

func bareValue(value resource.PropertyValue) resource.PropertyValue {
	value = reveal(value)
	switch {
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = bareValue(element)
		}
		return resource.NewProperty(elements)
	case value.IsObject():
		return resource.NewProperty(bare(value.ObjectValue()))
	}
	return value
}

// plain converts properties to an object.
func plain(properties resource.PropertyMap) Object {
	result := Object{}
	for key, value := range properties {
		if resource.IsInternalPropertyKey(key) {
			continue
		}
		if v := plainValue(value); v != nil {
			result[string(key)] = v
		}
	}
	return result
}

func plainValue(value resource.PropertyValue) any {
	value = reveal(value)
	switch {
	case value.IsBool():
		return value.BoolValue()
	case value.IsNumber():
		return value.NumberValue()
	case value.IsString():
		return value.StringValue()
	case value.IsArray():
		elements := make([]any, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = plainValue(element)
		}
		return elements
	case value.IsObject():
		return plain(value.ObjectValue())
	case value.IsAsset():
		return value.AssetValue().Hash
	case value.IsArchive():
		return value.ArchiveValue().Hash
	}
	return nil
}

// properties converts an object back. It leaves nulls out, because the engine's
// diffs tell null from absent.
func properties(object Object) resource.PropertyMap {
	result := resource.PropertyMap{}
	for key, value := range object {
		if value != nil {
			result[resource.PropertyKey(key)] = property(value)
		}
	}
	return result
}

func property(value any) resource.PropertyValue {
	switch value := value.(type) {
	case []any:
		elements := make([]resource.PropertyValue, len(value))
		for i, element := range value {
			elements[i] = property(element)
		}
		return resource.NewProperty(elements)
	case Object:
		return resource.NewProperty(properties(value))
	}
	return resource.NewPropertyValue(value)
}

// equal compares plain values. Absent, null and empty collections are equal, as
// they are to the services.
func equal(a, b any) bool {
	if isEmpty(a) && isEmpty(b) {
		return true
	}
	return reflect.DeepEqual(a, b)
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case Object:
		return len(value) == 0
	}
	return false
}

// annotate makes outputs secret whose inputs are.
func annotate(outputs, inputs resource.PropertyMap) {
	for key, input := range inputs {
		output, ok := outputs[key]
		switch {
		case !ok || output.IsSecret() || !input.ContainsSecrets():
		case output.IsObject() && input.IsObject():
			annotate(output.ObjectValue(), input.ObjectValue())
		default:
			outputs[key] = resource.MakeSecret(output)
		}
	}
}
