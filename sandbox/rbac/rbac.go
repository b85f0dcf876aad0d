// Package rbac is Azure role-based access control: the built-in roles, and whether
// a principal may do an action at a scope.
//
// It follows learn.microsoft.com/azure/role-based-access-control/overview: an
// assignment counts at its scope and everywhere below it; a role allows its
// actions minus its notActions; assignments add up, so one role may allow what
// another's notActions exclude. Nothing is granted by default.
//
// It does not support custom roles, deny assignments or conditions. An assignment
// takes effect at once; in Azure it can take ten minutes.
//
// Not for production.
package rbac

import (
	"slices"
	"strings"

	"app-to-app/sandbox/store"
)

// A Role is a built-in role definition. Its permissions may hold the wildcard
// "*", which matches any text, slashes included.
type Role struct {
	ID             string // GUID
	Name           string
	Description    string
	Actions        []string
	NotActions     []string
	DataActions    []string
	NotDataActions []string
}

// Grants says whether the role alone allows a control-plane action.
func (r Role) Grants(action string) bool {
	return matchesAny(r.Actions, action) && !matchesAny(r.NotActions, action)
}

// GrantsData says whether the role alone allows a data action.
func (r Role) GrantsData(action string) bool {
	return matchesAny(r.DataActions, action) && !matchesAny(r.NotDataActions, action)
}

// Allowed says whether the principal may do a control-plane action, for example
// Microsoft.Web/sites/write, at a scope: an ARM id, in any case, of something
// that need not exist yet.
func Allowed(tx *store.Tx, tenantID, principalID, action, scope string) bool {
	return anyRole(tx, tenantID, principalID, scope, func(r Role) bool { return r.Grants(action) })
}

// AllowedData says whether the principal may do a data action at a scope.
// Owner and Contributor give none.
func AllowedData(tx *store.Tx, tenantID, principalID, action, scope string) bool {
	return anyRole(tx, tenantID, principalID, scope, func(r Role) bool { return r.GrantsData(action) })
}

// anyRole looks for a role that the principal holds at the scope or above and
// that satisfies grants.
func anyRole(tx *store.Tx, tenantID, principalID, scope string, grants func(Role) bool) bool {
	return slices.ContainsFunc(Held(tx, tenantID, principalID, scope), grants)
}

// Held returns the roles that the principal holds at the scope or above,
// starting with the highest scope.
func Held(tx *store.Tx, tenantID, principalID, scope string) []Role {
	var held []Role
	for _, at := range Chain(scope) {
		for _, a := range store.RoleAssignments.All(tx, assignmentPrefix(at)) {
			if !strings.EqualFold(a.PrincipalID, principalID) || !strings.EqualFold(a.TenantID, tenantID) {
				continue
			}
			if role, ok := RoleByID(a.RoleID); ok {
				held = append(held, role)
			}
		}
	}
	return held
}

// Assign stores an assignment under its ARM id, which it makes from scope and
// name when it is empty. It checks nothing.
func Assign(tx *store.Tx, a store.RoleAssignment) {
	if a.ID == "" {
		a.ID = AssignmentID(a.Scope, a.Name)
	}
	store.RoleAssignments.Put(tx, store.ResourceKey(a.ID), a)
}

// AssignmentID is the ARM id of the assignment of that name at a scope.
func AssignmentID(scope, name string) string {
	return strings.TrimSuffix(scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + name
}

// Chain is a scope and everything above it in lower case, the root "/" first.
// It cuts at every segment, so it includes incomplete resource ids, which have no
// assignments.
func Chain(scope string) []string {
	scope = strings.Trim(strings.ToLower(scope), "/")
	chain := []string{"/"}
	for i, c := range scope {
		if c == '/' {
			chain = append(chain, "/"+scope[:i])
		}
	}
	if scope != "" {
		chain = append(chain, "/"+scope)
	}
	return chain
}

func assignmentPrefix(scope string) string {
	return strings.ToLower(AssignmentID(scope, ""))
}

func matchesAny(patterns []string, action string) bool {
	for _, pattern := range patterns {
		if matches(strings.ToLower(pattern), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// matches compares with a pattern in which "*" matches any text.
func matches(pattern, action string) bool {
	head, tail, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == action
	}
	rest, ok := strings.CutPrefix(action, head)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if matches(tail, rest[i:]) {
			return true
		}
	}
	return false
}
