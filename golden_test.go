package main

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components/componentstest"
	"app-to-app/components/credentials"
	"app-to-app/settings/settingstest"
)

// This file compares what the program registers with golden files. The rules
// are:
//   - testdata/graph-STACK.golden is a committed stack: every call, and every
//     resource with its inputs and options
//   - testdata/graph-KIND.golden is a client with that kind of identity: its own
//     resources, and those of its function app that differ from a client's with a
//     managed identity
//   - the hash of a package is masked by the package's name, because every change of a handler's code
//     and every Go release changes it; TestPublishesAgain checks it
//   - after a look at the difference, accept it with
//     go test -run TestGraph -update .

var update = flag.Bool("update", false, "rewrite testdata/graph-*.golden")

func TestGraph(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	for _, stack := range []string{"dev", "test", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			m := signedIn()
			m.Stack = stack
			deployed(t, m, configuration(t, stack, nil), folder)
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+stack+".golden"), masks(m.Text()).Replace(m.Text()), *update)
		})
	}
}

// TestGraphOfIdentities has a client of each kind of identity.
func TestGraphOfIdentities(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	usual := make(map[string]string)
	for _, r := range deployed(t, signedIn(), configuration(t, "dev", identityStacks(t)["managedIdentity"]), folder).Resources() {
		usual[r.String()] = r.Text()
	}
	label := strings.NewReplacer(broughtLabel(t), "THUMBPRINT")
	for name, edits := range identityStacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", edits), folder)
			var texts []string
			for _, r := range m.Resources() {
				own := r.Parent() == "app-to-app:components:Client::orders-client"
				ofApp := r.Parent() == "app-to-app:components:FunctionApp::orders-client"
				if own || ofApp && r.Text() != usual[r.String()] {
					texts = append(texts, r.Text())
				}
			}
			text := label.Replace(masks(m.Text()).Replace(strings.Join(texts, "\n")))
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-"+name+".golden"), text, *update)
		})
	}
}

var packagePath = regexp.MustCompile(`\.packages/([a-z-]+)-([0-9a-f]{16})\.zip`)

// masks replaces the hashes of packages by the names of the packages. text is all
// that was registered. The names come from the paths and not from the apps, so
// that an app with the hash of another one's package is noticed.
func masks(text string) *strings.Replacer {
	var hashes []string
	for _, path := range packagePath.FindAllStringSubmatch(text, -1) {
		name, start := path[1], path[2]
		if hash := regexp.MustCompile(start + `[0-9a-f]{48}`).FindString(text); hash != "" {
			hashes = append(hashes, hash, "SHA256-OF-"+name)
		}
		hashes = append(hashes, start, "SHA256-OF-"+name+"-16")
	}
	return strings.NewReplacer(hashes...)
}

func TestMasks(t *testing.T) {
	t.Parallel()
	one, other := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	text := func(first, second string) string {
		return "path .packages/orders-api-" + one[:16] + ".zip hash " + first +
			"\npath .packages/orders-client-" + other[:16] + ".zip hash " + second
	}
	for _, tt := range []struct{ name, text, want string }{
		{"each its own hash", text(one, other), "path .packages/orders-api-SHA256-OF-orders-api-16.zip hash SHA256-OF-orders-api" +
			"\npath .packages/orders-client-SHA256-OF-orders-client-16.zip hash SHA256-OF-orders-client"},
		{"hashes exchanged", text(other, one), "path .packages/orders-api-SHA256-OF-orders-api-16.zip hash SHA256-OF-orders-client" +
			"\npath .packages/orders-client-SHA256-OF-orders-client-16.zip hash SHA256-OF-orders-api"},
	} {
		if got := masks(tt.text).Replace(tt.text); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// broughtLabel is the label in the names of resources for the tests' certificate.
func broughtLabel(t *testing.T) string {
	t.Helper()
	pair, err := credentials.ParseKeyPair(settingstest.Pairs()[0].PEM())
	if err != nil {
		t.Fatal(err)
	}
	return pair.Label()
}

// TestOwnAPI: with another name, nothing that the program registers or exports has
// anything of orders.
func TestOwnAPI(t *testing.T) {
	t.Parallel()
	folder := newProjectOf(t, map[string]string{"stock-items-api": "v2/stock", "stock-items-client": "CountStock", "shop": "Buy"})
	config := configuration(t, "prod", map[string]string{
		"app-to-app:api":     `{"name":"stock-items","route":"api/v2/stock"}`,
		"app-to-app:clients": `[{"name":"counter"},{"name":"buyer","code":"shop","identity":"federated"}]`,
	})
	m := deployed(t, signedIn(), config, folder)
	if text := m.Text(); strings.Contains(strings.ToLower(text), "orders") {
		t.Errorf("got orders in what is registered:\n%s", linesWith(text, "orders"))
	}
	for _, tt := range []struct {
		app      string
		settings []string
	}{
		{"stock-items-api", []string{"STOCK_ITEMS_TENANT_ID", "STOCK_ITEMS_AUTHORITY_HOST", "STOCK_ITEMS_AUDIENCE", "STOCK_ITEMS_ROLE"}},
		{"counter", []string{"STOCK_ITEMS_URL", "STOCK_ITEMS_SCOPE", "STOCK_ITEMS_TENANT_ID", "STOCK_ITEMS_AUTHORITY_HOST", "STOCK_ITEMS_TOKEN_PROVIDERS", "STOCK_ITEMS_SCHEDULE",
			"STOCK_ITEMS_MANAGED_IDENTITY_CLIENT_ID"}},
		{"buyer", []string{"STOCK_ITEMS_CLIENT_ID", "STOCK_ITEMS_MANAGED_IDENTITY_CLIENT_ID"}},
	} {
		properties := m.Find(t, "azure-native:web/v20240401:WebAppApplicationSettings", tt.app+"-settings").Inputs["properties"].ObjectValue()
		for _, name := range tt.settings {
			if !properties.HasValue(resource.PropertyKey(name)) {
				t.Errorf("%s: expected the app setting %s, got %v", tt.app, name, properties)
			}
		}
	}
	role := m.Find(t, "azuread:index/applicationAppRole:ApplicationAppRole", "stock-items-api-role-StockItems.Read").Inputs
	if got := role["displayName"].StringValue(); got != "Read stock items" {
		t.Errorf("got role %q", got)
	}
	got := exportsOf(t, signedIn(), programOf(t, config, folder), config)
	urls := got["clientUrls"].ObjectValue()
	if got["apiName"].StringValue() != "stock-items" || !strings.HasSuffix(got["apiUrl"].StringValue(), ".test/api/v2/stock") ||
		!strings.HasSuffix(urls["counter"].StringValue(), ".test/api/CountStock") || !strings.HasSuffix(urls["buyer"].StringValue(), ".test/api/Buy") {
		t.Errorf("got exports %v", got)
	}
}

// linesWith are the lines of a text that have a word in them, whatever its case.
func linesWith(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(strings.ToLower(line), word) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// TestCodeThatIsNotThere: the program says so before anything is built.
func TestCodeThatIsNotThere(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	for _, tt := range []struct{ name, api, clients, want string }{
		{"of the API", `{"name":"stock"}`, "[]",
			`app-to-app:api.code: expected the code of a function app in functions/stock-api, and there is none; those with a host.json are orders-api, orders-client; ` +
				`next: go run ./cmd/new api stock, to begin with an example; or pulumi config set --path app-to-app:api.code FOLDER`},
		{"of a client", `{"name":"orders"}`, `[{"name":"a"},{"name":"b","code":"shop"}]`,
			`app-to-app:clients[1].code: expected the code of a function app in functions/shop, and there is none; those with a host.json are orders-api, orders-client; ` +
				`next: go run ./cmd/new client orders, to begin with an example; or pulumi config set --path app-to-app:clients[1].code FOLDER`},
		{"a route that no function has", `{"route":"api/order"}`, "[]", `argument route: expected a path of one of the package's HTTP functions (api/orders), got "api/order"`},
	} {
		m := signedIn()
		config := configuration(t, "dev", map[string]string{"app-to-app:api": tt.api, "app-to-app:clients": tt.clients})
		err := m.Run(config, programOf(t, config, folder).deploy)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(tt.want, "--path app-to-app:clients[1].code", "--path 'app-to-app:clients[1].code'")) {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		}
		for _, r := range m.Resources() {
			if r.TypeToken != "azure-native:resources:ResourceGroup" {
				t.Errorf("%s: got %s registered", tt.name, r)
			}
		}
	}
}

// TestExistingRegistration: of a registration that was made elsewhere nothing is
// created, and its ids are used.
func TestExistingRegistration(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	config := configuration(t, "prod", map[string]string{"app-to-app:api": `{"registration":"existing","clientId":"` + componentstest.RegistrationID + `"}`})
	m := deployed(t, signedIn(), config, folder)
	for _, r := range m.Resources() {
		if strings.HasPrefix(r.TypeToken, "azuread:") && r.TypeToken != "azuread:index/appRoleAssignment:AppRoleAssignment" {
			t.Errorf("got %s, want nothing in the tenant but the assignment", r)
		}
	}
	const id = componentstest.RegistrationID
	assignment := m.Find(t, "azuread:index/appRoleAssignment:AppRoleAssignment", "orders-client-assignment-Orders.Read").Inputs
	if assignment["appRoleId"].StringValue() != id[:34]+"12" || assignment["resourceObjectId"].StringValue() != id[:35]+"1" {
		t.Errorf("got assignment %v", assignment)
	}
	for app, want := range map[string]map[resource.PropertyKey]string{"orders-api": {"ORDERS_AUDIENCE": id}, "orders-client": {"ORDERS_SCOPE": "api://sales/.default"}} {
		properties := m.Find(t, "azure-native:web/v20240401:WebAppApplicationSettings", app+"-settings").Inputs["properties"].ObjectValue()
		for name, value := range want {
			if got := properties[name].StringValue(); got != value {
				t.Errorf("%s: got %s %q, want %q", app, name, got, value)
			}
		}
	}
	got := exportsOf(t, signedIn(), programOf(t, config, folder), config)
	if got["apiClientId"].StringValue() != id || got["apiObjectId"].StringValue() != id[:35]+"0" || got["roleIds"].ObjectValue()["Orders.Read"].StringValue() != id[:34]+"12" {
		t.Errorf("got exports %v", got)
	}
}

// TestContainer: the API's code gets a container, an identity of its own, and a
// role for that identity on the container alone.
func TestContainer(t *testing.T) {
	t.Parallel()
	m := deployed(t, signedIn(), configuration(t, "prod", map[string]string{"app-to-app:api": `{"name":"orders","container":true}`}), newProject(t))
	const container = "/id/azure-native:storage:BlobContainer/orders-api-data"
	granted := make(map[string]string) // scopes by role, of the code's identity
	for _, r := range m.Resources() {
		if r.TypeToken == "azure-native:authorization:RoleAssignment" && r.Inputs["principalId"].StringValue() == "object-id-of-orders-api-identity" {
			granted[r.Inputs["roleDefinitionId"].StringValue()] = r.Inputs["scope"].StringValue()
		}
	}
	const role = "/subscriptions/" + subscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	if len(granted) != 1 || granted[role] != container {
		t.Errorf("got %v, want Storage Blob Data Contributor on the container and nothing else", granted)
	}
	properties := m.Find(t, "azure-native:web/v20240401:WebAppApplicationSettings", "orders-api-settings").Inputs["properties"].ObjectValue()
	if got := properties["ORDERS_CONTAINER_URL"].StringValue(); !strings.HasSuffix(got, ".blob.test/orders-api-data1a2b3c4d") {
		t.Errorf("got ORDERS_CONTAINER_URL %q", got)
	}
	if got := properties["ORDERS_MANAGED_IDENTITY_CLIENT_ID"].StringValue(); got != "client-id-of-orders-api-identity" {
		t.Errorf("got ORDERS_MANAGED_IDENTITY_CLIENT_ID %q", got)
	}
	site := m.Find(t, "azure-native:web/v20240401:WebApp", "orders-api-app").Text()
	if !strings.Contains(site, "UserAssignedIdentity/orders-api-identity") {
		t.Errorf("expected the identity on the site, got %s", site)
	}
	publish := strings.Join(m.Find(t, "command:local:Command", "orders-api-publish").Dependencies(), " ")
	if !strings.Contains(publish, "orders-api-data-blob-contributor") {
		t.Errorf("expected the role before the code is published, got %s", publish)
	}
}
