package componentstest

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Value walks into properties; the zero value when there is nothing.
func Value(inputs resource.PropertyMap, path ...string) resource.PropertyValue {
	current := resource.NewProperty(inputs)
	for _, key := range path {
		if !current.IsObject() {
			return resource.PropertyValue{}
		}
		current = current.ObjectValue()[resource.PropertyKey(key)]
	}
	return current
}

// secretMarks are in everything that mocks or the test hand out as a secret.
var secretMarks = []string{"secret-of-", "key-of-", "PRIVATE KEY", "AppKey="}

// Exposed walks a value. It returns the paths of marked strings that are not
// secret, and the number of those that are.
func Exposed(value resource.PropertyValue, secret bool, path string) (plain []string, kept int) {
	add := func(value resource.PropertyValue, secret bool, path string) {
		p, k := Exposed(value, secret, path)
		plain, kept = append(plain, p...), kept+k
	}
	switch {
	case value.IsSecret():
		add(value.SecretValue().Element, true, path)
	case value.IsOutput():
		add(value.OutputValue().Element, secret || value.OutputValue().Secret, path)
	case value.IsObject():
		for key, element := range value.ObjectValue() {
			add(element, secret, path+"."+string(key))
		}
	case value.IsArray():
		for _, element := range value.ArrayValue() {
			add(element, secret, path+"[]")
		}
	case value.IsString() && slices.ContainsFunc(secretMarks, func(mark string) bool { return strings.Contains(value.StringValue(), mark) }):
		if secret {
			return nil, 1
		}
		return []string{path}, 0
	}
	return plain, kept
}
