package azurenative

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file translates between a program's properties, which are flat, and ARM's,
// most of which are inside the object properties.

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// pathInputs are the inputs in a path.
func pathInputs(path string) []string {
	var inputs []string
	for _, match := range placeholder.FindAllStringSubmatch(path, -1) {
		if match[1] != "subscriptionId" {
			inputs = append(inputs, match[1])
		}
	}
	return inputs
}

// id fills a path.
func (r *armResource) id(inputs plugin.Object) string {
	return placeholder.ReplaceAllStringFunc(r.kind.path, func(match string) string {
		name := strings.Trim(match, "{}")
		if name == "subscriptionId" {
			return r.provider.deployer.SubscriptionID
		}
		value, _ := inputs[name].(string)
		return strings.Trim(value, "/") // a scope starts with a slash of its own
	})
}

// fromID takes the inputs in the path out of an id. ARM ids ignore case.
func (r *armResource) fromID(id string) plugin.Object {
	result := plugin.Object{}
	match := regexp.MustCompile("(?i)^" + pattern(r.kind.path) + "$").FindStringSubmatch(id)
	if match == nil {
		return nil
	}
	for i, placeholder := range placeholder.FindAllStringSubmatch(r.kind.path, -1) {
		result[placeholder[1]] = match[i+1]
	}
	delete(result, "subscriptionId")
	for _, input := range wholeIDs {
		if id, ok := result[input].(string); ok {
			result[input] = "/" + id
		}
	}
	return result
}

// wholeIDs are the inputs in paths that are ARM ids themselves.
var wholeIDs = []string{"scope", "resourceUri"}

// pattern is the regular expression of the ids of a path.
func pattern(path string) string {
	var result strings.Builder
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(path, -1) {
		result.WriteString(regexp.QuoteMeta(path[last:at[0]]))
		if slices.Contains(wholeIDs, path[at[2]:at[3]]) {
			result.WriteString("(.+)")
		} else {
			result.WriteString("([^/]+)")
		}
		last = at[1]
	}
	return result.String() + regexp.QuoteMeta(path[last:])
}

// envelope are the inputs that ARM has next to properties.
var envelope = []string{"location", "tags", "sku", "kind", "identity"}

func (k kind) atTop(name string) bool {
	return slices.Contains(k.top, name) || slices.Contains(envelope, name) && !slices.Contains(k.inside, name)
}

// body is the full request body of the inputs.
func (r *armResource) body(inputs, old plugin.Object) plugin.Object {
	all := clone(inputs)
	for name, value := range r.kind.emptied {
		if _, had := old[name]; had && all[name] == nil {
			all[name] = value
		}
	}
	body, properties := plugin.Object{}, plugin.Object{}
	inPath := pathInputs(r.kind.path)
	for name, value := range all {
		if slices.Contains(inPath, name) {
			continue
		}
		wire := r.toWire(name, value)
		if r.kind.atTop(name) {
			body[r.wireName(name)] = wire
		} else {
			properties[r.wireName(name)] = wire
		}
	}
	if len(properties) > 0 {
		body["properties"] = properties
	}
	return body
}

func (r *armResource) wireName(path string) string {
	if wire, ok := r.kind.wire[path]; ok {
		return wire
	}
	_, name := cutLast(path)
	return name
}

func (r *armResource) toWire(path string, value any) any {
	switch value := value.(type) {
	case plugin.Object:
		result := plugin.Object{}
		for name, v := range value {
			inner := path + "." + name
			result[r.wireName(inner)] = r.toWire(inner, v)
		}
		return result
	case []any:
		if path == "identity.userAssignedIdentities" {
			return identityMap(value)
		}
		result := make([]any, len(value))
		for i, v := range value {
			result[i] = r.toWire(path, v)
		}
		return result
	}
	return value
}

// identityMap is a resource's identities as ARM expects them: ids as names of
// empty objects
// (https://learn.microsoft.com/azure/templates/microsoft.web/sites#managedserviceidentity).
func identityMap(ids []any) plugin.Object {
	result := plugin.Object{}
	for _, id := range ids {
		if id, ok := id.(string); ok {
			result[id] = plugin.Object{}
		}
	}
	return result
}

// fromWire turns a response into a state: flattened, with the SDK's names, and
// with only the properties that the SDK has.
func (r *armResource) fromWire(response plugin.Object, t *plugin.Type) plugin.Object {
	flat := clone(response)
	if properties, ok := response["properties"].(plugin.Object); ok && !t.Has("properties") {
		delete(flat, "properties")
		for name, value := range properties {
			if _, taken := flat[name]; !taken {
				flat[name] = value
			}
		}
	}
	renamed, _ := r.rename("", flat, r.kind.wire.invert()).(plugin.Object)
	state, _ := t.Project(renamed).(plugin.Object)
	return state
}

func (r *armResource) rename(path string, value any, inverse map[[2]string]string) any {
	switch value := value.(type) {
	case plugin.Object:
		result := plugin.Object{}
		for wire, v := range value {
			name, ok := inverse[[2]string{path, wire}]
			if !ok {
				name = wire
			}
			inner := name
			if path != "" {
				inner = path + "." + name
			}
			result[name] = r.rename(inner, v, inverse)
		}
		return result
	case []any:
		result := make([]any, len(value))
		for i, v := range value {
			result[i] = r.rename(path, v, inverse)
		}
		return result
	}
	return value
}

// stateAsInputs adds what the id says, and makes the identities a list.
func (r *armResource) stateAsInputs(id string, state plugin.Object) plugin.Object {
	result := clone(state)
	maps.Copy(result, r.fromID(id))
	if identity, ok := state["identity"].(plugin.Object); ok {
		if assigned, ok := identity["userAssignedIdentities"].(plugin.Object); ok {
			identity = clone(identity)
			ids := make([]any, 0, len(assigned))
			for _, id := range slices.Sorted(maps.Keys(assigned)) {
				ids = append(ids, id)
			}
			identity["userAssignedIdentities"] = ids
			result["identity"] = identity
		}
	}
	return result
}
