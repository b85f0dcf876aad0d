package teardown_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"app-to-app/components/provenance"
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

// TestTeardownKeepsWhatWasRequested: what somebody else made for the stack is named
// with the command that removes it, and neither deleted nor counted.
func TestTeardownKeepsWhatWasRequested(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("test", "2026-01-01")
	ctx, graph := t.Context(), w.session.Graph
	own := w.stack.resources[len(w.stack.resources)-1]["id"].(string)
	made := func(client string) (application, principal string) {
		mark := provenance.Mark{Project: "app-to-app", Stack: w.stack.name, Name: provenance.ApplicationOf(client)}
		var app, sp struct{ ID, AppID string }
		w.must(graph.Post(ctx, "/v1.0/applications", map[string]any{"displayName": client, "signInAudience": "AzureADMyOrg", "tags": append(mark.Tags(), provenance.RequestedTag)}, &app))
		w.must(graph.Post(ctx, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID, "tags": append(mark.Tags(), provenance.RequestedTag)}, &sp))
		return app.ID, sp.ID
	}
	returns, principal := made("returns")
	removed, _ := made("removed") // a client that the stack does not have any more
	gone, _ := made("gone")       // that somebody has removed
	w.must(graph.Delete(ctx, "/v1.0/applications/"+gone))
	application := w.stack.resources[len(w.stack.resources)-2]["id"].(string)
	w.must(graph.Patch(ctx, "/v1.0"+application, map[string]any{"appRoles": []any{map[string]any{
		"id": readRole, "value": "Orders.Read", "displayName": "Read", "description": "Read", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}}))
	w.must(graph.Post(ctx, "/v1.0/servicePrincipals/"+own+"/appRoleAssignedTo", map[string]any{"principalId": principal, "resourceId": own, "appRoleId": readRole}, nil))
	w.stack.resources[0]["outputs"] = map[string]any{"environment": "test", "access": []any{
		map[string]any{"client": "returns", "requested": true, "applicationObjectId": returns, "objectId": principal},
		map[string]any{"client": "gone", "requested": true, "applicationObjectId": gone, "objectId": gone},
		map[string]any{"client": "other", "applicationObjectId": own},
	}}
	w.sandbox.Weather().Queue("GET /v1.0/applications", route.Fault{Status: http.StatusForbidden, Code: "Authorization_RequestDenied"})
	if _, err := teardown.Run(ctx, w.options()); err == nil || !strings.Contains(w.log.String(), "az ad app delete --id "+returns) {
		t.Fatalf("by a login that may not read the tenant: got %v and\n%s", err, &w.log)
	}
	w.log.Reset()
	left, err := teardown.Run(ctx, w.options())
	if err != nil || left.Total() != 0 {
		t.Fatalf("got %v, %v, want all of the stack's own gone:\n%s", left, err, &w.log)
	}
	for client, id := range map[string]string{"returns": returns, "removed": removed} {
		want := "the app registration " + id + ` that somebody made for client "` + client + `" on request; who made it removes it: az ad app delete --id ` + id
		if strings.Count(w.log.String(), want) != 1 {
			t.Errorf("got\n%s\nwant %q once", &w.log, want)
		}
		w.must(graph.Get(ctx, "/v1.0/applications/"+id, nil))
	}
	if strings.Contains(w.log.String(), gone) || strings.Contains(w.log.String(), "not deleted: the app registration "+own) {
		t.Errorf("got\n%s\nwant nothing that is gone or the stack's own to be kept", &w.log)
	}
}
