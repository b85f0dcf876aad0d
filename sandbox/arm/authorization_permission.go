package arm

import "app-to-app/sandbox/rbac"

// This file lists what the caller may do at a scope:
// learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group.
// It has one entry for each role that the caller holds there or above; they add
// up. The page documents resource groups and resources; the portal reads the
// subscription's list, which has the same form.

const permissionRead = "Microsoft.Authorization/permissions/read"

func (c *call) listPermissions() (reply, error) {
	var items []map[string]any
	for _, role := range rbac.Held(c.tx, c.caller.TenantID, c.caller.ObjectID, scopeOf(pathAsSent(c.r))) {
		items = append(items, map[string]any{
			"actions": orNone(role.Actions), "notActions": orNone(role.NotActions),
			"dataActions": orNone(role.DataActions), "notDataActions": orNone(role.NotDataActions),
		})
	}
	return ok(values(items))
}
