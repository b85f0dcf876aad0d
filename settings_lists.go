package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"app-to-app/components"
)

// This file reads the lists of the settings, roles and clients. An item may
// leave out every field that has a default, and has no field that is not known
// here: encoding/json would read "Roles" as "roles" and skip "role".

// The identities and token providers that are built.
var (
	identities     = []string{components.ManagedIdentity}
	tokenProviders = []string{"azidentity", "msal", "appauth"} // adal knows no managed identity of App Service
)

const defaultSchedule = "0 */10 * * * *"

// An item is one element of a list.
type item struct {
	r      *reader
	path   string // such as app-to-app:clients[0]
	fields map[string]json.RawMessage
}

// items reads a list of objects that have no other fields than those named.
func (r *reader) items(name string, known ...string) []item {
	key := namespace + ":" + name
	value := r.text(name)
	if value == "" {
		return nil
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &list); err != nil {
		r.refuse(key, remove(key), "expected a list of objects with the fields %s, got %q", strings.Join(known, ", "), value)
		return nil
	}
	items := make([]item, len(list))
	for i, fields := range list {
		items[i] = item{r: r, path: fmt.Sprintf("%s[%d]", key, i), fields: fields}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if !slices.Contains(known, field) {
				r.refuse(items[i].key(field), remove(items[i].key(field)), "expected one of the fields %s", strings.Join(known, ", "))
			}
		}
	}
	return items
}

func (i item) key(field string) string { return i.path + "." + field }

func (i item) has(field string) bool { _, ok := i.fields[field]; return ok }

func (i item) text(field, otherwise string) string {
	value := otherwise
	if i.has(field) && json.Unmarshal(i.fields[field], &value) != nil {
		i.r.refuse(i.key(field), set(i.key(field), otherwise), "expected a text, got %s", i.fields[field])
	}
	return value
}

func (i item) flag(field string, otherwise bool) bool {
	value := otherwise
	if i.has(field) && json.Unmarshal(i.fields[field], &value) != nil {
		i.r.refuse(i.key(field), set(i.key(field), fmt.Sprint(otherwise)), "expected true or false, got %s", i.fields[field])
	}
	return value
}

func (i item) texts(field string, otherwise []string) []string {
	if !i.has(field) {
		return otherwise
	}
	var values []string
	if json.Unmarshal(i.fields[field], &values) != nil {
		example := "TEXT"
		if len(otherwise) > 0 {
			example = otherwise[0]
		}
		i.r.refuse(i.key(field), remove(i.key(field))+" && "+set(i.key(field)+"[0]", example), "expected a list of texts, got %s", i.fields[field])
		return otherwise
	}
	for n, value := range values {
		if slices.Contains(values[:n], value) {
			key := fmt.Sprintf("%s[%d]", i.key(field), n)
			i.r.refuse(key, remove(key), "expected %q once", value)
		}
	}
	return values
}

// roleValuePattern and maxRoleValue are the rules of appRole.value
// (https://learn.microsoft.com/graph/api/resources/approle).
var roleValuePattern = regexp.MustCompile("^[A-Za-z0-9:!#$%&'()*+,/;=?@\\[\\]^_`{|}~-][A-Za-z0-9:!#$%&'()*+,./;=?@\\[\\]^_`{|}~-]*$")

const maxRoleValue = 120

func (r *reader) roles() []components.Role {
	problems := len(r.problems)
	var roles []components.Role
	for _, i := range r.items("roles", "value", "displayName", "description") {
		role := components.Role{Value: i.text("value", "")}
		role.DisplayName = i.text("displayName", role.Value)
		role.Description = i.text("description", role.DisplayName)
		key := i.key("value")
		switch {
		case role.Value == "":
			r.refuse(key, set(key, "Orders.Read"), "missing; it is what a token's roles claim holds")
			continue
		case len(role.Value) > maxRoleValue || !roleValuePattern.MatchString(role.Value):
			r.refuse(key, set(key, "Orders.Read"), "expected at most %d letters, digits and signs, without spaces and without a dot in front, got %q", maxRoleValue, role.Value)
		case slices.ContainsFunc(roles, func(other components.Role) bool { return other.Value == role.Value }):
			r.refuse(key, remove(i.path), "expected the role %q once", role.Value)
			continue
		}
		roles = append(roles, role)
	}
	if key := namespace + ":roles"; len(roles) == 0 && len(r.problems) == problems {
		r.refuse(key, remove(key), "expected at least one role; without one nobody may read orders")
	}
	return roles
}

func (r *reader) clients(roles []components.Role) []Client {
	var clients []Client
	for _, i := range r.items("clients", "name", "identity", "roles", "functionApp", "tokenProviders", "schedule") {
		client := Client{
			Name:           i.name(clients),
			Identity:       i.text("identity", components.ManagedIdentity),
			Roles:          i.clientRoles(roles),
			FunctionApp:    i.flag("functionApp", true),
			TokenProviders: i.texts("tokenProviders", tokenProviders[:1]),
			Schedule:       i.text("schedule", defaultSchedule),
		}
		if !slices.Contains(identities, client.Identity) {
			r.refuse(i.key("identity"), set(i.key("identity"), identities[0]), "expected an identity that is built (%s), got %q", strings.Join(identities, ", "), client.Identity)
		}
		i.checkFunctionApp(client)
		clients = append(clients, client)
	}
	return clients
}

// clientNamePattern keeps names fit for those derived from them: host names
// have 60 characters at most, of which Pulumi takes 8 to tell stacks apart.
var clientNamePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)

func (i item) name(others []Client) string {
	name, key := i.text("name", ""), i.key("name")
	same := func(other Client) bool {
		// The storage account's name has no hyphens.
		return strings.ReplaceAll(other.Name, "-", "") == strings.ReplaceAll(name, "-", "")
	}
	switch {
	case name == "":
		i.r.refuse(key, set(key, "orders-client"), "missing")
	case !clientNamePattern.MatchString(name):
		i.r.refuse(key, set(key, "orders-client"), "expected at most 32 lower-case letters, digits and hyphens, first a letter and last no hyphen, got %q", name)
	case same(Client{Name: apiName}):
		i.r.refuse(key, set(key, "orders-client"), "expected a name of its own, got the API's, %q", name)
	case slices.ContainsFunc(others, same):
		i.r.refuse(key, set(key, name+"2"), "expected %q once (hyphens do not count)", name)
	}
	return name
}

// clientRoles are the app roles of a client: those it names, or the only one
// there is.
func (i item) clientRoles(roles []components.Role) []string {
	var defined []string
	for _, role := range roles {
		defined = append(defined, role.Value)
	}
	if !i.has("roles") && len(defined) > 1 {
		key := i.key("roles[0]")
		i.r.refuse(key, set(key, defined[0]), "missing; there is more than one role: %s", strings.Join(defined, ", "))
	}
	assigned := i.texts("roles", defined)
	if len(defined) == 0 {
		return assigned // the roles have a problem of their own
	}
	for n, value := range assigned {
		if !slices.Contains(defined, value) {
			key := fmt.Sprintf("%s[%d]", i.key("roles"), n)
			i.r.refuse(key, set(key, defined[0]), "expected a role that is defined (%s), got %q", strings.Join(defined, ", "), value)
		}
	}
	return assigned
}

// checkFunctionApp checks the fields that only a client with a function app
// has.
func (i item) checkFunctionApp(client Client) {
	if !client.FunctionApp {
		for _, field := range []string{"tokenProviders", "schedule"} {
			if i.has(field) {
				i.r.refuse(i.key(field), remove(i.key(field)), "expected none for a client without a function app")
			}
		}
		return
	}
	if err := checkSchedule(client.Schedule); err != nil {
		i.r.refuse(i.key("schedule"), set(i.key("schedule"), defaultSchedule), "%v", err)
	}
	if len(client.TokenProviders) == 0 {
		key := i.key("tokenProviders[0]")
		i.r.refuse(key, set(key, tokenProviders[0]), "expected at least one token provider (%s)", strings.Join(tokenProviders, ", "))
	}
	for n, provider := range client.TokenProviders {
		if !slices.Contains(tokenProviders, provider) {
			key := fmt.Sprintf("%s[%d]", i.key("tokenProviders"), n)
			i.r.refuse(key, set(key, tokenProviders[0]), "expected a token provider that works with a managed identity (%s), got %q", strings.Join(tokenProviders, ", "), provider)
		}
	}
}
