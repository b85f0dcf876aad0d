package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTeardownVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	group := "/subscriptions/" + h.environ["ARM_SUBSCRIPTION_ID"] + "/resourceGroups/pr-7"
	state := func(environment string) string {
		return `{"deployment":{"resources":[{"urn":"urn:pulumi:pr-7::app-to-app::pulumi:pulumi:Stack::a","type":"pulumi:pulumi:Stack","outputs":{"environment":"` + environment + `"}},` +
			`{"urn":"urn:pulumi:pr-7::app-to-app::azure-native:resources:ResourceGroup::g","type":"azure-native:resources:ResourceGroup","id":"` + group + `"}]}}`
	}
	journals := filepath.Join(t.TempDir(), "journals")
	run := func(args ...string) int {
		return h.run(append([]string{"teardown", "-journals", journals}, args...)...)
	}
	h.stack["stack ls --json"] = `[{"name":"organization/app-to-app/pr-7"},{"name":"pr-6"},{"name":"prod"}]`
	h.stack["stack export --stack pr-7"] = state("test")
	h.stack["stack export --stack prod"] = state("prod")
	h.stack["stack export --stack pr-6"] = strings.ReplaceAll(state("test"), "azure-native:resources:ResourceGroup", "command:local:Command")
	for _, tt := range []struct {
		name  string
		args  string
		stdin string
		code  int
		text  string
	}{
		{"no stack named", "-yes", "", exitUsage, "expected one of -stack and -expired"},
		{"both", "-stack pr-7 -expired", "", exitUsage, "expected one of -stack and -expired"},
		{"a path", "-stack ../x", "", exitUsage, "expected the bare name of a stack"},
		{"prod", "-stack prod -yes", "", exitFailed, "environment is prod"},
		{"another program's command", "-stack pr-6 -yes", "", exitFailed, "tenant: hint: tenant teardown -stack pr-6 -forget-foreign"},
		{"which cannot be forgotten", "-stack pr-6 -yes -forget-foreign", "", exitFailed, "pulumi stack import --stack pr-6 --file "},
		{"another name typed", "-stack pr-7", "pr-8\n", exitFailed, `expected "pr-7", got "pr-8": nothing was deleted`},
		{"nobody to ask", "-stack pr-7", "", exitFailed, "tenant: hint: pass -yes"},
		{"destroy fails", "-stack pr-7", "pr-7\n", exitFailed, "destroy: pulumi destroy --yes --skip-preview --suppress-progress --stack pr-7: no such stack"},
		{"where it is", "-stack pr-7", "pr-8\n", exitFailed, "It is in tenant " + h.environ["ARM_TENANT_ID"] + ", subscription " + h.environ["ARM_SUBSCRIPTION_ID"] + ".\nType the name"},
		{"a name with a slip", "-stack prr-7 -yes", "", exitFailed, "tenant: error: no such stack: prr-7\ntenant: hint: pulumi stack ls lists the stacks"},
		{"a name like one other", "-stack prood -yes", "", exitFailed, "tenant: hint: did you mean tenant teardown -stack prod?"},
		{"nothing there", "-stack pr-9 -yes -if-exists", "", exitSame, "left of pr-9 (looked for: resource groups and what is in them, app registrations, service principals, managed identities, role assignments and vaults, " +
			"by the ids that the stack's state recorded and by the mark on what the program makes; " +
			"not for what has no mark and is in no state, such as what an older version of the program made and a state has lost):\n  resource groups            0\n"},
		{"nothing recorded", "-stack pr-9 -yes -if-exists", "", exitSame, "no ids are recorded, so only what carries its mark is looked for"},
		{"as JSON", "-stack pr-9 -yes -if-exists -json", "", exitSame, `"resourceGroups": 0`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.stdin = tt.stdin
			if code := run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.text) {
				t.Errorf("got exit code %d and:\n%s%s\nwant %d and %q", code, &h.stdout, &h.stderr, tt.code, tt.text)
			}
		})
	}
	h.stack["destroy --yes --skip-preview --suppress-progress --stack pr-7 --refresh"] = "" // it failed before
	h.stack["stack rm --yes --preserve-config --stack pr-7"] = ""
	if code := run("-stack", "pr-7", "-yes"); code != exitSame {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
}

func TestTeardownOfExpiredStacks(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	run := func(args ...string) int {
		return h.run(append([]string{"teardown", "-expired", "-journals", filepath.Join(t.TempDir(), "journals")}, args...)...)
	}
	h.stack["stack ls --json"] = "[]"
	if code := run("-yes"); code != exitSame || h.stdout.String() != "no test stack has expired\n" {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	session, err := h.command().signIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	group := "/subscriptions/" + session.SubscriptionID + "/resourcegroups/lost?api-version=2022-09-01"
	err = session.ResourceManager.Put(t.Context(), group, map[string]any{"location": "westeurope", "tags": map[string]string{
		"project": "app-to-app", "stack": "pr-7", "environment": "test", "expiresOn": time.Now().UTC().Format(time.DateOnly),
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if code := run(); code != exitSame || !strings.Contains(h.stdout.String(), "pr-7 expired on ") || !strings.Contains(h.stderr.String(), "nothing was deleted") {
		t.Errorf("listing: got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
	// Its state is lost, so nothing says what it made: the group is reported
	// and stays.
	if code := run("-yes"); code != exitDiffers || !strings.Contains(h.stdout.String(), "resource groups            1") {
		t.Errorf("got exit code %d and:\n%s%s", code, &h.stdout, &h.stderr)
	}
}
