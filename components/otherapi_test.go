package components_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/componentstest"
	"app-to-app/components/credentials"
)

func otherAPI() *components.OtherAPIArgs {
	return &components.OtherAPIArgs{
		Prefix: "ORDERS", URL: "https://orders.test/api/orders", ClientID: "client", ObjectID: "object", ServicePrincipalID: "principal",
		IdentifierURI: "api://client", Audience: "client", RoleIDs: map[string]string{"Orders.Read": "read"},
	}
}

func TestOtherAPIArguments(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*components.OtherAPIArgs){
		"argument prefix: missing":             func(a *components.OtherAPIArgs) { a.Prefix = "" },
		"argument url: missing":                func(a *components.OtherAPIArgs) { a.URL = "" },
		"argument clientID: missing":           func(a *components.OtherAPIArgs) { a.ClientID = "" },
		"argument objectID: missing":           func(a *components.OtherAPIArgs) { a.ObjectID = "" },
		"argument servicePrincipalID: missing": func(a *components.OtherAPIArgs) { a.ServicePrincipalID = "" },
		"argument identifierURI: missing":      func(a *components.OtherAPIArgs) { a.IdentifierURI = "" },
		"argument audience: missing":           func(a *components.OtherAPIArgs) { a.Audience = "" },
		"argument roleIDs: missing":            func(a *components.OtherAPIArgs) { a.RoleIDs = nil },
	} {
		args := otherAPI()
		edit(args)
		if _, err := components.OtherAPI(args); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := components.OtherAPI(nil); err == nil {
		t.Error("no arguments: expected an error, got none")
	}
}

func requested() *components.ClientRegistration {
	return &components.ClientRegistration{ClientID: "client", ObjectID: "object", ServicePrincipalID: "principal", CredentialID: "credential"}
}

// TestClientOfAnotherAPI: a client gets the other API's roles by their ids there,
// unless somebody else assigns them; then it makes nothing in the directory.
func TestClientOfAnotherAPI(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*components.ClientArgs)
		want []string // types that are registered of those that differ
		err  string
	}{
		{"assigned here", func(*components.ClientArgs) {}, []string{"azuread:index/appRoleAssignment:AppRoleAssignment", "command:local:Command"}, ""},
		{"requested and held", func(a *components.ClientArgs) { a.RequestAssignments = true }, []string{"command:local:Command"}, ""},
		{"requested and withheld", func(a *components.ClientArgs) { a.RequestAssignments, a.FunctionApp.Withhold = true, true }, nil, ""},
		{"requested by a site's own identity", func(a *components.ClientArgs) {
			a.RequestAssignments, a.FunctionApp.Withhold, a.Identity.Kind = true, true, components.SystemAssigned
		}, nil, ""},
		{"a registration requested", func(a *components.ClientArgs) {
			a.RequestAssignments, a.FunctionApp.Withhold, a.Identity.Kind = true, true, components.Federated
		}, nil, ""},
		{"a registration made on request", func(a *components.ClientArgs) {
			a.RequestAssignments, a.Identity.Kind, a.Registration = true, components.Federated, requested()
		}, []string{"command:local:Command"}, ""},
		{"a registration made on request, in part", func(a *components.ClientArgs) {
			a.RequestAssignments, a.Identity.Kind, a.Registration = true, components.Federated, &components.ClientRegistration{ClientID: "c"}
		}, nil, "argument registration.objectID: missing"},
		{"a registration that nobody asked for", func(a *components.ClientArgs) {
			a.Identity.Kind, a.Registration = components.Federated, requested()
		}, nil, "argument registration: expected none"},
		{"a secret requested", func(a *components.ClientArgs) {
			a.RequestAssignments, a.Identity = true, components.Identity{Kind: components.ClientSecret, Rotation: credentials.Rotation{Period: time.Hour}}
		}, nil, "another credential would have to be handed over"},
		{"a role that the API lacks", func(a *components.ClientArgs) { a.Roles = []string{"Orders.Write"} }, nil, `argument roles: expected roles of the API, got "Orders.Write"`},
		{"a secret without an app", func(a *components.ClientArgs) {
			a.FunctionApp, a.Identity = nil, components.Identity{Kind: components.ClientSecret}
		}, nil, "argument functionApp: missing; the vault of a client of another stack's API is logged where its function app is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := new(componentstest.Recorder)
			err := m.Run(nil, func(ctx *pulumi.Context) error {
				api, err := components.OtherAPI(otherAPI())
				if err != nil {
					return err
				}
				args := &components.ClientArgs{
					Place: place(), Tenant: tenant(), API: api, Identity: components.Identity{Kind: components.ManagedIdentity}, Roles: []string{"Orders.Read"}, DisplayName: "billing",
					FunctionApp: &components.ClientAppArgs{Package: components.Package{Path: "a.zip", SHA256: "00"}, TokenProviders: []string{"azidentity"}, Schedule: "0 0 * * * *"},
				}
				args.Tenant.ExchangeAudience = "api://AzureADTokenExchange"
				tt.edit(args)
				_, err = components.NewClient(ctx, "billing", args)
				return err
			})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range m.Resources() {
				if strings.HasPrefix(r.TypeToken, "azuread:") || strings.HasPrefix(r.TypeToken, "command:") {
					got = append(got, r.TypeToken)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
