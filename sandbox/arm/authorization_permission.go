package arm

import "app-to-app/sandbox/rbac"

// This file is what the caller may do at a scope:
// learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group.
// One entry a role that the caller holds there or above; they add up. The page
// documents resource groups and resources; the subscription's list, which the
// portal reads, has the same form.

const permissionRead = "Microsoft.Authorization/permissions/read"

func (c *call) listPermissions() (reply, error) {
	if err := supported(c.version, authorizationVersions); err != nil {
		return reply{}, err
	}
	var items []map[string]any
	for _, role := range rbac.Held(c.tx, c.caller.TenantID, c.caller.ObjectID, scopeOf(pathAsSent(c.r))) {
		items = append(items, map[string]any{
			"actions": orNone(role.Actions), "notActions": orNone(role.NotActions),
			"dataActions": orNone(role.DataActions), "notDataActions": orNone(role.NotDataActions),
		})
	}
	return ok(values(items))
}
