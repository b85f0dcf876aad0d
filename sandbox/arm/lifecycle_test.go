package arm_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

func TestEveryTypeIsCreatedReadUpdatedListedAndDeleted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, body string
		created    int
		change     [2]string // what an update replaces in the body
		want       []string  // path to the changed value, and the value
		kept       []string  // path to a read-only value that an update keeps
		erased     int
	}{
		{path: group, body: here, created: 201, change: [2]string{`}`, `,"tags":{"stack":"dev"}}`}, want: []string{"tags", "stack", "dev"}, erased: 202},
		{path: identity, body: here, created: 201, change: [2]string{`}`, `,"tags":{"stack":"dev"}}`}, want: []string{"tags", "stack", "dev"}, kept: []string{"properties", "principalId"}, erased: 200},
		{path: identity + "/federatedIdentityCredentials/github", body: `{"properties":{"issuer":"https://a.test","subject":"s","audiences":["api://AzureADTokenExchange"]}}`, created: 201,
			change: [2]string{`"s"`, `"other"`}, want: []string{"properties", "subject", "other"}, erased: 200},
		{path: account, body: accountBody, created: 202, change: [2]string{`TLS1_2`, `TLS1_3`}, want: []string{"properties", "minimumTlsVersion", "TLS1_3"}, kept: []string{"properties", "creationTime"}, erased: 200},
		{path: container, body: `{"properties":{"metadata":{"a":"b"}}}`, created: 201, change: [2]string{`"b"`, `"c"`}, want: []string{"properties", "metadata", "a", "c"}, erased: 200},
		{path: plan, body: planBody, created: 200, change: [2]string{`"properties"`, `"tags":{"stack":"dev"},"properties"`}, want: []string{"tags", "stack", "dev"}, erased: 200},
		{path: site, body: siteBody(), created: 200, change: [2]string{`"maximumInstanceCount":40`, `"maximumInstanceCount":50.0`}, want: []string{"properties", "functionAppConfig", "scaleAndConcurrency", "maximumInstanceCount", "50"}, kept: []string{"properties", "defaultHostName"}, erased: 200},
		{path: workspace, body: workspaceBody, created: 201, change: [2]string{`30`, `60`}, want: []string{"properties", "retentionInDays", "60"}, kept: []string{"properties", "customerId"}, erased: 200},
		{path: component, body: componentBody, created: 200, change: [2]string{`"DisableLocalAuth":true`, `"DisableLocalAuth":false`}, want: []string{"properties", "DisableLocalAuth", "false"}, kept: []string{"properties", "InstrumentationKey"}, erased: 200},
	} {
		t.Run(tt.path[strings.LastIndex(tt.path[:strings.LastIndex(tt.path, "/")], "/")+1:], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.before(tt.path)
			w.must(tt.created, "PUT", tt.path, tt.body)
			first := w.must(200, "GET", tt.path, "")
			if id, _ := first["id"].(string); id != tt.path {
				t.Errorf("got id %q, want %q", id, tt.path)
			}
			w.must(200, "PUT", tt.path, strings.Replace(tt.body, tt.change[0], tt.change[1], 1))
			second := w.must(200, "GET", strings.ToUpper(tt.path[:15])+tt.path[15:], "")
			last := len(tt.want) - 1
			if got := show(at(second, tt.want[:last]...)); got != tt.want[last] {
				t.Errorf("after the update: got %v %q, want %q", tt.want[:last], got, tt.want[last])
			}
			if tt.kept != nil && (at(first, tt.kept...) == nil || at(first, tt.kept...) != at(second, tt.kept...)) {
				t.Errorf("got %v %v, then %v; want it kept", tt.kept, at(first, tt.kept...), at(second, tt.kept...))
			}
			collection := tt.path[:strings.LastIndex(tt.path, "/")]
			if got := names(w.must(200, "GET", collection, "")); !slices.Contains(got, tt.path[strings.LastIndex(tt.path, "/")+1:]) {
				t.Errorf("got list %q, want %q in it", got, tt.path)
			}
			w.must(tt.erased, "DELETE", tt.path, "")
			if answer := w.do(request{method: "GET", path: tt.path}); answer.Code != 404 {
				t.Errorf("deleted: got %d, want 404", answer.Code)
			}
			if tt.path != group {
				w.must(204, "DELETE", tt.path, "")
			}
			if strange := w.log.Unemulated(); len(strange) != 0 {
				t.Errorf("got unemulated requests %v, want none", strange)
			}
		})
	}
}

// before creates what the resource at a path depends on.
func (w *world) before(path string) {
	w.Helper()
	if path == group {
		return
	}
	w.must(201, "PUT", group, here)
	switch {
	case strings.HasPrefix(path, identity+"/"):
		w.must(201, "PUT", identity, here)
	case path == container:
		w.must(202, "PUT", account, accountBody)
	case path == component:
		w.must(201, "PUT", workspace, workspaceBody)
	case path == site:
		w.must(201, "PUT", identity, here)
		w.must(202, "PUT", account, accountBody)
		w.must(201, "PUT", container, `{}`)
		w.must(200, "PUT", plan, planBody)
	}
}

// show is a JSON value as text.
func show(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	case float64:
		return strings.TrimSuffix(time.Duration(int64(v)).String(), "ns")
	}
	return ""
}

func TestShownBodyCanBeSentBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, path := range []string{group, identity, account, container, plan, site} {
		answer := w.do(request{method: "GET", path: path})
		again := w.do(request{method: "PUT", path: path, body: answer.Body.String()})
		if again.Code != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200: read-only properties are ignored", path, again.Code, again.Body)
		}
	}
}

func TestIDsIgnoreCaseAndKeepIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	got := w.must(200, "GET", strings.ToLower(site)+"?api-version=2024-04-01", "")
	if got["id"] != site || got["name"] != "orders-app" {
		t.Errorf("got id %v, name %v; want those of the creation, %q", got["id"], got["name"], site)
	}
	other := strings.Replace(site, "orders-app", "ORDERS-APP", 1)
	updated := w.must(200, "PUT", other, siteBody())
	if updated["id"] != site {
		t.Errorf("after an update in another case: got id %v, want %q", updated["id"], site)
	}
	if got := len(w.sites.created); got != 1 {
		t.Errorf("got %d sites created, want 1", got)
	}
}

func TestDeletingAGroupDeletesEverythingInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.must(201, "PUT", workspace, workspaceBody)
	w.must(201, "PUT", sub+"/resourceGroups/rg2", here)
	principal, _ := at(w.must(200, "GET", identity, ""), "properties", "principalId").(string)
	onAccount := account + "/providers/Microsoft.Authorization/roleAssignments/" + guid(1)
	w.must(201, "PUT", onAccount, assignmentBody(blobOwnerRole, principal, "ServicePrincipal"))
	w.sites.took()
	w.must(202, "DELETE", group, "")
	for _, path := range []string{group, site, identity} {
		if answer := w.do(request{method: "GET", path: path}); answer.Code != 404 {
			t.Errorf("%s: got %d, want 404", path, answer.Code)
		}
	}
	w.must(200, "GET", sub+"/resourceGroups/rg2", "")
	if got := names(w.must(200, "GET", sub+"/resources", "")); got != nil {
		t.Errorf("got resources %q, want none", got)
	}
	if !slices.Equal(w.sites.deleted, []string{site}) || !slices.Contains(w.sites.took(), site) {
		t.Errorf("got sites deleted %q, want %q, and App Service notified", w.sites.deleted, site)
	}
	w.view(func(tx *store.Tx) {
		if _, live := store.LiveServicePrincipal(tx, contoso, principal); live {
			t.Error("got the identity's service principal, want it removed")
		}
		if _, kept := store.RoleAssignments.Get(tx, store.ResourceKey(onAccount)); kept {
			t.Error("got a role assignment at a deleted scope, want it removed")
		}
	})
	if got := names(w.must(200, "GET", sub+"/providers/Microsoft.OperationalInsights/deletedWorkspaces", "")); !slices.Equal(got, []string{"orders-logs"}) {
		t.Errorf("got deleted workspaces %q, want orders-logs", got)
	}
}

func (w *world) view(read func(*store.Tx)) {
	w.Helper()
	if err := w.store.View(func(tx *store.Tx) error { read(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func TestDeletedWorkspaceIsRecovered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	id := func() any { return at(w.must(200, "GET", workspace, ""), "properties", "customerId") }
	w.must(201, "PUT", workspace, workspaceBody)
	first := id()
	w.must(200, "DELETE", workspace, "")
	w.must(201, "PUT", workspace, workspaceBody)
	if got := id(); got != first {
		t.Errorf("recreated within 14 days: got customerId %v, want the old one %v", got, first)
	}
	w.must(200, "DELETE", workspace, "")
	if err := w.store.Advance(15 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.must(201, "PUT", workspace, workspaceBody)
	second := id()
	if second == first {
		t.Errorf("recreated after 15 days: got customerId %v, want a new one", second)
	}
	w.must(200, "DELETE", workspace+"?api-version=2022-10-01&force=true", "")
	w.must(201, "PUT", workspace, workspaceBody)
	if got := id(); got == second {
		t.Errorf("deleted with force: got customerId %v again, want a new one", got)
	}
}

func TestDeletingAnAccountOrContainerDeletesItsBlobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	w.must(201, "PUT", account+"/blobServices/default/containers/others", `{"properties":{}}`)
	keys := []string{"ordersapp/packages/a", "ordersapp/others/b", "ordersapp2/packages/c"}
	if err := w.store.Update(func(tx *store.Tx) error {
		for _, key := range keys {
			store.Blobs.Put(tx, key, store.Blob{SHA256: "x"})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	left := func() (left []string) {
		w.view(func(tx *store.Tx) {
			for key := range store.Blobs.All(tx, "") {
				left = append(left, key)
			}
		})
		return left
	}
	w.must(200, "DELETE", container, "")
	if got := left(); !slices.Equal(got, []string{"ordersapp/others/b", "ordersapp2/packages/c"}) {
		t.Errorf("container deleted: got blobs %q", got)
	}
	w.must(200, "DELETE", account, "")
	if got := left(); !slices.Equal(got, []string{"ordersapp2/packages/c"}) {
		t.Errorf("account deleted: got blobs %q", got)
	}
}

func TestAssignmentsOfADeletedPrincipalStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	principal, _ := at(w.must(200, "GET", identity, ""), "properties", "principalId").(string)
	path := account + "/providers/Microsoft.Authorization/roleAssignments/" + guid(1)
	w.must(201, "PUT", path, assignmentBody(blobOwnerRole, principal, "ServicePrincipal"))
	w.must(200, "DELETE", identity, "")
	if got := at(w.must(200, "GET", path, ""), "properties", "principalId"); got != principal {
		t.Errorf("got principal %v, want the deleted one %q", got, principal)
	}
	w.must(201, "PUT", identity, here)
	if got := at(w.must(200, "GET", identity, ""), "properties", "principalId"); got == principal {
		t.Errorf("recreated identity: got principal %v again, want a new one", got)
	}
}

func TestScopesInherit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	path := account + "/providers/Microsoft.Authorization/roleAssignments/" + guid(1)
	w.must(201, "PUT", path, assignmentBody(readerRole, nobody, "ServicePrincipal"))
	as := contoso + " " + nobody
	if answer := w.do(request{method: "GET", path: container, caller: as}); answer.Code != 200 {
		t.Errorf("below the scope: got %d %s, want 200", answer.Code, answer.Body)
	}
	if answer := w.do(request{method: "GET", path: identity, caller: as}); answer.Code != 403 {
		t.Errorf("beside the scope: got %d, want 403", answer.Code)
	}
	if answer := w.do(request{method: "GET", path: group, caller: as}); answer.Code != 403 {
		t.Errorf("above the scope: got %d, want 403", answer.Code)
	}
	if got := names(object(t, w.do(request{method: "GET", path: sub + "/resources", caller: as}))); !slices.Equal(got, []string{"ordersapp"}) {
		t.Errorf("got resources %q, want only the one that the caller may read", got)
	}
	if got := names(object(t, w.do(request{method: "GET", path: sub + "/resourceGroups", caller: as}))); got != nil {
		t.Errorf("got groups %q, want none", got)
	}
}

func TestTenantsSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := func(caller, path, name string) (ids []any) {
		items, _ := object(t, w.do(request{method: "GET", path: path, caller: caller}))["value"].([]any)
		for _, item := range items {
			ids = append(ids, at(item, name))
		}
		return ids
	}
	for _, tt := range []struct{ name, tenant, deployer, subscription string }{
		{"deployer of contoso", contoso, deployer, contosoSub}, {"deployer of fabrikam", fabrikam, fabrikamDeployer, fabrikamSub},
	} {
		t.Run(tt.name, func(t *testing.T) {
			caller := tt.tenant + " " + tt.deployer
			if got := ids(caller, "/subscriptions", "subscriptionId"); len(got) != 1 || got[0] != tt.subscription {
				t.Errorf("got subscriptions %v, want %q", got, tt.subscription)
			}
			if got := ids(caller, "/tenants", "tenantId"); len(got) != 1 || got[0] != tt.tenant {
				t.Errorf("got tenants %v, want %q", got, tt.tenant)
			}
		})
	}
	if got := ids(contoso+" "+nobody, "/subscriptions", "subscriptionId"); got != nil {
		t.Errorf("without a role: got subscriptions %v, want none", got)
	}
}

func TestRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caller = fabrikam + " " + fabrikamDeployer
	there := "/subscriptions/" + fabrikamSub
	mine := there + "/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
	w.must(201, "PUT", there+"/resourceGroups/rg", here)
	if answer := w.do(request{method: "PUT", path: mine, body: here}); answer.Code != 409 || code(answer) != "MissingSubscriptionRegistration" {
		t.Errorf("not registered: got %d %s, want 409 MissingSubscriptionRegistration", answer.Code, code(answer))
	}
	w.must(200, "POST", there+"/providers/microsoft.managedidentity/register", "")
	if got := w.must(200, "GET", there+"/providers/Microsoft.ManagedIdentity?api-version=2022-09-01", "")["registrationState"]; got != "Registered" {
		t.Errorf("got registrationState %v, want Registered", got)
	}
	w.must(201, "PUT", mine, here)
	if answer := w.do(request{method: "POST", path: there + "/providers/Microsoft.ManagedIdentity/unregister"}); answer.Code != 409 {
		t.Errorf("unregister with a resource: got %d, want 409", answer.Code)
	}
	w.must(200, "DELETE", mine, "")
	w.must(200, "POST", there+"/providers/Microsoft.ManagedIdentity/unregister", "")
	if answer := w.do(request{method: "PUT", path: mine, body: here}); code(answer) != "MissingSubscriptionRegistration" {
		t.Errorf("unregistered: got %d %s, want MissingSubscriptionRegistration", answer.Code, code(answer))
	}
}

func TestRBACIsShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	principal, _ := at(w.must(200, "GET", identity, ""), "properties", "principalId").(string)
	const writeBlob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
	allowed := func() (may bool) {
		w.view(func(tx *store.Tx) { may = rbac.AllowedData(tx, contoso, principal, writeBlob, container) })
		return may
	}
	if allowed() {
		t.Error("before the assignment: got the data action allowed, want it refused")
	}
	path := container + "/providers/Microsoft.Authorization/roleAssignments/" + guid(1)
	w.must(201, "PUT", path, assignmentBody(blobOwnerRole, principal, "ServicePrincipal"))
	if !allowed() {
		t.Error("after the assignment: got the data action refused, want it allowed")
	}
	w.must(200, "DELETE", path, "")
	if allowed() {
		t.Error("after its deletion: got the data action allowed, want it refused")
	}
}
