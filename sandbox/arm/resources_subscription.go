package arm

import (
	"net/http"
	"strings"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

// This file implements subscriptions and tenants, as far as the caller may see
// them: learn.microsoft.com/rest/api/resources/subscriptions.

const subscriptionRead = "Microsoft.Resources/subscriptions/read"

var subscriptionVersions = []string{"2014-04-01", "2016-06-01", "2018-06-01", "2019-06-01", "2019-11-01", "2020-01-01", "2021-01-01", "2021-10-01", "2022-09-01", "2022-12-01"}

func showSubscription(s store.Subscription) map[string]any {
	return map[string]any{
		"id": "/subscriptions/" + s.ID, "subscriptionId": s.ID, "tenantId": s.TenantID, "displayName": s.DisplayName,
		"state": "Enabled", "authorizationSource": "RoleBased", "managedByTenants": []any{},
		"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
	}
}

func (c *call) getSubscription() (reply, error) {
	return ok(showSubscription(c.subscription))
}

// canSee says whether the caller holds any role in a subscription; one is
// enough.
func (c *call) canSee(s store.Subscription) bool {
	if !strings.EqualFold(s.TenantID, c.caller.TenantID) {
		return false
	}
	scope := "/subscriptions/" + s.ID
	if rbac.Allowed(c.tx, c.caller.TenantID, c.caller.ObjectID, subscriptionRead, scope) {
		return true
	}
	for _, a := range store.RoleAssignments.All(c.tx, store.ResourceKey(scope)+"/") {
		if strings.EqualFold(a.PrincipalID, c.caller.ObjectID) {
			return true
		}
	}
	return false
}

func (c *call) listSubscriptions() (reply, error) {
	var items []map[string]any
	for _, s := range store.Subscriptions.All(c.tx, "") {
		if c.canSee(s) {
			items = append(items, showSubscription(s))
		}
	}
	return ok(values(items))
}

// listTenants shows the caller's own tenant: a service principal has one.
func (c *call) listTenants() (reply, error) {
	tenant, known := store.Tenants.Get(c.tx, strings.ToLower(c.caller.TenantID))
	if !known {
		return reply{}, refuse(http.StatusNotFound, "TenantNotFound", "The tenant '%s' could not be found.", c.caller.TenantID)
	}
	return ok(values([]map[string]any{{
		"id": "/tenants/" + tenant.ID, "tenantId": tenant.ID, "displayName": tenant.DisplayName, "defaultDomain": tenant.Domain,
		"domains": []string{tenant.Domain}, "tenantCategory": "Home", "tenantType": "AAD",
	}}))
}

func (c *call) listLocations() (reply, error) {
	var items []map[string]any
	for _, l := range locations {
		items = append(items, map[string]any{
			"id": c.subscriptionID() + "/locations/" + l.name, "name": l.name, "displayName": l.display, "regionalDisplayName": l.display,
			"type": "Region", "metadata": map[string]any{"regionType": "Physical", "regionCategory": "Recommended"},
		})
	}
	return ok(values(items))
}
