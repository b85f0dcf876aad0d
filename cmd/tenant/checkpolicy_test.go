package main

import (
	"encoding/json"
	"strings"
	"testing"

	"app-to-app/azurecloud"
)

// TestCheckPolicies checks the stack dev, whose second client has a secret, against
// a tenant that limits secrets.
func TestCheckPolicies(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.stack["config --json --stack dev"] = configJSON(t, "dev", nil)
	h.stack["config --json --stack prod"] = configJSON(t, "prod", nil)
	h.stack["stack output --json --stack dev"] = `{}`
	all := []string{"Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Policy.ReadWrite.ApplicationConfiguration"}
	login, err := h.sandbox.AddDeployer(h.sandbox.Tenants()[0], "administrator", all, []string{"Contributor", "Role Based Access Control Administrator"})
	if err != nil {
		t.Fatal(err)
	}
	row := func(name, args string, code int, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got := h.run(strings.Fields(args)...)
			printed := h.stdout.String() + h.stderr.String()
			for _, w := range want {
				if !strings.Contains(printed, w) {
					t.Errorf("expected %q", w)
				}
			}
			if got != code || t.Failed() {
				t.Errorf("got exit code %d, want %d, and:\n%s", got, code, printed)
			}
		})
	}
	row("without the permission", "check -stack dev", exitSame, "nothing is missing: this caller can deploy\nnote: the tenant's app management policies were not read, ", "this login lacks Policy.Read.All\n")
	h.environ["ARM_CLIENT_ID"], h.environ["ARM_CLIENT_SECRET"] = login.Deployer.ClientID, login.Deployer.Secret
	row("no restriction", "check -stack dev", exitSame, "nothing is missing: this caller can deploy\n", "compared as if no client of the stack existed")

	session, err := azurecloud.SignIn(t.Context(), azurecloud.Options{Getenv: func(name string) string { return h.environ[name] }, HTTP: h.sandbox.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	limit := func(restriction string) {
		t.Helper()
		err := session.Graph.Patch(t.Context(), "/v1.0/policies/defaultAppManagementPolicy", map[string]any{"isEnabled": true, "applicationRestrictions": map[string]any{"passwordCredentials": json.RawMessage("[" + restriction + "]")}})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(`{"restrictionType":"passwordLifetime","maxLifetime":"P30D"}`)
	row("too long", "check -stack dev", exitDiffers, `appManagementPolicy passwordLifetime: client "orders-client-legacy": its client secret is valid for up to 180 days, policy `,
		"allows 30 days: 150 days too long", "\n  fix: pulumi config set app-to-app:rotationDays 15\n")
	row("a stack without secrets", "check -stack prod", exitSame, "nothing is missing: this caller can deploy\n")
	const passes = " (managedIdentity, systemAssigned and federated have no credential that a policy limits)\n"
	limit(`{"restrictionType":"passwordAddition"}`)
	row("forbidden", "check -stack dev", exitDiffers, "forbids a new client secret (passwordAddition)", "\n  fix: pulumi config set --path 'app-to-app:clients[1].identity' managedIdentity"+passes)

	outputs, _ := h.deployAPI()
	limit(``)
	objectID, clientID, applicationID := h.newClient(outputs)
	limit(`{"restrictionType":"passwordAddition"}`)
	h.stack["stack output --json --stack dev"] = strings.Replace(outputs, `"access":[]`, `"access":[{"client":"orders-client-legacy","identity":"clientSecret","clientId":"`+clientID+`","objectId":"`+objectID+`","applicationObjectId":"`+applicationID+`","roles":["Orders.Read"]}]`, 1)
	row("forbidden, and deployed", "check -stack dev", exitDiffers, "\n  fix: pulumi config set --path 'app-to-app:clients[1].identity' managedIdentity and pulumi config set --path 'app-to-app:clients[1].previousIdentity' clientSecret, until it has moved"+passes)
	limit(`{"restrictionType":"passwordAddition","restrictForAppsCreatedAfterDateTime":"2100-01-01T00:00:00Z"}`)
	row("forbidden for apps to come", "check -stack dev", exitSame, "nothing is missing: this caller can deploy\n")
	var report struct{ Gaps []struct{ Kind string } }
	limit(`{"restrictionType":"passwordAddition"}`)
	if code := h.run("check", "-stack", "dev", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil || len(report.Gaps) != 1 || report.Gaps[0].Kind != "appManagementPolicy" {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
}
