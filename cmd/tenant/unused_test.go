package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// deployIdle makes an API with one client, which never asked for a token, and an
// auditor, as whom the command runs.
func (h *harness) deployIdle(permissions ...string) {
	h.t.Helper()
	outputs, _ := h.deployAPI()
	deployer := h.sandbox.Tenants()[0].Deployer
	h.stack["stack output --json --stack dev"] = strings.Replace(outputs, `"access":[]`,
		`"access":[{"client":"ci","identity":"existing","clientId":"`+deployer.ClientID+`","objectId":"`+deployer.ObjectID+`","roles":["Orders.Read"]}]`, 1)
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["config --json --stack dev"] = `{"app-to-app:owners":{"value":"[\"someone\",\"` + deployer.ObjectID + `\"]"}}`
	in, err := h.sandbox.AddDeployer(h.sandbox.Tenants()[0], "auditor", permissions, []string{"Reader"})
	if err != nil {
		h.t.Fatal(err)
	}
	h.environ["ARM_CLIENT_ID"], h.environ["ARM_CLIENT_SECRET"] = in.Deployer.ClientID, in.Deployer.Secret
}

func TestUnusedVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.deployIdle("AuditLog.Read.All", "Application.Read.All")
	for range 2 {
		// The deployer signed in to deploy; the log is younger than the period.
		if code := h.run("unused", "-stack", "dev", "-days", "1"); code != exitSame || !strings.Contains(h.stdout.String(), "used in the last 1 days: 1\n  owner contoso deployer") ||
			!strings.Contains(h.stdout.String(), "not looked at: the API's log is not known") {
			t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
		}
	}
	if err := h.sandbox.Advance(24 * 40 * 3600 * 1e9); err != nil {
		t.Fatal(err)
	}
	h.clock = h.sandbox.Store().Now
	if code := h.run("unused", "-stack", "dev"); code != exitDiffers || !strings.Contains(h.stdout.String(), "pulumi config rm --path 'app-to-app:owners[1]' && pulumi up, which removes the owner ") {
		t.Errorf("40 days later: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	var report struct {
		Uses []struct{ Kind, State, Proposal string }
	}
	if code := h.run("unused", "-stack", "dev", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil || len(report.Uses) != 1 || report.Uses[0].State != "unused" {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
	if err := h.sandbox.SetPremium(h.sandbox.Tenants()[0], false); err != nil {
		t.Fatal(err)
	}
	if code := h.run("unused", "-stack", "dev"); code != exitFailed || !strings.Contains(h.stdout.String(), "has no licence of Microsoft Entra ID P1 or P2") || !strings.Contains(h.stderr.String(), "could not tell of anything") {
		t.Errorf("without a licence: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	for _, tt := range []struct {
		name, args string
		code       int
		want       string // on standard error
	}{
		{"no days", "-stack dev -days 0", exitUsage, "-days: expected 1 to 365 days, got 0"},
		{"too many days", "-stack dev -days 366", exitUsage, "-days: expected 1 to 365 days, got 366"},
		{"an argument too many", "-stack dev more", exitUsage, `expected nothing more, got "more"`},
		{"no stack named", "", exitUsage, "expected -stack or -outputs, got neither"},
		{"no such stack", "-stack prod", exitFailed, "no such stack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields("unused " + tt.args)...); code != tt.code || h.stdout.Len() > 0 || !strings.Contains(h.stderr.String(), tt.want) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.want)
			}
		})
	}
}

func TestUnusedVerbWithoutPermission(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.deployIdle("Application.Read.All")
	if code := h.run("unused", "-stack", "dev"); code != exitFailed || !strings.Contains(h.stdout.String(), "lacks the permission AuditLog.Read.All") || !strings.Contains(h.stdout.String(), "unknown in the last 30 days: 1") {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
}

// TestSettingKeys: what a proposal names is in the configuration at that place.
func TestSettingKeys(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.stack["config --json --stack dev"] = `{"app-to-app:clients":{"value":"[{\"name\":\"one\"},{\"name\":\"two\",\"roles\":[\"Orders.Read\",\"Orders.Export\"]},{\"name\":\"three\",\"roles\":[\"Orders.Read\"]}]"}}`
	keys := h.command().settingKeys(t.Context(), "dev")
	for got, want := range map[string]string{
		keys.Client("two"): "app-to-app:clients[1]", keys.Client("four"): "", keys.Role("two", "Orders.Export"): "app-to-app:clients[1].roles[1]",
		keys.Role("one", "Orders.Read"): "", keys.Role("three", "Orders.Read"): "", keys.Owner("x"): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if keys := h.command().settingKeys(t.Context(), "prod"); keys.Client("one") != "" {
		t.Error("got a key in a configuration that cannot be read")
	}
}
