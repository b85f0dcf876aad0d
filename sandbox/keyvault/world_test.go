package keyvault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/contract"
	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// The world of these tests: vaults, each with the secret "it", and principals
// with the role in their name.
const (
	baseURL = "https://127.0.0.1:8443"
	tenant  = "11111111-1111-1111-1111-111111111111"
	other   = "22222222-2222-2222-2222-222222222222"
	group   = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000000/resourceGroups/rg"

	owner   = "d0000000-0000-0000-0000-000000000001"
	user    = "d0000000-0000-0000-0000-000000000002"
	officer = "d0000000-0000-0000-0000-000000000003"
	one     = "d0000000-0000-0000-0000-000000000004" // Secrets User at one secret
	reader  = "d0000000-0000-0000-0000-000000000005" // in the access policies
)

type world struct {
	*testing.T
	store   *store.Store
	service *keyvault.Service
	handler http.Handler
	log     *route.Log
}

func vaultID(name string) string { return group + "/providers/Microsoft.KeyVault/vaults/" + name }

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{T: t, store: s, log: &route.Log{Answered: contract.Watch(t)}}
	w.service = keyvault.New(keyvault.Config{Store: s, AuthorityHost: baseURL, Log: w.log, Weather: &route.Weather{}, Auth: fakeAuth{}})
	w.handler = w.service.Handler()
	w.addVault("rbac", `"enableRbacAuthorization":true`)
	w.addVault("policies", fmt.Sprintf(`"accessPolicies":[{"tenantId":%q,"objectId":%q,"permissions":{"secrets":["get"]}}]`, tenant, reader))
	w.addVault("private", `"enableRbacAuthorization":true,"publicNetworkAccess":"Disabled"`)
	w.addVault("fenced", `"enableRbacAuthorization":true,"networkAcls":{"defaultAction":"Deny"}`)
	w.addVault("protected", `"enableRbacAuthorization":true,"enablePurgeProtection":true`)
	w.update(func(tx *store.Tx) {
		for i, a := range []struct{ principal, role, scope string }{
			{owner, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", group},
			{user, "4633458b-17de-408a-b874-0445c86b69e6", group},
			{officer, "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", group},
			{one, "4633458b-17de-408a-b874-0445c86b69e6", vaultID("rbac") + "/secrets/it"},
		} {
			rbac.Assign(tx, store.RoleAssignment{TenantID: tenant, Name: fmt.Sprint(i), Scope: a.scope, RoleID: a.role, PrincipalID: a.principal})
		}
	})
	return w
}

// addVault stores a vault as ARM does, with the secret "it".
func (w *world) addVault(name, properties string) {
	w.update(func(tx *store.Tx) {
		r := store.Resource{ID: vaultID(name), TenantID: tenant, Type: keyvault.VaultType, Name: name, Location: "westeurope", Properties: json.RawMessage(
			fmt.Sprintf(`{"vaultUri":"%s/keyvault/%s/","softDeleteRetentionInDays":7,%s}`, baseURL, name, properties))}
		store.Resources.Put(tx, store.ResourceKey(r.ID), r)
		v, err := keyvault.VaultOf(r)
		if err == nil {
			_, err = keyvault.Set(tx, w.store.Now(), v, "it", store.SecretVersion{Value: "hunter2", Enabled: true})
		}
		if err != nil {
			w.Fatal(err)
		}
	})
}

func (w *world) update(change func(*store.Tx)) {
	w.Helper()
	if err := w.store.Update(func(tx *store.Tx) error { change(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// fakeAuth takes "Bearer TENANT OBJECT" for a token.
type fakeAuth struct{}

func (fakeAuth) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	parts := strings.Fields(r.Header.Get("Authorization"))
	if len(parts) != 3 || !slices.Contains(audiences, "https://vault.azure.net") || !slices.Contains(audiences, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093") {
		return route.Caller{}, errors.New("expected an access token")
	}
	return route.Caller{TenantID: parts[1], ObjectID: parts[2], ClientID: "c" + parts[2][1:]}, nil
}

// ask sends a request. The call is "METHOD PATH" below /keyvault/; a path
// without a query gets an api-version.
func (w *world) ask(caller, call, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(call, " ")
	if !strings.Contains(path, "?") {
		path += "?api-version=7.4"
	}
	r := httptest.NewRequest(method, "/keyvault/"+path, strings.NewReader(body))
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+caller)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// must sends a request that has to succeed.
func (w *world) must(caller, call, body string) map[string]any {
	w.Helper()
	answer := w.ask(tenant+" "+caller, call, body)
	if answer.Code >= 300 {
		w.Fatalf("%s: got %d %s, want success", call, answer.Code, answer.Body)
	}
	if answer.Body.Len() == 0 {
		return nil
	}
	var out map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	if err := w.store.Advance(d); err != nil {
		w.Fatal(err)
	}
}
