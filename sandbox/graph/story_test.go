package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

func TestTenantsAreSeparate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uri := func(tenant string) map[string]any {
		return map[string]any{"displayName": "orders-api", "identifierUris": []string{"api://" + tenant + "/orders"}}
	}
	mine := w.want(201, "deployer", "POST", "/v1.0/applications", uri(contoso)).property("id")
	theirs := w.want(201, "stranger", "POST", "/v1.0/applications", uri(fabrikam)).property("id")
	for as, tenants := range map[string][2]string{"deployer": {mine, theirs}, "stranger": {theirs, mine}} {
		t.Run("list of the "+as, func(t *testing.T) {
			text := w.want(200, as, "GET", "/v1.0/applications", nil).text
			if !strings.Contains(text, tenants[0]) || strings.Contains(text, tenants[1]) {
				t.Errorf("got %s, want %s and not %s", text, tenants[0], tenants[1])
			}
		})
	}
	w.want(404, "stranger", "PATCH", "/v1.0/applications/"+mine, map[string]any{"notes": "x"})
	w.want(404, "stranger", "DELETE", "/v1.0/applications/"+mine, nil)
	if got := w.want(200, "admin", "GET", "/v1.0/organization", nil).values(); len(got) != 1 || got[0]["id"] != contoso {
		t.Errorf("got organizations %v, want contoso", got)
	}
	w.want(404, "admin", "GET", "/v1.0/organization/"+fabrikam, nil)
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.callers["owner"].ObjectID

	// A caller that may only change what it owns, owns what it creates.
	created := w.want(201, "owner", "POST", "/v1.0/applications", map[string]any{"displayName": "owned"})
	app := "/v1.0/applications/" + created.property("id")
	if got := w.want(200, "owner", "GET", app+"/owners", nil).values(); len(got) != 1 || got[0]["id"] != owner {
		t.Fatalf("got owners %v, want the creator", got)
	}
	sp := w.want(201, "owner", "POST", "/v1.0/servicePrincipals", map[string]any{"appId": created.property("appId")}).property("id")
	w.want(204, "owner", "PATCH", app, map[string]any{"notes": "mine"})
	w.want(204, "owner", "PATCH", "/v1.0/servicePrincipals/"+sp, map[string]any{"notes": "mine"})

	// The application's owner owns its service principal too.
	w.want(204, "owner", "DELETE", "/v1.0/servicePrincipals/"+sp+"/owners/"+owner+"/$ref", nil)
	w.want(204, "owner", "PATCH", "/v1.0/servicePrincipals/"+sp, map[string]any{"notes": "still mine"})

	// An owner can add another owner, and cannot undo removing itself.
	w.want(403, "deployer", "PATCH", app, map[string]any{"notes": "x"})
	w.want(204, "owner", "POST", app+"/owners/$ref", map[string]any{"@odata.id": w.base + "/v1.0/directoryObjects/" + w.callers["deployer"].ObjectID})
	w.want(204, "deployer", "PATCH", app, map[string]any{"notes": "shared"})
	w.want(204, "deployer", "DELETE", app+"/owners/"+owner+"/$ref", nil)
	w.want(403, "owner", "DELETE", app, nil)

	// With Application.ReadWrite.All no ownership is needed.
	w.want(204, "admin", "PATCH", app, map[string]any{"notes": "admin"})
	byAdmin := w.want(201, "admin", "POST", "/v1.0/applications", map[string]any{"displayName": "admin's"}).property("id")
	if got := w.want(200, "admin", "GET", "/v1.0/applications/"+byAdmin+"/owners", nil).values(); len(got) != 0 {
		t.Errorf("got owners %v, want none", got)
	}
	// With OwnedBy the whole tenant can be listed, and the caller can always
	// read itself.
	if got := w.want(200, "owner", "GET", "/v1.0/applications", nil).text; !strings.Contains(got, byAdmin) {
		t.Error("a caller with OwnedBy does not list another's application")
	}
	w.want(200, "nobody", "GET", "/v1.0/servicePrincipals/"+w.callers["nobody"].ObjectID, nil)
	w.want(200, "nobody", "GET", "/v1.0/directoryObjects/"+w.callers["nobody"].ObjectID, nil)
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const bin = "/v1.0/directory/deletedItems/"
	app, client := w.newApplication(map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	assign := map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp}
	w.want(201, "deployer", "POST", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", assign)

	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+app, nil)
	w.want(404, "deployer", "GET", "/v1.0/servicePrincipals/"+sp, nil)
	w.want(404, "deployer", "GET", "/v1.0/directoryObjects/"+app, nil)
	if got := w.get("/v1.0/servicePrincipals/" + ordersIdentity + "/appRoleAssignments").values(); len(got) != 0 {
		t.Errorf("got %d assignments on a deleted service principal", len(got))
	}
	// azuread's client sends the path in lower case.
	for kind, id := range map[string]string{"application": app, "servicePrincipal": sp} {
		t.Run("deleted "+kind, func(t *testing.T) {
			listed := w.get("/v1.0/directory/deleteditems/microsoft.graph." + kind).values()
			if len(listed) != 1 || listed[0]["id"] != id || listed[0]["deletedDateTime"] != "2026-11-23T12:00:00Z" {
				t.Errorf("got %v, want %s, deleted at the world's clock", listed, id)
			}
			if got := w.get(bin + id).property("@odata.type"); got != "#microsoft.graph."+kind {
				t.Errorf("got type %q, want %s", got, kind)
			}
		})
	}

	// The service principal needs its application, and is not restored with it.
	w.want(400, "deployer", "POST", bin+sp+"/restore", nil)
	if got := w.want(200, "deployer", "POST", bin+app+"/restore", nil); got.body["deletedDateTime"] != nil || got.property("appId") != client {
		t.Errorf("got restored application %v", got.body)
	}
	w.get("/v1.0/applications/" + app)
	w.want(404, "deployer", "GET", "/v1.0/servicePrincipals/"+sp, nil)
	w.want(200, "deployer", "POST", bin+sp+"/restore", nil)
	if got := w.get("/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo").values(); len(got) != 0 {
		t.Errorf("got %d assignments after the restore, want none", len(got))
	}

	// While there is a new service principal, the old one cannot be restored.
	w.want(204, "deployer", "DELETE", "/v1.0/servicePrincipals/"+sp, nil)
	second := w.newServicePrincipal(client)
	w.want(409, "deployer", "POST", bin+sp+"/restore", nil)
	w.want(204, "deployer", "DELETE", bin+sp, nil)
	w.want(404, "deployer", "GET", bin+sp, nil)

	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+app, nil)
	w.want(204, "deployer", "DELETE", bin+app, nil)
	w.want(404, "deployer", "GET", bin+app, nil)
	w.want(404, "deployer", "GET", bin+second, nil)
}

func TestRecycleBinKeepsThirtyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uris := map[string]any{"displayName": "x", "identifierUris": []string{"api://" + contoso + "/orders"}}
	app, _ := w.newApplication(uris)
	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+app, nil)
	advance := func(d time.Duration) {
		if err := w.store.Advance(d); err != nil {
			t.Fatal(err)
		}
	}
	advance(10 * 24 * time.Hour)
	laterURIs := map[string]any{"displayName": "y", "identifierUris": []string{"api://" + contoso + "/later"}}
	later, _ := w.newApplication(laterURIs)
	w.want(204, "deployer", "DELETE", "/v1.0/applications/"+later, nil)
	advance(20*24*time.Hour - time.Second)
	w.get("/v1.0/directory/deletedItems/" + app)
	w.want(400, "deployer", "POST", "/v1.0/applications", uris)
	advance(time.Second)
	w.want(404, "deployer", "GET", "/v1.0/directory/deletedItems/"+app, nil)
	if got := w.get("/v1.0/directory/deletedItems/microsoft.graph.application").values(); len(got) != 1 {
		t.Errorf("got %d deleted applications after 30 days, want the one deleted later", len(got))
	}
	w.want(404, "deployer", "POST", "/v1.0/directory/deletedItems/"+app+"/restore", nil)
	w.want(201, "deployer", "POST", "/v1.0/applications", uris)
	w.want(400, "deployer", "POST", "/v1.0/applications", laterURIs)
	advance(10 * 24 * time.Hour)
	w.want(201, "deployer", "POST", "/v1.0/applications", laterURIs)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 7 {
		w.newApplication(map[string]any{"displayName": fmt.Sprintf("paged-%d", i)})
	}
	seen := make(map[any]bool)
	address := "/v1.0/applications?%24filter=startswith%28displayName%2C%27paged%27%29&%24select=id%2CdisplayName&%24top=3&%24count=true"
	var sizes []int
	for address != "" {
		got := w.get(address)
		sizes = append(sizes, len(got.values()))
		for _, app := range got.values() {
			seen[app["id"]] = true
			if len(app) != 2 {
				t.Errorf("got properties %v, want the two selected", app)
			}
		}
		var count any // in the first page alone
		if len(sizes) == 1 {
			count = 7.0
		}
		if got.body["@odata.count"] != count {
			t.Errorf("got count %v in page %d, want %v", got.body["@odata.count"], len(sizes), count)
		}
		if !strings.HasSuffix(got.property("@odata.context"), "/v1.0/$metadata#applications(id,displayName)") {
			t.Errorf("got context %q", got.property("@odata.context"))
		}
		address = got.property("@odata.nextLink")
	}
	if len(seen) != 7 || fmt.Sprint(sizes) != "[3 3 1]" {
		t.Errorf("got %d different objects in pages of %v, want 7 in [3 3 1]", len(seen), sizes)
	}
	// A full last page has no next link.
	if got := w.get("/v1.0/applications?%24filter=startswith%28displayName%2C%27paged%27%29&%24top=7"); got.property("@odata.nextLink") != "" {
		t.Errorf("got next link %q after everything", got.property("@odata.nextLink"))
	}
}

func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.get("/v1.0/servicePrincipals/" + ordersIdentity)
	if got.property("servicePrincipalType") != "ManagedIdentity" || got.body["appOwnerOrganizationId"] != nil {
		t.Errorf("got %v", got.body)
	}
	names, _ := got.body["alternativeNames"].([]any)
	if len(names) != 2 || names[0] != "isExplicit=True" || !strings.Contains(names[1].(string), "/userAssignedIdentities/") {
		t.Errorf("got alternative names %v", names)
	}
	// It can be assigned Graph's roles, although nobody can change Graph.
	w.want(201, "admin", "POST", "/v1.0/servicePrincipals/"+graphPrincipal+"/appRoleAssignedTo", map[string]any{
		"appRoleId": graphRole, "principalId": ordersIdentity, "resourceId": graphPrincipal,
	})
}

func TestDefaultAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{})
	sp := w.newServicePrincipal(client)
	w.want(201, "deployer", "POST", "/v1.0/servicePrincipals/"+ordersIdentity+"/appRoleAssignments", map[string]any{
		"appRoleId": zero, "principalId": ordersIdentity, "resourceId": sp,
	})
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	caller := w.callers["deployer"].ObjectID
	for level, want := range map[string][3]bool{"minimal": {true, true, false}, "full": {true, true, true}, "none": {false, false, false}} {
		t.Run(level, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", w.base+"/v1.0/directoryObjects/"+caller, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer deployer")
			r.Header.Set("Accept", "application/json; charset=utf-8; IEEE754Compatible=false; odata.metadata="+level)
			got := w.do(r)
			for i, name := range []string{"@odata.context", "@odata.type", "@odata.id"} {
				if _, ok := got.body[name]; ok != want[i] {
					t.Errorf("got %s %v, want %v", name, ok, want[i])
				}
			}
		})
	}
}

func TestWeather(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.weather.Queue("GET /v1.0/applications", route.Fault{Status: 429, Code: "TooManyRequests", Message: "slow down", RetryAfter: 2 * time.Second}, route.Fault{Status: 503, Code: "ServiceNotAvailable"})
	got := w.want(429, "deployer", "GET", "/v1.0/applications", nil)
	if got.code() != "TooManyRequests" || got.header.Get("Retry-After") != "2" {
		t.Errorf("got code %q and Retry-After %q", got.code(), got.header.Get("Retry-After"))
	}
	w.want(503, "deployer", "GET", "/v1.0/applications", nil)
	w.get("/v1.0/applications")
}

func TestHistoryNamesCallerAndObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.newApplication(map[string]any{})
	entries := w.log.Entries()
	last := entries[len(entries)-1]
	if last.Object != app || last.TenantID != contoso || last.CallerID != w.callers["deployer"].ObjectID || last.Route != "POST /v1.0/applications" {
		t.Errorf("got history entry %+v", last)
	}
	w.view(func(tx *store.Tx) {
		stored, _ := store.Applications.Get(tx, store.TenantKey(contoso, app))
		if stored.CreatedBy != w.callers["deployer"].ObjectID {
			t.Errorf("got creator %q", stored.CreatedBy)
		}
	})
}
