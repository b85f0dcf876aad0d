package teardown_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
	"app-to-app/tenant/teardown"
)

const readRole = "11111111-aaaa-4000-8000-000000000001"

// TestTeardownNamesWhoLosesAccess: a client that this stack does not declare keeps
// its API from being torn down, until somebody forces it.
func TestTeardownNamesWhoLosesAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	ctx, graph := t.Context(), w.session.Graph
	own := w.stack.resources[len(w.stack.resources)-1]["id"].(string)
	application := w.stack.resources[len(w.stack.resources)-2]["id"].(string)
	w.must(graph.Patch(ctx, "/v1.0"+application, map[string]any{"appRoles": []any{map[string]any{
		"id": readRole, "value": "Orders.Read", "displayName": "Read", "description": "Read", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}}))
	client := func(name string) string {
		var app, sp struct{ ID, AppID string }
		w.must(graph.Post(ctx, "/v1.0/applications", map[string]any{"displayName": name, "signInAudience": "AzureADMyOrg"}, &app))
		w.must(graph.Post(ctx, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &sp))
		w.must(graph.Post(ctx, "/v1.0/servicePrincipals/"+own+"/appRoleAssignedTo", map[string]any{"principalId": sp.ID, "resourceId": own, "appRoleId": readRole}, nil))
		return sp.ID
	}
	declared, stranger := client("declared"), client("billing")
	w.stack.resources = append([]map[string]any{{
		"urn": "urn:pulumi:pr-7::app-to-app::azuread:index/appRoleAssignment:AppRoleAssignment::a", "type": "azuread:index/appRoleAssignment:AppRoleAssignment", "custom": true, "id": "a",
		"outputs": map[string]any{"principalObjectId": declared, "appRoleId": readRole},
	}}, w.stack.resources...)

	before := w.deletions()
	_, err := teardown.Run(ctx, w.options())
	if !errors.Is(err, teardown.ErrCalled) || w.deletions() != before || !strings.Contains(err.Error(), `"billing" (`+stranger+") holds the app role "+readRole+` of "pr-7"`) || strings.Contains(err.Error(), declared) {
		t.Fatalf("got %v after %d deletions, want a refusal that names billing alone", err, w.deletions()-before)
	}
	w.sandbox.Weather().Queue("GET /v1.0/servicePrincipals/{id}/appRoleAssignedTo", route.Fault{Status: http.StatusForbidden, Code: "Authorization_RequestDenied"})
	if _, err := teardown.Run(ctx, w.options()); err == nil || !strings.Contains(err.Error(), "list who would lose access") || w.deletions() != before {
		t.Fatalf("got %v after %d deletions, want a refusal when the tenant does not say who", err, w.deletions()-before)
	}
	o := w.options()
	o.Force = true
	left, err := teardown.Run(ctx, o)
	if err != nil || left.Total() != 0 || !strings.Contains(w.log.String(), "losing access:\n  ServicePrincipal \"billing\"") {
		t.Errorf("forced: got %v, %v and the log\n%s", left, err, &w.log)
	}
}
