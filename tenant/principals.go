package tenant

import (
	"slices"
	"strings"
)

// This file says which identities a client has. While it moves from one kind of
// identity to another it has two, and only the state knows the one that it leaves.

// Client finds a client by name.
func (d Declaration) Client(name string) (Access, bool) { return d.client(name) }

// ClientNames are the names of the clients.
func (d Declaration) ClientNames() []string {
	names := make([]string, len(d.Access))
	for i, access := range d.Access {
		names[i] = access.Client
	}
	return names
}

// Principals are the object ids of a client's service principals: the one in use
// first, then those that hold an app role for it according to the state.
func (d Declaration) Principals(client string) []string {
	var ids []string
	add := func(id string) {
		if id = strings.ToLower(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if access, ok := d.client(client); ok {
		add(access.ObjectID)
	}
	if d.state != nil {
		for _, id := range d.state.holders[client] {
			add(id)
		}
	}
	return ids
}

// Applications are the object ids of a client's app registrations, which belong
// to the stack.
func (d Declaration) Applications(client string) []string {
	var ids []string
	add := func(id string) {
		if id != "" && !containsID(ids, id) {
			ids = append(ids, id)
		}
	}
	if access, ok := d.client(client); ok {
		add(access.ApplicationObjectID)
	}
	if d.state != nil {
		for _, r := range d.state.registered {
			if r.component == client {
				add(r.objectID)
			}
		}
	}
	return ids
}
