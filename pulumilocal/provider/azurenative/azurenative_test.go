package azurenative_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/pulumilocal/provider/enginetest"
)

const (
	groupToken       = "azure-native:resources:ResourceGroup"
	accountToken     = "azure-native:storage:StorageAccount"
	containerToken   = "azure-native:storage:BlobContainer"
	identityToken    = "azure-native:managedidentity:UserAssignedIdentity"
	assignmentToken  = "azure-native:authorization:RoleAssignment"
	componentToken   = "azure-native:insights:Component"
	workspaceToken   = "azure-native:operationalinsights:Workspace"
	planToken        = "azure-native:web/v20240401:AppServicePlan"
	siteToken        = "azure-native:web/v20240401:WebApp"
	settingsToken    = "azure-native:web/v20240401:WebAppApplicationSettings"
	ftpToken         = "azure-native:web/v20240401:WebAppFtpAllowed"
	vaultToken       = "azure-native:keyvault:Vault"
	secretToken      = "azure-native:keyvault:Secret"
	blobServiceToken = "azure-native:storage:BlobServiceProperties"
	diagnosticToken  = "azure-native:insights:DiagnosticSetting"

	vault    = "/providers/Microsoft.Storage/storageAccounts/acct"
	version  = "?api-version=2022-09-01"
	identity = group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
)

func storageAccount(more map[string]any) enginetest.Properties {
	all := map[string]any{"resourceGroupName": "rg", "accountName": "acct", "location": "westeurope", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}}
	for name, value := range more {
		all[name] = value
	}
	return enginetest.Of(all)
}

func TestCallSequence(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	if arm.signIns != 0 {
		t.Error("configure: got a call, want none before the first resource")
	}
	state := engine.MustCreate(accountToken, "account", storageAccount(map[string]any{
		"enableHttpsTrafficOnly": true, "tags": map[string]any{"a": "b"},
		"networkRuleSet": map[string]any{"defaultAction": "Deny", "ipRules": []any{map[string]any{"iPAddressOrRange": "192.0.2.0/24"}}},
	}))
	arm.expect("create", "GET "+vault+version, "PUT "+vault+version, "GET "+vault+version)
	want := object{"location": "westeurope", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"}, "tags": object{"a": "b"}, "properties": object{
		"supportsHttpsTrafficOnly": true, "networkAcls": object{"defaultAction": "Deny", "ipRules": []any{object{"value": "192.0.2.0/24"}}}}}
	if got := arm.lastBody(); !reflect.DeepEqual(got, want) {
		t.Errorf("create: got body %v, want %v", got, want)
	}
	if state.ID != group+vault || !state.Outputs["enableHttpsTrafficOnly"].BoolValue() || state.Outputs["name"].StringValue() != "acct" {
		t.Errorf("got id %q, outputs %v", state.ID, state.Outputs)
	}
	rules := state.Outputs["networkRuleSet"].ObjectValue()["ipRules"].ArrayValue()
	if len(rules) != 1 || rules[0].ObjectValue()["iPAddressOrRange"].StringValue() != "192.0.2.0/24" {
		t.Errorf("got rules %v, want them under the SDK's names", rules)
	}
	state, err := engine.Update(state, storageAccount(map[string]any{"allowSharedKeyAccess": false}))
	if err != nil {
		t.Fatal(err)
	}
	arm.expect("update", "PUT "+vault+version, "GET "+vault+version)
	body := arm.lastBody()
	if acls := body["properties"].(object)["networkAcls"].(object); acls["defaultAction"] != "Allow" || body["tags"] != nil {
		t.Errorf("update: got body %v, want the rules opened and the tags left out", body)
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	arm.expect("delete", "DELETE "+vault+version)
	if err := engine.Delete(state); err != nil {
		t.Errorf("delete again: got %v, want success", err)
	}
	if gone, err := engine.Refresh(state); err != nil || gone.ID != "" {
		t.Errorf("refresh: got id %q, %v, want it gone", gone.ID, err)
	}
	if arm.signIns != 1 {
		t.Errorf("got the metadata document %d times, want once", arm.signIns)
	}
}

func TestExistingResourceIsNotTakenOver(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	arm.resources[strings.ToLower(group+vault)] = object{"id": group + vault}
	_, err := engine.Create(accountToken, "account", storageAccount(nil))
	if got, want := arm.said(err), `cannot create already existing resource "`+vault+`"; import it, or give it another name`; got != want {
		t.Errorf("got error %q, want %q", got, want)
	}
	arm.expect("create", "GET "+vault+version)
}

func TestAsynchronousOperations(t *testing.T) {
	t.Parallel()
	put, operation := "PUT "+vault+version, "/providers/Microsoft.Storage/operations/1"
	for _, test := range []struct {
		name    string
		replies map[string][]reply
		calls   []string
		waits   []time.Duration
		fails   string
	}{
		{"Azure-AsyncOperation", map[string][]reply{
			put: {{status: 201, header: map[string]string{"Azure-AsyncOperation": group + operation + version}, body: object{"properties": object{"provisioningState": "Creating"}}}},
			"GET " + operation + version: {{status: 200, body: object{"status": "InProgress"}}, {status: 200, body: object{"status": "InProgress"}},
				{status: 200, body: object{"status": "Succeeded"}}},
		}, []string{put, "GET " + operation + version, "GET " + operation + version, "GET " + operation + version}, []time.Duration{50 * time.Millisecond, 75 * time.Millisecond}, ""},
		{"Location and Retry-After", map[string][]reply{
			put:                          {{status: 202, header: map[string]string{"Location": group + operation + version, "Retry-After": "3"}}},
			"GET " + operation + version: {{status: 202}, {status: 200, body: object{"id": group + vault}}},
		}, []string{put, "GET " + operation + version, "GET " + operation + version}, []time.Duration{3 * time.Second}, ""},
		{"provisioning state", map[string][]reply{
			put:                      {{status: 200, body: object{"properties": object{"provisioningState": "Creating"}}}},
			"GET " + vault + version: {{status: 404}, {status: 200, body: object{"properties": object{"provisioningState": "Creating"}}}},
		}, []string{put, "GET " + vault + version, "GET " + vault + version}, []time.Duration{50 * time.Millisecond}, ""},
		{"failure", map[string][]reply{
			put:                          {{status: 202, header: map[string]string{"Azure-AsyncOperation": group + operation + version}}},
			"GET " + operation + version: {{status: 200, body: object{"status": "Failed", "error": object{"code": "OutOfStock", "message": "none left"}}}},
		}, []string{put, "GET " + operation + version}, nil, "PUT " + vault + ": the operation failed: OutOfStock: none left"},
		{"elsewhere", map[string][]reply{
			put: {{status: 202, header: map[string]string{"Location": "https://192.0.2.1/operation"}}},
		}, []string{put}, nil, "PUT " + vault + ": expected an operation at ARM, got one elsewhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			arm, engine := newARM(t)
			engine.MustConfigure(arm.config())
			for call, replies := range test.replies {
				arm.queue(call, replies...)
			}
			state, err := engine.Create(accountToken, "account", storageAccount(nil))
			arm.expect("create", slices.Concat([]string{"GET " + vault + version}, test.calls, []string{"GET " + vault + version})...)
			if !slices.Equal(arm.waits, test.waits) {
				t.Errorf("got waits %v, want %v", arm.waits, test.waits)
			}
			if got := arm.said(err); got != test.fails {
				t.Errorf("got error %q, want %q", got, test.fails)
			}
			if state.ID != group+vault {
				t.Errorf("got id %q, want the resource kept in the state", state.ID)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	put := "PUT " + vault + version
	busy := refusal(http.StatusTooManyRequests, "TooManyRequests")
	busy.header = map[string]string{"Retry-After": "7"}
	arm.queue(put, refusal(http.StatusServiceUnavailable, "Busy"), busy, refusal(http.StatusConflict, "AnotherOperationInProgress"))
	engine.MustCreate(accountToken, "account", storageAccount(nil))
	if want := []time.Duration{200 * time.Millisecond, 7 * time.Second, 800 * time.Millisecond}; !slices.Equal(arm.waits, want) {
		t.Errorf("got waits %v, want %v", arm.waits, want)
	}
	arm.waits = nil
	arm.queue("DELETE "+vault+version, refusal(http.StatusConflict, "StorageAccountInUse"))
	err := engine.Delete(enginetest.State{Token: accountToken, ID: group + vault})
	if got, want := arm.said(err), "DELETE "+vault+": status 409: StorageAccountInUse: because"; got != want || len(arm.waits) != 0 {
		t.Errorf("got error %q after waits %v, want %q at once", got, arm.waits, want)
	}
}

func TestUpdateFailureKeepsTheState(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	state := engine.MustCreate(accountToken, "account", storageAccount(nil))
	arm.queue("PUT "+vault+version, refusal(http.StatusForbidden, "AuthorizationFailed"))
	kept, err := engine.Update(state, storageAccount(map[string]any{"tags": map[string]any{"a": "b"}}))
	if got, want := arm.said(err), "PUT "+vault+": status 403: AuthorizationFailed: because"; got != want || kept.ID != "" {
		t.Errorf("got id %q, error %q, want no id and %q", kept.ID, got, want)
	}
}

func TestSite(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	site, web := "/providers/Microsoft.Web/sites/app", "/providers/Microsoft.Web/sites/app/config/web"
	arm.resources[strings.ToLower(group+web)] = object{"properties": object{"minTlsVersion": "1.2"}}
	inputs := map[string]any{"resourceGroupName": "rg", "name": "app", "location": "westeurope", "kind": "functionapp,linux",
		"identity":          map[string]any{"type": "UserAssigned", "userAssignedIdentities": []any{identity}},
		"functionAppConfig": map[string]any{"runtime": map[string]any{"name": "custom", "version": "1.0"}}}
	state := engine.MustCreate(siteToken, "app", enginetest.Of(inputs))
	later := "?api-version=2024-04-01"
	arm.expect("create", "GET "+site+later, "PUT "+site+later, "GET "+site+version, "GET "+web+version)
	want := object{"location": "westeurope", "kind": "functionapp,linux",
		"identity":   object{"type": "UserAssigned", "userAssignedIdentities": object{identity: object{}}},
		"properties": object{"functionAppConfig": object{"runtime": object{"name": "custom", "version": "1.0"}}}}
	if got := arm.lastBody(); !reflect.DeepEqual(got, want) {
		t.Errorf("got body %v, want %v", got, want)
	}
	if _, ok := state.Outputs["functionAppConfig"]; ok {
		t.Error("got functionAppConfig read, want it lost by the read at 2022-09-01")
	}
	if got := state.Outputs["siteConfig"].ObjectValue()["minTlsVersion"].StringValue(); got != "1.2" {
		t.Errorf("got siteConfig with TLS %q, want what config/web says", got)
	}
	refreshed, err := engine.Refresh(state)
	if err != nil || len(engine.Diff(siteToken, refreshed.Inputs, state.Inputs).GetDiffs()) != 0 {
		t.Errorf("refresh: got inputs %v, %v, want no change", refreshed.Inputs, err)
	}
	arm.taken()
	arm.resources[strings.ToLower(group+site)]["identity"].(object)["userAssignedIdentities"] = object{identity: object{"principalId": "p"}, identity + "2": object{}}
	drifted, err := engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	ids := drifted.Inputs["identity"].ObjectValue()["userAssignedIdentities"]
	if !ids.IsArray() || len(ids.ArrayValue()) != 2 {
		t.Errorf("drift: got identities %v, want both as a list", ids)
	}
	arm.taken()
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	arm.expect("delete", "DELETE "+site+version+"&deleteEmptyServerFarm=false")
}

func TestSingletons(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	later := "?api-version=2024-04-01"
	settings, ftp := "/providers/Microsoft.Web/sites/app/config/appsettings", "/providers/Microsoft.Web/sites/app/basicPublishingCredentialsPolicies/ftp"
	state := engine.MustCreate(settingsToken, "settings", enginetest.Of(map[string]any{"resourceGroupName": "rg", "name": "app",
		"properties": map[string]any{"A": "1", "KEY": enginetest.Secret("hunter2")}}))
	arm.expect("settings", "PUT "+settings+later, "POST "+settings+"/list"+later)
	if want := (object{"properties": object{"A": "1", "KEY": "hunter2"}}); !reflect.DeepEqual(arm.lastBody(), want) {
		t.Errorf("settings: got another body than the given map")
	}
	properties := state.Outputs["properties"].ObjectValue()
	if !properties["KEY"].IsSecret() || properties["A"].StringValue() != "1" {
		t.Errorf("settings: got %v, want the secret one secret", properties)
	}
	imported, err := engine.Refresh(enginetest.State{Token: settingsToken, ID: state.ID})
	if err != nil || imported.Inputs["name"].StringValue() != "app" || imported.Inputs["resourceGroupName"].StringValue() != "rg" {
		t.Errorf("import: got %v, %v, want the site's name", imported.Inputs, err)
	}
	arm.taken()
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	arm.expect("delete of settings", "PUT "+settings+later)
	if want := (object{"properties": object{}}); !reflect.DeepEqual(arm.lastBody(), want) {
		t.Errorf("delete of settings: got %v, want none left", arm.lastBody())
	}
	state = engine.MustCreate(ftpToken, "ftp", enginetest.Of(map[string]any{"resourceGroupName": "rg", "name": "app", "allow": false}))
	arm.expect("ftp", "PUT "+ftp+later, "GET "+ftp+later)
	if want := (object{"properties": object{"allow": false}}); !reflect.DeepEqual(arm.lastBody(), want) || state.Outputs["allow"].BoolValue() {
		t.Errorf("ftp: got body %v, outputs %v", arm.lastBody(), state.Outputs)
	}
	if err := engine.Delete(state); err != nil {
		t.Fatal(err)
	}
	if want := (object{"properties": object{"allow": true}}); !reflect.DeepEqual(arm.lastBody(), want) {
		t.Errorf("delete of ftp: got %v, want the default", arm.lastBody())
	}
}

func TestWireNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		token  string
		inputs map[string]any
		call   string
		body   object
	}{
		{groupToken, map[string]any{"resourceGroupName": "rg2", "location": "westeurope", "managedBy": "m"},
			"PUT /subscriptions/" + subscriptionID + "/resourcegroups/rg2" + version, object{"location": "westeurope", "managedBy": "m"}},
		{containerToken, map[string]any{"resourceGroupName": "rg", "accountName": "acct", "containerName": "c", "publicAccess": "None"},
			"PUT " + vault + "/blobServices/default/containers/c" + version, object{"properties": object{"publicAccess": "None"}}},
		{identityToken, map[string]any{"resourceGroupName": "rg", "resourceName": "i", "location": "westeurope"},
			"PUT /providers/Microsoft.ManagedIdentity/userAssignedIdentities/i?api-version=2023-01-31", object{"location": "westeurope"}},
		{assignmentToken, map[string]any{"scope": group + vault, "roleAssignmentName": callerID, "principalId": clientID, "principalType": "ServicePrincipal", "roleDefinitionId": "/r"},
			"PUT " + vault + "/providers/Microsoft.Authorization/roleAssignments/" + callerID + "?api-version=2022-04-01",
			object{"properties": object{"principalId": clientID, "principalType": "ServicePrincipal", "roleDefinitionId": "/r"}}},
		{componentToken, map[string]any{"resourceGroupName": "rg", "resourceName": "ai", "location": "westeurope", "kind": "web", "applicationType": "web", "workspaceResourceId": "/w", "disableLocalAuth": true, "publicNetworkAccessForQuery": "Enabled"},
			"PUT /providers/Microsoft.Insights/components/ai?api-version=2020-02-02",
			object{"location": "westeurope", "kind": "web", "properties": object{"Application_Type": "web", "WorkspaceResourceId": "/w", "DisableLocalAuth": true, "publicNetworkAccessForQuery": "Enabled"}}},
		{workspaceToken, map[string]any{"resourceGroupName": "rg", "workspaceName": "w", "location": "westeurope", "sku": map[string]any{"name": "PerGB2018"}, "retentionInDays": 30},
			"PUT /providers/Microsoft.OperationalInsights/workspaces/w?api-version=2022-10-01",
			object{"location": "westeurope", "properties": object{"sku": object{"name": "PerGB2018"}, "retentionInDays": 30.0}}},
		{planToken, map[string]any{"resourceGroupName": "rg", "name": "p", "location": "westeurope", "kind": "functionapp", "reserved": true, "sku": map[string]any{"name": "FC1", "tier": "FlexConsumption"}},
			"PUT /providers/Microsoft.Web/serverfarms/p?api-version=2024-04-01",
			object{"location": "westeurope", "kind": "functionapp", "sku": object{"name": "FC1", "tier": "FlexConsumption"}, "properties": object{"reserved": true}}},
		{vaultToken, map[string]any{"resourceGroupName": "rg", "vaultName": "v", "location": "westeurope", "tags": map[string]any{"a": "b"},
			"properties": map[string]any{"tenantId": tenantID, "sku": map[string]any{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}},
			"PUT /providers/Microsoft.KeyVault/vaults/v?api-version=2023-02-01",
			object{"location": "westeurope", "tags": object{"a": "b"}, "properties": object{"tenantId": tenantID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}}},
		{secretToken, map[string]any{"resourceGroupName": "rg", "vaultName": "v", "secretName": "s",
			"properties": map[string]any{"value": "x", "contentType": "text/plain", "attributes": map[string]any{"enabled": true, "expires": 2, "notBefore": 1}}},
			"PUT /providers/Microsoft.KeyVault/vaults/v/secrets/s?api-version=2023-02-01",
			object{"properties": object{"value": "x", "contentType": "text/plain", "attributes": object{"enabled": true, "exp": 2.0, "nbf": 1.0}}}},
	} {
		t.Run(test.token, func(t *testing.T) {
			t.Parallel()
			arm, engine := newARM(t)
			engine.MustConfigure(arm.config())
			state := engine.MustCreate(test.token, "it", enginetest.Of(test.inputs))
			if calls := arm.taken(); len(calls) != 3 || calls[1] != test.call {
				t.Errorf("got calls %q, want the second to be %q", calls, test.call)
			}
			if got := arm.lastBody(); !reflect.DeepEqual(got, test.body) {
				t.Errorf("got body %v, want %v", got, test.body)
			}
			imported, err := engine.Refresh(enginetest.State{Token: test.token, ID: state.ID})
			if err != nil || !imported.Inputs.DeepEquals(enginetest.Of(test.inputs)) {
				t.Errorf("import: got %v, %v, want %v", imported.Inputs, err, test.inputs)
			}
		})
	}
}

func TestPreviewCallsNothing(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	inputs := enginetest.Of(map[string]any{"resourceGroupName": enginetest.Unknown, "name": "app", "location": "westeurope",
		"identity": map[string]any{"type": "UserAssigned", "userAssignedIdentities": []any{enginetest.Unknown}}})
	outputs := engine.Preview(siteToken, nil, engine.MustCheck(siteToken, "app", inputs))
	held := outputs["identity"].ObjectValue()
	if !outputs["defaultHostName"].IsComputed() || held["type"].StringValue() != "UserAssigned" || !held["principalId"].IsComputed() || !held["userAssignedIdentities"].IsComputed() {
		t.Errorf("got %v, want what ARM computes unknown", outputs)
	}
	arm.expect("preview")
	if arm.signIns != 0 {
		t.Error("got a sign-in, want none in a preview")
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	keys := "POST /providers/Microsoft.Web/sites/app/host/default/listkeys" + version
	arm.queue(keys, reply{status: 200, body: object{"masterKey": "m", "functionKeys": object{"default": "d"}}})
	got, err := engine.Invoke("azure-native:web:listWebAppHostKeys", map[string]any{"resourceGroupName": "rg", "name": "app"})
	if err != nil || got["masterKey"].StringValue() != "m" {
		t.Errorf("listWebAppHostKeys: got error %v, want the keys", err)
	}
	arm.expect("listWebAppHostKeys", keys)
	config, err := engine.Invoke("azure-native:authorization:getClientConfig", nil)
	if err != nil || config["objectId"].StringValue() != callerID || config["subscriptionId"].StringValue() != subscriptionID {
		t.Errorf("getClientConfig: got %v, %v", config, err)
	}
}
