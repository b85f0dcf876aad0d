package arm

import (
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements PATCH. The rules are: members of objects that are not
// sent stay; lists, tags, sku and identity are replaced; the result is checked
// like the body of a PUT. Which members null removes differs between the
// resource providers and is not documented for most, so it is unemulated.

// A patching says what a PATCH can change of a type.
type patching struct {
	members []string // of the body: tags, properties, …
	doc     string   // the reference page
}

func (c *call) patch(t *resourceType) (reply, error) {
	old, err := c.existing(t)
	if err == nil {
		err = c.registered(t.namespace())
	}
	if err != nil {
		return reply{}, err
	}
	sent, err := c.readPatch(t.body, t.patch.members)
	if err != nil {
		return reply{}, err
	}
	ch := &change{call: c, kind: t, old: &old, resource: old}
	if ch.parent, err = c.parentOf(t); err != nil {
		return reply{}, err
	}
	if ch.before, err = decodeObject(old.Properties); err != nil {
		return reply{}, err
	}
	if ch.body, err = ch.merged(sent); err != nil {
		return reply{}, err
	}
	ch.resource.APIVersion, ch.resource.ChangedAt = c.version, c.service.store.Now()
	if err := ch.apply(); err != nil {
		return reply{}, err
	}
	return ch.store()
}

// readPatch reads a body of which only these members can be changed.
func (c *call) readPatch(fields schema.Fields, members []string) (map[string]any, error) {
	sent, err := c.sent()
	if err != nil {
		return nil, err
	}
	if path := nullIn(sent, ""); path != "" {
		return nil, unemulated("null as %q in a PATCH", path)
	}
	reader := c.reader()
	reader.Partial = true
	body, err := reader.Read(fields, sent)
	if problem, ok := err.(*schema.Problem); ok {
		return nil, refuseProblem(problem, c.version)
	}
	for name := range body {
		if !slices.Contains(members, name) {
			return nil, unemulated("property %q in a PATCH", name)
		}
	}
	return body, err
}

// nullIn returns the path of a null, or "".
func nullIn(value any, path string) string {
	members, isObject := value.(map[string]any)
	if !isObject {
		if value == nil {
			return path
		}
		return ""
	}
	for name, member := range members {
		if found := nullIn(member, strings.TrimPrefix(path+"."+name, ".")); found != "" {
			return found
		}
	}
	return ""
}

// merged is the body of the PUT that does what the PATCH asks for.
func (ch *change) merged(sent map[string]any) (map[string]any, error) {
	fields := ch.kind.body
	all := map[string]any{"location": ch.old.Location, "kind": ch.old.Kind, "tags": untyped(ch.old.Tags), "sku": nil}
	if !isNull(ch.old.SKU) {
		sku, err := decodeObject(ch.old.SKU)
		if err != nil {
			return nil, err
		}
		all["sku"] = sku
	}
	for name := range all {
		if _, described := fields[name]; !described {
			delete(all, name)
		}
	}
	for name, value := range sent {
		all[name] = value
	}
	properties, _ := sent["properties"].(map[string]any)
	all["properties"] = fields["properties"].Members().Merge(ch.before, properties)
	reader := ch.reader()
	reader.Version = "9" // what a later api-version stored is still there
	body, err := reader.Read(fields, all)
	if problem, ok := err.(*schema.Problem); ok {
		return nil, refuseProblem(problem, ch.version)
	}
	return body, err
}

// untyped is tags as a request has them.
func untyped(tags map[string]string) map[string]any {
	values := make(map[string]any, len(tags))
	for name, value := range tags {
		values[name] = value
	}
	return values
}

// patchGroup changes the tags of a resource group.
func (c *call) patchGroup() (reply, error) {
	group, err := c.group()
	if err != nil {
		return reply{}, err
	}
	body, err := c.readPatch(groupBody, []string{"tags", "properties"})
	if err != nil {
		return reply{}, err
	}
	group.APIVersion, group.ChangedAt = c.version, c.service.store.Now()
	if _, sent := body["tags"]; sent {
		group.Tags = tagsOf(body)
	}
	store.Resources.Put(c.tx, store.ResourceKey(group.ID), group)
	c.note(group.ID)
	return reply{status: http.StatusOK, body: showGroup(group)}, nil
}
