package lookup_test

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/settings"
	"app-to-app/settings/lookup"
)

// An engine answers calls of functions by their token, and records their
// inputs.
type engine struct {
	outputs map[string]map[string]any // by token; a function without outputs fails
	inputs  map[string]any
}

func (e *engine) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	e.inputs = args.Args.Mappable()
	outputs, ok := e.outputs[args.Token]
	if !ok {
		return nil, errors.New("refused")
	}
	return resource.NewPropertyMapFromMap(outputs), nil
}

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, errors.New("expected a look-up to register nothing, got " + args.TypeToken)
}

// with calls a look-up in a stack of an engine.
func with(t *testing.T, e *engine, look func(lookup.Providers)) {
	t.Helper()
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		look(lookup.Providers{Context: ctx})
		return nil
	}, pulumi.WithMocks("app-to-app", "dev", e))
	if err != nil {
		t.Error(err)
	}
}

const (
	entraConfig = "azuread:index/getClientConfig:getClientConfig"
	azureConfig = "azure-native:authorization:getClientConfig"
	principals  = "azuread:index/getServicePrincipals:getServicePrincipals"
	graphToken  = "azure-native:authorization:getClientToken"
)

func TestLogins(t *testing.T) {
	t.Parallel()
	with(t, &engine{outputs: map[string]map[string]any{
		entraConfig: {"tenantId": "tenant", "objectId": "caller", "clientId": "client", "id": "x"},
		azureConfig: {"tenantId": "tenant", "subscriptionId": "subscription", "objectId": "caller", "clientId": "client"},
	}}, func(p lookup.Providers) {
		if got, err := p.EntraLogin(); err != nil || got != (settings.EntraLogin{TenantID: "tenant", ObjectID: "caller"}) {
			t.Errorf("azuread: got %+v, %v", got, err)
		}
		if got, err := p.AzureLogin(); err != nil || got != (settings.AzureLogin{TenantID: "tenant", SubscriptionID: "subscription"}) {
			t.Errorf("azure-native: got %+v, %v", got, err)
		}
	})
	with(t, &engine{}, func(p lookup.Providers) {
		if _, err := p.EntraLogin(); err == nil {
			t.Error("azuread: expected an error, got none")
		}
		if _, err := p.AzureLogin(); err == nil {
			t.Error("azure-native: expected an error, got none")
		}
	})
}

func TestRegistration(t *testing.T) {
	t.Parallel()
	application := map[string]any{"id": "/applications/o", "clientId": "c", "objectId": "o", "displayName": "Sales", "identifierUris": []any{"api://sales"},
		"apis": []any{map[string]any{"requestedAccessTokenVersion": 2}}, "appRoles": []any{
			map[string]any{"id": "r", "value": "Orders.Read", "enabled": true, "allowedMemberTypes": []any{"User", "Application"}},
			map[string]any{"id": "s", "value": "People.Read", "enabled": false, "allowedMemberTypes": []any{"User"}}}}
	principal := map[string]any{"id": "p", "clientId": "c", "objectId": "p", "accountEnabled": true, "appRoleAssignmentRequired": true}
	const applications, principals = "azuread:index/getApplication:getApplication", "azuread:index/getServicePrincipal:getServicePrincipal"
	e := &engine{outputs: map[string]map[string]any{applications: application, principals: principal}}
	with(t, e, func(p lookup.Providers) {
		want := settings.Registration{ClientID: "c", ObjectID: "o", DisplayName: "Sales", IdentifierURIs: []string{"api://sales"}, TokenVersion: 2,
			ServicePrincipalID: "p", Enabled: true, AssignmentRequired: true,
			Roles: []settings.RegisteredRole{{ID: "r", Value: "Orders.Read", Enabled: true, ForApplications: true}, {ID: "s", Value: "People.Read"}}}
		if got, err := p.Registration("c"); err != nil || !reflect.DeepEqual(got, want) || e.inputs["clientId"] != "c" {
			t.Errorf("got %+v, %v for %v, want %+v", got, err, e.inputs, want)
		}
	})
	for _, missing := range []string{applications, principals} {
		outputs := map[string]map[string]any{applications: application, principals: principal}
		delete(outputs, missing)
		with(t, &engine{outputs: outputs}, func(p lookup.Providers) {
			if _, err := p.Registration("c"); err == nil {
				t.Errorf("without %s: expected an error", missing)
			}
		})
	}
}

func TestServicePrincipals(t *testing.T) {
	t.Parallel()
	found := map[string]any{"servicePrincipals": []any{map[string]any{"objectId": "o", "clientId": "c", "displayName": "Partner"}}}
	for _, tt := range []struct {
		name, objectID, displayName string
		asked                       map[string]any
	}{
		{"by object id", "o", "", map[string]any{"objectIds": []any{"o"}}},
		{"by display name", "", "partner", map[string]any{"displayNames": []any{"partner"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &engine{outputs: map[string]map[string]any{principals: found}}
			with(t, e, func(p lookup.Providers) {
				got, err := p.ServicePrincipals(tt.objectID, tt.displayName)
				if want := []settings.ServicePrincipal{{ObjectID: "o", ClientID: "c", DisplayName: "Partner"}}; err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			})
			if !reflect.DeepEqual(e.inputs, tt.asked) {
				t.Errorf("got asked for %v, want %v", e.inputs, tt.asked)
			}
		})
	}
}

func TestGraphPermissions(t *testing.T) {
	t.Parallel()
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for _, tt := range []struct {
		name, token string
		want        []string
		problem     string
	}{
		{"an application's token", token(`{"roles":["A","B"]}`), []string{"A", "B"}, ""},
		{"a person's token", token(`{"scp":"User.Read"}`), nil, ""},
		{"no JWT", "opaque", nil, "expected three parts"},
		{"claims that are no JSON", token("x"), nil, "expected claims"},
		{"no token", "", nil, "get a token for Microsoft Graph: refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &engine{}
			if tt.token != "" {
				e.outputs = map[string]map[string]any{graphToken: {"token": tt.token}}
			}
			with(t, e, func(p lookup.Providers) {
				got, err := p.GraphPermissions("https://graph.test")
				if (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.problem)
				}
				if err != nil && tt.token != "" && strings.Contains(err.Error(), tt.token) {
					t.Errorf("expected no token in the error, got %v", err)
				}
			})
			if e.inputs["endpoint"] != "https://graph.test" {
				t.Errorf("got asked for %v, want the endpoint", e.inputs)
			}
		})
	}
}
