package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
	w.stack["config --json --stack test"] = `{"azure-native:location":{"value":"westcentralus","secret":false},"app-to-app:tenantId":{"value":"` + fabrikam.ID + `","secret":false}}`
	for _, tt := range []struct {
		name string
		args string
		code int
		text string
	}{
		{"fine", "check -location westeurope", exitSame, "nothing is missing"},
		{"of a stack", "check -stack test", exitDiffers, "region westcentralus: the region does not offer Flex Consumption"},
		{"a flag wins", "check -stack test -location westeurope", exitDiffers, "tenant " + fabrikam.ID + ": signed in to tenant "},
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
