package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// This file implements resource providers and their registration in a
// subscription:
// learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types.
// Registering is immediate; in Azure it takes minutes. The code for refusing to
// unregister is a guess.

const providerRead = "Microsoft.Resources/subscriptions/providers/read"

// otherNamespaces are namespaces without resource types here.
var otherNamespaces = []string{"Microsoft.App", "Microsoft.Authorization", "Microsoft.Resources"}

// alwaysRegistered are the namespaces that cannot be unregistered.
var alwaysRegistered = []string{"Microsoft.Authorization", "Microsoft.Resources"}

func (s *Service) namespaces() []string {
	names := make(map[string]bool)
	for _, name := range otherNamespaces {
		names[name] = true
	}
	for _, t := range s.types {
		names[t.namespace()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// namespace returns the namespace of the path, in its usual case.
func (c *call) namespace() (string, error) {
	given := c.r.PathValue("namespace")
	for _, name := range c.service.namespaces() {
		if strings.EqualFold(name, given) {
			return name, nil
		}
	}
	return "", refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", given)
}

func (c *call) showNamespace(name string) map[string]any {
	state := "NotRegistered"
	if c.subscription.Registered[strings.ToLower(name)] {
		state = "Registered"
	}
	types := make([]map[string]any, 0)
	for _, t := range c.service.types {
		if t.namespace() == name {
			newestFirst := slices.Clone(t.versions)
			slices.Reverse(newestFirst)
			types = append(types, map[string]any{"resourceType": t.short(), "apiVersions": newestFirst, "locations": locationNames()})
		}
	}
	return map[string]any{
		"id": c.subscriptionID() + "/providers/" + name, "namespace": name, "registrationState": state,
		"registrationPolicy": "RegistrationRequired", "resourceTypes": types,
	}
}

func (c *call) getNamespace() (reply, error) {
	name, err := c.namespace()
	if err != nil {
		return reply{}, err
	}
	return ok(c.showNamespace(name))
}

func (c *call) listNamespaces() (reply, error) {
	var items []map[string]any
	for _, name := range c.service.namespaces() {
		items = append(items, c.showNamespace(name))
	}
	return ok(values(items))
}

// register and unregister change the subscription's registration. A namespace
// with resources cannot be unregistered.
func (c *call) register() (reply, error)   { return c.setRegistered(true) }
func (c *call) unregister() (reply, error) { return c.setRegistered(false) }

func (c *call) setRegistered(wanted bool) (reply, error) {
	name, err := c.namespace()
	if err != nil {
		return reply{}, err
	}
	if !wanted {
		if slices.Contains(alwaysRegistered, name) {
			return reply{}, refuse(http.StatusConflict, "Conflict", "The resource namespace '%s' cannot be unregistered.", name)
		}
		for _, r := range store.Resources.All(c.tx, store.ResourceKey(c.subscriptionID())+"/") {
			if strings.HasPrefix(r.Type, name+"/") {
				return reply{}, refuse(http.StatusConflict, "Conflict", "The resource namespace '%s' cannot be unregistered: the resource '%s' exists in this subscription.", name, r.ID)
			}
		}
	}
	if c.subscription.Registered == nil {
		c.subscription.Registered = make(map[string]bool)
	}
	c.subscription.Registered[strings.ToLower(name)] = wanted
	store.Subscriptions.Put(c.tx, strings.ToLower(c.subscription.ID), c.subscription)
	c.note(c.subscriptionID() + "/providers/" + name)
	return ok(c.showNamespace(name))
}
