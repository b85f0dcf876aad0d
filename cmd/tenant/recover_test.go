package main

import (
	"strings"
	"testing"
)

// TestRecoverVerb has a stack with nothing to recover: that is clean only if the
// next update could be previewed.
func TestRecoverVerb(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.stack["whoami --json"] = `{"url":"azblob://state"}`
	h.stack["stack export --stack dev"] = `{"version":3,"deployment":{"resources":[]}}`
	h.stack["preview --json --stack dev"] = `{"steps":[{"op":"same","urn":"urn:pulumi:dev::app-to-app::pulumi:pulumi:Stack::app-to-app-dev"}]}`
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"recover", exitUsage, "expected -stack"},
		{"recover -stack organization/dev", exitUsage, `expected the bare name of a stack, got "organization/dev"`},
		{"recover -stack dev", exitSame, "nothing to recover\neverything that carries the stack's mark is in its state\n"},
		{"recover -stack dev -json", exitSame, `"done": []`},
		{"recover -stack prod", exitFailed, "pulumi stack export --stack prod: no such stack"},
	} {
		if code := h.run(strings.Fields(tt.args)...); code != tt.code || !strings.Contains(h.stdout.String()+h.stderr.String(), tt.want) {
			t.Errorf("%s: got exit code %d and:\n%s%s\nwant %d and %q", tt.args, code, &h.stdout, &h.stderr, tt.code, tt.want)
		}
	}
	delete(h.stack, "preview --json --stack dev")
	for args, want := range map[string]string{
		"recover -stack dev":       "was not looked for, because the next update cannot be previewed: pulumi preview --json --stack dev: no such stack",
		"recover -stack dev -json": `"unasked": "pulumi preview`,
	} {
		if code := h.run(strings.Fields(args)...); code != exitDiffers || !strings.Contains(h.stdout.String(), want) {
			t.Errorf("%s, without a preview: got exit code %d and:\n%s%s\nwant %d and %q", args, code, &h.stdout, &h.stderr, exitDiffers, want)
		}
		if strings.Contains(h.stdout.String(), "nothing to recover") {
			t.Errorf("%s, without a preview: got %q, want no word about what was not looked for", args, &h.stdout)
		}
	}
}
