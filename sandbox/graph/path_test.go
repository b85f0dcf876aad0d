package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestPathsOfOneObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	for path, id := range map[string]string{
		"/v1.0/applications(appId='{client}')":                                app,
		"/beta/Applications(AppId='{client}')":                                app,
		"/v1.0/servicePrincipals(appId='{client}')":                           sp,
		"/v1.0/servicePrincipals(appId='" + strings.ToUpper(client) + "')":    sp,
		"/v1.0/myorganization/applications/{app}":                             app,
		"/beta/myOrganization/serviceprincipals(appId='{client}')?$select=id": sp,
	} {
		path = strings.NewReplacer("{client}", client, "{app}", app).Replace(path)
		if got := w.get(path); got.property("id") != id {
			t.Errorf("%s: got %s, want the object %s", path, got.text, id)
		}
	}

	// What is below an object is found as well, and changes the object.
	key := "/v1.0/servicePrincipals(appId='" + client + "')"
	grant := map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp}
	made := w.want(201, "deployer", "POST", key+"/appRoleAssignedTo", grant)
	want := w.base + "/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo/" + made.property("id")
	if got := made.header.Get("Location"); got != want {
		t.Errorf("got location %q, want %q", got, want)
	}
	w.get(want)
	w.patch("/v1.0/applications(appId='"+client+"')", `{"notes":"x"}`)
	if got := w.get("/v1.0/applications/" + app).property("notes"); got != "x" {
		t.Errorf("got notes %q, want x", got)
	}

	for _, path := range []string{
		"/v1.0/applications(appId='" + app + "')",       // the object id
		"/v1.0/servicePrincipals(appId='" + zero + "')", // nobody's
		"/v1.0/applications(appId='')",
	} {
		w.want(404, "deployer", "GET", path, nil)
	}
	w.want(404, "stranger", "GET", "/v1.0/applications(appId='"+client+"')", nil)
	w.want(403, "nobody", "GET", "/v1.0/applications(appId='"+client+"')", nil)
	// Its own application, in the name of which a caller signs in.
	w.want(200, "nobody", "GET", "/v1.0/servicePrincipals(appId='"+w.callers["nobody"].ClientID+"')", nil)
}

// TestPathsThatAreNotIDs asks for what has an id's place in the path, and is
// something else in Graph.
func TestPathsThatAreNotIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{})
	sp := w.newServicePrincipal(client)
	for _, path := range []string{
		"/applications/delta", "/applications/delta()", "/servicePrincipals/delta?$deltatoken=x", "/servicePrincipals/microsoft.graph.delta()",
		"/applications(uniqueName='x')", "/applications('" + app + "')", "/servicePrincipals/$value", "/organization/$count",
		"/directoryObjects/$count", "/directory/deletedItems/microsoft.graph.user", "/directory/deletedItems/$count",
		"/applications/" + app + "/federatedIdentityCredentials/$count", "/servicePrincipals/" + sp + "/appRoleAssignedTo/$count",
		"/servicePrincipals/" + sp + "/owners/$count", "/applications/$count?$search=x", "/myorganization", "/myorganization/me/x",
	} {
		w.want(501, "admin", "GET", "/v1.0"+path, nil)
	}
	for _, path := range []string{"/applications/" + zero, "/servicePrincipals/" + zero, "/directory/deletedItems/" + zero} {
		w.want(404, "deployer", "GET", "/v1.0"+path, nil)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.get("/v1.0/applications/$count").text
	for range 3 {
		w.newApplication(map[string]any{"displayName": "counted"})
	}
	gone, _ := w.newApplication(map[string]any{"displayName": "counted"})
	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+gone, nil)
	if got := w.get(filtered("/v1.0/applications/$count", "displayName eq 'counted'")).text; got != "3" {
		t.Errorf("got count %q, want 3", got)
	}
	if after := w.get("/v1.0/applications/$count"); after.text == before || after.header.Get("Content-Type") != "text/plain" {
		t.Errorf("got count %q as %q after %q, want three more as text", after.text, after.header.Get("Content-Type"), before)
	}
	w.want(501, "deployer", "GET", filtered("/v1.0/servicePrincipals/$count", "notes eq 'x'"), nil)

	// Without ConsistencyLevel: eventual the path is refused, and the parameter
	// ignored. A batch sends just the headers that a request in it has.
	_, answers := w.batch("deployer", "/v1.0", `{"id":"1","method":"GET","url":"/applications/$count"},{"id":"2","method":"GET","url":"/applications?$count=true"},`+
		`{"id":"3","method":"GET","url":"/applications?$count=true","headers":{"ConsistencyLevel":"eventual"}}`)
	refused, _ := answers[0]["body"].(map[string]any)
	if answers[0]["status"] != 400.0 || !strings.Contains(fmt.Sprint(refused["error"]), "$count is not currently supported") {
		t.Errorf("got %v, want the count refused", answers[0])
	}
	for i, counted := range []bool{false, true} {
		list := answers[i+1]["body"].(map[string]any)
		if _, has := list["@odata.count"]; answers[i+1]["status"] != 200.0 || has != counted {
			t.Errorf("got %v, want a list with its count: %v", answers[i+1], counted)
		}
	}
}
