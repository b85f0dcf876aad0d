// Package sandboxtest starts a sandbox for one Go test. The test fails when it
// sends a request that the sandbox does not emulate, gets an answer that differs
// from Microsoft's types, or leaves a queued fault unused.
package sandboxtest

import (
	"context"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/sandbox/contract"
)

// Options of a test's sandbox. The zero value is strict.
type Options struct {
	sandbox.Options
	// Unemulated allows requests that the sandbox does not emulate.
	Unemulated bool
}

// Start runs a sandbox in a temporary directory until the test ends.
func Start(t testing.TB, o Options) *sandbox.Sandbox {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Output == nil {
		o.Output = t.Output()
	}
	if o.NewKey == nil {
		o.NewKey = sharedKeys()
	}
	if o.Answered == nil {
		o.Answered = contract.Watch(t)
	}
	s, err := sandbox.Start(context.Background(), o.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !o.Unemulated {
			for _, entry := range s.Unemulated() {
				t.Errorf("unemulated %s of %s %s (%s)", entry.Unemulated, entry.Method, entry.URL, entry.Service)
			}
		}
		for pattern, n := range s.Weather().Unused() {
			t.Errorf("%d faults queued for %q were never met", n, pattern)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
