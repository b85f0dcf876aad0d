package graph_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode"

	"app-to-app/sandbox/graph"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

func TestRoutesAreDocumented(t *testing.T) {
	t.Parallel()
	service := graph.New(graph.Config{BaseURL: "https://127.0.0.1:8443", Log: &route.Log{}, Weather: &route.Weather{}})
	routes := service.Routes().Routes
	if len(routes) == 0 {
		t.Fatal("no routes")
	}
	for _, r := range routes {
		if len(r.Permission) == 0 && !anyToken(r.Pattern) {
			t.Errorf("%s: admits every token", r.Pattern)
		}
		if !strings.HasPrefix(r.Doc, "https://learn.microsoft.com/graph/") || r.Checked == "" {
			t.Errorf("%s: got page %q checked %q", r.Pattern, r.Doc, r.Checked)
		}
	}
}

// anyToken says whether a route needs no permission: /me refuses all, and what
// is in a batch needs its own.
func anyToken(pattern string) bool {
	return strings.HasSuffix(pattern, "/me") || strings.HasSuffix(pattern, "/$batch")
}

// TestEveryRouteNeedsItsPermission asks each route as a caller without any
// permission, for objects that are not its own.
func TestEveryRouteNeedsItsPermission(t *testing.T) {
	t.Parallel()
	w, names := newRefusalWorld(t)
	service := graph.New(graph.Config{BaseURL: w.base, Log: &route.Log{}, Weather: &route.Weather{}})
	for _, r := range service.Routes().Routes {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if anyToken(r.Pattern) {
			continue
		}
		id := "{sp}"
		if strings.Contains(path, "/applications/") {
			id = "{app}"
		}
		path = strings.NewReplacer("{id}", id, "{owner}", "{deployer}", "{credential}", "taken", "{assignment}", "x").Replace(path)
		t.Run(r.Pattern, func(t *testing.T) {
			if got := w.send("nobody", method, names.Replace(path), `{}`); got.status != http.StatusForbidden || got.code() != no {
				t.Errorf("got %d %s without a permission, want 403", got.status, got.code())
			}
			if got := w.send("", method, names.Replace(path), `{}`); got.status != http.StatusUnauthorized {
				t.Errorf("got %d without a token, want 401", got.status)
			}
		})
	}
}

func TestDirectoryObjectOfBothKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{})
	sp := w.newServicePrincipal(client)
	for kind, id := range map[string]string{"application": app, "servicePrincipal": sp} {
		t.Run(kind, func(t *testing.T) {
			if got := w.get("/beta/directoryObjects/" + id).property("@odata.type"); got != "#microsoft.graph."+kind {
				t.Errorf("got type %q, want %q", got, kind)
			}
		})
	}
	w.want(404, "deployer", "GET", "/v1.0/directoryObjects/"+client, nil)
}

func TestAssignmentByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	to := "/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo"
	id := w.want(201, "deployer", "POST", to, map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp}).property("id")
	if got := w.get(to + "/" + id).property("principalId"); got != ordersIdentity {
		t.Errorf("got principal %q", got)
	}
	from := "/v1.0/servicePrincipals/" + ordersIdentity + "/appRoleAssignments/"
	w.want(404, "deployer", "GET", "/v1.0/servicePrincipals/"+graphPrincipal+"/appRoleAssignedTo/"+id, nil)
	swapped := strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, id)
	w.want(404, "deployer", "DELETE", from+swapped, nil) // assignment ids are no GUIDs: case matters
	w.want(204, "deployer", "DELETE", from+id, nil)
	w.want(404, "deployer", "GET", to+"/"+id, nil)
}

// TestDeletedPrincipalHoldsNothing deletes the client, not the API.
func TestDeletedPrincipalHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, api := w.newApplication(map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	resource := w.newServicePrincipal(api)
	_, client := w.newApplication(map[string]any{"displayName": "orders-client"})
	principal := w.newServicePrincipal(client)
	to := "/v1.0/servicePrincipals/" + resource + "/appRoleAssignedTo"
	w.want(201, "deployer", "POST", to, map[string]any{"appRoleId": ordersRead, "principalId": principal, "resourceId": resource})
	w.want(204, "deployer", "DELETE", "/v1.0/servicePrincipals/"+principal, nil)
	if got := w.get(to).values(); len(got) != 0 {
		t.Errorf("got %d assignments of a deleted principal", len(got))
	}
}

func TestPasswordsDroppedByPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.newApplication(map[string]any{})
	one := "/v1.0/applications/" + id
	for range 2 {
		w.want(200, "deployer", "POST", one+"/addPassword", map[string]any{})
	}
	credentials := w.get(one).body["passwordCredentials"].([]any)
	w.patch(one, map[string]any{"passwordCredentials": credentials[1:]})
	w.view(func(tx *store.Tx) {
		app, _ := store.Applications.Get(tx, store.TenantKey(contoso, id))
		if len(app.PasswordCredentials) != 1 || len(app.PasswordCredentials[0].SecretHash) == 0 {
			t.Errorf("got %d credentials, want the second with its hash", len(app.PasswordCredentials))
		}
	})
}

// TestApplicationHasOneServicePrincipal creates several at the same time.
func TestApplicationHasOneServicePrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{})
	statuses := make([]int, 8)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/v1.0/servicePrincipals", strings.NewReader(`{"appId":"`+client+`"}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer deployer")
			r.Header.Set("Content-Type", "application/json")
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			statuses[i] = response.StatusCode
		})
	}
	group.Wait()
	made := 0
	for _, status := range statuses {
		if status == http.StatusCreated {
			made++
		} else if status != http.StatusConflict {
			t.Errorf("got status %d, want 201 or 409", status)
		}
	}
	if made != 1 {
		t.Errorf("got %d service principals, want 1", made)
	}
}
