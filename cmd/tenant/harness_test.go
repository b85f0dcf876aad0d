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

// A harness runs the command in a sandbox.
type harness struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	environ map[string]string
	stack   map[string]string // what the Pulumi CLI says, by its arguments

	clock func() time.Time // nil is the machine's

	stdin          string
	stdout, stderr bytes.Buffer
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{t: t, sandbox: sandboxtest.Start(t, sandboxtest.Options{}), environ: make(map[string]string), stack: make(map[string]string)}
	for _, pair := range h.sandbox.Environ(h.sandbox.Tenants()[0]) {
		name, value, _ := strings.Cut(pair, "=")
		h.environ[name] = value
	}
	return h
}

// run runs the command and returns its exit code.
func (h *harness) run(args ...string) int {
	h.t.Helper()
	h.stdout.Reset()
	h.stderr.Reset()
	code := h.command().run(h.t.Context(), verbs, args)
	printed := h.stdout.String() + h.stderr.String()
	if secret := h.environ["ARM_CLIENT_SECRET"]; strings.Contains(printed, "eyJ") || secret != "" && strings.Contains(printed, secret) {
		h.t.Errorf("expected no secret in the output of %q, got:\n%s", args, printed)
	}
	return code
}

// command is the command as it runs in the sandbox.
func (h *harness) command() command {
	clock := h.clock
	if clock == nil {
		clock = time.Now
	}
	return command{
		getenv: func(name string) string { return h.environ[name] },
		http:   h.sandbox.HTTPClient(),
		stdin:  strings.NewReader(h.stdin), stdout: &h.stdout, stderr: &h.stderr,
		now:   clock,
		sleep: func(context.Context, time.Duration) error { return nil },
		pulumi: func(_ context.Context, args ...string) ([]byte, error) {
			output, ok := h.stack[strings.Join(args, " ")]
			if !ok {
				return nil, fmt.Errorf("pulumi %s: no such stack", strings.Join(args, " "))
			}
			return []byte(output), nil
		},
	}
}
