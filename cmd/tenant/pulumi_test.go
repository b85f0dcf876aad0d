package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunPulumi runs a program of that name from PATH.
func TestRunPulumi(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\necho \"$*\"\nif [ \"$1\" = fail ]; then echo 'error: no stack named' >&2; exit 255; fi\n"
	if err := os.WriteFile(filepath.Join(folder, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	if out, err := runPulumi(t.Context(), "stack", "output"); err != nil || string(out) != "stack output --non-interactive\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := runPulumi(t.Context(), "fail"); err == nil || !strings.Contains(err.Error(), "pulumi fail: exit status 255: error: no stack named") {
		t.Errorf("got %v, want the CLI's own words", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := runPulumi(t.Context(), "stack"); err == nil || !strings.Contains(err.Error(), "executable file not found") {
		t.Errorf("got %v", err)
	}
}
