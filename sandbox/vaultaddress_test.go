package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// TestVaultAddress follows a vault's address, which is in the app settings of
// deployed stacks.
func TestVaultAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	made := vaultOf(t, first, "orders", `"x":"y"`, "")
	other := vaultOf(t, first, "other", `"x":"y"`, "")
	u, err := url.Parse(made)
	if err != nil || u.Hostname() != "127.0.0.1" || u.Path != "/" {
		t.Errorf("got address %q, want the root of a port of 127.0.0.1", made)
	}
	if made == other {
		t.Errorf("got %q for two vaults, want two ports", made)
	}
	if again := vaultOf(t, first, "orders", `"x":"z"`, ""); again != made {
		t.Errorf("after an update: got %q, want %q", again, made)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	tenant := second.Tenants()[0]
	if status, header, _ := getSecret(t, second, made+"secrets/it", ""); status != http.StatusUnauthorized || challenge.FindStringSubmatch(header.Get("WWW-Authenticate")) == nil {
		t.Errorf("after a restart: got %d and %q, want the vault's challenge", status, header.Get("WWW-Authenticate"))
	}
	azure, err := deployer.New(t.Context(), second, tenant)
	if err != nil {
		t.Fatal(err)
	}
	vault := "/subscriptions/" + tenant.SubscriptionID + "/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/orders"
	if err := azure.Do(t.Context(), http.MethodDelete, vault+"?api-version=2023-02-01", nil, nil); err != nil {
		t.Fatal(err)
	}
	if recovered := vaultOf(t, second, "orders", `"x":"y"`, `"createMode":"recover",`); recovered != made {
		t.Errorf("after recovery: got %q, want %q", recovered, made)
	}

	// A vault that is purged gives its port back, and its name can be used again.
	if err := azure.Do(t.Context(), http.MethodDelete, vault+"?api-version=2023-02-01", nil, nil); err != nil {
		t.Fatal(err)
	}
	purge := "/subscriptions/" + tenant.SubscriptionID + "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/orders/purge?api-version=2023-02-01"
	if err := azure.Do(t.Context(), http.MethodPost, purge, nil, nil); err != nil {
		t.Fatal(err)
	}
	if resp, err := second.HTTPClient().Get(made + "secrets/it?api-version=7.4"); err == nil {
		resp.Body.Close()
		t.Errorf("after a purge: got %d from %s, want nobody there", resp.StatusCode, made)
	}
	anew := vaultOf(t, second, "orders", `"x":"y"`, "")
	if status, _, _ := getSecret(t, second, anew+"secrets/it", ""); status != http.StatusUnauthorized {
		t.Errorf("a new vault of the same name: got %d, want the vault's challenge", status)
	}
}

// vaultOf creates or updates a vault of the first tenant, and returns its address.
func vaultOf(t *testing.T, s *sandbox.Sandbox, name, tags, properties string) string {
	t.Helper()
	tenant := s.Tenants()[0]
	azure, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	group := "/subscriptions/" + tenant.SubscriptionID + "/resourceGroups/rg"
	var vault struct {
		Properties struct{ VaultURI string }
	}
	if err := azure.Do(t.Context(), http.MethodPut, group+"?api-version=2022-09-01", json.RawMessage(`{"location":"westeurope"}`), nil); err != nil {
		t.Fatal(err)
	}
	body := `{"location":"westeurope","tags":{` + tags + `},"properties":{` + properties + `"tenantId":"` + tenant.ID + `","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":true}}`
	if err := azure.Do(t.Context(), http.MethodPut, group+"/providers/Microsoft.KeyVault/vaults/"+name+"?api-version=2023-02-01", json.RawMessage(body), &vault); err != nil {
		t.Fatal(err)
	}
	return vault.Properties.VaultURI
}
