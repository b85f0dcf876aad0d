package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// A world is a sandbox, and the command as it runs in it.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	environ map[string]string
	stack   map[string]string // what the Pulumi CLI says, by its arguments

	stdin          string
	stdout, stderr bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, sandbox: sandboxtest.Start(t, sandboxtest.Options{}), environ: make(map[string]string), stack: make(map[string]string)}
	for _, pair := range w.sandbox.Environ(w.sandbox.Tenants()[0]) {
		name, value, _ := strings.Cut(pair, "=")
		w.environ[name] = value
	}
	return w
}

// run runs the command and returns its exit code.
func (w *world) run(args ...string) int {
	w.t.Helper()
	w.stdout.Reset()
	w.stderr.Reset()
	code := w.machine().run(w.t.Context(), verbs, args)
	printed := w.stdout.String() + w.stderr.String()
	if secret := w.environ["ARM_CLIENT_SECRET"]; strings.Contains(printed, "eyJ") || secret != "" && strings.Contains(printed, secret) {
		w.t.Errorf("expected no secret in the output of %q, got:\n%s", args, printed)
	}
	return code
}

// machine is the command as it runs in the sandbox.
func (w *world) machine() machine {
	return machine{
		getenv: func(name string) string { return w.environ[name] },
		http:   w.sandbox.HTTPClient(),
		stdin:  strings.NewReader(w.stdin), stdout: &w.stdout, stderr: &w.stderr,
		now:   time.Now,
		sleep: func(context.Context, time.Duration) error { return nil },
		pulumi: func(_ context.Context, args ...string) ([]byte, error) {
			answer, ok := w.stack[strings.Join(args, " ")]
			if !ok {
				return nil, fmt.Errorf("pulumi %s: no such stack", strings.Join(args, " "))
			}
			return []byte(answer), nil
		},
	}
}
