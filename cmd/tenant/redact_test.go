package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRedactAndStage(t *testing.T) {
	t.Parallel()
	const secret = "a-client-secret"
	h := newHarness(t)
	file := filepath.Join(t.TempDir(), "dev.json")
	h.stack["stack export --show-secrets --stack dev"] = `{"version":3,"deployment":{"resources":[{"urn":"u","outputs":{"value":` +
		`{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\"` + secret + `\""}}}]}}`
	h.stack["config --json --show-secrets --stack dev"] = `{"app-to-app:key":{"value":"` + secret + `","secret":true}}`
	h.stack["stack export --show-secrets --stack bad"] = `{"deployment":{"resources":["` + secret + `"]}}`
	h.stack["config --json --show-secrets --stack bad"] = h.stack["config --json --show-secrets --stack dev"]
	h.stack["stack init dev"] = ""
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"secrets_providers":{"type":"passphrase"}}}`
	for _, tt := range []struct {
		name, args string
		code       int
		text       string
	}{
		{"no commit", "redact -stack dev -out " + file, exitUsage, "expected -stack, -commit and -out"},
		{"no file", "stage -stack dev", exitUsage, "expected -stack and -from"},
		{"a secret in plain text", "redact -stack bad -commit abc -out " + file, exitFailed, "nothing was written"},
		{"so there is no copy", "stage -stack dev -from " + file, exitFailed, "no such file"},
		{"a copy", "redact -stack dev -commit abc -out " + file, exitSame, ""},
		{"of another stack", "stage -stack prod -from " + file, exitFailed, `expected stack "prod", got "dev"`},
		{"the state is imported", "stage -stack dev -from " + file, exitFailed, "pulumi stack import --stack dev --file "},
	} {
		if code := h.run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.text) {
			t.Errorf("%s: got exit code %d and:\n%s%s\nwant %d and %q", tt.name, code, &h.stdout, &h.stderr, tt.code, tt.text)
		}
		if strings.Contains(h.stdout.String()+h.stderr.String(), secret) {
			t.Errorf("%s: expected no secret in the output, got it", tt.name)
		}
	}
	copied, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(copied), secret) || !strings.Contains(string(copied), "placeholder-1") {
		t.Errorf("got %v and:\n%s\nwant a placeholder", err, copied)
	}
	delete(h.stack, "stack init dev")
	if code := h.run("stage", "-stack", "dev", "-from", file); code != exitFailed || !strings.Contains(h.stderr.String(), "hint: use an empty backend") {
		t.Errorf("got exit code %d and:\n%s", code, &h.stderr)
	}
}
