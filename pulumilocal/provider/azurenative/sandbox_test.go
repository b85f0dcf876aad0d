package azurenative_test

import (
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider/azurenative"
	"app-to-app/pulumilocal/provider/enginetest"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// inSandbox is an engine whose provider deploys to a new sandbox.
func inSandbox(t *testing.T) (*sandbox.Sandbox, sandbox.Tenant, *enginetest.Engine) {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	deployer := s.Tenants()[0]
	engine := enginetest.New(t, azurenative.New(azurenative.Options{HTTPClient: s.HTTPClient()}))
	engine.MustConfigure(map[string]any{"metadataHost": strings.TrimPrefix(s.ResourceManagerURL, "https://"), "tenantId": deployer.ID, "subscriptionId": deployer.SubscriptionID,
		"clientId": deployer.Deployer.ClientID, "clientSecret": enginetest.Secret(deployer.Deployer.Secret), "location": "westeurope"})
	return s, deployer, engine
}

// TestLogsAndSoftDeleteInTheSandbox creates, refreshes, updates and deletes a
// diagnostic setting and the settings of a blob service, against the sandbox
// itself.
func TestLogsAndSoftDeleteInTheSandbox(t *testing.T) {
	t.Parallel()
	_, deployer, engine := inSandbox(t)
	create := func(token, name string, inputs map[string]any) enginetest.State {
		t.Helper()
		return engine.MustCreate(token, name, engine.MustCheck(token, name, enginetest.Of(inputs)))
	}
	in := func(inputs map[string]any) map[string]any {
		inputs["resourceGroupName"] = "rg"
		return inputs
	}
	create(groupToken, "group", in(map[string]any{}))
	create(accountToken, "account", in(map[string]any{"accountName": "acct", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}}))
	workspace := create(workspaceToken, "workspace", in(map[string]any{"workspaceCapping": map[string]any{"dailyQuotaGb": 1}}))
	vault := create(vaultToken, "vault", in(map[string]any{"vaultName": "orders-vault", "properties": map[string]any{
		"tenantId": deployer.ID, "sku": map[string]any{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}}))
	softDelete := func(days int) map[string]any {
		return in(map[string]any{"accountName": "acct", "blobServicesName": "default", "deleteRetentionPolicy": map[string]any{"enabled": true, "days": days}})
	}
	logs := func(group string) map[string]any {
		return map[string]any{"resourceUri": vault.ID, "name": "workspace", "workspaceId": workspace.ID, "logs": []any{map[string]any{"categoryGroup": group, "enabled": true}}}
	}
	for _, tt := range []struct {
		token         string
		before, after map[string]any
		id            string // the end of it
		lasts         bool   // a deletion only resets it
	}{
		{blobServiceToken, softDelete(7), softDelete(8), "/acct/blobServices/default", true},
		{diagnosticToken, logs("audit"), logs("allLogs"), "/vaults/orders-vault/providers/Microsoft.Insights/diagnosticSettings/workspace", false},
	} {
		state := create(tt.token, "it", tt.before)
		if !strings.HasSuffix(state.ID, tt.id) {
			t.Errorf("%s: got id %q, want %q at its end", tt.token, state.ID, tt.id)
		}
		refreshed, err := engine.Refresh(state)
		if err != nil {
			t.Fatal(err)
		}
		if diff := engine.Diff(tt.token, refreshed.Inputs, state.Inputs).GetDiffs(); len(diff) != 0 {
			t.Errorf("refresh of %s: got changes of %v, want none", state.ID, diff)
		}
		if state, err = engine.Update(state, enginetest.Of(tt.after)); err != nil {
			t.Fatal(err)
		}
		if err := engine.Delete(state); err != nil {
			t.Errorf("delete of %s: %v", state.ID, err)
		}
		if gone, err := engine.Refresh(state); err != nil || tt.lasts != (gone.ID != "") {
			t.Errorf("after the deletion of %s: got id %q, %v, want one: %v", state.ID, gone.ID, err, tt.lasts)
		}
	}
}

// TestVaultInTheSandbox creates, updates and deletes a vault and its secret against
// the sandbox itself.
func TestVaultInTheSandbox(t *testing.T) {
	t.Parallel()
	_, deployer, engine := inSandbox(t)
	create := func(token, name string, inputs map[string]any) enginetest.State {
		t.Helper()
		return engine.MustCreate(token, name, engine.MustCheck(token, name, enginetest.Of(inputs)))
	}
	unchanged := func(state enginetest.State) {
		t.Helper()
		refreshed, err := engine.Refresh(state)
		if err != nil {
			t.Fatal(err)
		}
		if diff := engine.Diff(state.Token, refreshed.Inputs, state.Inputs).GetDiffs(); len(diff) != 0 {
			t.Errorf("refresh of %s: got changes of %v, want none", state.ID, diff)
		}
	}
	create(groupToken, "group", map[string]any{"resourceGroupName": "rg"})
	vaultInputs := map[string]any{"resourceGroupName": "rg", "vaultName": "orders-vault", "properties": map[string]any{
		"tenantId": deployer.ID, "sku": map[string]any{"family": "A", "name": "standard"},
		// What the SDK fills in, and RBAC.
		"enableRbacAuthorization": true, "enableSoftDelete": true, "publicNetworkAccess": "enabled", "softDeleteRetentionInDays": 90}}
	vault := create(vaultToken, "vault", vaultInputs)
	secretInputs := func(value string) map[string]any {
		return map[string]any{"resourceGroupName": "rg", "vaultName": "orders-vault", "secretName": "it", "properties": map[string]any{"value": enginetest.Secret(value)}}
	}
	secret := create(secretToken, "secret", secretInputs("one"))
	unchanged(vault)
	unchanged(secret)
	version := func(state enginetest.State) string {
		properties := state.Outputs["properties"]
		if properties.IsSecret() {
			properties = properties.SecretValue().Element
		}
		return properties.ObjectValue()["secretUriWithVersion"].StringValue()
	}
	first, vaultURI := version(secret), vault.Outputs["properties"].ObjectValue()["vaultUri"].StringValue()
	secret, err := engine.Update(secret, enginetest.Of(secretInputs("two")))
	if err != nil || version(secret) == first || !strings.HasPrefix(first, vaultURI+"secrets/it/") {
		t.Errorf("update: got version %q after %q, %v, want another", version(secret), first, err)
	}
	if err := engine.Delete(secret); err == nil || !strings.Contains(err.Error(), "secrets/delete") {
		t.Errorf("delete without a data role: got %v, want the vault's refusal: Contributor has none", err)
	}
	create(assignmentToken, "officer", map[string]any{"scope": vault.ID, "principalId": deployer.Deployer.ObjectID, "principalType": "ServicePrincipal",
		"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/b86a8fe4-44ce-4948-aee5-eccb2c155cd7"})
	if err := engine.Delete(secret); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := engine.Create(secretToken, "secret", enginetest.Of(secretInputs("three"))); err == nil || !strings.Contains(err.Error(), "deleted but recoverable") {
		t.Errorf("same name again: got %v, want a refusal while it can be recovered", err)
	}
	if err := engine.Delete(vault); err != nil {
		t.Errorf("delete vault: %v", err)
	}
	if _, err := engine.Create(vaultToken, "vault", vault.Inputs); err == nil || !strings.Contains(err.Error(), "ConflictError") {
		t.Errorf("same vault again: got %v, want a refusal while it can be recovered", err)
	}
}
