package settings_test

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"app-to-app/settings"
)

const apiStack = "organization/app-to-app/api"

// exportsOfAPI are those of the stack apiStack.
func exportsOfAPI() map[string]any {
	return map[string]any{
		"apiName": "orders", "apiUrl": "https://orders.test/api/orders", "apiClientId": "client", "apiObjectId": "object", "apiServicePrincipalId": "principal",
		"identifierUri": "api://client", "audience": "client", "tenantId": strings.ToUpper(tenantID), "environment": "dev",
		"roleIds": map[string]any{"Orders.Read": "read"},
	}
}

func TestTheAPIOfAnotherStack(t *testing.T) {
	t.Parallel()
	two := map[string]any{"roleIds": map[string]any{"Orders.Read": "read", "Orders.Export": "export"}}
	for _, tt := range []struct {
		name    string
		exports map[string]any // changed; nil removes one
		err     error
		api     string // "" is that of the stack
		clients string
		want    string // in the one problem; "" is none
	}{
		{name: "as it is"},
		{name: "a client of another role", exports: two, clients: `[{"name":"billing","roles":["Orders.Export"]}]`},
		{name: "a role that it lacks", exports: two, clients: `[{"name":"billing","roles":["Orders.Write"]}]`,
			want: `app-to-app:clients[0].roles[0]: expected a role of the API of "organization/app-to-app/api" (Orders.Export, Orders.Read), got "Orders.Write"; next: pulumi config set --path 'app-to-app:clients[0].roles[0]' Orders.Export|Orders.Read`},
		{name: "a choice of roles", exports: two, clients: `[{"name":"billing"}]`, want: "app-to-app:clients[0].roles: missing; the API of"},
		{name: "no such stack", err: errors.New("unknown stack"), want: `app-to-app:api.stack: read the exports of "organization/app-to-app/api": unknown stack; next: pulumi up --stack organization/app-to-app/api`},
		{name: "a stack of clients", exports: map[string]any{"apiStack": "organization/app-to-app/other"},
			want: `app-to-app:api.stack: expected the stack that deploys the API, got "organization/app-to-app/api", which has clients of the API of organization/app-to-app/other; next: pulumi config set --path app-to-app:api.stack organization/app-to-app/other`},
		{name: "nothing deployed", exports: map[string]any{"apiUrl": nil, "roleIds": nil, "tenantId": nil}, want: "expected the exports apiUrl, roleIds, tenantId of"},
		{name: "roles that are no map", exports: map[string]any{"roleIds": "read"}, want: "expected the exports roleIds of"},
		{name: "another tenant", exports: map[string]any{"tenantId": partnerID}, want: `app-to-app:api.stack: expected an API of the tenant "` + tenantID + `", got "` + partnerID + `" of "organization/app-to-app/api"`},
		{name: "another environment", exports: map[string]any{"environment": "prod"}, want: `app-to-app:api.stack: expected an API of the environment "dev", got "prod"`},
		{name: "another name", exports: map[string]any{"apiName": "stock"}, want: `app-to-app:api.name: expected the name of the API of "organization/app-to-app/api", "stock", which begins the names of the clients' app settings, got "orders"; fix: pulumi config set --path app-to-app:api.name stock`},
		{name: "a name of its own", exports: map[string]any{"apiName": "stock"}, api: `{"name":"stock","stack":"organization/app-to-app/api"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			exports := exportsOfAPI()
			maps.Copy(exports, tt.exports)
			maps.DeleteFunc(exports, func(_ string, value any) bool { return value == nil })
			if tt.api == "" {
				tt.api = `{"stack":"` + apiStack + `"}`
			}
			if tt.clients == "" {
				tt.clients = `[{"name":"billing"}]`
			}
			var asked []string
			s, _, problems := settings.Load(t.Context(), configuration(t, "dev", map[string]string{"app-to-app:api": tt.api, "app-to-app:clients": tt.clients}), today,
				settings.Sources{Providers: &fakeProviders{}, StackOutputs: func(stack string) (map[string]any, error) {
					asked = append(asked, stack)
					return exports, tt.err
				}})
			if !reflect.DeepEqual(asked, []string{apiStack}) {
				t.Errorf("got asked for %q, want %q once", asked, apiStack)
			}
			if tt.want != "" {
				if len(problems) != 1 || !strings.Contains(problems[0].Error(), tt.want) {
					t.Errorf("got %v, want one problem with %q", problems, tt.want)
				}
				return
			}
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			d := s.Deployed
			if d == nil || d.URL != "https://orders.test/api/orders" || d.ClientID != "client" || d.ObjectID != "object" || d.ServicePrincipalID != "principal" || d.IdentifierURI != "api://client" || d.Audience != "client" || d.RoleIDs["Orders.Read"] != "read" {
				t.Errorf("got %+v, want what the stack exports", d)
			}
			if len(s.Clients) != 1 || len(s.Clients[0].Roles) != 1 {
				t.Errorf("got the clients %+v, want one with a role", s.Clients)
			}
		})
	}
}

// TestAPIOutputsAreAsked: what findAPI reads is what the look-up is told to ask for.
func TestAPIOutputsAreAsked(t *testing.T) {
	t.Parallel()
	for name := range exportsOfAPI() {
		found := false
		for _, asked := range settings.APIOutputs {
			found = found || asked == name
		}
		if !found {
			t.Errorf("expected %q in APIOutputs", name)
		}
	}
}
