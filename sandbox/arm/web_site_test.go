package arm_test

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/store"
)

func TestSiteReadOnlyProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	got := w.must(200, "GET", site, "")
	for name, want := range map[string]any{"defaultHostName": "127.0.0.1:40001", "state": "Running", "serverFarmId": plan, "httpsOnly": true, "reserved": true, "enabled": true} {
		if value := at(got, "properties", name); value != want {
			t.Errorf("got %s %v, want %v", name, value, want)
		}
	}
	states, _ := at(got, "properties", "hostNameSslStates").([]any)
	scm := slices.ContainsFunc(states, func(state any) bool {
		return at(state, "hostType") == "Repository" && at(state, "name") == "127.0.0.1:50001"
	})
	if !scm {
		t.Errorf("got hostNameSslStates %v, want the SCM host as Repository", states)
	}
	ids := at(w.must(200, "GET", identity, ""), "properties")
	attached := at(got, "identity", "userAssignedIdentities", identity)
	if at(attached, "clientId") != at(ids, "clientId") || at(attached, "principalId") != at(ids, "principalId") || at(ids, "clientId") == at(ids, "principalId") {
		t.Errorf("got identity %v, want the two distinct ids of %v", attached, ids)
	}
	if got := at(w.must(200, "GET", plan, ""), "properties", "numberOfSites"); got != 1.0 {
		t.Errorf("got numberOfSites %v on the plan, want 1", got)
	}
}

// The provider reads every site at 2022-09-01, which knows no functionAppConfig.
func TestOldVersionShowsNoFunctionAppConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	old := w.must(200, "GET", site+"?api-version=2022-09-01", "")
	for _, name := range []string{"functionAppConfig", "sku"} {
		if value := at(old, "properties", name); value != nil {
			t.Errorf("at 2022-09-01: got %s %v, want none", name, value)
		}
	}
	if at(w.must(200, "GET", site, ""), "properties", "functionAppConfig") == nil {
		t.Error("at 2024-04-01: got no functionAppConfig, want one")
	}
	config := w.must(200, "GET", site+"/config/web?api-version=2022-09-01", "")
	if got := at(config, "properties", "minTlsVersion"); got != "1.2" {
		t.Errorf("got minTlsVersion %v, want 1.2", got)
	}
}

func TestAppSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	read := func() map[string]any {
		properties, _ := w.must(200, "POST", settings+"/list", "")["properties"].(map[string]any)
		return properties
	}
	sticky := w.must(200, "GET", site+"/config/slotConfigNames", "")
	if got, ok := at(sticky, "properties").(map[string]any)["appSettingNames"]; !ok || got != nil {
		t.Errorf("got settings of slots %v, want none", got)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("new site: got settings %v, want none", got)
	}
	w.sites.took()
	w.must(200, "PUT", settings, `{"kind":null,"properties":{"ORDERS_URL":"https://a.test","ORDERS_SCOPE":"x"}}`)
	if got := w.sites.took(); !slices.Equal(got, []string{site}) {
		t.Errorf("got App Service notified of %q, want %q", got, site)
	}
	w.must(200, "PUT", settings, `{"properties":{"ORDERS_URL":"https://b.test"}}`)
	if got := read(); len(got) != 1 || got["ORDERS_URL"] != "https://b.test" {
		t.Errorf("got settings %v, want only ORDERS_URL: a write replaces all", got)
	}
	w.must(200, "PUT", site, siteBody())
	if got := read(); len(got) != 1 {
		t.Errorf("after an update of the site without settings: got %v, want them kept", got)
	}
	w.must(200, "PUT", site, siteBody(`"httpsOnly":true`, `"siteConfig":{"appSettings":[{"name":"INLINE","value":"secret"}]}`))
	if got := read(); len(got) != 1 || got["INLINE"] != "secret" {
		t.Errorf("after inline settings: got %v, want only INLINE", got)
	}
	for _, path := range []string{site, site + "/config/web", sub + "/resources?api-version=2022-09-01"} {
		if answer := w.do(request{method: "GET", path: path}); strings.Contains(answer.Body.String(), "INLINE") {
			t.Errorf("%s: got %s, want no app setting in it", path, answer.Body)
		}
	}
}

func TestSystemAssignedIdentityIsDeletedWithItsSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	principal := func() string {
		id, _ := at(w.must(200, "GET", site, ""), "identity", "principalId").(string)
		return id
	}
	lives := func(objectID string) (live bool) {
		w.view(func(tx *store.Tx) { _, live = store.LiveServicePrincipal(tx, contoso, objectID) })
		return live
	}
	both := siteBody(`"type":"UserAssigned"`, `"type":"SystemAssigned,UserAssigned"`)
	w.must(200, "PUT", site, both)
	first := principal()
	if !lives(first) {
		t.Fatalf("got no service principal %q, want one", first)
	}
	w.view(func(tx *store.Tx) {
		sp, _ := store.LiveServicePrincipal(tx, contoso, first)
		if sp.ManagedIdentityID != site || sp.Type != store.ServicePrincipalManagedIdentity || sp.ClientID == sp.ObjectID {
			t.Errorf("got service principal %+v, want the site's managed identity with two ids", sp)
		}
	})
	if got := at(w.must(200, "GET", site, ""), "identity", "type"); got != "SystemAssigned, UserAssigned" {
		t.Errorf("got identity type %v, want %q", got, "SystemAssigned, UserAssigned")
	}
	w.must(200, "PUT", site, both)
	if got := principal(); got != first {
		t.Errorf("after an update: got principal %q, want %q kept", got, first)
	}
	w.must(200, "PUT", site, siteBody(`"identity":{"type":"UserAssigned","userAssignedIdentities":{"`+identity+`":{}}},`, ""))
	if got := principal(); got != first {
		t.Errorf("after an update without identity: got principal %q, want %q kept", got, first)
	}
	w.must(200, "PUT", site, siteBody())
	if principal() != "" || lives(first) {
		t.Errorf("switched off: got principal %q, alive %t; want it gone", principal(), lives(first))
	}
	w.must(200, "PUT", site, both)
	second := principal()
	if second == first {
		t.Errorf("switched on again: got principal %q again, want a new one", second)
	}
	w.must(200, "DELETE", site, "")
	if lives(second) {
		t.Error("site deleted: got its service principal alive, want it gone")
	}
}

func TestAppServiceIsNotified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, tt := range []struct {
		name   string
		ask    request
		status int
	}{
		{name: "created", status: 0},
		{name: "stop", ask: request{method: "POST", path: site + "/stop"}, status: 200},
		{name: "start", ask: request{method: "POST", path: site + "/start"}, status: 200},
		{name: "update", ask: put(site, siteBody()), status: 200},
		{name: "policy", ask: put(site+"/basicPublishingCredentialsPolicies/scm", `{"properties":{"allow":false}}`), status: 200},
		{name: "attached identity deleted", ask: request{method: "DELETE", path: identity}, status: 200},
		{name: "deleted", ask: request{method: "DELETE", path: site}, status: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.status != 0 {
				w.must(tt.status, tt.ask.method, tt.ask.path, tt.ask.body)
			}
			if got := w.sites.took(); !slices.Equal(got, []string{site}) {
				t.Errorf("got App Service notified of %q, want %q", got, site)
			}
		})
	}
	if w.sites.started != nil {
		t.Errorf("got sites restarted %q, want none", w.sites.started)
	}
	w.must(204, "DELETE", site, "")
	if got := w.sites.took(); got != nil {
		t.Errorf("nothing deleted: got App Service notified of %q, want nothing", got)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	w.must(200, "POST", site+"/restart", "")
	if !slices.Equal(w.sites.started, []string{site}) {
		t.Errorf("got sites restarted %q, want %q", w.sites.started, site)
	}
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, tt := range []struct{ action, want string }{{"stop", "Stopped"}, {"start", "Running"}} {
		t.Run(tt.action+" and update", func(t *testing.T) {
			w.must(200, "POST", site+"/"+tt.action, "")
			w.must(200, "PUT", site, siteBody())
			if got := at(w.must(200, "GET", site, ""), "properties", "state"); got != tt.want {
				t.Errorf("got state %v, want %s", got, tt.want)
			}
		})
	}
}

func TestPublishingPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	for _, name := range []string{"ftp", "scm"} {
		path := site + "/basicPublishingCredentialsPolicies/" + name
		if got := at(w.must(200, "GET", path, ""), "properties", "allow"); got != true {
			t.Errorf("%s: got allow %v on a new site, want true", name, got)
		}
		w.must(200, "PUT", path, `{"properties":{"allow":false}}`)
		if got := at(w.must(200, "GET", strings.ToUpper(path[:len(path)-3])+strings.ToUpper(name)+"?api-version=2022-09-01", ""), "properties", "allow"); got != false {
			t.Errorf("%s: got allow %v, want false", name, got)
		}
	}
}

func TestKeysAndFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	keys := w.must(200, "POST", site+"/host/default/listkeys", "")
	if keys["masterKey"] != "master" || at(keys, "functionKeys", "default") != "host" || keys["systemKeys"] == nil {
		t.Errorf("got host keys %v", keys)
	}
	if got := w.must(200, "POST", site+"/functions/GetOrders/listKeys", "")["default"]; got != "key of GetOrders" {
		t.Errorf("got function key %v", got)
	}
	if got := names(w.must(200, "GET", site+"/functions", "")); !slices.Equal(got, []string{"orders-app/GetOrders", "orders-app/Nightly"}) {
		t.Errorf("got functions %q", got)
	}
	for name, want := range map[string]map[string]any{
		"GetOrders": {"isDisabled": false, "invoke_url_template": "https://127.0.0.1:40001/api/orders/{id?}", "href": "https://127.0.0.1:40001/admin/functions/GetOrders"},
		"Nightly":   {"isDisabled": true, "invoke_url_template": nil, "href": "https://127.0.0.1:40001/admin/functions/Nightly"},
	} {
		got := w.must(200, "GET", site+"/functions/"+name, "")
		for member, value := range want {
			if shown := at(got, "properties", member); shown != value {
				t.Errorf("%s: got %s %v, want %v", name, member, shown, value)
			}
		}
		if bindings, _ := at(got, "properties", "config", "bindings").([]any); len(bindings) != 1 {
			t.Errorf("%s: got config %v, want its function.json", name, at(got, "properties", "config"))
		}
	}
	w.must(204, "POST", site+"/syncfunctiontriggers", "")
}

func TestEmptyPlanIsDeletedWithItsSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query string
		want        int
	}{
		{"by default", "", 404}, {"asked for", "&deleteEmptyServerFarm=true", 404}, {"not if the request says so", "&deleteEmptyServerFarm=false", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deploy()
			w.must(200, "DELETE", site+"?api-version=2022-09-01"+tt.query, "")
			if answer := w.do(request{method: "GET", path: plan}); answer.Code != tt.want {
				t.Errorf("got status %d for the plan, want %d", answer.Code, tt.want)
			}
		})
	}
}

func TestSitesOnOtherPlansTakeClassicConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	w.must(200, "PUT", plan+"2", strings.Replace(strings.Replace(planBody, "FC1", "Y1", 1), "FlexConsumption", "Dynamic", 1))
	body := `{"location":"West Europe","kind":"functionapp,linux","properties":{"serverFarmId":"` + plan + `2","siteConfig":{"ftpsState":"Disabled","appSettings":[{"name":"FUNCTIONS_WORKER_RUNTIME","value":"custom"}]}}}`
	for _, name := range []string{"one", "two"} {
		w.must(200, "PUT", strings.Replace(site, "orders-app", name, 1), body)
	}
	config := w.must(200, "GET", strings.Replace(site, "orders-app", "one", 1)+"/config/web", "")
	if got := at(config, "properties", "ftpsState"); got != "Disabled" {
		t.Errorf("got ftpsState %v, want Disabled", got)
	}
}

// TestKeyVaultReferences shows the state of references that App Service
// reports.
func TestKeyVaultReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	references := site + "/config/configreferences/appsettings"
	all := w.must(200, "GET", references, "")
	one := w.must(200, "GET", references+"/SECRET", "")
	if got := names(all); len(got) != 1 || got[0] != "SECRET" {
		t.Errorf("got references %v, want one", got)
	}
	for name, want := range map[string]any{"status": "VaultNotFound", "vaultName": "v", "secretName": "s", "secretVersion": nil, "source": "KeyVault", "reference": "@Microsoft.KeyVault(VaultName=v;SecretName=s)"} {
		if got := at(one, "properties", name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := at(one, "properties", "identityType", "type"); got != "SystemAssigned" || one["id"] != references+"/SECRET" {
		t.Errorf("got identity %v and id %v", got, one["id"])
	}
	w.sites.took()
	w.must(200, "POST", references+"/refresh", "")
	if got := w.sites.took(); len(got) != 1 || got[0] != site {
		t.Errorf("refresh: got App Service notified of %v, want the site", got)
	}
}
