package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox/sandboxtest"
)

// TestKeyVaultReferenceOfASite uses only ARM, like an operator who finds out why
// an app does not get its secret.
func TestKeyVaultReferenceOfASite(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	tenant := s.Tenants()[0]
	client, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	group := "/subscriptions/" + tenant.SubscriptionID + "/resourceGroups/rg"
	provider := group + "/providers/Microsoft."
	identity, plan, site, vault := provider+"ManagedIdentity/userAssignedIdentities/app-id", provider+"Web/serverfarms/plan", provider+"Web/sites/orders-app", provider+"KeyVault/vaults/orders"
	do := func(method, path, version, body string, out any) {
		t.Helper()
		var in any
		if body != "" {
			in = json.RawMessage(body)
		}
		if err := client.Do(t.Context(), method, path+"?api-version="+version, in, out); err != nil {
			t.Fatal(err)
		}
	}
	var created struct{ Properties struct{ PrincipalID string } }
	do("PUT", group, "2022-09-01", `{"location":"westeurope"}`, nil)
	do("PUT", identity, "2023-01-31", `{"location":"westeurope"}`, &created)
	do("PUT", provider+"Storage/storageAccounts/ordersapp", "2022-09-01", `{"location":"westeurope","kind":"StorageV2","sku":{"name":"Standard_LRS"}}`, nil)
	do("PUT", provider+"Storage/storageAccounts/ordersapp/blobServices/default/containers/packages", "2022-09-01", `{}`, nil)
	do("PUT", plan, "2024-04-01", `{"location":"westeurope","kind":"functionapp","sku":{"name":"FC1","tier":"FlexConsumption"},"properties":{"reserved":true}}`, nil)
	do("PUT", site, "2024-04-01", fmt.Sprintf(`{"location":"westeurope","kind":"functionapp,linux","identity":{"type":"UserAssigned","userAssignedIdentities":{%q:{}}},
		"properties":{"serverFarmId":%[2]q,"reserved":true,"keyVaultReferenceIdentity":%[1]q,"functionAppConfig":{
		"deployment":{"storage":{"type":"blobContainer","value":"%[3]s/blob/ordersapp/packages","authentication":{"type":"UserAssignedIdentity","userAssignedIdentityResourceId":%[1]q}}},
		"runtime":{"name":"custom","version":"1.0"},"scaleAndConcurrency":{"instanceMemoryMB":2048,"maximumInstanceCount":40}}}}`, identity, plan, s.BaseURL), nil)
	do("PUT", vault, "2023-02-01", `{"location":"westeurope","properties":{"tenantId":"`+tenant.ID+`","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":true}}`, nil)
	var secret struct{ Properties struct{ SecretURI string } }
	do("PUT", vault+"/secrets/it", "2023-02-01", `{"properties":{"value":"hunter2"}}`, &secret)
	text := "@Microsoft.KeyVault(SecretUri=" + secret.Properties.SecretURI + ")"
	do("PUT", site+"/config/appsettings", "2024-04-01", `{"properties":{"SECRET":"`+text+`"}}`, nil)

	references := site + "/config/configreferences/appsettings"
	status := func() string {
		t.Helper()
		var one struct {
			Properties struct{ Status, Reference string }
		}
		do(http.MethodGet, references+"/SECRET", "2024-04-01", "", &one)
		if one.Properties.Reference != text {
			t.Errorf("got reference %q, want %q", one.Properties.Reference, text)
		}
		return one.Properties.Status
	}
	if got := status(); got != "AccessToKeyVaultDenied" {
		t.Errorf("without a role: got %s", got)
	}
	do("PUT", vault+"/secrets/it/providers/Microsoft.Authorization/roleAssignments/99999999-0000-4000-8000-000000000001", "2022-04-01",
		`{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6","principalType":"ServicePrincipal","principalId":"`+created.Properties.PrincipalID+`"}}`, nil)
	if got := status(); got != "AccessToKeyVaultDenied" {
		t.Errorf("right after the role assignment: got %s, want the old state", got)
	}
	do("POST", references+"/refresh", "2024-04-01", "", nil)
	if got := status(); got != "Resolved" {
		t.Errorf("after a refresh: got %s, want it resolved, because of the role on this secret", got)
	}
	var settings struct{ Properties map[string]string }
	do("POST", site+"/config/appsettings/list", "2024-04-01", "", &settings)
	if got := settings.Properties["SECRET"]; got != text {
		t.Errorf("got setting %q, want the text of the reference", got)
	}
}
