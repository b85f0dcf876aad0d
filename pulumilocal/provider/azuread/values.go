package azuread

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file reads plain values. What is absent or of another type is zero,
// because the types are checked before.

// as returns the value if it has the type, else the type's zero.
func as[T any](value any) T {
	typed, _ := value.(T)
	return typed
}

func text(o plugin.Object, name string) string { return as[string](o[name]) }

func flag(o plugin.Object, name string) bool { return as[bool](o[name]) }

func object(o plugin.Object, name string) plugin.Object { return as[plugin.Object](o[name]) }

// elements returns the elements of a list that have the type.
func elements[T any](value any) []T {
	result := []T{}
	for _, element := range as[[]any](value) {
		if element, ok := element.(T); ok {
			result = append(result, element)
		}
	}
	return result
}

func objects(o plugin.Object, name string) []plugin.Object { return elements[plugin.Object](o[name]) }

func texts(o plugin.Object, name string) []string { return elements[string](o[name]) }

// anyList makes a list for a state or a body. It is never nil.
func anyList[T any](values []T) []any {
	result := make([]any, len(values))
	for i, value := range values {
		result[i] = value
	}
	return result
}

// listOf returns the list itself, or an empty one.
func listOf(o plugin.Object, name string) []any { return as[[]any](listOrEmpty(o[name])) }

// merged is base with the values of over.
func merged(base, over plugin.Object) plugin.Object {
	result := plugin.Object{}
	maps.Copy(result, base)
	maps.Copy(result, over)
	return result
}

// firstFrom returns the first of the named texts that is not empty.
func firstFrom(o plugin.Object, names ...string) string {
	for _, name := range names {
		if value := text(o, name); value != "" {
			return value
		}
	}
	return ""
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// requireGUIDs checks the inputs that are known.
func requireGUIDs(c *plugin.Check, names ...string) {
	for _, name := range names {
		if value, ok := c.Known(name); ok && !guid.MatchString(value) {
			c.Fail(name, "property %q: expected a GUID, got %q", name, value)
		}
	}
}

// requireOneOf checks that exactly one of the inputs is given.
func requireOneOf(c *plugin.Check, names ...string) {
	given := 0
	for _, name := range names {
		if c.Given(name) {
			given++
		}
	}
	if given != 1 {
		c.Fail(names[0], "expected exactly one of %s, got %d", strings.Join(names, ", "), given)
	}
}

// requireIn checks an input against its allowed values.
func requireIn(c *plugin.Check, name string, allowed ...string) {
	if value, ok := c.Known(name); ok && !slices.Contains(allowed, value) {
		c.Fail(name, "property %q: expected one of %s, got %q", name, strings.Join(allowed, ", "), value)
	}
}

// applicationPath begins the id of an Application, which other resources take as
// applicationId.
const applicationPath = "/applications/"

// requireApplication checks an applicationId. It must be the application's id;
// giving the client id is the most common mistake.
func requireApplication(c *plugin.Check) {
	value, ok := c.Known("applicationId")
	if id, found := strings.CutPrefix(value, applicationPath); ok && !(found && guid.MatchString(id)) {
		c.Fail("applicationId", "property %q: expected the id of an application as /applications/OBJECTID, got %q; use the application's ID() and not its client id", "applicationId", value)
	}
}

// objectIDOf takes the object id out of an applicationId.
func objectIDOf(inputs plugin.Object) string {
	if id := strings.TrimPrefix(text(inputs, "applicationId"), applicationPath); id != "" {
		return id
	}
	return text(inputs, "applicationObjectId")
}

// partsOf takes an id apart that has the form of a pattern, such as
// /applications/OBJECTID/appRoles/ROLEID: words in capitals stand for its parts,
// and those that end in ID for GUIDs. Imports and reads need exactly that form.
func partsOf(id, pattern string) ([]string, error) {
	got, want := strings.Split(id, "/"), strings.Split(pattern, "/")
	var parts []string
	for i, word := range want {
		if i == len(want)-1 && len(got) > len(want) {
			got = append(got[:i], strings.Join(got[i:], "/")) // the last part may have slashes
		}
		isPart := word != "" && word == strings.ToUpper(word)
		if i >= len(got) || !isPart && got[i] != word || isPart && got[i] == "" || isPart && strings.HasSuffix(word, "ID") && !guid.MatchString(got[i]) {
			return nil, fmt.Errorf("expected an id like %s, got %q", pattern, id)
		}
		if isPart {
			parts = append(parts, got[i])
		}
	}
	return parts, nil
}
