package arm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/contract"
	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// This file has the setup of this package's tests: two tenants with a
// subscription and a deployer each, and a fake App Service that records its
// calls.

const (
	baseURL = "https://127.0.0.1:8443"

	contoso  = "11111111-1111-1111-1111-111111111111"
	fabrikam = "22222222-2222-2222-2222-222222222222"

	contosoSub  = "aaaaaaaa-0000-0000-0000-000000000001"
	fabrikamSub = "bbbbbbbb-0000-0000-0000-000000000002"

	// Deployers have Contributor and RBAC Administrator; the others have the
	// role in their name on contoso's subscription.
	deployer         = "d0000000-0000-0000-0000-000000000001"
	fabrikamDeployer = "d0000000-0000-0000-0000-000000000002"
	onlyContributor  = "d0000000-0000-0000-0000-000000000003"
	onlyReader       = "d0000000-0000-0000-0000-000000000004"
	onlyAdmin        = "d0000000-0000-0000-0000-000000000005"
	nobody           = "d0000000-0000-0000-0000-000000000006"

	contributorRole = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	adminRole       = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
	readerRole      = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	blobOwnerRole   = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
)

type world struct {
	testing.TB
	store   *store.Store
	sites   *fakeSites
	log     *route.Log
	weather *route.Weather
	service *arm.Service
	handler http.Handler
	caller  string // "TENANT OBJECT"
}

func newWorld(t testing.TB) *world { return newWorldWith(t, arm.Config{}) }

// newSlowWorld is a world whose asynchronous operations take time.
func newSlowWorld(t testing.TB, operationTime time.Duration) *world {
	return newWorldWith(t, arm.Config{OperationTime: operationTime})
}

// newWorldWith is a world with the operation time and the platform of a configuration.
func newWorldWith(t testing.TB, c arm.Config) *world {
	t.Helper()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Update(func(tx *store.Tx) error { populate(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, store: s, sites: &fakeSites{}, log: &route.Log{Answered: contract.Watch(t)}, weather: &route.Weather{}, caller: contoso + " " + deployer}
	logs := monitor.New(s, w.weather)
	logs.Printed(site, "Information", "a line that the handler printed") // no matter when the site is made
	w.service = arm.New(arm.Config{Store: s, BaseURL: baseURL, AuthorityHost: baseURL, GraphURL: baseURL, StorageURL: baseURL, Log: w.log, Weather: w.weather, Auth: fakeAuth{}, Sites: w.sites, Vaults: vaultsByPath{}, Logs: logs, OperationTime: c.OperationTime, Platform: c.Platform})
	w.handler = w.service.Handler()
	return w
}

func populate(tx *store.Tx) {
	registered := map[string]bool{}
	for _, name := range []string{"resources", "authorization", "web", "storage", "managedidentity", "insights", "operationalinsights", "keyvault"} {
		registered["microsoft."+name] = true
	}
	store.Subscriptions.Put(tx, contosoSub, store.Subscription{ID: contosoSub, TenantID: contoso, DisplayName: "contoso", Registered: registered})
	store.Subscriptions.Put(tx, fabrikamSub, store.Subscription{ID: fabrikamSub, TenantID: fabrikam, DisplayName: "fabrikam"})
	for tenant, domain := range map[string]string{contoso: "contoso.sandbox.test", fabrikam: "fabrikam.sandbox.test"} {
		store.Tenants.Put(tx, tenant, store.Tenant{ID: tenant, Domain: domain})
	}
	for i, grant := range []struct{ tenant, sub, principal, role string }{
		{contoso, contosoSub, deployer, contributorRole},
		{contoso, contosoSub, deployer, adminRole},
		{fabrikam, fabrikamSub, fabrikamDeployer, contributorRole},
		{fabrikam, fabrikamSub, fabrikamDeployer, adminRole},
		{contoso, contosoSub, onlyContributor, contributorRole},
		{contoso, contosoSub, onlyReader, readerRole},
		{contoso, contosoSub, onlyAdmin, adminRole},
	} {
		store.ServicePrincipals.Put(tx, store.TenantKey(grant.tenant, grant.principal), store.ServicePrincipal{TenantID: grant.tenant, ObjectID: grant.principal})
		rbac.Assign(tx, store.RoleAssignment{TenantID: grant.tenant, Name: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), Scope: "/subscriptions/" + grant.sub, RoleID: grant.role, PrincipalID: grant.principal, PrincipalType: "ServicePrincipal"})
	}
}

// fakeAuth takes "Bearer TENANT OBJECT" for a token.
type fakeAuth struct{}

func (fakeAuth) Authenticate(r *http.Request, audiences ...string) (route.Caller, error) {
	parts := strings.Fields(r.Header.Get("Authorization"))
	if len(parts) != 3 || !slices.Contains(audiences, "https://management.azure.com/") {
		return route.Caller{}, errors.New("expected an access token")
	}
	return route.Caller{TenantID: parts[1], ObjectID: parts[2], ClientID: "c" + parts[2][1:]}, nil
}

// fakeSites records the calls of App Service. The host of a site named down
// does not run.
type fakeSites struct {
	mu      sync.Mutex
	created []string
	deleted []string
	changed []string
	started []string // by Restart
}

func (f *fakeSites) Create(tx *store.Tx, siteID, tenantID string) (store.Site, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.created = append(f.created, siteID)
	site := store.Site{ResourceID: siteID, TenantID: tenantID, AppPort: 40000 + len(f.created), SCMPort: 50000 + len(f.created), Functions: []string{"GetOrders", "Nightly"},
		Described: map[string]store.Function{
			"GetOrders": {Config: json.RawMessage(`{"bindings":[{"type":"httpTrigger"}]}`), Route: "/api/Orders/{id?}"},
			"Nightly":   {Config: json.RawMessage(`{"bindings":[{"type":"timerTrigger"}]}`), Disabled: true},
		},
	}
	store.Sites.Put(tx, store.ResourceKey(siteID), site)
	return site, nil
}

func (f *fakeSites) Delete(tx *store.Tx, siteID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deleted = append(f.deleted, siteID)
	store.Sites.Delete(tx, store.ResourceKey(siteID))
}

func (f *fakeSites) Changed(siteID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = append(f.changed, siteID)
}

func (f *fakeSites) Restart(siteID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, siteID)
}

func (f *fakeSites) HostKeys(siteID string) (arm.HostKeys, error) {
	if strings.HasSuffix(siteID, "/down") {
		return arm.HostKeys{}, errors.New("no package")
	}
	return arm.HostKeys{MasterKey: "master", FunctionKeys: map[string]string{"default": "host"}}, nil
}

func (f *fakeSites) FunctionKeys(_, function string) (map[string]string, error) {
	return map[string]string{"default": "key of " + function}, nil
}

func (f *fakeSites) References(string) map[string]arm.Reference {
	return map[string]arm.Reference{"SECRET": {Text: "@Microsoft.KeyVault(VaultName=v;SecretName=s)", Status: "VaultNotFound", Details: "d", Vault: "v", Secret: "s", IdentityType: "SystemAssigned"}}
}

// took returns the sites that changed since the last call.
func (f *fakeSites) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.changed
	f.changed = nil
	return changed
}

// A request to ARM. Its path gets an api-version unless it has a query.
type request struct {
	method, path, body string
	caller             string // empty means the deployer of contoso
	header             map[string]string
}

// versions has an api-version by part of the path.
var versions = []struct{ piece, version string }{
	{"Microsoft.Authorization", "2022-04-01"},
	{"diagnosticSettings", "2021-05-01-preview"},
	{"Microsoft.Web", "2024-04-01"},
	{"Microsoft.ManagedIdentity", "2023-01-31"},
	{"Microsoft.OperationalInsights", "2022-10-01"},
	{"Microsoft.Insights", "2020-02-02"},
	{"Microsoft.Storage", "2022-09-01"},
	{"Microsoft.KeyVault", "2023-02-01"},
}

func (w *world) do(q request) *httptest.ResponseRecorder {
	path := q.path
	if !strings.Contains(path, "?") {
		version := "2022-09-01"
		for _, v := range versions {
			if strings.Contains(path, v.piece) {
				version = v.version
				break
			}
		}
		if strings.HasSuffix(path, "/register") || strings.HasSuffix(path, "/unregister") {
			version = "2022-09-01"
		}
		path += "?api-version=" + version
	}
	if q.caller == "" {
		q.caller = w.caller
	}
	r := httptest.NewRequest(q.method, path, strings.NewReader(q.body))
	r.Header.Set("Authorization", "Bearer "+q.caller)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range q.header {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// must sends a request that has to succeed with that status and returns the
// body.
func (w *world) must(status int, method, path, body string) map[string]any {
	w.Helper()
	answer := w.do(request{method: method, path: path, body: body})
	if answer.Code != status {
		w.Fatalf("%s %s: got %d %s, want %d", method, path, answer.Code, answer.Body, status)
	}
	return object(w.TB, answer)
}

func object(t testing.TB, answer *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if answer.Body.Len() == 0 {
		return nil
	}
	var body map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatalf("got %s, want JSON: %v", answer.Body, err)
	}
	return body
}

// code returns the error code of a response.
func code(answer *httptest.ResponseRecorder) string {
	var body struct {
		Error struct{ Code string }
	}
	json.Unmarshal(answer.Body.Bytes(), &body)
	return body.Error.Code
}

// at returns the value under a path of names.
func at(value any, names ...string) any {
	for _, name := range names {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

// names returns the names of the items of a list.
func names(list map[string]any) []string {
	var out []string
	items, _ := list["value"].([]any)
	for _, item := range items {
		name, _ := at(item, "name").(string)
		out = append(out, name)
	}
	return out
}

// The paths and bodies of one app and everything that it needs.
const (
	sub       = "/subscriptions/" + contosoSub
	group     = sub + "/resourceGroups/rg"
	identity  = group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app-id"
	account   = group + "/providers/Microsoft.Storage/storageAccounts/ordersapp"
	container = account + "/blobServices/default/containers/packages"
	plan      = group + "/providers/Microsoft.Web/serverfarms/app-plan"
	site      = group + "/providers/Microsoft.Web/sites/orders-app"
	settings  = site + "/config/appsettings"
	workspace = group + "/providers/Microsoft.OperationalInsights/workspaces/orders-logs"
	component = group + "/providers/Microsoft.Insights/components/orders-insights"

	here          = `{"location":"westeurope"}`
	accountBody   = `{"location":"westeurope","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"allowSharedKeyAccess":false,"allowBlobPublicAccess":false,"minimumTlsVersion":"TLS1_2"}}`
	planBody      = `{"location":"westeurope","kind":"functionapp","sku":{"name":"FC1","tier":"FlexConsumption"},"properties":{"reserved":true,"hyperV":false,"isXenon":false,"perSiteScaling":false,"zoneRedundant":false}}`
	workspaceBody = `{"location":"westeurope","properties":{"sku":{"name":"PerGB2018"},"retentionInDays":30}}`
	componentBody = `{"location":"westeurope","kind":"web","properties":{"Application_Type":"web","DisableLocalAuth":true,"WorkspaceResourceId":"` + workspace + `"}}`
)

// siteBody is the body of a function app, after replacing old, new, old, new.
func siteBody(edits ...string) string {
	body := `{"location":"westeurope","kind":"functionapp,linux",
	"identity":{"type":"UserAssigned","userAssignedIdentities":{"` + identity + `":{}}},
	"properties":{"serverFarmId":"` + plan + `","httpsOnly":true,"reserved":true,"hyperV":false,"isXenon":false,"scmSiteAlsoStopped":false,
	"functionAppConfig":{
	"deployment":{"storage":{"type":"blobContainer","value":"` + baseURL + `/blob/ordersapp/packages","authentication":{"type":"UserAssignedIdentity","userAssignedIdentityResourceId":"` + identity + `"}}},
	"runtime":{"name":"custom","version":"1.0"},
	"scaleAndConcurrency":{"instanceMemoryMB":2048,"maximumInstanceCount":40}}}}`
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(body, edits[i]) {
			panic("nothing to edit: " + edits[i])
		}
		body = strings.Replace(body, edits[i], edits[i+1], 1)
	}
	return body
}

// deploy creates everything that a site needs, and the site.
func (w *world) deploy() {
	w.Helper()
	w.prepare()
	w.must(200, "PUT", site, siteBody())
}

// prepare creates everything that a site needs.
func (w *world) prepare() {
	w.Helper()
	w.must(201, "PUT", group, here)
	w.must(201, "PUT", identity, here)
	w.must(202, "PUT", account, accountBody)
	w.must(201, "PUT", container, `{}`)
	w.must(200, "PUT", plan, planBody)
}

// vaultsByPath gives vaults addresses on one port.
type vaultsByPath struct{}

func (vaultsByPath) Purged(string) {}

func (vaultsByPath) Of(vault string) (string, error) {
	return baseURL + "/keyvault/" + vault + "/", nil
}
