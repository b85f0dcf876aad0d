package executable_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
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

// TestWatchedBuild compiles two packages of its own, which no cache has.
func TestWatchedBuild(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	for name, text := range map[string]string{
		"go.mod":          "module watched\n\ngo 1.26\n",
		"main.go":         "package main\n\nimport \"watched/inner\"\n\nfunc main() { println(inner.Of(\"" + dir + "\")) }\n",
		"inner/inner.go":  "package inner\n\nfunc Of(s string) string { return s + \"" + dir + "\" }\n",
		"broken/main.go":  "package main\n\nfunc main() { undefined() }\n",
		"missing/main.go": "package main\n\nimport \"watched/nowhere\"\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var counts []int
	packages := 0
	watch := func(c, p int) { counts, packages = append(counts, c), p }
	target := filepath.Join(dir, "built")
	if err := executable.Watch(t.Context(), dir, target, watch, "."); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(target); err != nil || packages < 3 || !slices.Equal(counts, []int{0, 1, 2, packages}) {
		t.Errorf("got %v of %d packages, %v; want 0, 1, 2 and all", counts, packages, err)
	}
	counts = nil
	if err := executable.Watch(t.Context(), dir, target, watch, "."); err != nil || !slices.Equal(counts, []int{0, packages}) {
		t.Errorf("an unchanged program: got %v, %v; want none and all", counts, err)
	}
	for name, want := range map[string]string{"./broken": "undefined: undefined", "./missing": "watched/nowhere"} {
		if err := executable.Watch(t.Context(), dir, target, watch, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
}
