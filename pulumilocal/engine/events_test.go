package engine_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"app-to-app/pulumilocal/engine"
)

// TestRunTellsHowFarItIs has a pulumi that writes an event log, with lines in two
// parts and events that are no change.
func TestRunTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bin", "pulumi"), `#!/bin/sh
while test $# -gt 0; do
	if test "$1" = --event-log; then log=$2; fi
	shift
done
event() { printf '{"%s":{"metadata":{"op":"%s","urn":"urn:pulumi:dev::orders::type::%s"}}}\n' "$1" "$2" "$3" >>"$log"; }
event resourcePreEvent same stack
event resOutputsEvent same stack
event resourcePreEvent create first
event resOutputsEvent create first
event resourcePreEvent read tenant
event resOutputsEvent read tenant
event resourcePreEvent create second
event resOutputsEvent create second
event resOutputsEvent create second
printf '{"resOutputsEvent":{"metadata":{"op":"create","urn":"urn:pulumi:dev::orders::pulumi:providers:azuread::default"}}}\n' >>"$log"
printf '{"resourcePreEvent":{"metadata":' >>"$log"
printf '{"op":"create","urn":"urn:pulumi:dev::orders::type::third"}}}\n' >>"$log"
echo '{"summaryEvent":{"resourceChanges":{"create":2,"same":1}}}' >>"$log"
`)
	if err := os.Chmod(filepath.Join(dir, "bin", "pulumi"), 0o700); err != nil {
		t.Fatal(err)
	}
	type far struct {
		done int
		name string
	}
	var told []far
	p := engine.Project{Dir: dir, Environ: append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH")),
		Watch: func(done int, name string) { told = append(told, far{done, name}) }}
	outcome, err := p.Run(t.Context(), io.Discard, "dev", "up")
	if err != nil {
		t.Fatal(err)
	}
	if want := (far{2, "third"}); len(told) == 0 || told[len(told)-1] != want {
		t.Errorf("got %v, want %v last", told, want)
	}
	if !slices.IsSortedFunc(told, func(a, b far) int { return a.done - b.done }) {
		t.Errorf("got %v, want counts that grow", told)
	}
	if outcome.Changes["create"] != 2 || outcome.Changed() != 2 {
		t.Errorf("got %v, want 2 created", outcome.Changes)
	}
}
