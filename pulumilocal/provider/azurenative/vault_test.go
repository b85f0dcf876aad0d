package azurenative_test

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider/enginetest"
)

// TestVaultSecret follows a secret from its creation by ARM to its deletion by the
// vault.
func TestVaultSecret(t *testing.T) {
	t.Parallel()
	arm, engine := newARM(t)
	engine.MustConfigure(arm.config())
	const id, at = "/providers/Microsoft.KeyVault/vaults/v/secrets/s", "/keyvault/v/secrets/s"
	shown := object{"id": group + id, "name": "s", "properties": object{"contentType": "text/plain", "attributes": object{"enabled": true, "created": 5},
		"secretUri": arm.server.URL + at, "secretUriWithVersion": arm.server.URL + at + "/1"}}
	put, get, del := "PUT "+id+"?api-version=2023-02-01", "GET "+id+"?api-version=2023-02-01", "DELETE "+at+"?api-version=7.5"
	arm.queue(put, reply{status: http.StatusOK, body: shown})
	missing := refusal(http.StatusNotFound, "ResourceNotFound")
	arm.queue(get, missing, reply{status: http.StatusOK, body: shown}, reply{status: http.StatusOK, body: shown})
	inputs := enginetest.Of(map[string]any{"resourceGroupName": "rg", "vaultName": "v", "secretName": "s",
		"properties": map[string]any{"value": enginetest.Secret("hunter2"), "contentType": "text/plain"}})
	state := engine.MustCreate(secretToken, "s", inputs)
	arm.expect("create", get, put, get)
	properties := state.Outputs["properties"]
	if properties.IsSecret() {
		properties = properties.SecretValue().Element
	}
	if _, shown := properties.ObjectValue()["value"]; shown || properties.ObjectValue()["secretUri"].StringValue() != arm.server.URL+at {
		t.Errorf("got outputs %v, want the secret's address and no value", state.Outputs)
	}
	refreshed, err := engine.Refresh(state)
	if err != nil {
		t.Fatal(err)
	}
	if kept := refreshed.Inputs["properties"].ObjectValue()["value"]; !kept.IsSecret() || len(engine.Diff(secretToken, refreshed.Inputs, state.Inputs).GetDiffs()) != 0 {
		t.Error("refresh: got another value, or one that is not secret, want what the program gave")
	}
	arm.taken()
	arm.queue(del, refusal(http.StatusForbidden, "Forbidden"), reply{status: http.StatusOK, body: object{"recoveryId": "r"}}, refusal(http.StatusNotFound, "SecretNotFound"))
	if err := engine.Delete(state); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("delete without a role: got %v, want the vault's refusal", err)
	}
	for range 2 {
		if err := engine.Delete(state); err != nil {
			t.Errorf("delete: got %v, want success", err)
		}
	}
	arm.expect("delete", del, del, del)
	elsewhere := state
	elsewhere.Outputs = enginetest.Of(map[string]any{"properties": map[string]any{"secretUri": "https://vault.example/secrets/s"}})
	if err := engine.Delete(elsewhere); err == nil || !strings.Contains(err.Error(), "expected a vault at") {
		t.Errorf("a vault elsewhere: got %v, want a refusal", err)
	}
	arm.expect("a vault elsewhere")
}
