package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/contract"
	"app-to-app/sandbox/graph"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const (
	contoso  = "11111111-1111-4111-8111-111111111111"
	fabrikam = "22222222-2222-4222-8222-222222222222"

	graphPrincipal = "aaaaaaaa-0000-4000-8000-000000000001"
	ordersIdentity = "aaaaaaaa-0000-4000-8000-000000000002"
	zero           = "00000000-0000-0000-0000-000000000000"
	ordersRead     = "0d0e0f00-0000-4000-8000-000000000001"
	graphRole      = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"
)

// A world is a Graph over a new store with two tenants. A bearer token is the
// name of the caller.
type world struct {
	t       testing.TB
	store   *store.Store
	log     *route.Log
	weather *route.Weather
	base    string
	callers map[string]route.Caller
}

// Authenticate is a stand-in for Entra's: the token is the caller's name.
func (w *world) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	caller, ok := w.callers[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		return route.Caller{}, errors.New("signature is invalid")
	}
	for _, audience := range audiences {
		if audience == w.base {
			return caller, nil
		}
	}
	return route.Caller{}, fmt.Errorf("expected audience %q among %q", w.base, audiences)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	clock := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	db, err := store.Open(t.TempDir(), func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: db, log: &route.Log{Answered: contract.Watch(t)}, weather: &route.Weather{}, callers: make(map[string]route.Caller)}
	server := httptest.NewUnstartedServer(nil)
	w.base = "http://" + server.Listener.Addr().String()
	service := graph.New(graph.Config{Store: db, BaseURL: w.base, AuthorityHost: w.base, Log: w.log, Weather: w.weather, Auth: w})
	server.Config.Handler = service.Handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.seed()
	return w
}

// seed fills the tenants: a deployer each, and in contoso callers with other
// permissions, Graph's own service principal and a managed identity.
func (w *world) seed() {
	w.update(func(tx *store.Tx) {
		store.Tenants.Put(tx, contoso, store.Tenant{ID: contoso, DisplayName: "Contoso", Domain: "contoso.sandbox.test"})
		store.Tenants.Put(tx, fabrikam, store.Tenant{ID: fabrikam, DisplayName: "Fabrikam", Domain: "fabrikam.sandbox.test"})
		store.ServicePrincipals.Put(tx, store.TenantKey(contoso, graphPrincipal), store.ServicePrincipal{
			TenantID: contoso, ObjectID: graphPrincipal, ClientID: graph.ClientID, Type: "Application", DisplayName: "Microsoft Graph",
			AccountEnabled: true, FirstParty: true, ServicePrincipalNames: []string{"https://graph.microsoft.com"},
			AppRoles: []store.AppRole{{ID: graphRole, AllowedMemberTypes: []string{"Application"}, DisplayName: "Read", Description: "Read", IsEnabled: true, Value: "Application.Read.All"}},
		})
		store.AddManagedIdentity(tx, store.ServicePrincipal{
			TenantID: contoso, ObjectID: ordersIdentity, ClientID: "bbbbbbbb-0000-4000-8000-000000000002", DisplayName: "orders-client",
			ManagedIdentityID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders-client",
		})
	})
	assign := "AppRoleAssignment.ReadWrite.All"
	w.caller("deployer", contoso, "Application.ReadWrite.OwnedBy", "Application.Read.All", assign)
	w.caller("stranger", fabrikam, "Application.ReadWrite.OwnedBy", "Application.Read.All", assign)
	w.caller("owner", contoso, "Application.ReadWrite.OwnedBy")
	w.caller("reader", contoso, "Application.Read.All")
	w.caller("assigner", contoso, assign)
	w.caller("admin", contoso, "Application.ReadWrite.All", assign, "Directory.Read.All", "Application.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
	w.caller("nobody", contoso)
}

// caller adds an app registration and its service principal, and a token with
// the given roles.
func (w *world) caller(name, tenant string, roles ...string) {
	n := len(w.callers) + 1
	object := fmt.Sprintf("cccccccc-0000-4000-8000-%012d", n)
	client := fmt.Sprintf("dddddddd-0000-4000-8000-%012d", n)
	w.update(func(tx *store.Tx) {
		app := fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", n)
		store.Applications.Put(tx, store.TenantKey(tenant, app), store.Application{TenantID: tenant, ObjectID: app, ClientID: client, DisplayName: name, SignInAudience: "AzureADMyOrg"})
		store.ServicePrincipals.Put(tx, store.TenantKey(tenant, object), store.ServicePrincipal{
			TenantID: tenant, ObjectID: object, ClientID: client, Type: "Application", DisplayName: name, AccountEnabled: true, AppOwnerTenantID: tenant,
		})
	})
	w.callers[name] = route.Caller{TenantID: tenant, ObjectID: object, ClientID: client, Roles: roles}
}

func (w *world) update(change func(tx *store.Tx)) {
	w.t.Helper()
	if err := w.store.Update(func(tx *store.Tx) error { change(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) view(read func(tx *store.Tx)) {
	w.t.Helper()
	if err := w.store.View(func(tx *store.Tx) error { read(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func jsonText(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A reply is a response as a client reads it.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// send makes a request with the headers that the azuread provider sends.
func (w *world) send(as, method, address string, body any) reply {
	w.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	if !strings.HasPrefix(address, "http") {
		address = w.base + address
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, content)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json; charset=utf-8; IEEE754Compatible=false")
	if method == http.MethodPost {
		r.Header.Set("Accept", r.Header.Get("Accept")+"; odata.metadata=full")
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("OData-Version", "4.0")
	r.Header.Set("OData-MaxVersion", "4.0")
	r.Header.Set("ConsistencyLevel", "eventual")
	r.Header.Set("client-request-id", "client-request-1")
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) reply {
	w.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	got := reply{status: response.StatusCode, header: response.Header, text: string(data)}
	if len(data) > 0 && got.header.Get("Content-Type") != "text/plain" {
		if err := json.Unmarshal(data, &got.body); err != nil {
			w.t.Fatalf("%s %s: answer is not JSON: %v", r.Method, r.URL, err)
		}
	}
	if len(data) == 0 && got.header.Get("Content-Type") != "" {
		w.t.Errorf("%s %s: empty answer claims content type %q, and azuread fails to parse it", r.Method, r.URL, got.header.Get("Content-Type"))
	}
	if got.header.Get("request-id") == "" || got.header.Get("client-request-id") == "" {
		w.t.Errorf("%s %s: answer lacks request-id or client-request-id", r.Method, r.URL)
	}
	return got
}

// want sends a request that must be answered with status.
func (w *world) want(status int, as, method, address string, body any) reply {
	w.t.Helper()
	got := w.send(as, method, address, body)
	if got.status != status {
		w.t.Fatalf("%s %s: got status %d, want %d: %s", method, address, got.status, status, got.text)
	}
	return got
}

func (w *world) get(address string) reply {
	w.t.Helper()
	return w.want(http.StatusOK, "deployer", http.MethodGet, address, nil)
}

func (w *world) patch(address string, body any) {
	w.t.Helper()
	w.want(http.StatusNoContent, "deployer", http.MethodPatch, address, body)
}

// newApplication creates an application as the deployer and returns its ids.
func (w *world) newApplication(body map[string]any) (object, client string) {
	w.t.Helper()
	if body["displayName"] == nil {
		body["displayName"] = "orders-api"
	}
	created := w.want(http.StatusCreated, "deployer", http.MethodPost, "/v1.0/applications", body)
	return created.property("id"), created.property("appId")
}

func (w *world) newServicePrincipal(client string) string {
	w.t.Helper()
	return w.want(http.StatusCreated, "deployer", http.MethodPost, "/v1.0/servicePrincipals", map[string]any{"appId": client}).property("id")
}

// property returns a text property of the body.
func (r reply) property(name string) string {
	value, _ := r.body[name].(string)
	return value
}

// values returns the objects of a collection.
func (r reply) values() []map[string]any {
	var values []map[string]any
	list, _ := r.body["value"].([]any)
	for _, v := range list {
		values = append(values, v.(map[string]any))
	}
	return values
}

// code returns the error code.
func (r reply) code() string {
	e, _ := r.body["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

func (r reply) message() string {
	e, _ := r.body["error"].(map[string]any)
	message, _ := e["message"].(string)
	return message
}

func role(id, value string, enabled bool) map[string]any {
	return map[string]any{
		"id": id, "allowedMemberTypes": []string{"Application"}, "description": "Read orders",
		"displayName": "Orders reader", "isEnabled": enabled, "value": value,
	}
}

// filtered returns path with a $filter, encoded as by azuread.
func filtered(path, filter string) string {
	return path + "?" + url.Values{"$filter": {filter}}.Encode()
}
