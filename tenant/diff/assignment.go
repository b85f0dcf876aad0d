package diff

import (
	"fmt"
	"maps"
	"slices"
)

// This file finds out what an app role assignment gives to whom. An
// assignment's logical name says what the program meant, so it counts for
// nothing here.

// unknownValue is what a preview has for a value that is not known yet
// (plugin.UnknownStringValue of Pulumi's SDK).
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// ownPrincipal stands for the object id of a client's own resource.
const ownPrincipal = "its own"

// role describes the role that an assignment gives. known is false if that is
// no role of an API of the stack's.
func (s side) role(assignment resource) (text string, known bool) {
	api := ""
	if principals := assignment.PropertyDependencies["resourceObjectId"]; len(principals) == 1 && typeOf(principals[0]) == servicePrincipalType {
		api = s.owner(s[principals[0]], apiType)
	}
	if api == "" {
		return "the role of " + code(nameOf(assignment.urn)), false
	}
	for _, urn := range slices.Sorted(maps.Keys(s)) {
		role := s[urn]
		if typeOf(urn) == appRoleType && s.owner(role, apiType) == api && assignment.gives(role) {
			value, ok := role.Inputs["value"].(string)
			return code(value) + " on " + code(nameOf(api)), ok
		}
	}
	return fmt.Sprintf("the role of %s on %s", code(nameOf(assignment.urn)), code(nameOf(api))), false
}

// gives reports whether an assignment is of a role.
func (r resource) gives(role resource) bool {
	if id := r.known("appRoleId"); id != "" {
		return id == role.Inputs["roleId"]
	}
	return slices.Equal(r.PropertyDependencies["appRoleId"], []string{role.urn})
}

// principalOf is whom an assignment is for: ownPrincipal, an object id, or "".
func (s side) principalOf(assignment resource) string {
	from := assignment.PropertyDependencies["principalObjectId"]
	if len(from) == 0 {
		return assignment.known("principalObjectId")
	}
	client := s.owner(assignment, clientType)
	for _, urn := range from {
		switch unversioned(typeOf(urn)) {
		case userAssignedType, servicePrincipalType, siteType:
		default:
			return ""
		}
		if s.owner(s[urn], clientType) != client {
			return ""
		}
	}
	return ownPrincipal
}

// known is the text of an input, or "" if it is not known yet.
func (r resource) known(input string) string {
	if value, _ := r.Inputs[input].(string); value != unknownValue {
		return value
	}
	return ""
}
