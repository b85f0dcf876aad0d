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
	h := newHarness(t)
	for _, v := range verbs {
		t.Run("help of "+v.name, func(t *testing.T) {
			for _, help := range []string{"-h", "--help"} {
				if code := h.run(v.name, help); code != exitSame || !strings.HasPrefix(h.stdout.String(), "usage: tenant "+v.name) || h.stderr.Len() > 0 {
					t.Errorf("%s: got exit code %d and:\n%s%s", help, code, &h.stdout, &h.stderr)
				}
			}
		})
		t.Run("unknown flag of "+v.name, func(t *testing.T) {
			if code := h.run(v.name, "-no-such-flag"); code != exitUsage || !strings.HasSuffix(h.stderr.String(), "\ntenant: hint: tenant "+v.name+" -h lists its flags\n") || strings.Count(h.stderr.String(), "\n") != 2 || h.stdout.Len() > 0 {
				t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
			}
		})
	}
	for _, arg := range []string{"help", "-h"} {
		t.Run(arg, func(t *testing.T) {
			if code := h.run(arg); code != exitSame || !strings.HasPrefix(h.stdout.String(), "usage: tenant ") {
				t.Errorf("got exit code %d and:\n%s", code, &h.stdout)
			}
		})
	}
	for _, tt := range []struct{ name, args, want string }{
		{"no verb", "", "expected a verb, got nothing"},
		{"unknown verb", "chekc", `expected one of the verbs, got "chekc"; did you mean check?`},
		{"an argument too many", "check extra -location x", `expected nothing more, got "extra"`},
		{"a flag missing", "check", "expected -location or -stack, got neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields(tt.args)...); code != exitUsage || !strings.HasPrefix(h.stderr.String(), "tenant: error: "+tt.want+"\ntenant: hint: ") || strings.Count(h.stderr.String(), "\n") != 2 {
				t.Errorf("got exit code %d and:\n%s\nwant %d and %q", code, &h.stderr, exitUsage, tt.want)
			}
		})
	}
}

func TestCheckVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	fabrikam := h.sandbox.Tenants()[1]
	h.stack["config --json --stack test"] = configJSON(t, "test", map[string]string{"azure-native:location": "westcentralus", "app-to-app:tenantId": fabrikam.ID})
	h.stack["config --json --stack ruled"] = configJSON(t, "prod", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret"`)})
	h.stack["config --json --stack nowhere"] = configJSON(t, "dev", map[string]string{"azure-native:location": "", "app-to-app:expiresOn": "2027-06-30"})
	h.stack["config --json --stack broken"] = configJSON(t, "dev", map[string]string{"app-to-app:tenent": "x", "app-to-app:expiresOn": "2027-06-30"})
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
		{"settings that the environment's rules refuse", "check -stack ruled", exitDiffers,
			"setting app-to-app:clients[0].identity: expected no secret anywhere in prod"},
		{"no location, among others", "check -stack nowhere", exitDiffers,
			"setting azure-native:location: missing; every resource is created there\n  next: pulumi config set azure-native:location REGION, one of: "},
		{"a location by flag", "check -stack nowhere -location westeurope", exitDiffers, "setting app-to-app:expiresOn: "},
		{"no such stack", "check -stack prod", exitFailed, "tenant: error: pulumi config --json --stack prod: no such stack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code := h.run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.text) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.text)
			}
		})
	}
	var report struct{ Gaps []struct{ Kind string } }
	if code := h.run("check", "-stack", "test", "-json"); code != exitDiffers || json.Unmarshal(h.stdout.Bytes(), &report) != nil || len(report.Gaps) != 2 {
		t.Errorf("-json: got exit code %d and:\n%s", code, &h.stdout)
	}
	h.environ["ARM_CLIENT_SECRET"] = ""
	h.environ["ARM_USE_OIDC"] = "true"
	if code := h.run("check", "-location", "westeurope"); code != exitFailed || !strings.Contains(h.stderr.String(), "tenant: error: sign in: ARM_USE_OIDC: ") {
		t.Errorf("no sign-in: got exit code %d and:\n%s", code, &h.stderr)
	}
	if code := h.run("check", "-stack", "broken"); code != exitFailed || !strings.HasPrefix(h.stdout.String(), "\nsetting app-to-app:tenent: ") ||
		!strings.Contains(h.stderr.String(), "tenant: error: sign in: ARM_USE_OIDC: ") {
		t.Errorf("no sign-in to a stack whose settings are refused: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
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
		{"a secret of a previous identity", tenant.Requirements{}, map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"federated","previousIdentity":"clientSecret"`)},
			tenant.Requirements{Location: "westeurope", KeyVault: true}},
		{"a role with the name of a kind", tenant.Requirements{}, map[string]string{"app-to-app:roles": `[{"value":"certificate"}]`, "app-to-app:clients": settingstest.Clients(`"roles":["certificate"]`)},
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
	c := command{}
	if got, err := c.outputs(t.Context(), "", path); err != nil || string(got) != "from a file" {
		t.Errorf("outputs of a file: got %q, %v", got, err)
	}
	if got, err := c.state(t.Context(), "", path); err != nil || string(got) != "from a file" {
		t.Errorf("state of a file: got %q, %v", got, err)
	}
	if _, err := c.outputs(t.Context(), "", ""); err == nil {
		t.Error("expected outputs of nothing to be refused")
	}
}
