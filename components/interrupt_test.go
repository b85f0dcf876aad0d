package components_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"app-to-app/components"
)

// TestInterruptedBuild has a `go build` that, as the real one, tidies up when it is
// interrupted. It cannot run beside others.
func TestInterruptedBuild(t *testing.T) {
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	started, tidied := filepath.Join(dir, "started"), filepath.Join(dir, "tidied")
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\nif test $1 != build; then exec "+real+" \"$@\"; fi\n"+
		"trap 'kill $compiler; touch "+tidied+"; exit 1' INT\nsleep 600 &\ncompiler=$!\necho started >"+started+"\nwait\n")
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	root := newProject(t, nil)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("Ctrl-C")
	go func() {
		_, _ = os.ReadFile(started) // waits until the build writes; BuildPackages reports what went wrong
		cancel(reason)
	}()
	_, err = components.BuildPackages(ctx, root, components.AzurePlatform, "app")
	if !errors.Is(err, reason) || !strings.Contains(err.Error(), "go build: interrupted") || strings.Contains(err.Error(), "signal") {
		t.Errorf("got %v, want interrupted: %v", err, reason)
	}
	if _, err := os.Stat(tidied); err != nil {
		t.Errorf("expected the go command to be interrupted and to tidy up: %v", err)
	}
}
