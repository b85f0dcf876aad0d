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

// deployAPI makes an API without clients, and returns its outputs and a
// function that changes the API so that it no longer matches them.
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
	type row struct {
		name, args string
		code       int
		want       string // in the output
	}
	run := func(rows []row) {
		for _, tt := range rows {
			t.Run(tt.name, func(t *testing.T) {
				if code := h.run(strings.Fields("audit " + tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.want) {
					t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.want)
				}
			})
		}
	}
	const lookedAt = "o difference from what the stack declares (looked at: the app registrations, service principals and function apps that the stack's "
	run([]row{
		{"same", "-stack dev", exitSame, "n" + lookedAt + "exports and state name, "},
		{"same, as Markdown", "-stack dev -md", exitSame, "N" + lookedAt + "exports and state name, "},
		{"same, from a file", "-outputs " + file, exitSame, "n" + lookedAt + "exports name, "},
		{"same, from a file, as Markdown", "-outputs " + file + " -md", exitSame, "N" + lookedAt + "exports name, "},
	})
	drift()
	run([]row{
		{"differs", "-stack dev", exitDiffers, "assignmentNotRequired: the API's service principal does not require an assignment"},
		{"differs, as Markdown", "-stack dev -md", exitDiffers, "| assignmentNotRequired | API | true | false |"},
		{"no such stack", "-stack prod", exitFailed, "stack output --json --stack prod: no such stack"},
		{"no outputs", "-stack empty", exitFailed, `expected the output "apiClientId", got none`},
		{"no state", "-stack stateless", exitFailed, "stack export --stack stateless: no such stack"},
		{"no such file", "-outputs " + file + ".none", exitFailed, "no such file"},
		{"state that is not JSON", "-outputs " + file + " -state main.go", exitFailed, "expected the output of pulumi stack export"},
		{"no stack named", "", exitUsage, "expected -stack or -outputs, got neither"},
		{"two formats", "-stack dev -json -md", exitUsage, "expected -json or -md, got both"},
		{"negative days", "-stack dev -expiring -1", exitUsage, "-expiring: expected a number of days, got -1"},
		{"an argument too many", "-stack dev more", exitUsage, `expected nothing more, got "more"`},
	})
	var report struct {
		Differences []struct{ Kind, Subject, Declared, Found, Text string }
	}
	if code := h.run("audit", "-stack", "dev", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil ||
		len(report.Differences) != 1 || report.Differences[0].Kind != "assignmentNotRequired" {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
	h.environ["ARM_CLIENT_SECRET"] = "other"
	if code := h.run("audit", "-stack", "dev"); code != exitFailed || !strings.Contains(h.stderr.String(), "AADSTS7000215") || !strings.Contains(h.stderr.String(), "tenant: hint: ") {
		t.Errorf("not signed in: got exit code %d and:\n%s", code, &h.stderr)
	}
}
