package e2e_test

import (
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
)

// TestPolicyRefusesAnUpdate: without the preflight of tenant check, Graph itself
// refuses the update of a client that the tenant's policy forbids, and one with an
// identity that the policy allows goes through
// (https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy).
func TestPolicyRefusesAnUpdate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	login, err := w.sandbox.AddDeployer(w.tenant, "administrator", []string{"Policy.ReadWrite.ApplicationConfiguration"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	administrator, err := deployer.New(t.Context(), w.sandbox, login)
	if err != nil {
		t.Fatal(err)
	}
	limit := fields{"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P30D"}
	err = administrator.Do(t.Context(), "PATCH", "/v1.0/policies/defaultAppManagementPolicy", fields{"displayName": "strict", "isEnabled": true,
		"applicationRestrictions": fields{"passwordCredentials": []fields{limit}, "keyCredentials": []fields{}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := w.inventory()
	w.pulumi("stack", "init", "dev")
	client := fields{"name": "legacy", "identity": "clientSecret", "functionApp": false, "roles": []string{"Orders.Read"}}
	w.set(map[string]any{"clients": []fields{client}})
	if err := w.tryUp(); err == nil || !strings.Contains(w.printed.String(), "CredentialInvalidLifetimeAsPerAppPolicy") {
		t.Fatalf("got %v, want the secret of 180 days refused by the policy of 30", err)
	}
	client["identity"] = "managedIdentity"
	w.set(map[string]any{"clients": []fields{client}})
	w.up()
	w.run("destroy", "--yes", "--skip-preview")
	if left := w.inventory().Minus(before); left != (deployer.Inventory{}) {
		t.Errorf("expected nothing to be left, got\n%s", left)
	}
}
