package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/azurecloud"
)

const roleID = "11111111-aaaa-4000-8000-000000000001"

// deployAPI makes an API without clients, and returns its outputs and a way to
// drift from them.
func (h *harness) deployAPI() (outputs string, drift func()) {
	h.t.Helper()
	session, err := azurecloud.SignIn(h.t.Context(), azurecloud.Options{Getenv: func(name string) string { return h.environ[name] }, HTTP: h.sandbox.HTTPClient()})
	if err != nil {
		h.t.Fatal(err)
	}
	var app, sp struct{ ID, AppID string }
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	must(session.Graph.Post(h.t.Context(), "/v1.0/applications", map[string]any{"displayName": "orders-api", "signInAudience": "AzureADMyOrg", "appRoles": []any{map[string]any{
		"id": roleID, "value": "Orders.Read", "displayName": "Read", "description": "Read", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}}, &app))
	must(session.Graph.Post(h.t.Context(), "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID, "appRoleAssignmentRequired": true}, &sp))
	outputs = fmt.Sprintf(`{"apiClientId":%q,"apiObjectId":%q,"roleIds":{"Orders.Read":%q},"owners":[%q],"environment":"dev","access":[]}`,
		app.AppID, app.ID, roleID, h.sandbox.Tenants()[0].Deployer.ObjectID)
	return outputs, func() {
		must(session.Graph.Patch(h.t.Context(), "/v1.0/servicePrincipals/"+sp.ID, map[string]any{"appRoleAssignmentRequired": false}))
	}
}

func TestAuditVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, drift := h.deployAPI()
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(outputs), 0o600); err != nil {
		t.Fatal(err)
	}
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["stack output --json --stack empty"] = `{}`
	h.stack["stack output --json --stack stateless"] = outputs
	for args, want := range map[string]string{
		"audit -stack dev":                "no difference from what the stack declares (looked at: the app registrations, service principals and function apps that the stack's exports and state name, ",
		"audit -stack dev -md":            "No difference from what the stack declares (looked at: the app registrations, service principals and function apps that the stack's exports and state name, ",
		"audit -outputs " + file:          "no difference from what the stack declares (looked at: the app registrations, service principals and function apps that the stack's exports name, ",
		"audit -outputs " + file + " -md": "No difference from what the stack declares (looked at: the app registrations, service principals and function apps that the stack's exports name, ",
	} {
		if code := h.run(strings.Fields(args)...); code != exitSame || !strings.HasPrefix(h.stdout.String(), want) {
			t.Errorf("%s: got exit code %d and:\n%s%s\nwant %q", args, code, &h.stdout, &h.stderr, want)
		}
	}
	drift()
	for args, want := range map[string]string{
		"audit -stack dev":     "assignmentNotRequired: the API's service principal does not require an assignment",
		"audit -stack dev -md": "| assignmentNotRequired | API | true | false |",
	} {
		t.Run(args, func(t *testing.T) {
			if code := h.run(strings.Fields(args)...); code != exitDiffers || !strings.Contains(h.stdout.String(), want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %q", code, &h.stdout, &h.stderr, want)
			}
		})
	}
	var report struct {
		Differences []struct{ Kind, Subject, Declared, Found, Text string }
	}
	if code := h.run("audit", "-stack", "dev", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil ||
		len(report.Differences) != 1 || report.Differences[0].Kind != "assignmentNotRequired" {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
	// Could not tell.
	for args, want := range map[string]string{
		"audit -stack prod":                          "stack output --json --stack prod: no such stack",
		"audit -stack empty":                         `expected the output "apiClientId", got none`,
		"audit -stack stateless":                     "stack export --stack stateless: no such stack",
		"audit -outputs " + file + ".none":           "no such file",
		"audit -outputs " + file + " -state main.go": "expected JSON as of pulumi stack export",
	} {
		t.Run(args, func(t *testing.T) {
			if code := h.run(strings.Fields(args)...); code != exitFailed || !strings.Contains(h.stderr.String(), want) {
				t.Errorf("got exit code %d and:\n%s\nwant %q", code, &h.stderr, want)
			}
		})
	}
	for _, args := range []string{"audit", "audit -stack dev -json -md", "audit -stack dev -expiring -1", "audit -stack dev more"} {
		if code := h.run(strings.Fields(args)...); code != exitUsage {
			t.Errorf("%s: got exit code %d, want %d", args, code, exitUsage)
		}
	}
	h.environ["ARM_CLIENT_SECRET"] = "other"
	if code := h.run("audit", "-stack", "dev"); code != exitFailed || !strings.Contains(h.stderr.String(), "AADSTS7000215") || !strings.Contains(h.stderr.String(), "tenant: hint: ") {
		t.Errorf("not signed in: got exit code %d and:\n%s", code, &h.stderr)
	}
}
