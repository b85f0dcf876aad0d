package diff

import (
	"fmt"
	"slices"
	"strings"
)

// This file describes app roles and who holds them. An assignment's logical name
// says what the program meant, so it counts for nothing here.

// A sided is one side of a change; gone if it is the one before.
type sided struct {
	*Side
	gone bool
}

// sides are the sides of a change, what goes first.
func (c change) sides() (all []sided) {
	if c.old != nil {
		all = append(all, sided{c.old, true})
	}
	if c.new != nil {
		all = append(all, sided{c.new, false})
	}
	return all
}

// keeps reports whether a property surely has the same value before and after.
func (c change) keeps(path string) bool {
	was, is := valueOf(c.old, path), valueOf(c.new, path)
	return was.text() != "" && strings.EqualFold(was.text(), is.text())
}

func describeAppRole(s *stack, c change) (lines []line) {
	for _, side := range c.sides() {
		application, _ := s.application(side.Side)
		value := s.show(valueOf(side.Side, "value"))
		if side.gone {
			lines = append(lines, line{loses, application + " **no longer has** the app role " + value})
		} else {
			lines = append(lines, line{neither, application + " **offers** the app role " + value + s.roleID(side.Side)})
		}
	}
	return lines
}

// roleID says the id of a role: whoever holds a role that had it holds this one.
func (s *stack) roleID(side *Side) string {
	if id := valueOf(side, "roleId"); id.text() != "" {
		return " with the id " + s.show(id)
	}
	return ""
}

// memberTypeLines says who can hold an app role.
func memberTypeLines(s *stack, c change) []line {
	was, _ := valueOf(c.old, "allowedMemberTypes").list()
	is, known := valueOf(c.new, "allowedMemberTypes").list()
	role := s.label(c.urn)
	switch {
	case !known:
		return []line{{gains, role + " changes who can hold it to " + s.show(valueOf(c.new, "allowedMemberTypes"))}}
	case slices.Contains(is, "User") && !slices.Contains(was, "User"):
		return []line{{gains, role + ": **people can hold it too**, not only applications"}}
	case slices.Contains(was, "User") && !slices.Contains(is, "User"):
		return []line{{loses, role + ": people can no longer hold it"}}
	case c.old != nil && !slices.Equal(was, is):
		return []line{{gains, role + " changes who can hold it from " + s.show(valueOf(c.old, "allowedMemberTypes")) + " to " + s.show(valueOf(c.new, "allowedMemberTypes"))}}
	}
	return nil
}

func describeAssignment(s *stack, c change) (lines []line) {
	where := ""
	if owner := s.owner(c.urn); owner != "" {
		where = "client " + code(nameOf(owner)) + ": "
		if typeOf(owner) == apiType {
			where = code(nameOf(owner)) + ": "
		}
	}
	var whos, roles []string
	for _, side := range c.sides() {
		who, _ := s.principal(valueOf(side.Side, "principalObjectId"))
		role, _ := s.appRole(side)
		whos, roles = append(whos, who), append(roles, role)
	}
	sameRole := c.op == replaced && c.keeps("appRoleId") && c.keeps("resourceObjectId")
	if c.op == replaced && !sameRole && roles[0] == roles[1] { // only the ids tell them apart
		for i, side := range c.sides() {
			of, _ := s.principal(valueOf(side.Side, "resourceObjectId"))
			roles[i] += " (role id " + s.show(valueOf(side.Side, "appRoleId")) + " of " + strings.TrimSuffix(of, ",") + ")"
		}
	}
	if sameRole {
		if c.keeps("principalObjectId") {
			return []line{{neither, where + whos[1] + " keeps " + roles[1] + ", by a new assignment"}}
		}
		return []line{{gains, fmt.Sprintf("%sthe holder of %s **is now another principal**: from %s to %s", where, roles[1], strings.TrimSuffix(whos[0], ","), strings.TrimSuffix(whos[1], ","))}}
	}
	for i, side := range c.sides() {
		if side.gone {
			lines = append(lines, line{loses, where + whos[i] + " **loses** " + roles[i]})
		} else {
			lines = append(lines, line{gains, where + whos[i] + " **gains** " + roles[i]})
		}
	}
	return lines
}

// checkAssignment names what a preview cannot tell of a new assignment.
func checkAssignment(s *stack, side *Side) []string {
	unknown := checkPrincipals("principalObjectId", "resourceObjectId")(s, side)
	if _, understood := s.appRole(sided{Side: side}); !understood {
		unknown = append(unknown, "appRoleId")
	}
	return unknown
}

// A roleKey is what an assignment says of an app role: the application, and the id
// in lower case, or the URN that it comes from.
type roleKey struct {
	gone              bool // the role as it was before
	application, role string
}

// rolesOf are the values of all app roles of the stack's applications.
func (s *stack) rolesOf() map[roleKey][]string {
	roles := make(map[roleKey][]string)
	for gone, sides := range map[bool]map[string]*Side{true: s.before, false: s.after} {
		for urn, side := range sides {
			value, application := valueOf(side, "value"), s.origin(valueOf(side, "applicationId"))
			if typeOf(urn) != appRoleType || application == "" || value.text() == "" {
				continue
			}
			names := []string{urn}
			if id := valueOf(side, "roleId").text(); id != "" {
				names = append(names, strings.ToLower(id))
			}
			for _, name := range names {
				key := roleKey{gone, application, name}
				roles[key] = append(roles[key], s.show(value)) // one is a role; more are in no order
			}
		}
	}
	return roles
}

// appRole is the role that an assignment gives, and the API that it is of.
// understood is false if a preview cannot tell which role it is.
func (s *stack) appRole(assignment sided) (text string, understood bool) {
	resource := valueOf(assignment.Side, "resourceObjectId")
	of, _ := s.principal(resource)
	of = strings.TrimSuffix(of, ",")
	application := s.applicationOf(s.origin(resource))
	if api := s.owner(application); api != "" && typeOf(api) == apiType {
		of = code(nameOf(api))
	}
	id := valueOf(assignment.Side, "appRoleId")
	key := roleKey{assignment.gone, application, strings.ToLower(id.text())}
	if id.raw == unknownValue && len(id.from) == 1 {
		key.role = id.from[0]
	}
	values := s.roles[key] // of the roles that it could be
	switch {
	case len(values) == 1:
		return values[0] + " on " + of, true
	case id.text() == "00000000-0000-0000-0000-000000000000":
		return "access without a role to " + of, true
	}
	return "the app role with the id " + s.show(id) + " on " + of, id.text() != ""
}

// origin is the stack's own resource that has a known id, or that an unknown one
// comes from, or "".
func (s *stack) origin(v value) string {
	if id := v.text(); id != "" {
		return s.ids[strings.ToLower(objectOf(id))]
	}
	if v.raw == unknownValue && len(v.from) == 1 && !s.foreign(v.from[0]) {
		return v.from[0]
	}
	return ""
}

// applicationOf is the app registration of a service principal of the stack's, or
// "".
func (s *stack) applicationOf(principal string) string {
	side := s.side(principal)
	if side == nil || typeOf(principal) != servicePrincipalType {
		return ""
	}
	for _, path := range []string{"clientId", "applicationId"} {
		if v := valueOf(side, path); v.set {
			urn := s.ids[strings.ToLower(v.text())]
			if v.raw == unknownValue && len(v.from) == 1 && !s.external[v.from[0]] {
				urn = v.from[0]
			}
			if urn != "" && typeOf(urn) == applicationType {
				return urn
			}
			return ""
		}
	}
	return ""
}
