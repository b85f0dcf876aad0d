package grant_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/requests"
	"app-to-app/sandbox"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/grant"
	"app-to-app/tenant/tenanttest"
)

const (
	readRole     = "11111111-aaaa-4000-8000-000000000001"
	disabledRole = "11111111-aaaa-4000-8000-000000000002"
	usersRole    = "11111111-aaaa-4000-8000-000000000003"
	exportRole   = "11111111-aaaa-4000-8000-000000000004"
)

type object = map[string]any

// A world is a tenant with an API, a managed identity of another team, and a
// partner's registration.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
	session *azurecloud.Session
	api     registered
	partner registered
	billing identity
	file    requests.File
}

type registered struct{ clientID, objectID, application string }

type identity struct{ id, name, principalID, clientID string }

func newWorld(t *testing.T) *world {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	w := &world{t: t, sandbox: s, tenant: s.Tenants()[0], session: tenanttest.SignIn(t, s, s.Tenants()[0], nil)}
	role := func(id, value string, enabled bool, members ...string) object {
		return object{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": enabled, "allowedMemberTypes": members}
	}
	w.api = w.register("orders-api (api)", object{"appRoles": []object{
		role(readRole, "Orders.Read", true, "Application"), role(exportRole, "Orders.Export", true, "Application", "User"),
		role(disabledRole, "Orders.Old", false, "Application"), role(usersRole, "Orders.Look", true, "User"),
	}})
	w.partner = w.register("Partner", nil)
	w.billing = w.identity("billing-identity")
	w.file = requests.File{
		Schema: requests.Schema, Project: "app-to-app", Stack: "billing-dev", Environment: "dev", TenantID: w.tenant.ID,
		API: requests.API{Name: "orders", ClientID: w.api.clientID, ServicePrincipalID: w.api.objectID},
		Requests: []requests.Request{
			{Client: "billing", Identity: "managedIdentity", PrincipalID: w.billing.principalID, PrincipalName: w.billing.name,
				Roles: []requests.Role{{Value: "Orders.Read", ID: readRole}, {Value: "Orders.Export", ID: exportRole}}},
			{Client: "partner", Identity: "existing", PrincipalID: w.partner.objectID, PrincipalName: "Partner", Roles: []requests.Role{{Value: "Orders.Read", ID: readRole}}},
		},
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) register(name string, more object) registered {
	w.t.Helper()
	body := object{"displayName": name, "signInAudience": "AzureADMyOrg"}
	for key, value := range more {
		body[key] = value
	}
	var app, sp struct{ ID, AppID string }
	w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/applications", body, &app))
	w.must(w.session.Graph.Post(w.t.Context(), "/v1.0/servicePrincipals", object{"appId": app.AppID}, &sp))
	return registered{app.AppID, sp.ID, app.ID}
}

func (w *world) identity(name string) identity {
	w.t.Helper()
	group := "/subscriptions/" + w.tenant.SubscriptionID + "/resourceGroups/billing"
	w.must(w.session.ResourceManager.Put(w.t.Context(), group+"?api-version=2022-09-01", object{"location": "westeurope"}, nil))
	var made struct {
		ID         string
		Properties struct{ PrincipalID, ClientID string }
	}
	w.must(w.session.ResourceManager.Put(w.t.Context(), group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"+name+"?api-version=2023-01-31", object{"location": "westeurope"}, &made))
	return identity{made.ID, name, made.Properties.PrincipalID, made.Properties.ClientID}
}

// held are the assignments of the API, as principal and role.
func (w *world) held() (all []string) {
	w.t.Helper()
	found, err := azurecloud.List[struct{ PrincipalID, AppRoleID string }](w.t.Context(), w.session.Graph, "/v1.0/servicePrincipals/"+w.api.objectID+"/appRoleAssignedTo")
	w.must(err)
	for _, a := range found {
		all = append(all, a.PrincipalID+" "+a.AppRoleID)
	}
	return all
}

// writes are the requests that changed something in Graph so far.
func (w *world) writes() (n int) {
	for _, entry := range w.sandbox.History() {
		if entry.Service == "graph" && entry.Method != http.MethodGet {
			n++
		}
	}
	return n
}

func (w *world) look() *grant.Plan {
	w.t.Helper()
	plan, err := grant.Look(w.t.Context(), w.session, w.file, w.api.clientID)
	w.must(err)
	return plan
}

func TestGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.writes()
	plan := w.look()
	if plan.Missing() != 3 || w.writes() != before {
		t.Errorf("got %d missing after %d writes, want 3 and none", plan.Missing(), w.writes()-before)
	}
	shown := plan.String()
	for _, want := range []string{
		`API "orders-api (api)": service principal ` + w.api.objectID,
		`client "billing" of stack "billing-dev" gets Orders.Export`,
		fmt.Sprintf("as %q (%s), the managed identity %q", "billing-identity", w.billing.principalID, w.billing.id),
		fmt.Sprintf("as %q (%s), client id %s", "Partner", w.partner.objectID, w.partner.clientID),
		"3 to assign, 0 held already",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("got:\n%s\nwant %q in it", shown, want)
		}
	}
	receipt, err := plan.Apply(t.Context())
	w.must(err)
	if got := w.held(); len(got) != 3 || w.writes()-before != 3 {
		t.Errorf("got %q after %d writes, want three", got, w.writes()-before)
	}
	text, err := receipt.Encode()
	w.must(err)
	read, err := requests.ParseReceipt(text)
	w.must(err)
	w.must(read.CheckFor("app-to-app", "billing-dev", w.tenant.ID, w.api.objectID))
	for _, r := range w.file.Requests {
		if missing := read.Held().Missing(r.PrincipalID, r.Roles); len(missing) > 0 {
			t.Errorf("%s: the receipt lacks %v", r.Client, missing)
		}
	}
	if read.GrantedBy != w.tenant.Deployer.ObjectID {
		t.Errorf("got granted by %s, want the caller %s", read.GrantedBy, w.tenant.Deployer.ObjectID)
	}

	// Again, it makes nothing and writes the same receipt.
	again := w.look()
	same, err := again.Apply(t.Context())
	w.must(err)
	if text2, _ := same.Encode(); again.Missing() != 0 || w.writes()-before != 3 || string(text2) != string(text) || !strings.Contains(again.String(), "holds Orders.Read since ") {
		t.Errorf("again: got %d writes and:\n%s%s\nwant none more and:\n%s", w.writes()-before-3, again, text2, text)
	}
}

// TestAnInterruptedGrantGoesOn fails after the first assignment, and again for an
// assignment that somebody makes in the meantime.
func TestAnInterruptedGrantGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = "POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo"
	w.sandbox.Weather().Queue(create, route.Fault{Skip: 1, Status: http.StatusInternalServerError})
	_, err := w.look().Apply(t.Context())
	var hint *azurecloud.HintError
	if err == nil || !strings.Contains(err.Error(), `give Orders.Export to "billing-identity"`) || !strings.Contains(err.Error(), "after 1 of 3") || !errors.As(err, &hint) {
		t.Errorf("got %v, want the second assignment to fail, with a hint", err)
	}
	plan := w.look()
	if plan.Missing() != 2 {
		t.Errorf("got %d missing, want 2", plan.Missing())
	}
	w.must(w.session.Graph.Post(t.Context(), "/v1.0/servicePrincipals/"+w.api.objectID+"/appRoleAssignedTo",
		object{"principalId": w.partner.objectID, "resourceId": w.api.objectID, "appRoleId": readRole}, nil))
	receipt, err := plan.Apply(t.Context())
	if err != nil || len(receipt.Assignments) != 3 || len(w.held()) != 3 {
		t.Errorf("got %v and %d assignments in the receipt, want none and three", err, len(receipt.Assignments))
	}
}

func TestGrantRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.identity("other-identity")
	var graph struct {
		Value []struct{ ID, AppID string }
	}
	w.must(w.session.Graph.Get(t.Context(), "/v1.0/servicePrincipals?$filter=appId%20eq%20'00000003-0000-0000-c000-000000000000'", &graph))
	gone := w.register("Gone", nil)
	w.must(w.session.Graph.Patch(t.Context(), "/v1.0/servicePrincipals/"+gone.objectID, object{"accountEnabled": false}))
	fabrikam := w.sandbox.Tenants()[1]
	for _, tt := range []struct {
		name string
		edit func(*requests.File)
		api  string
		want string
	}{
		{"another tenant", func(f *requests.File) { f.TenantID = fabrikam.ID }, "", "expected requests for tenant " + w.tenant.ID},
		{"Microsoft Graph", func(f *requests.File) {
			f.API.ServicePrincipalID, f.API.ClientID = graph.Value[0].ID, graph.Value[0].AppID
		}, "", "expected an API that is registered in this tenant"},
		{"another API than the pinned one", func(*requests.File) {}, w.partner.clientID, "expected requests for the API " + w.partner.clientID},
		{"an API by another client id", func(f *requests.File) { f.API.ClientID = w.partner.clientID }, "", "expected the client id " + w.partner.clientID},
		{"the registration instead of its service principal", func(f *requests.File) { f.API.ServicePrincipalID = w.api.application }, "", "the tenant has no service principal"},
		{"a disabled API", func(f *requests.File) { f.API.ServicePrincipalID, f.API.ClientID = gone.objectID, gone.clientID }, "", "is disabled: nobody gets a token for it"},
		{"a namesake", func(f *requests.File) { f.Requests[0].PrincipalID = other.principalID }, "", `to be "billing-identity", got "other-identity"`},
		{"a client id", func(f *requests.File) { f.Requests[0].PrincipalID = w.billing.clientID }, "", "the tenant has no service principal " + w.billing.clientID},
		{"an app registration as a managed identity", func(f *requests.File) { f.Requests[1].Identity = "managedIdentity" }, "", "to be a managed identity, got one of the type"},
		{"a managed identity as an app registration", func(f *requests.File) { f.Requests[0].Identity = "clientSecret" }, "", "to belong to an app registration, got a managed identity"},
		{"a disabled client", func(f *requests.File) {
			f.Requests[1].PrincipalID, f.Requests[1].PrincipalName = gone.objectID, "Gone"
		}, "", `"Gone" (` + gone.objectID + ") is disabled"},
		{"the API as its own client", func(f *requests.File) {
			f.Requests[1].PrincipalID, f.Requests[1].PrincipalName = w.api.objectID, "orders-api (api)"
		}, "", "expected a client, got the API itself"},
		{"a role of another API", func(f *requests.File) { f.Requests[0].Roles[0].ID = w.tenant.ID }, "", "which it does not have"},
		{"a role by another name", func(f *requests.File) { f.Requests[0].Roles[0].Value = "Orders.Look" }, "", `to be "Orders.Look", got "Orders.Read"`},
		{"a disabled role", func(f *requests.File) { f.Requests[0].Roles[0] = requests.Role{Value: "Orders.Old", ID: disabledRole} }, "", `the app role "Orders.Old" is disabled`},
		{"a role for people", func(f *requests.File) { f.Requests[0].Roles[0] = requests.Role{Value: "Orders.Look", ID: usersRole} }, "", "expected an app role for applications"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var file requests.File
			encoded, err := json.Marshal(w.file)
			if err == nil {
				err = json.Unmarshal(encoded, &file) // a copy
			}
			w.must(err)
			tt.edit(&file)
			if plan, err := grant.Look(t.Context(), w.session, file, tt.api); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want %q", plan, err, tt.want)
			}
		})
	}
	if got := w.held(); len(got) > 0 {
		t.Errorf("got %q, want nothing granted", got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.file.Requests[0].PrincipalName = "x`\n# @everyone <img src=x> [a](b)"
	w.file.Requests[1].Client = "```\n# heading"
	text, err := w.file.Encode()
	w.must(err)
	page := grant.Markdown(w.file, text)
	for _, want := range []string{"- `Orders.Read` (id `" + readRole + "`) for the client `billing`", "object id `" + w.billing.principalID + "`",
		"named `x\\u{0060}\\u{000a}# @everyone <img src=x> [a](b)`", "tenant grant requests.json -api " + w.api.clientID, "````json\n{"} {
		if !strings.Contains(page, want) {
			t.Errorf("got:\n%s\nwant %q in it", page, want)
		}
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "# ") {
			t.Errorf("got a heading that a name made: %s", line)
		}
	}
	_, rest, _ := strings.Cut(page, "````json\n")
	inside, _, closed := strings.Cut(rest, "\n````\n")
	if read, err := requests.Parse([]byte(inside)); !closed || err != nil || read.Requests[1].Client != w.file.Requests[1].Client {
		t.Errorf("got %+v, %v, want the file back", read, err)
	}
}
