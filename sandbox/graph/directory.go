package graph

import (
	"net/http"
	"strings"

	"app-to-app/sandbox/store"
)

// getDirectoryObject finds an application or a service principal by its object
// id (https://learn.microsoft.com/graph/api/directoryobject-get).
func getDirectoryObject(tx *store.Tx, q *request) (answer, error) {
	id := q.PathValue("id")
	if sp, ok := store.LiveServicePrincipal(tx, q.caller.TenantID, id); ok {
		sp, err := q.servicePrincipal(tx)
		if err != nil {
			return answer{}, err
		}
		shown := viewServicePrincipal(sp, applicationOf(tx, sp), q.version)
		shown.mixed = true
		return q.one("directoryObjects", shown)
	} else if sp.DeletedAt != nil {
		return answer{}, notFound(id)
	}
	app, err := q.application(tx)
	if err != nil {
		return answer{}, err
	}
	shown := viewApplication(tx, app, q.version, false)
	shown.mixed = true
	return q.one("directoryObjects", shown)
}

// getMe refuses, because no token here has a user
// (https://learn.microsoft.com/graph/resolve-auth-errors).
func getMe(*store.Tx, *request) (answer, error) {
	return answer{}, &refusal{http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow."}
}

func viewOrganization(tenant store.Tenant) object {
	return object{kind: "organization", id: tenant.ID, props: map[string]any{
		"id": tenant.ID, "displayName": tenant.DisplayName, "deletedDateTime": nil, "tenantType": "AAD",
		"assignedPlans": []any{}, "provisionedPlans": []any{}, "businessPhones": []any{},
		"marketingNotificationEmails": []any{}, "technicalNotificationMails": []any{},
		"securityComplianceNotificationMails": []any{}, "securityComplianceNotificationPhones": []any{},
		"verifiedDomains": []any{map[string]any{
			"name": tenant.Domain, "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline",
			"isDefault": true, "isInitial": true,
		}},
	}}
}

func listOrganizations(tx *store.Tx, q *request) (answer, error) {
	return q.list("organization", filterable{}, func(yield func(string, object) bool) {
		if tenant, ok := store.Tenants.Get(tx, strings.ToLower(q.caller.TenantID)); ok {
			yield(tenant.ID, viewOrganization(tenant))
		}
	})
}

func getOrganization(tx *store.Tx, q *request) (answer, error) {
	id := q.PathValue("id")
	tenant, ok := store.Tenants.Get(tx, strings.ToLower(q.caller.TenantID))
	if !ok || !strings.EqualFold(tenant.ID, id) {
		return answer{}, notFound(id)
	}
	return q.one("organization", viewOrganization(tenant))
}
