package teardown_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
	"app-to-app/tenant/teardown"
)

// TestTeardownNamesWhatWasGranted: the app role that somebody gave an existing
// identity at another stack's API stays, and is named with the command that removes
// it. The identity's other app role is nothing of the stack's.
func TestTeardownNamesWhatWasGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, graph := t.Context(), w.session.Graph
	const writeRole = "11111111-aaaa-4000-8000-000000000002"
	role := func(id, value string) map[string]any {
		return map[string]any{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": true, "allowedMemberTypes": []string{"Application"}}
	}
	principal := func(body map[string]any) string {
		var app, sp struct{ ID, AppID string }
		body["signInAudience"] = "AzureADMyOrg"
		w.must(graph.Post(ctx, "/v1.0/applications", body, &app))
		w.must(graph.Post(ctx, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &sp))
		return sp.ID
	}
	api := principal(map[string]any{"displayName": "orders (api)", "appRoles": []any{role(readRole, "Orders.Read"), role(writeRole, "Orders.Write")}})
	partner, gone := principal(map[string]any{"displayName": "partner"}), principal(map[string]any{"displayName": "gone"})
	for _, id := range []string{readRole, writeRole} {
		w.must(graph.Post(ctx, "/v1.0/servicePrincipals/"+api+"/appRoleAssignedTo", map[string]any{"principalId": partner, "resourceId": api, "appRoleId": id}, nil))
	}
	w.must(graph.Delete(ctx, "/v1.0/servicePrincipals/"+gone))
	client := func(name, id string) any {
		return map[string]any{"client": name, "identity": "existing", "objectId": id, "roles": []any{"Orders.Read"}}
	}
	outputs := func(api string, access ...any) map[string]any {
		return map[string]any{"environment": "test", "assignments": "requested", "apiServicePrincipalId": api, "access": access,
			"roleIds": map[string]any{"Orders.Read": readRole, "Orders.Write": writeRole}}
	}
	// run tears down the next stack like the first one, which is gone by then.
	run := func(t *testing.T, api string, access ...any) []string {
		w.stack.exists, w.stack.destroyed = true, 0
		w.deploy("test", "2026-01-01")
		own := w.stack.resources[len(w.stack.resources)-1]["id"].(string)
		if api == "" { // the stack's own
			api = own
		}
		w.stack.resources[0]["outputs"] = outputs(api, append(access, client("gone", gone), client("own", own))...)
		w.log.Reset()
		left, err := teardown.Run(ctx, w.options())
		if err != nil || left.Total() != 0 {
			t.Fatalf("got %v, %v and\n%s", left, err, &w.log)
		}
		return regexp.MustCompile(`(?m)^.*app role.*$`).FindAllString(w.log.String(), -1)
	}
	const list = "GET /v1.0/servicePrincipals/{id}/appRoleAssignments"
	same := client("the same identity", partner)

	t.Run("a login that may not look", func(t *testing.T) {
		w.sandbox.Weather().Queue(list, route.Fault{Status: http.StatusForbidden, Code: "Authorization_RequestDenied"})
		named := run(t, api, client("partner", partner))
		want := `client "partner" (` + partner + `) may still hold the app role "Orders.Read", which is not the stack's and was not taken away; this login may not look: az rest --url `
		if len(named) != 1 || !strings.HasPrefix(named[0], want+w.session.Cloud.Graph) {
			t.Errorf("got  %q\nwant %q…", named, want)
		}
	})
	t.Run("an answer that is none", func(t *testing.T) {
		w.sandbox.Weather().Queue(list, route.Fault{Status: http.StatusBadRequest, Code: "Request_BadRequest"})
		if named := run(t, api, client("partner", partner)); len(named) != 1 || !strings.Contains(named[0], "is not known: ") || !strings.Contains(named[0], "Request_BadRequest") {
			t.Errorf("got %q, want the reason", named)
		}
	})
	t.Run("the stack's own API", func(t *testing.T) {
		w.sandbox.Weather().Queue(list, route.Fault{Status: http.StatusForbidden, Code: "Authorization_RequestDenied"}) // to whoever asks all the same
		defer w.sandbox.Weather().Clear(list)
		if named := run(t, "", client("partner", partner)); len(named) != 0 {
			t.Errorf("got %q, want nothing: the app role went with the API", named)
		}
	})
	t.Run("another stack's API", func(t *testing.T) {
		named := run(t, api, client("partner", partner), same)
		want := `not the stack's, and not taken away: client "partner" (` + partner + `) holds the app role "Orders.Read" of "orders (api)"; if no other stack needs that, who assigns app roles removes it: az rest --method DELETE --url ` + w.session.Cloud.Graph
		if len(named) != 1 || !strings.HasPrefix(named[0], want) {
			t.Fatalf("got  %q\nwant %q… once", named, want)
		}
		w.must(graph.Delete(ctx, strings.TrimPrefix(named[0], want))) // as the command does
		var held struct{ Value []struct{ AppRoleID string } }
		w.must(graph.Get(ctx, "/v1.0/servicePrincipals/"+partner+"/appRoleAssignments", &held))
		if len(held.Value) != 1 || held.Value[0].AppRoleID != writeRole {
			t.Errorf("after the offered command: got %v, want Orders.Write alone", held.Value)
		}
	})
}
