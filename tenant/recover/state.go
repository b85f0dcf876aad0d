package recover

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file reads and edits a state as `pulumi stack export` writes it. It keeps
// every member that it does not know, and never decrypts a secret.

type object = map[string]any

// A state is an exported stack.
type state struct{ raw object }

func readState(data []byte) (*state, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // so that numbers are written as they were read
	var raw object
	if err := decoder.Decode(&raw); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if _, ok := raw["deployment"].(object); !ok {
		return nil, fmt.Errorf("read the state: expected a deployment, got none")
	}
	return &state{raw}, nil
}

func (s *state) encode() ([]byte, error) { return json.Marshal(s.raw) }

func (s *state) deployment() object { return s.raw["deployment"].(object) }

func (s *state) resources() []resource { return resourcesOf(s.deployment()["resources"]) }

func resourcesOf(list any) (all []resource) {
	items, _ := list.([]any)
	for _, item := range items {
		if o, ok := item.(object); ok {
			all = append(all, resource{o})
		}
	}
	return all
}

// ids are the provider's ids of all resources, in lower case: Azure ignores the
// case of ids.
func (s *state) ids() map[string]bool {
	ids := make(map[string]bool)
	for _, r := range s.resources() {
		ids[strings.ToLower(r.id())] = true
	}
	return ids
}

func (s *state) find(urn string) (resource, bool) {
	all := s.resources()
	i := slices.IndexFunc(all, func(r resource) bool { return r.urn() == urn })
	if i < 0 {
		return resource{}, false
	}
	return all[i], true
}

func (s *state) add(r resource) {
	list, _ := s.deployment()["resources"].([]any)
	s.deployment()["resources"] = append(list, r.object)
}

// drop takes resources out, and the references of others to them, as a refresh does
// with what is gone.
func (s *state) drop(gone []resource) {
	is := func(item any) bool {
		o, _ := item.(object)
		return slices.ContainsFunc(gone, func(r resource) bool {
			return r.urn() == text(o, "urn") && r.id() == text(o, "id") && (r.object["delete"] == true) == (o["delete"] == true)
		})
	}
	list, _ := s.deployment()["resources"].([]any)
	s.deployment()["resources"] = slices.DeleteFunc(list, is)
	for _, r := range s.resources() {
		r.unrefer(func(urn string) bool {
			_, stays := s.find(urn)
			return !stays && slices.ContainsFunc(gone, func(g resource) bool { return g.urn() == urn })
		})
	}
}

// unrefer removes references to what is gone.
func (r resource) unrefer(gone func(urn string) bool) {
	isGone := func(item any) bool { urn, _ := item.(string); return gone(urn) }
	byProperty, _ := r.object["propertyDependencies"].(object)
	for _, of := range []object{r.object, byProperty} {
		for name, member := range of {
			if list, ok := member.([]any); ok && (of["urn"] == nil || name == "dependencies") {
				of[name] = slices.DeleteFunc(list, isGone)
			}
		}
	}
	for _, name := range []string{"parent", "deletedWith"} {
		if isGone(r.object[name]) {
			delete(r.object, name)
		}
	}
}

// The kinds of operation that an engine can have been in the middle of.
const (
	creating = "creating"
	deleting = "deleting"
)

// An operation is one that the engine began and did not finish.
type operation struct {
	kind     string
	resource resource
}

func (s *state) pending() (all []operation) {
	items, _ := s.deployment()["pending_operations"].([]any)
	for _, item := range items {
		o, _ := item.(object)
		r, _ := o["resource"].(object)
		all = append(all, operation{kind: text(o, "type"), resource: resource{r}})
	}
	return all
}

func (s *state) setPending(all []operation) {
	if len(all) == 0 {
		delete(s.deployment(), "pending_operations")
		return
	}
	items := make([]any, len(all))
	for i, op := range all {
		items[i] = object{"type": op.kind, "resource": op.resource.object}
	}
	s.deployment()["pending_operations"] = items
}

// A resource is one of a state, a pending operation or a preview.
type resource struct{ object }

func (r resource) urn() string  { return text(r.object, "urn") }
func (r resource) id() string   { return text(r.object, "id") }
func (r resource) kind() string { return text(r.object, "type") }

// name is the logical name, the end of the URN.
func (r resource) name() string {
	parts := strings.SplitN(r.urn(), "::", 4)
	return parts[len(parts)-1]
}

// String names the resource for people.
func (r resource) String() string {
	kind := r.kind()
	return kind[strings.LastIndex(kind, ":")+1:] + " " + r.name()
}

// input is a plain text among the inputs, "" for a secret and for a value that
// is not known yet.
func (r resource) input(name string) string {
	inputs, _ := r.object["inputs"].(object)
	value := text(inputs, name)
	if value == unknown || value == hidden {
		return ""
	}
	return value
}

// What a preview prints for a value that is not known yet (the engine's constant
// UnknownStringValue), and for a secret.
const (
	unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	hidden  = "[secret]"
)

// adopted is the resource as the state records one that exists: until it is
// refreshed, with its inputs as outputs.
func (r resource) adopted(id string, inputs object) resource {
	made := maps.Clone(r.object)
	for _, of := range []string{"outputs", "initErrors", "importID", "pendingReplacement", "delete"} {
		delete(made, of)
	}
	own, _ := made["inputs"].(object)
	own = maps.Clone(own)
	maps.Copy(own, inputs)
	made["id"], made["inputs"], made["outputs"] = id, own, maps.Clone(own)
	return resource{made}
}

func text(o object, name string) string {
	value, _ := o[name].(string)
	return value
}
