package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/componentstest"
)

// dev is the committed stack dev, deployed once and only read.
var dev struct {
	once sync.Once
	m    *componentstest.Recorder
}

func deployedDev(t *testing.T) *componentstest.Recorder {
	t.Helper()
	dev.once.Do(func() {
		dev.m = deployed(t, signedIn(), configuration(t, "dev", nil), newProject(t))
	})
	if dev.m == nil {
		t.Fatal("expected the stack dev to be deployed, see the test that tried")
	}
	return dev.m
}

func TestProperties(t *testing.T) {
	t.Parallel()
	m := deployedDev(t)
	const (
		application = "azuread:index/application:Application"
		role        = "azuread:index/applicationAppRole:ApplicationAppRole"
		identifier  = "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri"
		principal   = "azuread:index/servicePrincipal:ServicePrincipal"
		assignment  = "azuread:index/appRoleAssignment:AppRoleAssignment"
		account     = "azure-native:storage:StorageAccount"
		grant       = "azure-native:authorization:RoleAssignment"
		plan        = "azure-native:web/v20240401:AppServicePlan"
		site        = "azure-native:web/v20240401:WebApp"
		settings    = "azure-native:web/v20240401:WebAppApplicationSettings"
		publish     = "command:local:Command"
	)
	orders := "/id/" + account + "/ordersclient"
	for _, tt := range []struct {
		typeToken, name, path string
		want                  any
	}{
		{application, "orders-api-application", "displayName", "orders-api (dev)"},
		{application, "orders-api-application", "signInAudience", "AzureADMyOrg"},
		{application, "orders-api-application", "api.requestedAccessTokenVersion", 2.0},
		{application, "orders-api-application", "optionalClaims.accessTokens", []any{map[string]any{"name": "idtyp"}}},
		{role, "orders-api-role-Orders.Read", "roleId", "b4a85f8e-886a-52f1-8b71-e267e90fdd93"},
		{role, "orders-api-role-Orders.Read", "allowedMemberTypes", []any{"Application"}},
		{role, "orders-api-role-Orders.Read", "applicationId", "/id/" + application + "/orders-api-application"},
		{identifier, "orders-api-identifier-uri", "identifierUri", "api://client-id-of-orders-api-application"},
		{principal, "orders-api-service-principal", "appRoleAssignmentRequired", true},
		{assignment, "orders-client-assignment-Orders.Read", "appRoleId", "b4a85f8e-886a-52f1-8b71-e267e90fdd93"},
		{assignment, "orders-client-assignment-Orders.Read", "principalObjectId", "object-id-of-orders-client-identity"},
		{assignment, "orders-client-assignment-Orders.Read", "resourceObjectId", "object-id-of-orders-api-service-principal"},
		{account, "ordersclient", "allowSharedKeyAccess", false},
		{account, "ordersclient", "allowBlobPublicAccess", false},
		{account, "ordersclient", "minimumTlsVersion", "TLS1_2"},
		{account, "ordersclient", "enableHttpsTrafficOnly", true},
		{grant, "orders-client-blob-owner", "principalType", "ServicePrincipal"},
		{grant, "orders-client-blob-owner", "principalId", "object-id-of-orders-client-host"},
		{grant, "orders-client-blob-owner", "scope", orders},
		{grant, "orders-client-blob-owner", "roleDefinitionId", "/subscriptions/" + subscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b"},
		{plan, "orders-client-plan", "sku", map[string]any{"name": "FC1", "tier": "FlexConsumption"}},
		{plan, "orders-client-plan", "reserved", true},
		{site, "orders-client-app", "kind", "functionapp,linux"},
		{site, "orders-client-app", "httpsOnly", true},
		{site, "orders-client-app", "identity.type", "UserAssigned"},
		{site, "orders-client-app", "functionAppConfig.runtime", map[string]any{"name": "custom", "version": "1.0"}},
		{site, "orders-client-app", "functionAppConfig.deployment.storage.type", "blobContainer"},
		{site, "orders-client-app", "functionAppConfig.deployment.storage.value", "https://ordersclient1a2b3c4d.blob.test/orders-client-packages1a2b3c4d"},
		{site, "orders-client-app", "functionAppConfig.deployment.storage.authentication", map[string]any{
			"type":                           "UserAssignedIdentity",
			"userAssignedIdentityResourceId": "/id/azure-native:managedidentity:UserAssignedIdentity/orders-client-host"}},
		{"azure-native:web/v20240401:WebAppFtpAllowed", "orders-client-ftp", "allow", false},
		{"azure-native:web/v20240401:WebAppScmAllowed", "orders-client-scm", "allow", false},
		{"azure-native:insights:Component", "orders-client-insights", "disableLocalAuth", true},
		{"azure-native:operationalinsights:Workspace", "orders-client-workspace", "features.disableLocalAuth", true},
		{settings, "orders-api-settings", "properties", map[string]any{
			"APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "ClientId=client-id-of-orders-api-host;Authorization=AAD",
			"APPLICATIONINSIGHTS_CONNECTION_STRING":     "InstrumentationKey=k;IngestionEndpoint=https://orders-api-insights.test/",
			"AzureWebJobsStorage__blobServiceUri":       "https://ordersapi1a2b3c4d.blob.test/",
			"AzureWebJobsStorage__clientId":             "client-id-of-orders-api-host",
			"AzureWebJobsStorage__credential":           "managedidentity",
			"AzureWebJobsStorage__queueServiceUri":      "https://ordersapi1a2b3c4d.queue.test/",
			"AzureWebJobsStorage__tableServiceUri":      "https://ordersapi1a2b3c4d.table.test/",
			"ORDERS_AUDIENCE":                           "client-id-of-orders-api-application",
			"ORDERS_AUTHORITY_HOST":                     "https://login.microsoftonline.com",
			"ORDERS_ROLE":                               "Orders.Read",
			"ORDERS_TENANT_ID":                          tenantID,
		}},
		{settings, "orders-client-settings", "properties.ORDERS_URL", "https://orders-api-app1a2b3c4d.test/api/orders"},
		{settings, "orders-client-settings", "properties.ORDERS_SCOPE", "api://client-id-of-orders-api-application/.default"},
		{settings, "orders-client-settings", "properties.ORDERS_TENANT_ID", tenantID},
		{settings, "orders-client-settings", "properties.ORDERS_AUTHORITY_HOST", "https://login.microsoftonline.com"},
		{settings, "orders-client-settings", "properties.ORDERS_TOKEN_PROVIDERS", "azidentity"},
		{settings, "orders-client-settings", "properties.ORDERS_SCHEDULE", "0 */10 * * * *"},
		{settings, "orders-client-settings", "properties.ORDERS_MANAGED_IDENTITY_CLIENT_ID", "client-id-of-orders-client-identity"},
		{publish, "orders-client-publish", "create", "go run ./cmd/publish"},
		{publish, "orders-client-publish", "environment.PUBLISH_APP", "orders-client-app1a2b3c4d"},
		{publish, "orders-client-publish", "environment.PUBLISH_SCM_HOST", "orders-client-app1a2b3c4d.scm.test"},
		{"azure-native:resources:ResourceGroup", "app-to-app", "tags", map[string]any{"project": "app-to-app", "name": "app-to-app", "stack": "dev", "environment": "dev"}},
	} {
		t.Run(tt.name+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			got := componentstest.Value(m.Find(t, tt.typeToken, tt.name).Inputs, strings.Split(tt.path, ".")...)
			if want := resource.NewPropertyValue(tt.want); !got.DeepEquals(want) {
				t.Errorf("%s: got %v, want %v", tt.typeToken, got, want)
			}
		})
	}
}

// TestFlexConsumptionTakesTheSettings: sites have no siteConfig, none of the app
// settings that Flex Consumption refuses, and no storage key
// (https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations).
func TestFlexConsumptionTakesTheSettings(t *testing.T) {
	t.Parallel()
	m := deployedDev(t)
	for _, r := range m.Resources() {
		if r.TypeToken == "azure-native:web/v20240401:WebApp" && r.Inputs.HasValue("siteConfig") {
			t.Errorf("%s: expected no siteConfig, got %v", r.Name, r.Inputs["siteConfig"])
		}
		if r.TypeToken != "azure-native:web/v20240401:WebAppApplicationSettings" {
			continue
		}
		for name := range r.Inputs["properties"].ObjectValue() {
			if strings.HasPrefix(string(name), "FUNCTIONS_") || strings.HasPrefix(string(name), "WEBSITE_") || name == "AZURE_CLIENT_ID" || name == "AzureWebJobsStorage" {
				t.Errorf("%s: expected no app setting %s", r.Name, name)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	m := deployedDev(t)
	for _, tt := range []struct {
		name            string
		typeToken, made string
		after           []string
	}{
		{"a package is published after everything that its code needs", "command:local:Command", "orders-client-publish", []string{
			"azure-native:web/v20240401:WebAppApplicationSettings::orders-client-settings",
			"azure-native:web/v20240401:WebAppFtpAllowed::orders-client-ftp",
			"azure-native:web/v20240401:WebAppScmAllowed::orders-client-scm",
			"azure-native:authorization:RoleAssignment::orders-client-blob-owner",
			"azure-native:authorization:RoleAssignment::orders-client-queue-contributor",
			"azure-native:authorization:RoleAssignment::orders-client-table-contributor",
			"azure-native:authorization:RoleAssignment::orders-client-metrics-publisher"}},
		{"an identity has its app role before the app has its settings", "azure-native:web/v20240401:WebAppApplicationSettings", "orders-client-settings", []string{
			"azuread:index/appRoleAssignment:AppRoleAssignment::orders-client-assignment-Orders.Read"}},
		{"an app may read a vault before its settings refer to it", "azure-native:web/v20240401:WebAppApplicationSettings", "orders-client-legacy-settings", []string{
			"azuread:index/appRoleAssignment:AppRoleAssignment::orders-client-legacy-application-assignment-Orders.Read",
			"azure-native:authorization:RoleAssignment::orders-client-legacy-secrets-user",
			"azure-native:keyvault:Secret::orders-client-legacy-credential-a"}},
		{"an assignment is deleted before its role and both principals", "azuread:index/appRoleAssignment:AppRoleAssignment", "orders-client-assignment-Orders.Read", []string{
			"azuread:index/applicationAppRole:ApplicationAppRole::orders-api-role-Orders.Read",
			"azuread:index/servicePrincipal:ServicePrincipal::orders-api-service-principal",
			"azure-native:managedidentity:UserAssignedIdentity::orders-client-identity"}},
		{"the service principal is created after the roles that it copies", "azuread:index/servicePrincipal:ServicePrincipal", "orders-api-service-principal", []string{
			"azuread:index/applicationAppRole:ApplicationAppRole::orders-api-role-Orders.Read"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := m.Find(t, tt.typeToken, tt.made).Dependencies()
			for _, want := range tt.after {
				if !slices.Contains(got, want) {
					t.Errorf("expected %s to depend on %s, got %q", tt.made, want, got)
				}
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	m := deployedDev(t)
	application := m.Find(t, "azuread:index/application:Application", "orders-api-application")
	if got, want := application.RPC.GetIgnoreChanges(), []string{"appRoles", "appRoleIds", "identifierUris", "owners"}; !slices.Equal(got, want) {
		t.Errorf("application: got ignoreChanges %q, want %q", got, want)
	}
	site := m.Find(t, "azure-native:web/v20240401:WebApp", "orders-client-app")
	if !site.RPC.GetDeleteBeforeReplace() {
		t.Error("site: expected it to be deleted before it is replaced, because its plan holds only one app")
	}
	for _, child := range []string{"WebAppApplicationSettings::orders-client-settings", "WebAppFtpAllowed::orders-client-ftp", "WebAppScmAllowed::orders-client-scm"} {
		typeName, name, _ := strings.Cut(child, "::")
		got := resource.URN(m.Find(t, "azure-native:web/v20240401:"+typeName, name).RPC.GetDeletedWith())
		if got.Name() != "orders-client-app" {
			t.Errorf("%s: expected it to be deleted with its site, got deletedWith %q", name, got)
		}
	}
}

// TestPublishesAgain: a package is published again when its code changes, or the
// app, the account or the container is another one.
func TestPublishesAgain(t *testing.T) {
	t.Parallel()
	publish := deployedDev(t).Find(t, "command:local:Command", "orders-client-publish")
	var got []string
	for _, trigger := range publish.Inputs["triggers"].ArrayValue() {
		got = append(got, trigger.StringValue())
	}
	want := []string{
		componentstest.Value(publish.Inputs, "environment", "PUBLISH_SHA256").StringValue(),
		"/id/azure-native:web/v20240401:WebApp/orders-client-app",
		"/id/azure-native:storage:StorageAccount/ordersclient",
		"/id/azure-native:storage:BlobContainer/orders-client-packages",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got triggers %q, want %q", got, want)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	const other = "bbbbbbbb-0000-4000-8000-000000000001"
	pinned := configuration(t, "dev", map[string]string{"app-to-app:owners": `["` + other + `"]`})
	for _, tt := range []struct {
		name    string
		config  map[string]string
		want    string
		ignored bool
	}{
		{"not pinned: the creator, and later changes are ignored", configuration(t, "dev", nil), callerID, true},
		{"pinned", pinned, other, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := deployed(t, signedIn(), tt.config, newProject(t))
			for _, r := range []componentstest.Resource{
				m.Find(t, "azuread:index/application:Application", "orders-api-application"),
				m.Find(t, "azuread:index/servicePrincipal:ServicePrincipal", "orders-api-service-principal"),
			} {
				if got := r.Inputs["owners"]; !got.DeepEquals(resource.NewPropertyValue([]any{tt.want})) {
					t.Errorf("%s: got owners %v, want %s", r.Name, got, tt.want)
				}
				if got := slices.Contains(r.RPC.GetIgnoreChanges(), "owners"); got != tt.ignored {
					t.Errorf("%s: got owners ignored %v, want %v", r.Name, got, tt.ignored)
				}
			}
		})
	}
}

// TestInputsComeFromTheStackAlone deploys from two folders, as two callers. Only
// the owners may differ, and their changes are ignored.
func TestInputsComeFromTheStackAlone(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", nil)
	folders := []string{newProject(t), newProject(t)}
	first := deployed(t, signedIn(), config, folders[0])
	second := deployed(t, &componentstest.Recorder{Caller: "cccccccc-0000-4000-8000-000000000003"}, config, folders[1])
	if got, want := len(second.Resources()), len(first.Resources()); got != want {
		t.Fatalf("got %d resources, want %d", got, want)
	}
	for _, r := range first.Resources() {
		other := second.Find(t, r.TypeToken, r.Name)
		a, b := r.Inputs.Copy(), other.Inputs.Copy()
		if slices.Contains(r.RPC.GetIgnoreChanges(), "owners") {
			delete(a, "owners")
			delete(b, "owners")
		}
		if !a.DeepEquals(b) {
			t.Errorf("%s: got inputs %v and %v", r, a, b)
		}
		for _, folder := range folders {
			if strings.Contains(resource.NewProperty(a).String(), folder) {
				t.Errorf("%s: expected no path on this machine, got %v", r, a)
			}
		}
	}
}

// TestLocationIsGiven: without a location the provider reads the resource group's
// from Resource Manager, in every preview.
func TestLocationIsGiven(t *testing.T) {
	t.Parallel()
	for _, r := range deployedDev(t).Resources() {
		_, named, _ := strings.Cut(r.TypeToken, ":")
		switch named[strings.LastIndex(named, ":")+1:] {
		case "ResourceGroup", "StorageAccount", "AppServicePlan", "WebApp", "UserAssignedIdentity", "Workspace", "Component", "Vault":
			if got := r.Inputs["location"]; !got.IsString() || got.StringValue() != "westeurope" {
				t.Errorf("%s: got location %v, want westeurope", r, got)
			}
		}
	}
}

func TestRoleAssignmentNamesAreStable(t *testing.T) {
	t.Parallel()
	version5 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	names := make(map[string]string)
	for _, r := range deployedDev(t).Resources() {
		if r.TypeToken != "azure-native:authorization:RoleAssignment" {
			continue
		}
		name := r.Inputs["roleAssignmentName"].StringValue()
		if !version5.MatchString(name) {
			t.Errorf("%s: expected a version 5 GUID, got %q", r.Name, name)
		}
		if names[name] != "" {
			t.Errorf("%s: expected a name of its own, got the same as %s", r.Name, names[name])
		}
		names[name] = r.Name
	}
	if len(names) != 13 { // four for the host of each app, and one for a vault
		t.Errorf("got %d role assignments, want 13", len(names))
	}
}

func TestExports(t *testing.T) {
	t.Parallel()
	config := configuration(t, "dev", nil)
	got := exportsOf(t, signedIn(), programOf(t, config, newProject(t)), config)
	want := map[string]any{
		"apiName":     "orders",
		"apiUrl":      "https://orders-api-app1a2b3c4d.test/api/orders",
		"apiClientId": "client-id-of-orders-api-application",
		"apiObjectId": "object-id-of-orders-api-application",
		"audience":    "client-id-of-orders-api-application",
		"tenantId":    tenantID, "apiStack": "", "assignments": "made", "requests": []any{},
		"apiServicePrincipalId": "object-id-of-orders-api-service-principal", "identifierUri": "api://client-id-of-orders-api-application",
		"roleIds": map[string]any{"Orders.Read": "b4a85f8e-886a-52f1-8b71-e267e90fdd93"},
		"access": []any{map[string]any{
			"client": "orders-client", "identity": "managedIdentity", "roles": []any{"Orders.Read"},
			"clientId": "client-id-of-orders-client-identity", "objectId": "object-id-of-orders-client-identity",
			"applicationObjectId": "", "siteId": "/id/azure-native:web/v20240401:WebApp/orders-client-app", "credentials": []any{},
		}, map[string]any{
			"client": "orders-client-legacy", "identity": "clientSecret", "roles": []any{"Orders.Read"},
			"clientId": "client-id-of-orders-client-legacy-application", "objectId": "object-id-of-orders-client-legacy-service-principal",
			"applicationObjectId": "object-id-of-orders-client-legacy-application", "siteId": "/id/azure-native:web/v20240401:WebApp/orders-client-legacy-app",
			"credentials": []any{map[string]any{"kind": "clientSecret", "id": "key-id-of-orders-client-legacy-secret-230",
				"expiresOn": "2027-03-03T00:00:00Z", "issuer": "", "subject": "", "audience": ""}},
		}},
		"clientUrls": map[string]any{"orders-client": "https://orders-client-app1a2b3c4d.test/api/ProcessOrders",
			"orders-client-legacy": "https://orders-client-legacy-app1a2b3c4d.test/api/ProcessOrders"},
		"clientSites": map[string]any{"orders-client": "/id/azure-native:web/v20240401:WebApp/orders-client-app",
			"orders-client-legacy": "/id/azure-native:web/v20240401:WebApp/orders-client-legacy-app"},
		"apiSiteId":   "/id/azure-native:web/v20240401:WebApp/orders-api-app",
		"owners":      []any{callerID},
		"environment": "dev",
	}
	if want := resource.NewPropertyMapFromMap(want); !got.DeepEquals(want) {
		t.Errorf("got exports %v, want %v", got, want)
	}
}

// exportsOf deploys and returns what the stack exports.
func exportsOf(t *testing.T, m *componentstest.Recorder, p program, config map[string]string) resource.PropertyMap {
	t.Helper()
	type export struct {
		name  string
		value any
	}
	// The run does not wait for outputs that are not registered, so each sends its
	// value.
	sent, expected := make(chan export, 100), 0
	err := m.Run(config, func(ctx *pulumi.Context) error {
		if err := p.deploy(ctx); err != nil {
			return err
		}
		for name, output := range ctx.GetCurrentExportMap() {
			expected++
			pulumi.ToOutput(output).ApplyT(func(value any) any {
				sent <- export{name, value}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	exports := resource.PropertyMap{}
	for range expected {
		select {
		case e := <-sent:
			exports[resource.PropertyKey(e.name)] = resource.NewPropertyValue(e.value)
		case <-time.After(time.Minute):
			t.Fatalf("expected %d exports to have a value, got %d: %v", expected, len(exports), exports)
		}
	}
	return exports
}
