package settings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// This file parses lists of objects, and roles. A field that has a default may
// be left out; an unknown field is refused, since encoding/json would take
// "Roles" for "roles" and skip "role".

// An item is an element of a list, or another object.
type item struct {
	p      *parser
	path   string // such as app-to-app:clients[0]
	fields map[string]json.RawMessage
}

// items reads a list of objects that have no other fields than those named.
// Without a value, or with null, which Pulumi hands on as an empty text, it is
// the default of Pulumi.yaml.
func (p *parser) items(name, otherwise string, known ...string) []item {
	key := Namespace + ":" + name
	value := cmp.Or(p.text(name), otherwise)
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &list); err != nil {
		p.refuse(key, removeCommand(key), "expected a list of objects with the fields %s, got %s", strings.Join(known, ", "), formOf([]byte(value)))
		return nil
	}
	items := make([]item, len(list))
	for i, fields := range list {
		items[i] = item{p: p, path: fmt.Sprintf("%s[%d]", key, i), fields: fields}
		items[i].refuseUnknownFields(known)
	}
	return items
}

// refuseUnknownFields refuses fields that are not known, and forgets those that
// are null.
func (i item) refuseUnknownFields(known []string) {
	for _, field := range slices.Sorted(maps.Keys(i.fields)) {
		if !slices.Contains(known, field) {
			i.p.refuseUnknown(i.key(field), field, known, removeCommand(i.key(field)), "fields")
		}
		if string(i.fields[field]) == "null" { // as if it were not there
			delete(i.fields, field)
		}
	}
}

// plainField is a name that needs no quotes in a path
// (https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration).
var plainField = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (i item) key(field string) string {
	if name, _, _ := strings.Cut(field, "["); !plainField.MatchString(name) {
		return i.path + `["` + field + `"]`
	}
	return i.path + "." + field
}

func (i item) has(field string) bool { _, ok := i.fields[field]; return ok }

func (i item) text(field, otherwise string) string {
	value := otherwise
	if i.has(field) && json.Unmarshal(i.fields[field], &value) != nil {
		// A command would make a number of what looks like one.
		i.p.ask(i.key(field), "write a text in the stack's file, Pulumi.STACK.yaml, in quotes if it is a number", "expected a text, got %s", formOf(i.fields[field]))
	}
	return value
}

// words is a text for people. Without the field it is the default; a blank text
// is refused.
func (i item) words(field, otherwise string) string {
	value := i.text(field, otherwise)
	if strings.TrimSpace(value) == "" && !i.p.has(i.key(field)) {
		i.p.refuse(i.key(field), removeCommand(i.key(field)), "expected a text, got %q; without the key it is %q", value, otherwise)
		return otherwise
	}
	return value
}

func (i item) flag(field string, otherwise bool) bool {
	value := otherwise
	if i.has(field) && json.Unmarshal(i.fields[field], &value) != nil {
		i.p.refuseTruth(i.key(field), strings.Trim(string(i.fields[field]), `"`), formOf(i.fields[field]))
	}
	return value
}

// texts is a list of texts; possible are those that can be in it.
func (i item) texts(field string, otherwise, possible []string) []string {
	if !i.has(field) {
		return otherwise
	}
	var values []string
	if json.Unmarshal(i.fields[field], &values) != nil {
		i.refuseText(field, possible)
		return otherwise
	}
	for n, value := range values {
		if slices.Contains(values[:n], value) {
			key := fmt.Sprintf("%s[%d]", i.key(field), n)
			i.p.refuse(key, removeCommand(key), "expected %q once", value)
		}
	}
	return values
}

// refuseText refuses something else than a list. One of the possible texts is
// offered as the only one of the list.
func (i item) refuseText(field string, possible []string) {
	key := i.key(field)
	var text string
	if json.Unmarshal(i.fields[field], &text) == nil && slices.Contains(possible, text) {
		i.p.refuse(key, removeCommand(key)+" && "+SetCommand(key+"[0]", text), "expected a list of texts, got %s", formOf(i.fields[field]))
		return
	}
	i.p.ask(key, removeCommand(key)+" && pulumi config set --path "+shellWord(key+"[0]")+" "+cmp.Or(strings.Join(possible, "|"), "TEXT"), "expected a list of texts, got %s", formOf(i.fields[field]))
}

// roleValuePattern and maxRoleValue are the rules of appRole.value
// (https://learn.microsoft.com/graph/api/resources/approle).
var roleValuePattern = regexp.MustCompile("^[A-Za-z0-9:!#$%&'()*+,/;=?@\\[\\]^_`{|}~-][A-Za-z0-9:!#$%&'()*+,./;=?@\\[\\]^_`{|}~-]*$")

const maxRoleValue = 120

// defaultRoles is the setting roles of a stack that has none.
func defaultRoles(api API) string {
	role := api.Role()
	return fmt.Sprintf(`[{"value":%q,"displayName":%q,"description":%q}]`, role.Value, role.DisplayName, role.Description)
}

// roles reads the app roles. Microsoft Entra ID refuses one without a display
// name or a description, and azuread disables a role before it sends what
// changes: an update that is refused would leave everybody without access.
func (p *parser) roles(api API) []Role {
	problems := len(p.Problems)
	if api.Stack != "" {
		return nil // that stack defines them
	}
	var roles []Role
	for _, i := range p.items("roles", defaultRoles(api), "value", "displayName", "description") {
		role := Role{Value: i.text("value", "")}
		role.DisplayName = i.words("displayName", cmp.Or(role.Value, "its value"))
		role.Description = i.words("description", role.DisplayName)
		key := i.key("value")
		fits := func(value string) bool { return len(value) <= maxRoleValue && roleValuePattern.MatchString(value) }
		switch plain := strings.Join(strings.Fields(role.Value), "."); {
		case p.has(key):
			continue
		case role.Value == "":
			p.ask(key, "pulumi config set --path "+shellWord(key)+" VALUE", "missing; it is what a token's roles claim holds")
			continue
		case !fits(role.Value) && fits(plain):
			p.refuse(key, SetCommand(key, plain), "expected no spaces, got %q", role.Value)
		case !fits(role.Value):
			p.ask(key, "pulumi config set --path "+shellWord(key)+" VALUE", "expected at most %d letters, digits and signs, without spaces and without a leading dot, got %q", maxRoleValue, role.Value)
		case slices.ContainsFunc(roles, func(other Role) bool { return other.Value == role.Value }):
			p.refuse(key, removeCommand(i.path), "expected the role %q once", role.Value)
			continue
		}
		roles = append(roles, role)
	}
	if key := Namespace + ":roles"; len(roles) == 0 && len(p.Problems) == problems {
		p.refuse(key, removeCommand(key), "expected at least one role; without one nobody may call the API")
	}
	return roles
}
