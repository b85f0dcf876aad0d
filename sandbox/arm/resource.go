package arm

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"app-to-app/sandbox/store"
)

// This file has what all resource types share: create or update, read, delete,
// list.

// A change is one resource being created or updated.
type change struct {
	*call
	kind       *resourceType
	parent     store.Resource  // the resource group, or the parent resource
	old        *store.Resource // nil when it is created
	before     map[string]any  // the old one's properties
	body       map[string]any  // the request, checked against the description
	resource   store.Resource  // what will be stored
	properties map[string]any  // its properties, to be completed
}

// setOnce sets a read-only property at creation; updates keep it.
func (ch *change) setOnce(name string, value func() any) {
	if kept, ok := ch.before[name]; ok {
		ch.properties[name] = kept
		return
	}
	ch.properties[name] = value()
}

// setDefault sets a property that the request leaves out.
func (ch *change) setDefault(name string, value any) {
	if _, given := ch.properties[name]; !given {
		ch.properties[name] = value
	}
}

// parentOf returns the resource group or parent of the request's resource.
func (c *call) parentOf(t *resourceType) (store.Resource, error) {
	group, err := c.group()
	if err != nil || t.parent == "" {
		return group, err
	}
	id := group.ID + "/" + c.service.typeOf(t.parent).under + "/" + c.r.PathValue("parent")
	parent, ok := store.ResourceByID(c.tx, id)
	switch {
	case ok:
		return parent, nil
	case c.writes():
		return store.Resource{}, refuse(http.StatusNotFound, "ParentResourceNotFound",
			"Failed to perform '%s' on resource(s) of type '%s', because the parent resource '%s' could not be found.",
			strings.ToLower(c.r.Method), t.short(), id)
	}
	return store.Resource{}, notFound(t.parent, c.r.PathValue("parent"), group.Name)
}

// notFound is ARM's refusal for a resource that does not exist.
func notFound(kind, name, group string) error {
	return refuse(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		kind, name, group)
}

// registered refuses writes in a namespace that the subscription has not
// registered: aka.ms/rps-not-found.
func (c *call) registered(namespace string) error {
	if c.subscription.Registered[strings.ToLower(namespace)] {
		return nil
	}
	message := "The subscription is not registered to use namespace '" + namespace + "'. See https://aka.ms/rps-not-found for how to register subscriptions."
	return &refusal{http.StatusConflict, "MissingSubscriptionRegistration", message, []map[string]any{
		{"code": "MissingSubscriptionRegistration", "target": namespace, "message": message},
	}}
}

func (c *call) put(t *resourceType) (reply, error) {
	if err := t.supports(c.version); err != nil {
		return reply{}, err
	}
	parent, err := c.parentOf(t)
	if err == nil {
		err = c.registered(t.namespace())
	}
	if err != nil {
		return reply{}, err
	}
	ch := &change{call: c, kind: t, parent: parent}
	if err := ch.prepare(); err != nil {
		return reply{}, err
	}
	return ch.store()
}

// store checks the change by the rules of its type, and stores it.
func (ch *change) store() (reply, error) {
	t := ch.kind
	if t.check != nil {
		if err := t.check(ch); err != nil {
			return reply{}, err
		}
	}
	var err error
	if ch.resource.Properties, err = json.Marshal(ch.properties); err != nil {
		return reply{}, err
	}
	store.Resources.Put(ch.tx, store.ResourceKey(ch.resource.ID), ch.resource)
	ch.note(ch.resource.ID)
	return ch.written(t, ch)
}

// prepare reads the request by the description of the type.
func (ch *change) prepare() error {
	t, name := ch.kind, ch.r.PathValue("name")
	if err := t.names.check(name); err != nil {
		return err
	}
	id := ch.parent.ID + "/" + t.under + "/" + name
	now := ch.service.store.Now()
	ch.resource = store.Resource{
		ID: id, TenantID: ch.parent.TenantID, SubscriptionID: ch.parent.SubscriptionID, ResourceGroup: ch.parent.ResourceGroup,
		Type: t.name, Name: name, CreatedBy: ch.caller.ObjectID, CreatedAt: now,
	}
	var err error
	if old, ok := store.ResourceByID(ch.tx, id); ok {
		ch.old, ch.resource = &old, old
		if ch.before, err = decodeObject(old.Properties); err != nil {
			return err
		}
	}
	ch.resource.APIVersion, ch.resource.ChangedAt = ch.version, now
	if ch.body, err = ch.read(t.body); err != nil {
		return err
	}
	return ch.apply()
}

// apply copies the checked request into the resource.
func (ch *change) apply() error {
	t := ch.kind
	if given, ok := ch.body["location"].(string); ok {
		where, err := t.checkLocation(given, ch.resource.Name, ch.parent, ch.old)
		if err != nil {
			return err
		}
		ch.resource.Location = where
	}
	ch.properties, _ = ch.body["properties"].(map[string]any)
	if ch.properties == nil {
		ch.properties = make(map[string]any)
	}
	if ch.old != nil {
		described := t.body["properties"].Members()
		if changed := described.ChangedFixed(ch.before, ch.properties); changed != "" {
			return refuse(http.StatusConflict, t.fixedCode, "The property '%s' was specified in the input, but it cannot be updated.", changed)
		}
		for name, value := range ch.before {
			// Read-only and fixed properties stay; others only if the type
			// merges updates.
			f, known := described[name]
			if _, given := ch.properties[name]; !given && (t.mergesUpdates || !known || !f.Changeable()) {
				ch.properties[name] = value
			}
		}
	}
	if kind, ok := ch.body["kind"].(string); ok {
		ch.resource.Kind = kind
	}
	ch.resource.Tags = tagsOf(ch.body)
	if sku, ok := ch.body["sku"]; ok {
		data, err := json.Marshal(sku)
		if err != nil {
			return err
		}
		ch.resource.SKU = data
	}
	return ch.applyIdentity()
}

// tagsOf are the tags of a request, nil if it has none.
func tagsOf(body map[string]any) map[string]string {
	sent, ok := body["tags"].(map[string]any)
	if !ok {
		return nil
	}
	tags := make(map[string]string, len(sent))
	for name, value := range sent {
		tags[name], _ = value.(string)
	}
	return tags
}

// written returns the reply to a put.
func (c *call) written(t *resourceType, ch *change) (reply, error) {
	slow := c.service.config.OperationTime > 0
	if ch.old != nil || t.created == http.StatusOK && !slow {
		body, err := c.render(t, ch.resource)
		return reply{status: http.StatusOK, body: body}, err
	}
	if t.created == http.StatusAccepted || t.poll || slow && t.created == http.StatusOK {
		return c.begin(t, ch.resource)
	}
	body, err := c.render(t, ch.resource)
	return reply{status: t.created, body: body}, err
}

// render shows a resource at the request's api-version.
func (c *call) render(t *resourceType, r store.Resource) (map[string]any, error) {
	properties, err := decodeObject(r.Properties)
	if err != nil {
		return nil, err
	}
	described := t.body["properties"].Members()
	maps.DeleteFunc(properties, func(name string, _ any) bool {
		// An api-version does not show properties added later.
		return !described[name].KnownAt(c.version)
	})
	if t.show != nil {
		t.show(c, r, properties)
	}
	shown := map[string]any{"id": r.ID, "name": r.Name, "type": r.Type, "properties": properties}
	if t.tracked() || t.tagged {
		shown["location"] = r.Location
		shown["tags"] = r.Tags
		if r.Tags == nil {
			shown["tags"] = map[string]string{}
		}
	}
	if r.Kind != "" {
		shown["kind"] = r.Kind
	}
	if t.etag {
		shown["etag"] = fmt.Sprintf(`"0x8D%X"`, r.ChangedAt.UnixNano())
	}
	for name, value := range map[string]json.RawMessage{"sku": r.SKU, "identity": r.Identity} {
		if !isNull(value) {
			shown[name] = value
		}
	}
	return shown, nil
}

func (c *call) get(t *resourceType) (reply, error) {
	resource, err := c.existing(t)
	if err != nil {
		return reply{}, err
	}
	body, err := c.render(t, resource)
	return reply{status: http.StatusOK, body: body}, err
}

// existing returns the resource of the path.
func (c *call) existing(t *resourceType) (store.Resource, error) {
	if err := t.supports(c.version); err != nil {
		return store.Resource{}, err
	}
	parent, err := c.parentOf(t)
	if err != nil {
		return store.Resource{}, err
	}
	name := c.r.PathValue("name")
	resource, ok := store.ResourceByID(c.tx, parent.ID+"/"+t.under+"/"+name)
	if !ok {
		return store.Resource{}, notFound(t.name, name, c.r.PathValue("group"))
	}
	return resource, nil
}

func (c *call) delete(t *resourceType) (reply, error) {
	resource, err := c.existing(t)
	if refused, ok := err.(*refusal); ok && (refused.code == "ResourceNotFound" || refused.code == "ParentResourceNotFound") {
		return reply{status: http.StatusNoContent}, nil
	}
	if err == nil && t.refuseDelete != nil {
		err = t.refuseDelete(c, resource)
	}
	if err != nil {
		return reply{}, err
	}
	c.note(resource.ID)
	c.erase(resource)
	return reply{status: http.StatusOK}, nil
}

// erase deletes a resource and everything below it, including role assignments.
func (c *call) erase(resource store.Resource) {
	below := store.ResourceKey(resource.ID) + "/"
	doomed := []store.Resource{resource}
	for _, child := range store.Resources.All(c.tx, below) {
		doomed = append(doomed, child)
	}
	for _, r := range doomed {
		if t := c.service.typeOf(r.Type); t != nil && t.afterDelete != nil {
			t.afterDelete(c, r)
		}
		c.dropSystemIdentity(r)
		store.Resources.Delete(c.tx, store.ResourceKey(r.ID))
	}
	store.RoleAssignments.DeleteBelow(c.tx, below)
}

// list shows the resources of a parent, a group or a subscription.
func (c *call) list(t *resourceType) (reply, error) {
	if err := t.supports(c.version); err != nil {
		return reply{}, err
	}
	// Plans are always shown in full; which properties the short form leaves out
	// is not documented: learn.microsoft.com/rest/api/appservice/app-service-plans/list.
	if detailed := c.r.URL.Query().Get("detailed"); detailed != "" && detailed != "true" {
		return reply{}, unemulated("detailed=%s", detailed)
	}
	within := c.subscriptionID()
	if c.r.PathValue("group") != "" {
		parent, err := c.parentOf(t)
		if err != nil {
			return reply{}, err
		}
		within = parent.ID
	}
	var items []map[string]any
	for _, r := range store.Resources.All(c.tx, store.ResourceKey(within)+"/") {
		if r.Type != t.name {
			continue
		}
		item, err := c.render(t, r)
		if err != nil {
			return reply{}, err
		}
		items = append(items, item)
	}
	return ok(values(items))
}
