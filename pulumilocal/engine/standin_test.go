package engine_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"app-to-app/pulumilocal/engine"
)

// TestFirstBuildIsAnnounced has a go command that builds at once. It sets the
// environment, so it cannot run beside others.
func TestFirstBuildIsAnnounced(t *testing.T) {
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\nif test $1 != build; then exec "+real+" \"$@\"; fi\necho built >$3\n")
	if err := os.Chmod(filepath.Join(dir, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("XDG_CACHE_HOME", dir)
	for _, step := range []struct{ name, want string }{
		{"first", "building the Pulumi stand-in, once for this checkout (about four minutes on two cores)\n"},
		{"again", ""},
	} {
		var log bytes.Buffer
		path, err := engine.BuildStandIn(t.Context(), ".", &log)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: expected a stand-in: %v", step.name, err)
		}
		if got := log.String(); got != step.want {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
	}
}
