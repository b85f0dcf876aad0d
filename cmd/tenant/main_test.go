package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/settings"
	"app-to-app/settings/settingstest"
	"app-to-app/tenant"
)

const subscriptionID = "aaaaaaaa-0000-4000-8000-000000000002"

func TestUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range verbs {
		for _, help := range []string{"-h", "--help"} {
			if code := w.run(v.name, help); code != exitSame || !strings.HasPrefix(w.stdout.String(), "usage: tenant "+v.name) || w.stderr.Len() > 0 {
				t.Errorf("%s %s: got exit code %d and:\n%s%s", v.name, help, code, &w.stdout, &w.stderr)
			}
		}
		if code := w.run(v.name, "-no-such-flag"); code != exitUsage || !strings.Contains(w.stderr.String(), "\nusage: tenant "+v.name) || w.stdout.Len() > 0 {
			t.Errorf("%s with a wrong flag: got exit code %d and:\n%s%s", v.name, code, &w.stdout, &w.stderr)
		}
	}
	for _, args := range [][]string{{"help"}, {"-h"}} {
		if code := w.run(args...); code != exitSame || !strings.HasPrefix(w.stdout.String(), "usage: tenant ") {
			t.Errorf("%q: got exit code %d and:\n%s", args, code, &w.stdout)
		}
	}
	for _, args := range [][]string{nil, {"chekc"}, {"check", "extra", "-location", "x"}, {"check"}} {
		if code := w.run(args...); code != exitUsage || !strings.HasPrefix(w.stderr.String(), "tenant: error: expected ") {
			t.Errorf("%q: got exit code %d and:\n%s", args, code, &w.stderr)
		}
	}
}

func TestCheckVerb(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fabrikam := w.sandbox.Tenants()[1]
	w.stack["config --json --stack test"] = configJSON(t, "test", map[string]string{"azure-native:location": "westcentralus", "app-to-app:tenantId": fabrikam.ID})
	w.stack["config --json --stack broken"] = configJSON(t, "dev", map[string]string{"app-to-app:tenent": "x", "app-to-app:expiresOn": "2027-06-30"})
	for _, tt := range []struct {
		name string
		args string
		code int
		text string
	}{
		{"fine", "check -location westeurope", exitSame, "nothing is missing"},
		{"of a stack", "check -stack test", exitDiffers, "region westcentralus: the region does not offer Flex Consumption"},
		{"a flag wins", "check -stack test -location westeurope", exitDiffers, "tenant " + fabrikam.ID + ": signed in to tenant "},
		{"settings that the program refuses", "check -stack broken", exitDiffers,
			"setting app-to-app:expiresOn: only test stacks expire, this one is dev\n  fix: pulumi config rm app-to-app:expiresOn\n"},
		{"no such stack", "check -stack prod", exitFailed, "tenant: error: pulumi config --json --stack prod: no such stack"},
	} {
		if code := w.run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(w.stdout.String()+w.stderr.String(), tt.text) {
			t.Errorf("%s: got exit code %d and:\n%s%s\nwant %d and %q", tt.name, code, &w.stdout, &w.stderr, tt.code, tt.text)
		}
	}
	var report struct{ Gaps []struct{ Kind string } }
	if code := w.run("check", "-stack", "test", "-json"); code != exitDiffers || json.Unmarshal(w.stdout.Bytes(), &report) != nil || len(report.Gaps) != 2 {
		t.Errorf("-json: got exit code %d and:\n%s", code, &w.stdout)
	}
	w.environ["ARM_CLIENT_SECRET"] = ""
	w.environ["ARM_USE_OIDC"] = "true"
	if code := w.run("check", "-location", "westeurope"); code != exitFailed || !strings.Contains(w.stderr.String(), "tenant: error: sign in: ARM_USE_OIDC: ") {
		t.Errorf("no sign-in: got exit code %d and:\n%s", code, &w.stderr)
	}
}

// configJSON is what `pulumi config --json` prints for a committed stack with
// edits: the defaults of the project are in it.
func configJSON(t *testing.T, stack string, edits map[string]string) string {
	t.Helper()
	entries := make(map[string]any)
	for key, value := range settingstest.Configuration(t, "../..", stack, edits) {
		entries[key] = map[string]any{"value": value, "secret": false}
	}
	entries["app-to-app:certificates"] = map[string]any{"secret": true} // shown without its value
	encoded, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestRequirementsOfAStack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		want  tenant.Requirements // from the flags
		edits map[string]string
		all   tenant.Requirements
	}{
		{"what the flags leave out", tenant.Requirements{Location: "eastus"}, map[string]string{"app-to-app:subscriptionId": subscriptionID, "app-to-app:clients": settingstest.Clients(`"identity":"managedIdentity"`)},
			tenant.Requirements{Location: "eastus", SubscriptionID: subscriptionID}},
		{"a certificate", tenant.Requirements{}, map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"certificate"`)},
			tenant.Requirements{Location: "westeurope", KeyVault: true}},
		{"a secret on its way out", tenant.Requirements{}, map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"federated","previousIdentity":"clientSecret"`)},
			tenant.Requirements{Location: "westeurope", KeyVault: true}},
		{"a role that is called like a kind", tenant.Requirements{}, map[string]string{"app-to-app:roles": `[{"value":"certificate"}]`, "app-to-app:clients": settingstest.Clients(`"roles":["certificate"]`)},
			tenant.Requirements{Location: "westeurope"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parsed, problems := settings.Parse(settingstest.Configuration(t, "../..", "dev", tt.edits), time.Now())
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			got := tt.want
			if complete(&got, parsed); got != tt.all {
				t.Errorf("got %+v, want %+v", got, tt.all)
			}
		})
	}
}

func TestStackSources(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(path, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := machine{}
	if got, err := m.outputs(t.Context(), "", path); err != nil || string(got) != "from a file" {
		t.Errorf("outputs of a file: got %q, %v", got, err)
	}
	if got, err := m.state(t.Context(), "", path); err != nil || string(got) != "from a file" {
		t.Errorf("state of a file: got %q, %v", got, err)
	}
	if _, err := m.outputs(t.Context(), "", ""); err == nil {
		t.Error("expected outputs of nothing to be refused")
	}
}
