package graph_test

import (
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// refused sends a request that must be refused with this status and message.
func (w *world) refused(status int, message, address string, body any) {
	w.t.Helper()
	if r := w.want(status, "deployer", "POST", address, body); !strings.Contains(r.message(), message) {
		w.t.Errorf("got message %q, want %q in it", r.message(), message)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if err := w.store.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

func TestLagOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.weather.SetLag(route.Lag{Application: 20 * time.Second})
	_, client := w.newApplication(map[string]any{"displayName": "orders"})
	// A caller that may only change what it owns gets Graph's misleading
	// refusal.
	w.refused(403, "the backing application of the service principal being created must in the local tenant", "/v1.0/servicePrincipals", map[string]any{"appId": client})
	if r := w.want(400, "admin", "POST", "/v1.0/servicePrincipals", map[string]any{"appId": client}); r.code() != "NoBackingApplicationObject" {
		t.Errorf("got code %q, want NoBackingApplicationObject", r.code())
	}
	w.advance(19 * time.Second)
	w.refused(403, "backing application", "/v1.0/servicePrincipals", map[string]any{"appId": client})
	w.advance(time.Second)
	w.newServicePrincipal(client)
}

func TestLagOfAppRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	object, client := w.newApplication(map[string]any{"displayName": "orders", "appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	assign := "/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo"
	body := func(role string) map[string]any {
		return map[string]any{"appRoleId": role, "principalId": ordersIdentity, "resourceId": sp}
	}
	const write = "0d0e0f00-0000-4000-8000-000000000002"
	w.weather.SetLag(route.Lag{AppRole: time.Minute})
	w.advance(time.Minute)
	w.patch("/v1.0/applications/"+object, map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true), role(write, "Orders.Write", true)}})
	w.want(201, "deployer", "POST", assign, body(ordersRead)) // an old one is known
	w.refused(400, "Permission being assigned was not found on application", assign, body(write))
	w.advance(59 * time.Second)
	// Another change of the application does not delay the role.
	w.patch("/v1.0/applications/"+object, map[string]any{"displayName": "orders of today"})
	w.refused(400, "Permission being assigned was not found on application", assign, body(write))
	w.advance(time.Second)
	w.want(201, "deployer", "POST", assign, body(write))
}

// A role that is removed and added again is a new one.
func TestLagOfARecreatedAppRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	object, client := w.newApplication(map[string]any{"displayName": "orders", "appRoles": []any{role(ordersRead, "Orders.Read", false)}})
	sp := w.newServicePrincipal(client)
	w.weather.SetLag(route.Lag{AppRole: time.Minute})
	w.advance(time.Minute)
	w.patch("/v1.0/applications/"+object, map[string]any{"appRoles": []any{}})
	w.patch("/v1.0/applications/"+object, map[string]any{"appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	body := map[string]any{"appRoleId": ordersRead, "principalId": ordersIdentity, "resourceId": sp}
	w.refused(400, "Permission being assigned was not found on application", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", body)
	w.weather.SetLag(route.Lag{})
	w.want(201, "deployer", "POST", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", body)
}

func TestLagOfServicePrincipals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, client := w.newApplication(map[string]any{"displayName": "orders", "appRoles": []any{role(ordersRead, "Orders.Read", true)}})
	w.weather.SetLag(route.Lag{ServicePrincipal: 10 * time.Second})
	sp := w.newServicePrincipal(client)
	const fresh = "aaaaaaaa-0000-4000-8000-000000000009"
	body := func(principal string) map[string]any {
		return map[string]any{"appRoleId": ordersRead, "principalId": principal, "resourceId": sp}
	}
	assign := "/v1.0/servicePrincipals/" + sp + "/appRoleAssignedTo"
	w.refused(404, "does not exist", assign, body(ordersIdentity))
	w.advance(10 * time.Second)
	w.want(201, "deployer", "POST", assign, body(ordersIdentity))
	w.update(func(tx *store.Tx) {
		store.AddManagedIdentity(tx, store.ServicePrincipal{TenantID: contoso, ObjectID: fresh, ClientID: "bbbbbbbb-0000-4000-8000-000000000009", CreatedAt: w.store.Now()})
	})
	w.refused(400, "Not a valid reference update", assign, body(fresh))
	w.refused(404, "does not exist", "/v1.0/servicePrincipals/"+fresh+"/appRoleAssignments", body(fresh))
	w.advance(10 * time.Second)
	w.want(201, "deployer", "POST", assign, body(fresh))
}
