package arm

import (
	"net/http"
	"strings"

	"app-to-app/sandbox/rbac"
)

// This file implements role definitions, the built-in ones only:
// learn.microsoft.com/rest/api/authorization/role-definitions.

const definitionRead = "Microsoft.Authorization/roleDefinitions/read"

// showRole shows a role under the subscription, or under the tenant when there
// is no subscription.
func (c *call) showRole(role rbac.Role) map[string]any {
	prefix := ""
	if c.subscription.ID != "" {
		prefix = c.subscriptionID()
	}
	return map[string]any{
		"id":   prefix + "/providers/Microsoft.Authorization/roleDefinitions/" + role.ID,
		"name": role.ID, "type": "Microsoft.Authorization/roleDefinitions",
		"properties": map[string]any{
			"roleName": role.Name, "type": "BuiltInRole", "description": role.Description, "assignableScopes": []string{"/"},
			"permissions": []map[string]any{{
				"actions": orNone(role.Actions), "notActions": orNone(role.NotActions),
				"dataActions": orNone(role.DataActions), "notDataActions": orNone(role.NotDataActions),
			}},
		},
	}
}

func orNone(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func (c *call) getDefinition() (reply, error) {
	role, found := rbac.RoleByID(c.r.PathValue("definition"))
	if !found {
		return reply{}, refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", strings.ReplaceAll(c.r.PathValue("definition"), "-", ""))
	}
	return ok(c.showRole(role))
}

// listDefinitions shows all roles, or the one that $filter names.
func (c *call) listDefinitions() (reply, error) {
	wanted := ""
	for term := range strings.SplitSeq(c.r.URL.Query().Get("$filter"), " and ") {
		switch term = strings.TrimSpace(term); term {
		case "", "atScopeAndBelow()", "type eq 'BuiltInRole'":
			continue
		}
		name, known := equals(term, "roleName")
		if !known {
			return reply{}, unemulated("$filter=%s", term)
		}
		wanted = name
	}
	var items []map[string]any
	for _, role := range rbac.Roles() {
		if wanted == "" || strings.EqualFold(role.Name, wanted) {
			items = append(items, c.showRole(role))
		}
	}
	return ok(values(items))
}
