package settings_test

import (
	"reflect"
	"strings"
	"testing"

	"app-to-app/settings"
)

const registrationID = "bbbbbbbb-0000-4000-8000-00000000000a"

// TestAPI has the forms of the setting api, and what follows from its name.
func TestAPI(t *testing.T) {
	t.Parallel()
	orders := settings.API{Name: "orders", Code: "orders-api", Route: "api/orders", Registration: "managed"}
	stock := settings.API{Name: "stock-items", Code: "stock-items-api", Route: "api/stock-items", Registration: "managed"}
	ordersRole := settings.Role{Value: "Orders.Read", DisplayName: "Read orders", Description: "Read all orders"}
	for _, tt := range []struct {
		name, value    string
		want           settings.API
		prefix, client string
		role           settings.Role
	}{
		{"as committed", `{"name":"orders"}`, orders, "ORDERS", "orders-client", ordersRole},
		{"null", "null", orders, "ORDERS", "orders-client", ordersRole},
		{"empty", "{}", orders, "ORDERS", "orders-client", ordersRole},
		{"missing", "", orders, "ORDERS", "orders-client", ordersRole},
		{"fields that are null", `{"name":null,"code":null,"route":null,"registration":null,"clientId":null,"stack":null}`, orders, "ORDERS", "orders-client", ordersRole},
		{"another name", `{"name":"stock-items"}`, stock, "STOCK_ITEMS", "stock-items-client",
			settings.Role{Value: "StockItems.Read", DisplayName: "Read stock items", Description: "Read all stock items"}},
		{"code and route of its own", `{"code":"Shop_v2","route":"api/v2/orders"}`, settings.API{Name: "orders", Code: "Shop_v2", Route: "api/v2/orders", Registration: "managed"},
			"ORDERS", "orders-client", ordersRole},
		{"with a container", `{"container":true}`, settings.API{Name: "orders", Code: "orders-api", Route: "api/orders", Container: true, Registration: "managed"}, "ORDERS", "orders-client", ordersRole},
		{"existing registration", `{"registration":"existing","clientId":"` + strings.ToUpper(registrationID) + `"}`,
			settings.API{Name: "orders", Code: "orders-api", Route: "api/orders", Registration: "existing", ClientID: registrationID}, "ORDERS", "orders-client", ordersRole},
		{"of another stack", `{"stack":"organization/app-to-app/prod"}`,
			settings.API{Name: "orders", Code: "orders-api", Route: "api/orders", Registration: "managed", Stack: "organization/app-to-app/prod"}, "ORDERS", "orders-client", ordersRole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := load(t, "prod", map[string]string{"app-to-app:api": tt.value})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if got.API != tt.want {
				t.Errorf("got %+v, want %+v", got.API, tt.want)
			}
			if got := got.API.Prefix(); got != tt.prefix {
				t.Errorf("got prefix %q, want %q", got, tt.prefix)
			}
			roles, values := []settings.Role{tt.role}, []string{tt.role.Value}
			if tt.want.Stack != "" {
				roles, values = nil, nil // that stack defines them
			}
			if !reflect.DeepEqual(got.Roles, roles) {
				t.Errorf("got roles %+v, want %+v", got.Roles, roles)
			}
			client := got.Clients[0]
			if len(got.Clients) != 1 || client.Name != tt.client || client.Code != tt.client || !reflect.DeepEqual(client.Roles, values) {
				t.Errorf("got clients %+v, want %s with its code and role", got.Clients, tt.client)
			}
		})
	}
}

// apiRefusals are wrong values of the setting api, one problem each.
var apiRefusals = []struct {
	name, value string
	want        []string // in the one problem
}{
	{"a text", "stock", []string{`app-to-app:api: expected an object with the fields name, code, route, container, registration, clientId, stack, got "stock"`,
		"; fix: pulumi config rm app-to-app:api && pulumi config set --path app-to-app:api.name stock"}},
	{"a list", `["stock"]`, []string{"app-to-app:api: expected an object with the fields name,", "got a list of something else; fix: pulumi config rm app-to-app:api"}},
	{"unknown field", `{"colour":"red"}`, []string{"app-to-app:api.colour: expected one of the fields name, code,", "; fix: pulumi config rm --path app-to-app:api.colour"}},
	{"mistyped field", `{"clientID":"` + registrationID + `"}`, []string{`app-to-app:api.clientID: expected one of the fields`, `did you mean "clientId"?; next: rename it`}},
	{"number for a name", `{"name":7}`, []string{"app-to-app:api.name: expected a text, got 7; next: write a text"}},
	{"empty name", `{"name":""}`, []string{`app-to-app:api.name: expected at most 24 lower-case letters, digits and single hyphens`, `got ""; next: pulumi config set --path app-to-app:api.name NAME`}},
	{"name in capitals", `{"name":"Stock Items"}`, []string{`app-to-app:api.name: expected lower-case letters, digits and single hyphens`, `got "Stock Items"; fix: pulumi config set --path app-to-app:api.name stock-items`}},
	{"name that begins with a digit", `{"name":"4orders"}`, []string{`app-to-app:api.name: expected at most 24`, `got "4orders"; next: pulumi config set`}},
	{"name with two hyphens", `{"name":"stock--items"}`, []string{`app-to-app:api.name: expected at most 24`, "single hyphens"}},
	{"name too long", `{"name":"` + strings.Repeat("x", 25) + `"}`, []string{"app-to-app:api.name: expected at most 24"}},
	{"name with -api", `{"name":"stock-api"}`, []string{`app-to-app:api.name: expected a name without -api, which is added, got "stock-api"; fix: pulumi config set --path app-to-app:api.name stock`}},
	{"name of the platform's", `{"name":"azure"}`, []string{`app-to-app:api.name: expected a name that does not begin with "azure", because app settings that begin with AZURE_ belong to Azure, got "azure"; next: pulumi config set --path app-to-app:api.name NAME`}},
	{"name that begins with one of the platform's", `{"name":"website-content"}`, []string{`expected a name that does not begin with "website", because app settings that begin with WEBSITE_`}},

	{"code with its folder", `{"code":"./functions/stock-api/"}`, []string{`app-to-app:api.code: expected the name of a folder in functions, got "./functions/stock-api/"; fix: pulumi config set --path app-to-app:api.code stock-api`}},
	{"code outside of functions", `{"code":"../stock"}`, []string{`app-to-app:api.code: expected the name of a folder in functions, got "../stock"; next: pulumi config set --path app-to-app:api.code FOLDER`}},
	{"code by its full path", `{"code":"/srv/stock"}`, []string{`app-to-app:api.code: expected the name of a folder in functions`}},
	{"code that is shared", `{"code":"internal"}`, []string{`app-to-app:api.code: expected the name of a folder in functions, got "internal"`}},
	{"empty code", `{"code":""}`, []string{`app-to-app:api.code: expected the name of a folder in functions, got ""`}},
	{"code that is a list", `{"code":["stock-api"]}`, []string{`app-to-app:api.code: expected a text, got a list of something else`}},

	{"route with a slash", `{"route":"/api/stock"}`, []string{`app-to-app:api.route: expected a path without a slash before or behind it, got "/api/stock"; fix: pulumi config set --path app-to-app:api.route api/stock`}},
	{"route with a host", `{"route":"https://stock.example/api"}`, []string{`app-to-app:api.route: expected a path such as api/orders`, "; next: pulumi config set --path app-to-app:api.route PATH, such as api/orders"}},
	{"route with a parameter", `{"name":"stock","route":"api/stock/{id}"}`, []string{`app-to-app:api.route: expected a path such as api/stock`}},
	{"route that goes up", `{"route":"api/../admin"}`, []string{`app-to-app:api.route: expected a path`}},
	{"route with a query", `{"route":"api/stock?x=1"}`, []string{`app-to-app:api.route: expected a path`}},
	{"empty route", `{"route":""}`, []string{`app-to-app:api.route: expected a path such as api/orders`}},

	{"container in words", `{"container":"yes"}`, []string{`app-to-app:api.container: expected true or false, got "yes"; fix: pulumi config set --path app-to-app:api.container true`}},
	{"container for another stack's API", `{"stack":"a/b/c","container":true}`, []string{"app-to-app:api.container: expected none for an API of another stack"}},
	{"registration that is not known", `{"registration":"manual"}`, []string{`app-to-app:api.registration: expected one of managed, existing, got "manual"; next: pulumi config set --path app-to-app:api.registration managed|existing`}},
	{"registration mistyped", `{"registration":"exsting","clientId":"` + registrationID + `"}`, []string{`got "exsting"; fix: pulumi config set --path app-to-app:api.registration existing`}},
	{"existing without a client id", `{"registration":"existing"}`, []string{"app-to-app:api.clientId: missing; the registration is found by its client id; next: pulumi config set --path app-to-app:api.clientId CLIENT-ID, which is shown by: az ad app list"}},
	{"existing by its name", `{"registration":"existing","clientId":"orders"}`, []string{`app-to-app:api.clientId: expected a GUID, got "orders"; next: pulumi config set --path app-to-app:api.clientId CLIENT-ID`}},
	{"client id of a managed one", `{"clientId":"` + registrationID + `"}`, []string{"app-to-app:api.clientId: expected none for a registration that this stack makes; next: pulumi config set --path app-to-app:api.registration existing to use that registration, or pulumi config rm --path app-to-app:api.clientId"}},

	{"short name of a stack", `{"stack":"prod"}`, []string{`app-to-app:api.stack: expected a stack's full name, such as organization/app-to-app/prod, got "prod"; next: pulumi config set --path app-to-app:api.stack ORGANIZATION/PROJECT/STACK, which is shown by: pulumi stack ls --all`}},
	{"stack with a space", `{"stack":"organization/app-to-app/my prod"}`, []string{`app-to-app:api.stack: expected a stack's full name`}},
	{"code for another stack's API", `{"stack":"a/b/c","code":"stock-api"}`, []string{"app-to-app:api.code: expected none for an API of another stack, which has its own; fix: pulumi config rm --path app-to-app:api.code"}},
	{"route for another stack's API", `{"stack":"a/b/c","route":"api/stock"}`, []string{"app-to-app:api.route: expected none for an API of another stack"}},
	{"registration for another stack's API", `{"stack":"a/b/c","registration":"managed"}`, []string{"app-to-app:api.registration: expected none for an API of another stack"}},
}

func TestRefusedAPI(t *testing.T) {
	t.Parallel()
	for _, tt := range apiRefusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, "prod", map[string]string{"app-to-app:api": tt.value})
			if len(problems) != 1 {
				t.Fatalf("got problems %v, want one", problems)
			}
			text := problems[0].Error()
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant %q in it", text, want)
				}
			}
		})
	}
}
