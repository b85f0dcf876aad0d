package graph_test

import (
	"fmt"
	"testing"
)

func TestExpandAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var roles []any
	for i := range 22 {
		roles = append(roles, role(fmt.Sprintf("0d0e0f00-0000-4000-8000-%012d", i+1), fmt.Sprintf("Orders.%d", i), true))
	}
	_, client := w.newApplication(map[string]any{"displayName": "orders-api", "appRoles": roles})
	api := w.newServicePrincipal(client)
	assign := func(principal string, i int) string {
		grant := map[string]any{"appRoleId": fmt.Sprintf("0d0e0f00-0000-4000-8000-%012d", i), "principalId": principal, "resourceId": api}
		return w.want(201, "deployer", "POST", "/v1.0/servicePrincipals/"+principal+"/appRoleAssignments", grant).property("id")
	}
	id := assign(ordersIdentity, 1)
	for i := range 22 {
		assign(w.callers["reader"].ObjectID, i+1)
	}

	one := w.get("/v1.0/servicePrincipals/" + ordersIdentity + "?$expand=appRoleAssignments&$select=displayName")
	held, _ := one.body["appRoleAssignments"].([]any)
	if len(one.body) != 4 || len(held) != 1 || held[0].(map[string]any)["id"] != id || one.property("displayName") != "orders-client" {
		t.Errorf("got %s, want the name and assignment %s", one.text, id)
	}
	context := w.base + "/v1.0/$metadata#servicePrincipals(displayName,appRoleAssignments())/$entity"
	if got := one.property("@odata.context"); got != context {
		t.Errorf("got context %q, want %q", got, context)
	}
	for name, want := range map[string]int{"orders-client": 1, "orders-api": 0, "reader": 20} {
		list := w.get(filtered("/beta/servicePrincipals", "displayName eq '"+name+"'") + "&$expand=appRoleAssignments").values()
		held, isList := list[0]["appRoleAssignments"].([]any)
		if len(list) != 1 || !isList || len(held) != want || list[0]["appId"] == nil {
			t.Errorf("%s: got %d assignments in %d objects, want %d in one", name, len(held), len(list), want)
		}
		if want == 1 && held[0].(map[string]any)["creationTimestamp"] == nil {
			t.Errorf("got %v, want the names of beta", held[0])
		}
	}
	if got := w.get("/v1.0/servicePrincipals/" + ordersIdentity).body; got["appRoleAssignments"] != nil {
		t.Errorf("got %v without $expand, want no assignments", got["appRoleAssignments"])
	}
	for _, path := range []string{
		"/v1.0/servicePrincipals?$expand=owners", "/v1.0/servicePrincipals?$expand=appRoleAssignments($top=1)",
		"/v1.0/servicePrincipals?$expand=appRoleAssignments&$count=true", "/v1.0/applications?$expand=appRoleAssignments", "/v1.0/directoryObjects/" + api + "?$expand=appRoleAssignments",
	} {
		w.want(501, "deployer", "GET", path, nil)
	}
	w.want(501, "owner", "GET", "/v1.0/servicePrincipals?$expand=appRoleAssignments", nil)
}
