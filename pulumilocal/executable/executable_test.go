package executable_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"app-to-app/pulumilocal/executable"
)

// TestInterruptedBuild has a go command that, as the real one, tidies up when it is
// interrupted, after its compiler has ended.
func TestInterruptedBuild(t *testing.T) {
	dir := t.TempDir()
	started, tidied := filepath.Join(dir, "started"), filepath.Join(dir, "tidied")
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ntrap 'touch " + tidied + "; exit 1' INT\nsh -c 'echo started >" + started + "; exec sleep 600'\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("Ctrl-C")
	go func() {
		_, _ = os.ReadFile(started) // waits until the build writes; Build reports what went wrong
		cancel(reason)
	}()
	err := executable.Build(ctx, dir, filepath.Join(dir, "built"))
	if !errors.Is(err, reason) || !strings.Contains(err.Error(), "interrupted") || strings.Contains(err.Error(), "signal") {
		t.Errorf("got %v, want interrupted: %v", err, reason)
	}
	if _, err := os.Stat(tidied); err != nil {
		t.Errorf("expected the go command to be interrupted and to tidy up: %v", err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "folder", "program")
	var log bytes.Buffer
	unlock, err := executable.Lock(t.Context(), target, &log)
	if err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 {
		t.Errorf("a free lock: got %q, want nothing", &log)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("Ctrl-C")
	// Ctrl-C comes when the waiting process has said that it waits.
	_, err = executable.Lock(ctx, target, writerFunc(func(p []byte) { log.Write(p); cancel(reason) }))
	if !errors.Is(err, reason) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v, want interrupted: %v", err, reason)
	}
	if got, want := log.String(), "waiting for another process to build program\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := executable.Lock(ctx, target, nil); !errors.Is(err, reason) {
		t.Errorf("without a log: got %v, want interrupted: %v", err, reason)
	}
	next, err := executable.Lock(t.Context(), target, writerFunc(func([]byte) { unlock() }))
	if err != nil {
		t.Fatalf("expected the lock once it is free, got %v", err)
	}
	next()
}

type writerFunc func(p []byte)

func (write writerFunc) Write(p []byte) (int, error) {
	write(p)
	return len(p), nil
}
