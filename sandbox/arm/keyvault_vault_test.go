package arm_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

const (
	vault      = group + "/providers/Microsoft.KeyVault/vaults/orders-vault"
	secret     = vault + "/secrets/client-secret"
	secretBody = `{"properties":{"value":"hunter2"}}`
	deletedOne = sub + "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/orders-vault"

	secretsUserRole = "4633458b-17de-408a-b874-0445c86b69e6"
)

// vaultBody is the body of a vault with RBAC and more properties.
func vaultBody(more string) string {
	return fmt.Sprintf(`{"location":"westeurope","properties":{"tenantId":"%s","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":true%s}}`, contoso, more)
}

func TestVault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	created := w.must(200, "PUT", vault, vaultBody(`,"vaultUri":"https://elsewhere/"`))
	for name, want := range map[string]any{
		"vaultUri": baseURL + "/keyvault/orders-vault/", "enableSoftDelete": true, "softDeleteRetentionInDays": 90.0,
		"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled", "enablePurgeProtection": nil, "createMode": nil,
	} {
		if got := at(created, "properties", name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	updated := w.must(200, "PUT", vault, vaultBody(`,"enablePurgeProtection":true`))
	if at(updated, "properties", "softDeleteRetentionInDays") != 90.0 {
		t.Errorf("got %v, want the retention kept", updated)
	}
	if updated = w.must(200, "PUT", vault, vaultBody("")); at(updated, "properties", "enablePurgeProtection") != true {
		t.Error("got purge protection lost by an update that leaves it out, want it kept")
	}
	if got := names(w.must(200, "GET", sub+"/providers/Microsoft.KeyVault/vaults", "")); len(got) != 1 {
		t.Errorf("got vaults %v, want one", got)
	}
	if got := w.must(200, "POST", sub+"/providers/Microsoft.KeyVault/checkNameAvailability", `{"name":"Orders-Vault","type":"Microsoft.KeyVault/vaults"}`); got["nameAvailable"] != false {
		t.Errorf("got %v, want the name taken", got)
	}
	w.must(201, "PUT", vault+"/providers/Microsoft.Authorization/roleAssignments/"+guid(1), assignmentBody(secretsUserRole, onlyReader, "ServicePrincipal"))
}

func TestVaultSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	w.must(200, "PUT", vault, vaultBody(""))
	first := w.must(201, "PUT", secret, `{"tags":{"a":"b"},"properties":{"value":"hunter2","contentType":"text/plain","attributes":{"exp":1900000000}}}`)
	second := w.must(200, "PUT", secret, `{"properties":{"value":"hunter3","attributes":{"enabled":false}}}`)
	uri := baseURL + "/keyvault/orders-vault/secrets/client-secret"
	versioned := regexp.MustCompile("^" + uri + "/[0-9a-f]{32}$")
	for _, got := range []map[string]any{first, second} {
		if text, _ := at(got, "properties", "secretUriWithVersion").(string); !versioned.MatchString(text) || at(got, "properties", "secretUri") != uri {
			t.Errorf("got %v, want the two URIs of the secret", got)
		}
	}
	if at(first, "properties", "secretUriWithVersion") == at(second, "properties", "secretUriWithVersion") {
		t.Error("got the same version twice, want one a request")
	}
	if at(first, "tags", "a") != "b" || at(first, "properties", "attributes", "exp") != 1900000000.0 || at(first, "properties", "contentType") != "text/plain" {
		t.Errorf("got %v, want what was sent", first)
	}
	read := w.do(request{method: "GET", path: secret})
	list := w.do(request{method: "GET", path: vault + "/secrets"})
	if read.Code != 200 || list.Code != 200 || at(object(t, read), "properties", "attributes", "enabled") != false {
		t.Errorf("got %d %s and %d, want the newest version", read.Code, read.Body, list.Code)
	}
	for _, text := range []string{read.Body.String(), list.Body.String(), fmt.Sprint(first, second), fmt.Sprint(w.log.Entries())} {
		if strings.Contains(text, "hunter") {
			t.Error("got the value of a secret shown, want it never shown")
		}
	}
	w.must(201, "PUT", secret+"/providers/Microsoft.Authorization/roleAssignments/"+guid(1), assignmentBody(secretsUserRole, onlyReader, "ServicePrincipal"))
	if got := w.do(request{method: "DELETE", path: secret}); got.Code != 501 {
		t.Errorf("delete: got %d, want 501: ARM has no such request", got.Code)
	}
}

func TestDeletedVault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.prepare()
	w.must(200, "PUT", vault, vaultBody(`,"softDeleteRetentionInDays":7`))
	w.must(201, "PUT", secret, secretBody)
	w.must(200, "DELETE", vault, "")
	w.must(204, "DELETE", vault, "")
	if got := w.do(request{method: "GET", path: vault}); got.Code != 404 {
		t.Errorf("got %d, want the vault gone", got.Code)
	}
	shown := w.must(200, "GET", deletedOne, "")
	if at(shown, "properties", "vaultId") != vault || at(shown, "properties", "scheduledPurgeDate") == nil {
		t.Errorf("got %v, want the deleted vault", shown)
	}
	recovered := w.must(200, "PUT", vault, vaultBody(`,"createMode":"recover"`))
	if at(recovered, "properties", "softDeleteRetentionInDays") != 7.0 {
		t.Errorf("got %v, want what the vault had", recovered)
	}
	w.must(200, "GET", secret, "")
	w.must(200, "DELETE", vault, "")
	w.must(200, "POST", deletedOne+"/purge", "")
	if got := names(w.must(200, "GET", sub+"/providers/Microsoft.KeyVault/deletedVaults", "")); len(got) != 0 {
		t.Errorf("got deleted vaults %v, want none", got)
	}
	w.must(200, "PUT", vault, vaultBody(`,"enablePurgeProtection":true`))
	if got := w.do(request{method: "GET", path: secret}); got.Code != 404 {
		t.Errorf("got %d, want a purged vault's secrets gone", got.Code)
	}
	w.must(200, "DELETE", vault, "")
	if err := w.store.Advance(90 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := w.do(request{method: "GET", path: deletedOne}); got.Code != 404 {
		t.Errorf("got %d, want it gone after its retention", got.Code)
	}
	w.must(200, "PUT", vault, vaultBody(""))
	w.view(func(tx *store.Tx) {
		for key, r := range store.Resources.All(tx, "deleted") {
			t.Errorf("got %s of %s kept, want it forgotten", key, r.Type)
		}
	})
}

func TestVaultRefusals(t *testing.T) {
	t.Parallel()
	here, gone := put(vault, vaultBody("")), request{method: "DELETE", path: vault}
	contributor := contoso + " " + onlyContributor
	run(t, []refusal{
		{name: "no tenant", ask: put(vault, `{"location":"westeurope","properties":{"sku":{"family":"A","name":"standard"}}}`), status: 400, code: "MissingRequiredProperty", says: "tenantId"},
		{name: "no sku", ask: put(vault, `{"location":"westeurope","properties":{"tenantId":"`+contoso+`"}}`), status: 400, code: "MissingRequiredProperty", says: "sku"},
		{name: "another tenant", ask: put(vault, strings.Replace(vaultBody(""), contoso, fabrikam, 1)), status: 400, code: "BadRequest", says: fabrikam},
		{name: "unknown sku", ask: put(vault, strings.Replace(vaultBody(""), "standard", "gold", 1)), status: 400, code: "InvalidRequestPropertyValue"},
		{name: "name with two hyphens", ask: put(vault+"--2", vaultBody("")), status: 400, code: "VaultNameNotValid"},
		{name: "name too long", ask: put(vault+strings.Repeat("a", 20), vaultBody("")), status: 400, code: "VaultNameNotValid"},
		{name: "neither policies nor RBAC", ask: put(vault, strings.Replace(vaultBody(""), "true", "false", 1)), status: 400, code: "BadRequest", says: "accessPolicies"},
		{name: "soft delete switched off", ask: put(vault, vaultBody(`,"enableSoftDelete":false`)), status: 400, code: "BadRequest", says: "irreversible"},
		{name: "purge protection set to false", ask: put(vault, vaultBody(`,"enablePurgeProtection":false`)), status: 400, code: "BadRequest", says: "enablePurgeProtection"},
		{name: "purge protection switched off", first: []request{put(vault, vaultBody(`,"enablePurgeProtection":true`))}, ask: put(vault, vaultBody(`,"enablePurgeProtection":false`)), status: 400, code: "BadRequest", says: "irreversible"},
		{name: "retention too short", ask: put(vault, vaultBody(`,"softDeleteRetentionInDays":6`)), status: 400, code: "InvalidRequestPropertyValue"},
		{name: "retention changed", first: []request{here}, ask: put(vault, vaultBody(`,"softDeleteRetentionInDays":7`)), status: 400, code: "BadRequest", says: "can't be modified"},
		{name: "permission model changed without permission", first: []request{here}, ask: request{method: "PUT", path: vault, body: strings.Replace(vaultBody(""), "true", "false", 1), caller: contributor}, status: 403, code: "AuthorizationFailed", says: "permission model"},
		{name: "name taken", first: []request{put(sub+"/resourceGroups/rg2", `{"location":"westeurope"}`), here}, ask: put(strings.Replace(vault, "/rg/", "/rg2/", 1), vaultBody("")), status: 409, code: "VaultAlreadyExists"},
		{name: "name in the recycle bin", first: []request{here, gone}, ask: here, status: 409, code: "ConflictError", says: "recover or purge"},
		{name: "recover what was not deleted", ask: put(vault, vaultBody(`,"createMode":"recover"`)), status: 404, code: "DeletedVaultNotFound"},
		{name: "purge with purge protection", first: []request{put(vault, vaultBody(`,"enablePurgeProtection":true`)), gone}, ask: request{method: "POST", path: deletedOne + "/purge"}, status: 405, code: "MethodNotAllowed"},
		{name: "purge without permission", first: []request{here, gone}, ask: request{method: "POST", path: deletedOne + "/purge", caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed"},
		{name: "purge what was not deleted", ask: request{method: "POST", path: deletedOne + "/purge"}, status: 404, code: "DeletedVaultNotFound"},
		{name: "secret in no vault", ask: put(secret, secretBody), status: 404, code: "ParentResourceNotFound"},
		{name: "secret with a bad name", first: []request{here}, ask: put(secret+"_2", secretBody), status: 400, code: "BadRequest", says: "letters, digits"},
		{name: "secret by a reader", first: []request{here}, ask: request{method: "PUT", path: secret, body: secretBody, caller: contoso + " " + onlyReader}, status: 403, code: "AuthorizationFailed", says: "vaults/secrets/write"},
	})
}

// TestVaultNeedsARegisteredNamespace uses a subscription that has not
// registered it.
func TestVaultNeedsARegisteredNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caller = fabrikam + " " + fabrikamDeployer
	theirs := strings.Replace(vault, contosoSub, fabrikamSub, 1)
	w.must(201, "PUT", strings.TrimSuffix(theirs, "/providers/Microsoft.KeyVault/vaults/orders-vault"), here)
	body := strings.Replace(vaultBody(""), contoso, fabrikam, 1)
	if got := w.do(put(theirs, body)); code(got) != "MissingSubscriptionRegistration" {
		t.Errorf("got %d %s, want a refusal", got.Code, got.Body)
	}
	w.must(200, "POST", "/subscriptions/"+fabrikamSub+"/providers/Microsoft.KeyVault/register", "")
	w.must(200, "PUT", theirs, body)
}

// A vault without a word about RBAC has access policies up to 2025-05-01 and
// RBAC from 2026-02-01 on; an update with that api-version changes nothing.
func TestVaultsPermissionModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(201, "PUT", group, here)
	said := strings.NewReplacer(`,"enableRbacAuthorization":true`, "")
	body, policies := said.Replace(vaultBody("")), said.Replace(vaultBody(`,"accessPolicies":[]`))
	if got := w.do(put(vault+"?api-version=2025-05-01", body)); got.Code != 400 {
		t.Errorf("got %d in 2025-05-01 without policies, want 400", got.Code)
	}
	rbac := func(path, version, body string) any {
		return at(w.must(200, "PUT", path+"?api-version="+version, body), "properties", "enableRbacAuthorization")
	}
	for _, tt := range []struct {
		what, path, version, body string
		want                      bool
	}{
		{"created before", vault, "2025-05-01", policies, false},
		{"updated since", vault, "2026-02-01", body, false},
		{"created since", vault + "2", "2026-02-01", body, true},
		{"updated since", vault + "2", "2026-02-01", body, true},
		{"created since, without RBAC", vault + "3", "2026-02-01", strings.Replace(vaultBody(`,"accessPolicies":[]`), "true", "false", 1), false},
	} {
		if got := rbac(tt.path, tt.version, tt.body); got != tt.want {
			t.Errorf("%s: got enableRbacAuthorization %v, want %v", tt.what, got, tt.want)
		}
	}
}
