package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// app is a graph of an API with a role, and a client with a managed identity.
const app = `call azuread:index/getClientConfig:getClientConfig

app-to-app:components:API shop-api

app-to-app:components:Client buyer

app-to-app:components:FunctionApp buyer
  parent app-to-app:components:Client::buyer

azure-native:managedidentity:UserAssignedIdentity buyer-identity
  parent app-to-app:components:Client::buyer
  dependsOn azure-native:resources:ResourceGroup::shop (resourceGroupName)

azure-native:resources:ResourceGroup shop

azure-native:web/v20240401:WebAppApplicationSettings buyer-settings
  parent app-to-app:components:FunctionApp::buyer
  dependsOn azuread:index/appRoleAssignment:AppRoleAssignment::buyer-assignment-Shop.Read
  dependsOn azure-native:resources:ResourceGroup::shop (resourceGroupName)
  inputs.properties.SHOP_URL "https://shop.test/api/goods"

azuread:index/appRoleAssignment:AppRoleAssignment buyer-assignment-Shop.Read
  parent app-to-app:components:Client::buyer
  dependsOn azure-native:managedidentity:UserAssignedIdentity::buyer-identity (principalObjectId)
  dependsOn azuread:index/applicationAppRole:ApplicationAppRole::shop-api-role-Shop.Read (appRoleId)

azuread:index/applicationAppRole:ApplicationAppRole shop-api-role-Shop.Read
  parent app-to-app:components:API::shop-api
  inputs.value "Shop.Read"

azuread:index/servicePrincipal:ServicePrincipal shop-api-service-principal
  parent app-to-app:components:API::shop-api
  dependsOn azuread:index/applicationAppRole:ApplicationAppRole::shop-api-role-Shop.Read
  inputs.appRoleAssignmentRequired true
`

func TestCards(t *testing.T) {
	t.Parallel()
	g, err := readGraph(app)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range g.cards {
		text := c.title + ":"
		for _, r := range c.rows {
			text += fmt.Sprintf(" %d %s", r.step, shownName(c, r))
		}
		for _, needed := range c.needs {
			text += " <- " + needed.title
		}
		got = append(got, text)
	}
	want := []string{
		"stack: 1 shop",
		"server of shop-api: 1 role-Shop.Read 2 service-principal",
		"identity of buyer: 2 identity <- stack",
		"assignment of buyer: 3 Shop.Read <- identity of buyer <- server of shop-api",
		"functions of buyer: 4 settings <- assignment of buyer", // and the stack, which follows
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestMutualCards: a vault is read by an app, and logs to that app's workspace.
func TestMutualCards(t *testing.T) {
	t.Parallel()
	const vault = `
azure-native:insights:DiagnosticSetting buyer-vault-logs
  parent app-to-app:components:Client::buyer
  dependsOn azure-native:keyvault:Vault::buyervault (resourceUri)
  dependsOn azure-native:operationalinsights:Workspace::buyer-workspace (workspaceId)

azure-native:keyvault:Vault buyervault
  parent app-to-app:components:Client::buyer

azure-native:operationalinsights:Workspace buyer-workspace
  parent app-to-app:components:FunctionApp::buyer
`
	g, err := readGraph(strings.Replace(app, "  inputs.properties.SHOP_URL", "  dependsOn azure-native:keyvault:Vault::buyervault (properties)\n  inputs.properties.SHOP_URL", 1) + vault)
	if err != nil {
		t.Fatal(err)
	}
	dot := dotOf(g.cards, false)
	if !strings.Contains(dot, `"vault of buyer" -> "functions of buyer" [dir=both];`) || strings.Contains(dot, `"functions of buyer" -> "vault of buyer"`) {
		t.Errorf("got %s\nwant one arrow with two heads between the vault and the functions", dot)
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	g, err := readGraph(app)
	if err != nil {
		t.Fatal(err)
	}
	h := holder{"buyer", "Shop.Read", "managed identity"}
	want := story{api: "shop-api", path: "/api/goods", required: true, holders: []holder{h}, caller: h}
	if fmt.Sprint(g.story) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", g.story, want)
	}
	drawn := drawAccess(g.story).document(g.hash)
	for _, words := range []string{"buyer", "shop-api", "Shop.Read", "GET /api/goods", "managed identity", "gets no token"} {
		if !strings.Contains(drawn, ">"+words+"<") {
			t.Errorf("expected the picture to say %q", words)
		}
	}
	if problems := problemsOf(drawn); len(problems) > 0 {
		t.Errorf("got %q", problems)
	}
	open := g.story
	open.required = false
	if drawn := drawAccess(open).document(g.hash); strings.Contains(drawn, "gets no token") {
		t.Error("expected no claim that Entra refuses a token that it gives")
	}
	for range 4 {
		open.holders = append(open.holders, h)
	}
	if drawn := drawAccess(open).document(g.hash); !strings.Contains(drawn, ">and 2 more<") || len(problemsOf(drawn)) > 0 {
		t.Errorf("five holders: got %q", problemsOf(drawn))
	}
	long := holder{"reports-of-the-warehouse-in-the-north", "WarehouseInTheNorth.ReadEverything", "managed identity"}
	wordy := story{api: "warehouse-in-the-north-api", path: "/api/v2/warehouses/of/the/north", required: true, holders: []holder{long}, caller: long}
	if problems := problemsOf(drawAccess(wordy).document(g.hash)); len(problems) > 0 {
		t.Errorf("long names: got %q", problems)
	}
}

// TestReadGraph has graphs that cannot be drawn.
func TestReadGraph(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, want string }{
		{"no resource", "azure-native:resources:ResourceGroup shop", "ResourceGroup shop", `expected the type and the name of a resource, got "ResourceGroup shop"`},
		{"nothing", app, "", `expected the type and the name of a resource, got ""`},
		{"one twice", "call azuread", "azure-native:resources:ResourceGroup shop\n\ncall azuread", "azure-native:resources:ResourceGroup::shop: expected it once, got it twice"},
		{"an unknown parent", "parent app-to-app:components:FunctionApp::buyer", "parent a:b:C::d", "expected its parent a:b:C::d among the resources, got none"},
		{"an unknown need", "dependsOn azure-native:resources:ResourceGroup::shop", "dependsOn a:b:C::d", "expected its dependsOn a:b:C::d among the resources, got none"},
		{"the need of a component", "dependsOn azure-native:resources:ResourceGroup::shop", "dependsOn app-to-app:components:API::shop-api", "expected it to depend on resources, got the component"},
		{"a circle", "ResourceGroup shop\n", "ResourceGroup shop\n  dependsOn azure-native:managedidentity:UserAssignedIdentity::buyer-identity\n", "expected resources that do not need each other in a circle"},
		{"another component", "FunctionApp", "Worker", "fix: give the component a kind in tools/pictures/cards.go"},
		{"an app of nobody", "  parent app-to-app:components:Client::buyer\n\nazure-native:m", "\nazure-native:m", "expected it in an API or a Client, or in a FunctionApp of one, got app-to-app:components:FunctionApp::buyer"},
		{"a role without a value", `inputs.value "Shop.Read"`, "inputs.description \"\"", "expected it to depend on a role with a value"},
		{"nobody who calls", `"https://shop.test/api/goods"`, `""`, "expected an API, and a client that has its role and a function app, got none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readGraph(strings.ReplaceAll(app, tt.old, tt.new))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReadPositions(t *testing.T) {
	t.Parallel()
	const good = `{"bb":"0,0,200,100","objects":[{"name":"cluster a","bb":"10,20,110,90"},{"name":"b","pos":"50,40","width":"0.5","height":"0.25"}],
		"edges":[{"tail":1,"head":0,"pos":"s,1,90 e,3,70 1,80 2,80 3,80 3,75"},{"tail":0,"head":1}]}`
	l, err := readPositions("digraph {}", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Boxes["cluster a"], (box{10, 10, 100, 70}); got != want {
		t.Errorf("cluster: got %v, want %v", got, want)
	}
	if got, want := l.Boxes["b"], (box{32, 51, 36, 18}); got != want {
		t.Errorf("node: got %v, want %v", got, want)
	}
	a := l.Arrows["b>cluster a"]
	if len(l.Arrows) != 1 || a.Start == nil || *a.Start != (point{1, 10}) || a.End == nil || *a.End != (point{3, 30}) || !slices.Equal(a.Curve, []point{{1, 20}, {2, 20}, {3, 20}, {3, 25}}) {
		t.Errorf("got arrows %v, want one with two heads", l.Arrows)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"no JSON", "{", "[", "read what Graphviz wrote"},
		{"no size", "0,0,200,100", "", `bb of the graph: expected 4 numbers, got ""`},
		{"half a frame", "10,20,110,90", "10,20", "bb of cluster a: expected 4 numbers"},
		{"no number", "50,40", "50,x", "position of b: expected 4 numbers"},
		{"half a point", "3,75", "3", "position of an edge: expected 2 numbers"},
	} {
		if _, err := readPositions("digraph {}", []byte(strings.Replace(good, tt.old, tt.new, 1))); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestLayoutLacks: a layout without a card or an arrow is refused.
func TestLayoutLacks(t *testing.T) {
	t.Parallel()
	g, err := readGraph(app)
	if err != nil {
		t.Fatal(err)
	}
	l := layout{Arrows: make(map[string]arrow), Boxes: make(map[string]box)}
	if _, err := drawResources(g.cards, l); err == nil || !strings.Contains(err.Error(), "expected a place for the arrow from stack to identity of buyer") {
		t.Errorf("got %v", err)
	}
	for _, pair := range arrowsOf(g.cards) {
		l.Arrows[pair[0].title+">"+pair[1].title] = arrow{Curve: []point{{0, 0}, {0, 0}, {0, 1}, {0, 1}}}
	}
	if _, err := drawResources(g.cards, l); err == nil || !strings.Contains(err.Error(), "expected a place for the card stack") {
		t.Errorf("got %v", err)
	}
}
