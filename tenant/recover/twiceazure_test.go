package recover

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// An azure is a stack with one resource in its resource group, and another with the
// same mark.
type azure struct {
	*recorded
	group string // ARM id
}

func newAzure(t *testing.T) *azure {
	t.Helper()
	a := &azure{recorded: newRecorded(t)}
	a.group = "/subscriptions/" + a.options.Session.SubscriptionID + "/resourceGroups/mine"
	a.put(a.group+"?api-version=2022-09-01", object{"location": "westeurope", "tags": a.mark("app-to-app").ARMTags()})
	return a
}

func (a *azure) mark(name string) provenance.Mark {
	return provenance.Mark{Project: "app-to-app", Stack: "dev", Name: name}
}

func (a *azure) put(path string, body object) {
	a.t.Helper()
	if err := a.options.Session.ResourceManager.Put(a.t.Context(), path, body, nil); err != nil {
		a.t.Fatal(err)
	}
}

func (a *azure) has(path string) bool {
	a.t.Helper()
	err := a.options.Session.ResourceManager.Get(a.t.Context(), path, nil)
	if err != nil && azurecloud.StatusOf(err) != http.StatusNotFound {
		a.t.Fatal(err)
	}
	return err == nil
}

// TestResourceMadeTwice makes each kind of resource whose name the provider
// generates twice. The second is removed, unless it is used.
func TestResourceMadeTwice(t *testing.T) {
	t.Parallel()
	const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	identity := func(a *azure, id string) (principal string) {
		a.t.Helper()
		var got struct {
			Properties struct {
				PrincipalID string `json:"principalId"`
			} `json:"properties"`
		}
		if err := a.options.Session.ResourceManager.Get(a.t.Context(), id+"?api-version=2023-01-31", &got); err != nil {
			a.t.Fatal(err)
		}
		return got.Properties.PrincipalID
	}
	for _, tt := range []struct {
		name, kind, path string
		body             object
		use              func(a *azure, id string)
		left             string
	}{
		{name: "identity", kind: "azure-native:managedidentity:UserAssignedIdentity", path: "Microsoft.ManagedIdentity/userAssignedIdentities/"},
		{name: "identity with a role", kind: "azure-native:managedidentity:UserAssignedIdentity", path: "Microsoft.ManagedIdentity/userAssignedIdentities/",
			use: func(a *azure, id string) {
				a.put(a.group+"/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111?api-version=2022-04-01", object{"properties": object{
					"principalId": identity(a, id), "principalType": "ServicePrincipal", "description": "by hand",
					"roleDefinitionId": "/subscriptions/" + a.options.Session.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + reader}})
			}, left: "role assignments"},
		{name: "identity with an app role", kind: "azure-native:managedidentity:UserAssignedIdentity", path: "Microsoft.ManagedIdentity/userAssignedIdentities/",
			use: func(a *azure, id string) {
				a.patch(applicationsPath+a.app.ID, object{"appRoles": []object{{"id": readID, "value": "a", "displayName": "a", "description": "a", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}})
				var api struct{ ID string }
				a.post("/v1.0/servicePrincipals", object{"appId": a.app.ClientID}, &api)
				a.post(servicePrincipalsPath+api.ID+"/appRoleAssignedTo", object{"principalId": identity(a, id), "resourceId": api.ID, "appRoleId": readID}, nil)
			}, left: "app roles"},
		{name: "storage account", kind: "azure-native:storage:StorageAccount", path: "Microsoft.Storage/storageAccounts/",
			body: object{"kind": "StorageV2", "sku": object{"name": "Standard_LRS"}}},
		{name: "storage account with a container", kind: "azure-native:storage:StorageAccount", path: "Microsoft.Storage/storageAccounts/",
			body: object{"kind": "StorageV2", "sku": object{"name": "Standard_LRS"}},
			use: func(a *azure, id string) {
				a.put(id+"/blobServices/default/containers/kept?api-version=2022-09-01", object{})
			}, left: "containers"},
		{name: "vault", kind: "azure-native:keyvault:Vault", path: "Microsoft.KeyVault/vaults/"},
		{name: "vault with a secret", kind: "azure-native:keyvault:Vault", path: "Microsoft.KeyVault/vaults/",
			use: func(a *azure, id string) {
				a.put(id+"/secrets/kept?api-version=2023-02-01", object{"properties": object{"value": "x"}})
			}, left: "secrets"},
		{name: "plan", kind: "azure-native:web/v20240401:AppServicePlan", path: "Microsoft.Web/serverfarms/",
			body: object{"sku": object{"name": "FC1", "tier": "FlexConsumption"}, "kind": "functionapp", "properties": object{"reserved": true}}},
		{name: "workspace", kind: "azure-native:operationalinsights:Workspace", path: "Microsoft.OperationalInsights/workspaces/", body: object{"properties": object{"sku": object{"name": "PerGB2018"}}}},
		{name: "component", kind: "azure-native:insights:Component", path: "Microsoft.Insights/components/", body: object{"kind": "web", "properties": object{
			"Application_Type": "web", "WorkspaceResourceId": "GROUP/providers/Microsoft.OperationalInsights/workspaces/logs"}}},
		{name: "vault that the state names", kind: "azure-native:keyvault:Vault", path: "Microsoft.KeyVault/vaults/",
			use: func(a *azure, id string) {
				a.state = []byte(strings.Replace(string(a.state), `"inputs":{`, `"inputs":{"vaultUri":"https://`+strings.ToUpper(id[strings.LastIndex(id, "/")+1:])+`.vault.azure.net",`, 1))
			}, left: "its name in the state"},
		{name: "vault whose first one is gone", kind: "azure-native:keyvault:Vault", path: "Microsoft.KeyVault/vaults/",
			use: func(a *azure, id string) {
				if err := a.options.Session.ResourceManager.Delete(a.t.Context(), strings.Replace(id, "orderstwin2", "orderstwin1", 1)+"?api-version=2023-02-01"); err != nil {
					a.t.Fatal(err)
				}
			}, left: "no sign of"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAzure(t)
			kind := armKinds[tt.kind]
			body := object{"location": "westeurope", "tags": a.mark("twin").ARMTags()}
			if strings.Contains(tt.kind, "Vault") {
				caller, err := a.options.Session.Graph.Caller(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				body["properties"] = object{"tenantId": caller.TenantID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}
			}
			for name, value := range tt.body {
				body[name] = value
			}
			properties, _ := body["properties"].(object)
			for name, value := range properties {
				if path, ok := value.(string); ok {
					properties[name] = strings.Replace(path, "GROUP", a.group, 1)
				}
			}
			a.put(a.group+"/providers/Microsoft.OperationalInsights/workspaces/logs?api-version=2022-10-01", object{"location": "westeurope", "properties": object{"sku": object{"name": "PerGB2018"}}})
			first, second := a.group+"/providers/"+tt.path+"orderstwin1", a.group+"/providers/"+tt.path+"orderstwin2"
			a.put(first+"?api-version="+kind.version, body)
			a.put(second+"?api-version="+kind.version, body)
			known := entry(tt.kind, "twin", first, object{"resourceGroupName": "mine"})
			a.record(known)
			if tt.use != nil {
				tt.use(a, second)
			}
			if tt.left == "" {
				a.run(Remove)
			} else if report := a.run(); len(report.Unknown) == 0 || !strings.Contains(a.logged.String(), tt.left) {
				t.Errorf("got %+v and the log %q, want it named and %q", report, &a.logged, tt.left)
			}
			if there := a.has(second + "?api-version=" + kind.version); there != (tt.left != "") {
				t.Errorf("the second one is there: %v, want the other way round", there)
			}
			if tt.left != "no sign of" && !a.has(first+"?api-version="+kind.version) {
				t.Error("expected the one in the state to stay")
			}
		})
	}
}
