package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPlanAndApply has a CLI whose plan is a fixed text, and whose state moves.
func TestPlanAndApply(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	folder := filepath.Join(t.TempDir(), "plan")
	file := filepath.Join(t.TempDir(), "preview.json")
	state, applied := "one", 0
	c := h.command()
	c.pulumi = func(_ context.Context, args ...string) ([]byte, error) {
		switch {
		case args[0] == "stack":
			return []byte(state), nil
		case args[0] == "preview" && args[len(args)-1] == "broken":
			return []byte(`{"diagnostics":[{"severity":"error","message":"no such client"}]}`), errors.New("pulumi preview: exit status 1")
		case args[0] == "preview":
			return []byte("the preview"), os.WriteFile(args[slices.Index(args, "--save-plan")+1], []byte("the plan"), 0o600)
		case args[0] == "up" && slices.Contains(args, filepath.Join(folder, "plan.json")):
			applied++
			return []byte("updated\n"), nil
		}
		return nil, errors.New("unexpected")
	}
	says := func(args string, code int, text string) {
		t.Helper()
		h.stdout.Reset()
		h.stderr.Reset()
		if got := c.run(t.Context(), verbs, strings.Fields(args)); got != code || !strings.Contains(h.stdout.String()+h.stderr.String(), text) {
			t.Errorf("tenant %s: got exit code %d and:\n%s%s\nwant %d and %q", args, got, &h.stdout, &h.stderr, code, text)
		}
	}
	says("plan -stack prod -out "+folder, exitUsage, "expected -stack, -commit and -out")
	says("apply -stack prod -commit abc", exitUsage, "expected -stack, -commit and -plan")
	says("apply -stack prod -commit abc -plan "+folder, exitFailed, "read the plan: ")
	says("plan -stack broken -commit abc -out "+folder, exitFailed, "no such client")
	says("plan -stack prod -commit abc -out "+folder+" -preview "+file, exitSame, "")
	if preview, err := os.ReadFile(file); err != nil || string(preview) != "the preview" {
		t.Errorf("got %q, %v", preview, err)
	}
	says("apply -stack prod -commit abd -plan "+folder, exitFailed, `expected commit "abc", got "abd"`)
	state = "two"
	says("apply -stack prod -commit abc -plan "+folder, exitFailed, "which has changed since")
	if applied != 0 {
		t.Errorf("got %d updates, want none", applied)
	}
	state = "one"
	says("apply -stack prod -commit abc -plan "+folder, exitSame, "updated")
	if applied != 1 {
		t.Errorf("got %d updates, want one", applied)
	}
	if err := os.WriteFile(filepath.Join(folder, "plan.json"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	says("apply -stack prod -commit abc -plan "+folder, exitFailed, "expected the plan that was recorded, got another one")
}
