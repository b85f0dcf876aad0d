package teardown_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/tenant/teardown"
	"app-to-app/tenant/tenanttest"
)

// A world is a sandbox in which a stack has made things, without the engine:
// the state is written here, and destroy deletes what it names.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	session *azurecloud.Session
	journal string
	stack   *stack
	log     strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	session := tenanttest.SignIn(t, s, s.Tenants()[0], nil)
	w := &world{t: t, sandbox: s, session: session, journal: filepath.Join(t.TempDir(), "journals", "pr-7.json")}
	w.stack = &stack{world: w, name: "pr-7"}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// deploy makes a resource group, an app registration with its service
// principal, and a vault.
func (w *world) deploy(environment, expiresOn string) {
	w.t.Helper()
	ctx, arm, graph := w.t.Context(), w.session.ResourceManager, w.session.Graph
	group := "/subscriptions/" + w.session.SubscriptionID + "/resourceGroups/" + w.stack.name
	tags := map[string]any{"project": "app-to-app", "stack": w.stack.name, "environment": environment, "expiresOn": expiresOn}
	w.must(arm.Put(ctx, group+"?api-version=2022-09-01", map[string]any{"location": "westeurope", "tags": tags}, nil))
	tenant := w.sandbox.Tenants()[0]
	vault := group + "/providers/Microsoft.KeyVault/vaults/vault-" + w.stack.name
	w.must(arm.Put(ctx, vault+"?api-version=2023-07-01", map[string]any{"location": "westeurope", "properties": map[string]any{
		"tenantId": tenant.ID, "sku": map[string]any{"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
	}}, nil))
	var app, principal struct{ ID, AppID string }
	w.must(graph.Post(ctx, "/v1.0/applications", map[string]any{"displayName": w.stack.name, "signInAudience": "AzureADMyOrg"}, &app))
	w.must(graph.Post(ctx, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &principal))
	w.stack.resources = []map[string]any{
		{"type": "pulumi:pulumi:Stack", "outputs": map[string]any{"environment": environment}},
		{"type": "pulumi:providers:azuread", "custom": true, "id": "x"},
		{"type": "azure-native:resources:ResourceGroup", "custom": true, "id": group, "inputs": map[string]any{"tags": tags}},
		{"type": "azure-native:keyvault:Vault", "custom": true, "id": vault, "outputs": map[string]any{"name": "vault-" + w.stack.name, "location": "westeurope"}},
		{"type": "azuread:index/application:Application", "custom": true, "id": "/applications/" + app.ID, "outputs": map[string]any{"objectId": app.ID, "clientId": app.AppID}},
		{"type": "azuread:index/servicePrincipal:ServicePrincipal", "custom": true, "id": principal.ID,
			"outputs": map[string]any{"objectId": principal.ID, "clientId": app.AppID, "applicationTenantId": tenant.ID}},
	}
	for i, r := range w.stack.resources {
		r["urn"] = fmt.Sprintf("urn:pulumi:%s::app-to-app::%s::%d", w.stack.name, r["type"], i)
	}
	w.stack.exists = true
}

// A stack stands in for one of the Pulumi CLI.
type stack struct {
	world     *world
	name      string
	exists    bool
	resources []map[string]any
	secrets   any // the secrets provider
	breaks    int // destroy fails after so many deletions; 0: never
	destroyed int
	again     bool // an earlier teardown has called destroy already
}

func (s *stack) Exists(context.Context) (bool, error) { return s.exists, nil }

func (s *stack) Export(context.Context) ([]byte, error) {
	return json.Marshal(map[string]any{"deployment": map[string]any{"resources": s.resources, "secrets_providers": s.secrets}})
}

func (s *stack) Import(_ context.Context, state []byte) error {
	var imported struct {
		Deployment struct{ Resources []map[string]any }
	}
	if err := json.Unmarshal(state, &imported); err != nil {
		return err
	}
	s.resources = imported.Deployment.Resources
	return nil
}

var errBroken = errors.New("power failure")

func (s *stack) Destroy(ctx context.Context, again bool) error {
	if again != (s.destroyed > 0 || s.again) {
		s.world.t.Errorf("destroy number %d: got again %v", s.destroyed+1, again)
	}
	s.destroyed++
	done := 0
	for len(s.resources) > 0 {
		last := s.resources[len(s.resources)-1]
		id, _ := last["id"].(string)
		client, path := s.world.session.Graph, ""
		switch last["type"] {
		case "azuread:index/servicePrincipal:ServicePrincipal":
			path = "/v1.0/servicePrincipals/" + id
		case "azuread:index/application:Application":
			path = "/v1.0" + id
		case "azure-native:keyvault:Vault":
			client, path = s.world.session.ResourceManager, id+"?api-version=2023-07-01"
		case "azure-native:resources:ResourceGroup":
			client, path = s.world.session.ResourceManager, id+"?api-version=2022-09-01"
		}
		if path != "" {
			if err := client.Delete(ctx, path); err != nil {
				return err
			}
			s.world.settle(path)
			done++
		}
		s.resources = s.resources[:len(s.resources)-1]
		if s.breaks > 0 && done == s.breaks {
			s.breaks = 0
			return errBroken
		}
	}
	return nil
}

// settle waits until Resource Manager has deleted a group, which takes longer
// than the request.
func (w *world) settle(path string) {
	w.t.Helper()
	if !strings.Contains(path, "resourceGroups") {
		return
	}
	for range 1000 {
		if err := w.session.ResourceManager.Get(w.t.Context(), path, nil); azurecloud.IsNotFound(err) {
			return
		}
	}
	w.t.Fatalf("expected %s to be gone", path)
}

func (s *stack) Remove(context.Context) error {
	if len(s.resources) > 0 {
		return fmt.Errorf("stack %s still has resources", s.name)
	}
	s.exists = false
	return nil
}

func (w *world) options() teardown.Options {
	return teardown.Options{
		Name: w.stack.name, Project: "app-to-app", Stack: w.stack, Session: w.session, Journal: w.journal, Log: &w.log,
		Confirm: func(string, teardown.Remains) error { return nil },
		Wait:    func(context.Context, time.Duration) error { return nil },
	}
}

// deletions counts the deletions and purges that the sandbox was asked for.
func (w *world) deletions() (n int) {
	for _, entry := range w.sandbox.History() {
		if entry.Method == http.MethodDelete || strings.Contains(entry.URL, "/purge?") {
			n++
		}
	}
	return n
}

// bin counts what is in the recycle bins of the tenant and the subscription.
func (w *world) bin() int {
	w.t.Helper()
	ctx, n := w.t.Context(), 0
	for _, kind := range []string{"application", "servicePrincipal"} {
		items, err := azurecloud.List[struct{}](ctx, w.session.Graph, "/v1.0/directory/deletedItems/microsoft.graph."+kind)
		w.must(err)
		n += len(items)
	}
	vaults, err := azurecloud.List[struct{}](ctx, w.session.ResourceManager,
		"/subscriptions/"+w.session.SubscriptionID+"/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01")
	w.must(err)
	return n + len(vaults)
}
