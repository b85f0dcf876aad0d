package main

import (
	"context"
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

// addPassword adds a client secret to an app registration by hand, and returns its id.
func (h *harness) addPassword(applicationID, name string) (keyID string) {
	h.t.Helper()
	var made struct{ KeyID string }
	session, err := azurecloud.SignIn(h.t.Context(), azurecloud.Options{Getenv: func(name string) string { return h.environ[name] }, HTTP: h.sandbox.HTTPClient()})
	if err == nil {
		err = session.Graph.Post(h.t.Context(), "/v1.0/applications/"+applicationID+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": name}}, &made)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return made.KeyID
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

// TestAuditFixVerb: what the verb adds to package fix: questions, the digest, and
// what remains.
func TestAuditFixVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, drift := h.deployAPI()
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack output --json --stack stateless"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["stack output --json --stack updating"] = outputs
	h.stack["stack export --stack updating"] = `{"version":3,"deployment":{"resources":[],"pending_operations":[{"type":"creating","resource":{"urn":"urn:pulumi:updating::app-to-app::t::a"}}]}}`
	var exports struct{ APIObjectID string }
	if err := json.Unmarshal([]byte(outputs), &exports); err != nil {
		t.Fatal(err)
	}
	h.addPassword(exports.APIObjectID, "by hand")
	h.addPassword(exports.APIObjectID, "by hand too")
	drift()
	digest := func() string {
		t.Helper()
		var report struct{ FixDigest string }
		if code := h.run("audit", "-stack", "dev", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil || report.FixDigest == "" {
			t.Fatalf("expected a digest in the JSON, got exit code %d and:\n%s", code, &h.stdout)
		}
		return report.FixDigest
	}
	shown := digest()
	command := "2 of these can be removed: tenant audit -stack dev -fix -digest " + shown
	for _, tt := range []struct {
		name, args, stdin string
		code              int
		want              string // in the output
	}{
		{"offered", "-stack dev", "", exitDiffers, command + "\n"},
		{"offered in Markdown", "-stack dev -md", "", exitDiffers, "\n`" + command + "`\n"},
		{"not offered during an update", "-stack updating", "", exitDiffers, "nothing of this can be removed with -fix now: plan the removals: an update of the stack is running"},
		{"refused during an update", "-stack updating -fix -yes", "", exitFailed, "tenant: hint: wait until it has ended"},
		{"-yes alone", "-stack dev -yes", "", exitUsage, "-yes and -digest: expected -fix with them"},
		{"-digest alone", "-stack dev -digest x", "", exitUsage, "-yes and -digest: expected -fix with them"},
		{"an empty digest", "-stack dev -fix -yes -digest=", "", exitUsage, "expected the digest that an audit printed, got nothing"},
		{"-fix as JSON", "-stack dev -fix -json", "", exitUsage, "expected -fix alone, got -json or -md with it"},
		{"another digest", "-stack dev -fix -yes -digest 00", "", exitFailed, `expected the findings with the digest "00", got "` + shown + `": the tenant or the stack has changed since they were shown; nothing was removed`},
		{"nobody to ask", "-stack dev -fix", "", exitDiffers, "removed 0, already gone 0, declined 2, not reached 0\n"},
		{"one of two", "-stack dev -fix -digest " + shown, "n\nyes\n", exitDiffers, "removed 1, already gone 0, declined 1, not reached 0\n"},
		{"the digest of before", "-stack dev -fix -yes -digest " + shown, "", exitFailed, "nothing was removed"},
		{"the other one", "-stack dev -fix -yes", "", exitDiffers, "removed 1, already gone 0, declined 0, not reached 0\nremaining:\nassignmentNotRequired: "},
		{"what it keeps", "-stack dev -fix -yes", "", exitDiffers, "  kept: assignmentNotRequired of API: not a thing to remove: pulumi up --refresh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.stdin = tt.stdin
			if code := h.run(strings.Fields("audit " + tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.want)
			}
		})
	}
}

// TestAuditFixDuringAnUpdate: an update that begins after the audit has read the state
// makes a secret before the audit reads the tenant.
func TestAuditFixDuringAnUpdate(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	outputs, _ := h.deployAPI()
	h.stack["stack output --json --stack dev"] = outputs
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	var exports struct{ APIObjectID string }
	if err := json.Unmarshal([]byte(outputs), &exports); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string]string{
		`{"version":3,"deployment":{"resources":[],"pending_operations":[{"type":"creating","resource":{"urn":"urn:pulumi:dev::app-to-app::t::a"}}]}}`:     "an update of the stack is running",
		`{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:dev::app-to-app::t::a","type":"t","id":"` + exports.APIObjectID + `/password/KEY"}]}}`: "  kept: credentialUndeclared of API: the stack's state has it",
	} {
		c, read := h.command(), 0
		key := h.addPassword(exports.APIObjectID, "of an update")
		c.pulumi = func(_ context.Context, args ...string) ([]byte, error) {
			command := strings.Join(args, " ")
			if command == "stack export --stack dev" {
				if read++; read > 1 {
					return []byte(strings.Replace(state, "KEY", key, 1)), nil
				}
			}
			return []byte(h.stack[command]), nil
		}
		h.stdout.Reset()
		h.stderr.Reset()
		c.run(t.Context(), verbs, []string{"audit", "-stack", "dev", "-fix"}) // nobody answers its questions
		if printed := h.stdout.String() + h.stderr.String(); !strings.Contains(printed, want) || strings.Contains(h.stderr.String(), key) {
			t.Errorf("got:\n%s\nwant %q, and no question about %s", printed, want, key)
		}
	}
}
