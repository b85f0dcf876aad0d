package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components"
	"app-to-app/components/componentstest"
	"app-to-app/components/requests"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// identityStacks are stacks with one client of each kind of identity.
func identityStacks(t *testing.T) map[string]map[string]string {
	t.Helper()
	return map[string]map[string]string{
		"managedIdentity":    {"app-to-app:clients": settingstest.Clients(`"identity":"managedIdentity","tokenProviders":["appauth"]`)},
		"systemAssigned":     {"app-to-app:clients": settingstest.Clients(`"identity":"systemAssigned","tokenProviders":["appauth"]`)},
		"clientSecret":       {"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret","tokenProviders":["appauth"]`)},
		"certificate":        {"app-to-app:clients": settingstest.Clients(`"identity":"certificate","tokenProviders":["appauth"]`)},
		"certificateBrought": {"app-to-app:clients": settingstest.Clients(`"identity":"certificate"`), "app-to-app:certificates": settingstest.Certificates(t, settingstest.Pairs()[0].PEM())},
		"federated":          {"app-to-app:clients": settingstest.Clients(`"identity":"federated"`)},
		"federatedOutside":   {"app-to-app:clients": settingstest.Clients(`"identity":"federated","issuer":"https://ci.test","subject":"s"`)},
		"existing":           {"app-to-app:clients": settingstest.Clients(`"identity":"existing","displayName":"Partner"`)},
		"moving":             {"app-to-app:clients": settingstest.Clients(`"identity":"managedIdentity","previousIdentity":"clientSecret"`)},
		"rotating":           {"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret"`), "app-to-app:asOf": "2026-09-10"}, // the first quarter
	}
}

// TestSecretsStaySecret walks through every input of every resource of every
// kind of identity.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	kept := map[string]int{"clientSecret": 2, "certificate": 2, "certificateBrought": 1, "moving": 2, "rotating": 4}
	folder := newProject(t)
	for name, edits := range identityStacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", edits), folder)
			var found int
			for _, r := range m.Resources() {
				plain, secret := componentstest.Exposed(resource.NewProperty(r.Inputs), false, r.String())
				if found += secret; len(plain) > 0 {
					t.Errorf("expected secrets, got plain text in %q", plain)
				}
			}
			if found < kept[name] || kept[name] == 0 && found > 0 {
				t.Errorf("got %d secret inputs, want at least %d, or none for an identity without a secret", found, kept[name])
			}
		})
	}
}

// TestExposedFinds: exposed finds a secret in plain text.
func TestExposedFinds(t *testing.T) {
	t.Parallel()
	inputs := resource.NewPropertyMapFromMap(map[string]any{"a": map[string]any{"b": []any{"x", "secret-of-x"}}})
	if plain, _ := componentstest.Exposed(resource.NewProperty(inputs), false, "r"); len(plain) != 1 || plain[0] != "r.a.b[]" {
		t.Errorf("got %q, want r.a.b[]", plain)
	}
}

// TestAppSettingsOfIdentities checks the app settings for each kind of identity.
func TestAppSettingsOfIdentities(t *testing.T) {
	t.Parallel()
	reference := func(secret string) string {
		return "@Microsoft.KeyVault(SecretUri=https://vault.test/secrets/" + secret + "/1)"
	}
	folder := newProject(t)
	const identity, application = "client-id-of-orders-client-identity", "client-id-of-orders-client-application"
	common := []string{"APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING", "ORDERS_URL", "ORDERS_SCOPE", "ORDERS_TENANT_ID",
		"ORDERS_AUTHORITY_HOST", "ORDERS_TOKEN_PROVIDERS", "ORDERS_SCHEDULE"}
	for name, want := range map[string]map[string]string{
		"managedIdentity": {"ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity, "AzureServicesAuthConnectionString": "RunAs=App;AppId=" + identity},
		"systemAssigned":  {"AzureServicesAuthConnectionString": "RunAs=App"},
		"clientSecret": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_SECRET": reference("orders-client-credential-a"), "AzureServicesAuthConnectionString": reference("orders-client-connection-a")},
		"certificate": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_CERTIFICATE": reference("orders-client-credential-a"), "AzureServicesAuthConnectionString": reference("orders-client-connection-a")},
		"certificateBrought": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity, "ORDERS_CLIENT_CERTIFICATE": reference("orders-client-credential-a")},
		"federated":          {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity},
		"moving":             {"ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity},
		"rotating": {"ORDERS_CLIENT_ID": application, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": identity,
			"ORDERS_CLIENT_SECRET": reference("orders-client-credential-b")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), configuration(t, "dev", identityStacks(t)[name]), folder)
			got := make(map[string]string)
			settings := m.Find(t, "azure-native:web/v20240401:WebAppApplicationSettings", "orders-client-settings")
			for key, value := range settings.Inputs["properties"].ObjectValue() {
				if !slices.Contains(common, string(key)) && !strings.HasPrefix(string(key), "AzureWebJobsStorage") {
					got[string(key)] = value.StringValue()
				}
			}
			if len(got) != len(want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for key, value := range want {
				if got[key] != value {
					t.Errorf("%s: got %q, want %q", key, got[key], value)
				}
			}
		})
	}
}

// TestKindsOfIdentity: settings and components, which declare them separately, use
// the same names.
func TestKindsOfIdentity(t *testing.T) {
	t.Parallel()
	if !slices.Equal(settings.IdentityKinds, components.IdentityKinds) {
		t.Errorf("got %q in settings, %q in components", settings.IdentityKinds, components.IdentityKinds)
	}
	constants := map[string]string{
		settings.ManagedIdentity: components.ManagedIdentity, settings.SystemAssigned: components.SystemAssigned, settings.Federated: components.Federated,
		settings.Certificate: components.Certificate, settings.ClientSecret: components.ClientSecret, settings.Existing: components.Existing,
	}
	for ours, theirs := range constants {
		if ours != theirs {
			t.Errorf("got %q in settings, %q in components", ours, theirs)
		}
	}
}

const otherStack = "organization/app-to-app/api"

// exportsOfTheAPI are what the stack of an API exports, as far as its clients need
// it.
func exportsOfTheAPI() map[string]any {
	return map[string]any{
		"apiName": "orders", "apiUrl": "https://orders-api.test/api/orders", "apiClientId": "client-id-of-the-api", "apiObjectId": "object-id-of-the-api",
		"apiServicePrincipalId": "service-principal-of-the-api", "identifierUri": "api://client-id-of-the-api", "audience": "client-id-of-the-api",
		"roleIds": map[string]any{"Orders.Read": "role-of-the-api"}, "tenantId": tenantID, "environment": "dev", "apiStack": "",
	}
}

// anEstate are the settings of a stack with a client of another stack's API.
func anEstate(t *testing.T, edits map[string]string) map[string]string {
	t.Helper()
	all := map[string]string{"app-to-app:api": `{"stack":"` + otherStack + `"}`, "app-to-app:clients": `[{"name":"billing"}]`}
	maps.Copy(all, edits)
	return configuration(t, "dev", all)
}

// TestGraphOfAnEstate has a client of another stack's API, whose app roles this
// stack assigns, or somebody else.
func TestGraphOfAnEstate(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	for _, assignments := range []string{"made", "requested"} {
		t.Run(assignments, func(t *testing.T) {
			t.Parallel()
			m := signedIn()
			m.Stacks = map[string]map[string]any{otherStack: exportsOfTheAPI()}
			deployed(t, m, anEstate(t, map[string]string{"app-to-app:assignments": assignments}), folder)
			componentstest.CompareGolden(t, filepath.Join("testdata", "graph-estate-"+assignments+".golden"), masks(m.Text()).Replace(m.Text()), *update)
			for _, r := range m.Resources() {
				if assignments == "requested" && (strings.HasPrefix(r.TypeToken, "azuread:") || r.TypeToken == "command:local:Command") {
					t.Errorf("got %s, want nothing in the directory and no code before the role is granted", r)
				}
			}
		})
	}
}

// TestCodeWaitsForAppRoles: a client's code is published once it holds all that it
// asks for, as the tenant says or the receipt.
func TestCodeWaitsForAppRoles(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	const principal, own = "11111111-0000-4000-8000-000000000001", "organization/app-to-app/dev"
	const api, apiClient, roleID = "11111111-0000-4000-8000-000000000002", "11111111-0000-4000-8000-000000000003", "11111111-0000-4000-8000-000000000004"
	of := func(resourceID, role string) string {
		return `{"value":[{"appRoleId":"` + role + `","resourceId":"` + resourceID + `","principalId":"` + principal + `"}]}`
	}
	receipt := func(stack, principalID string) string {
		text, err := requests.Receipt{Schema: requests.ReceiptSchema, Project: "app-to-app", Stack: stack, TenantID: tenantID, GrantedBy: callerID,
			API:         requests.API{Name: "orders", ClientID: apiClient, ServicePrincipalID: api},
			Assignments: []requests.Assignment{{ID: "a", Client: "billing", PrincipalID: principalID, Role: requests.Role{Value: "Orders.Read", ID: roleID}, CreatedOn: "2026-11-26T00:00:00Z"}},
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const setting = "app-to-app:assignmentsReceipt"
	for _, tt := range []struct {
		name      string
		identity  string // of the last update; "" before the first one
		status    int    // of Graph; 0: it must not be asked
		answer    string
		receipt   string
		published bool
		problem   string
	}{
		{name: "before its identity exists"},
		{name: "once it holds its role", identity: "managedIdentity", status: 200, answer: of(api, roleID), published: true},
		{name: "while it holds none", identity: "managedIdentity", status: 200, answer: `{"value":[]}`},
		{name: "while it holds another one", identity: "managedIdentity", status: 200, answer: of(api, callerID)},
		{name: "while it holds the role of another API", identity: "managedIdentity", status: 200, answer: of(callerID, roleID)},
		{name: "while the tenant does not know it yet", identity: "managedIdentity", status: 404},
		{name: "while nobody may say", identity: "managedIdentity", status: 403},
		{name: "when the tenant cannot say", identity: "managedIdentity", status: 500, problem: "expected status 200, got 500"},
		{name: "by its receipt", identity: "managedIdentity", receipt: receipt("dev", principal), published: true},
		{name: "by the receipt of another identity", identity: "managedIdentity", receipt: receipt("dev", callerID)},
		{name: "by the receipt of another stack", identity: "managedIdentity", receipt: receipt("test", principal), problem: `app-to-app:assignmentsReceipt: r.json is of something else: stack: expected "dev", got "test"`},
		{name: "after another identity", identity: "systemAssigned", problem: "app-to-app:clients[0].identity: expected the identity systemAssigned, as it is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			exports := exportsOfTheAPI()
			exports["apiServicePrincipalId"], exports["roleIds"] = api, map[string]any{"Orders.Read": roleID}
			m := signedIn()
			m.Stacks = map[string]map[string]any{otherStack: exports}
			if tt.identity != "" {
				m.Stacks[own] = map[string]any{"access": []any{map[string]any{"client": "billing", "identity": tt.identity, "objectId": principal, "roles": []any{"Orders.Read"}}}, "apiServicePrincipalId": api, "assignments": "requested"}
			}
			edits := map[string]string{"app-to-app:assignments": "requested"}
			project := folder
			if tt.receipt != "" {
				edits[setting], project = "r.json", newProject(t)
				if err := os.WriteFile(filepath.Join(project, "r.json"), []byte(tt.receipt), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			config := anEstate(t, edits)
			p := programOf(t, config, project)
			asked := 0
			p.httpClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked++
				if want := "https://graph.microsoft.com/v1.0/servicePrincipals/" + principal + "/appRoleAssignments"; r.URL.String() != want || r.Method != http.MethodGet {
					t.Errorf("got asked %s %s, want %s", r.Method, r.URL, want)
				}
				return &http.Response{StatusCode: tt.status, Status: fmt.Sprint(tt.status), Body: io.NopCloser(strings.NewReader(tt.answer)), Header: http.Header{}}, nil
			})}
			err := m.Run(config, p.deploy)
			if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
				t.Fatalf("got %v, want %q", err, tt.problem)
			}
			if want := map[bool]int{true: 1}[tt.status != 0]; asked != want {
				t.Errorf("got Graph asked %d times, want %d", asked, want)
			}
			published := slices.ContainsFunc(m.Resources(), func(r componentstest.Resource) bool { return r.TypeToken == "command:local:Command" })
			if published != tt.published {
				t.Errorf("got its code published: %t, want %t", published, tt.published)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRegistrationsAreAskedFor: a federated client makes nothing in the directory while
// somebody else assigns app roles. It asks for its app registration, and its code waits
// for that as for its roles.
func TestRegistrationsAreAskedFor(t *testing.T) {
	t.Parallel()
	folder := newProject(t)
	const api, apiClient, roleID = "11111111-0000-4000-8000-000000000002", "11111111-0000-4000-8000-000000000003", "11111111-0000-4000-8000-000000000004"
	const clientID, objectID, principal, credential = "22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002", "22222222-0000-4000-8000-000000000003", "22222222-0000-4000-8000-000000000004"
	const issuer, audience = "https://login.microsoftonline.com/" + tenantID + "/v2.0", "api://AzureADTokenExchange"
	const subject = "object-id-of-returns-identity"
	made := requests.Registered{Client: "returns", DisplayName: "returns (dev)", ClientID: clientID, ObjectID: objectID, ServicePrincipalID: principal, CredentialID: credential,
		Issuer: issuer, Subject: subject, Audience: audience}
	receipt := requests.Receipt{Schema: requests.ReceiptSchema, Project: "app-to-app", Stack: "dev", TenantID: tenantID, GrantedBy: callerID,
		API: requests.API{Name: "orders", ClientID: apiClient, ServicePrincipalID: api}, Registrations: []requests.Registered{made},
		Assignments: []requests.Assignment{{ID: "a", Client: "returns", PrincipalID: principal, Role: requests.Role{Value: "Orders.Read", ID: roleID}, CreatedOn: "2026-11-26T00:00:00Z"}}}
	answers := map[string]string{ // of Graph, by path
		"/v1.0/applications": `{"value":[{"id":"` + objectID + `","appId":"` + clientID + `","displayName":"returns (dev)","tags":["pulumi-stack:app-to-app/dev","pulumi-name:returns-application","pulumi-requested"]}]}`,
		"/v1.0/applications/" + objectID + "/federatedIdentityCredentials": `{"value":[{"id":"` + credential + `","name":"returns","issuer":"` + issuer + `","subject":"` + subject + `","audiences":["` + audience + `"]}]}`,
		"/v1.0/servicePrincipals":                                      `{"value":[{"id":"` + principal + `"}]}`,
		"/v1.0/servicePrincipals/" + principal + "/appRoleAssignments": `{"value":[{"appRoleId":"` + roleID + `","resourceId":"` + api + `"}]}`,
	}
	unassigned := maps.Clone(answers)
	unassigned["/v1.0/servicePrincipals/"+principal+"/appRoleAssignments"] = `{"value":[]}`
	for _, tt := range []struct {
		name      string
		receipt   *requests.Receipt
		graph     map[string]string
		known     bool // its client id is
		published bool
	}{
		{"before anybody made it", nil, nil, false, false},
		{"by its receipt", &receipt, nil, true, true},
		{"as the tenant says", nil, answers, true, true},
		{"without its app role", nil, unassigned, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edits, project := map[string]string{"app-to-app:assignments": "requested", "app-to-app:clients": `[{"name":"returns","identity":"federated"}]`}, newProjectLike(t, folder)
			if tt.graph == nil {
				edits["app-to-app:assignmentsReceipt"] = "r.json"
			}
			if tt.receipt != nil {
				text, err := tt.receipt.Encode()
				if err == nil {
					err = os.WriteFile(filepath.Join(project, "r.json"), text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			exports := exportsOfTheAPI()
			exports["apiServicePrincipalId"], exports["apiClientId"], exports["roleIds"] = api, apiClient, map[string]any{"Orders.Read": roleID}
			m := signedIn()
			m.Stacks = map[string]map[string]any{otherStack: exports}
			config := anEstate(t, edits)
			p := programOf(t, config, project)
			p.httpClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				answer, known := tt.graph[r.URL.Path]
				if !known || r.Method != http.MethodGet {
					t.Errorf("got asked %s %s", r.Method, r.URL)
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}}, nil
			})}
			got := exportsOf(t, m, p, config).Mappable()
			published, setting := false, ""
			for _, r := range m.Resources() {
				published = published || r.TypeToken == "command:local:Command"
				if strings.HasPrefix(r.TypeToken, "azuread:") {
					t.Errorf("got %s, want nothing in the directory", r)
				}
				if strings.HasSuffix(r.TypeToken, ":WebAppApplicationSettings") {
					if id := r.Inputs["properties"].ObjectValue()["ORDERS_CLIENT_ID"]; id.IsString() {
						setting = id.StringValue()
					}
				}
			}
			want := map[bool]string{true: clientID}[tt.known]
			if published != tt.published || setting != want {
				t.Errorf("got its code published: %t, and its client id %q, want %t and %q", published, setting, tt.published, want)
			}
			asked := map[string]any{"client": "returns", "identity": "federated", "roles": []any{map[string]any{"value": "Orders.Read", "id": roleID}},
				"registration": map[string]any{"displayName": "returns (dev)", "owners": []any{}, "issuer": issuer, "subject": subject, "audience": audience}}
			if !reflect.DeepEqual(got["requests"], []any{asked}) {
				t.Errorf("got the requests %v, want %v", got["requests"], asked)
			}
			access := got["access"].([]any)[0].(map[string]any)
			if access["requested"] != true || access["clientId"] != want || !reflect.DeepEqual(access["owners"], []any{}) || len(access["credentials"].([]any)) != map[bool]int{true: 1}[tt.known] {
				t.Errorf("got the access %v", access)
			}
		})
	}

	if got := distrusted(made, components.Federation{Issuer: issuer, Subject: subject, Audience: audience}, "dev"); got != "" {
		t.Errorf("got %q, want no warning", got)
	}
	if got := distrusted(made, components.Federation{Issuer: issuer, Subject: principal, Audience: audience}, "dev"); !strings.Contains(got, `client "returns" cannot sign in: its app registration `+clientID+` trusts`) || !strings.Contains(got, "tenant request -stack dev") {
		t.Errorf("got %q, want a warning of another subject", got)
	}
}

// newProjectLike is a project of its own with the files of another.
func newProjectLike(t *testing.T, folder string) string {
	t.Helper()
	project := t.TempDir()
	if err := os.CopyFS(project, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return project
}
