// Package e2e runs the whole program on the real Pulumi engine in a sandbox:
// deployments, what the deployed apps do, what the team's commands say of them,
// and what a destroy leaves. It has tests only; `go test -short` skips them.
package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// long runs the stories that CI leaves out: what they show of the program is shown
// in parts by tests that CI runs, and they take a third of its time.
var long = flag.Bool("long", false, "run the long stories too: another team's API, an update from before the marks, a move between all kinds of identity under load, the cost of many clients")

// skipUnlessLong skips a long story.
func skipUnlessLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("takes -long")
	}
	t.Parallel()
}

// built is the folder of the commands that the tests share.
var built string

// TestMain runs the tests in the repository's folder, where the program is.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		err := os.Chdir("..")
		if err == nil {
			built, err = os.MkdirTemp("", "e2e-")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		return m.Run()
	}())
}

// buildTenant builds cmd/tenant once for all tests: `go run` would hide its
// exit codes.
func buildTenant(t testing.TB) (path string) {
	t.Helper()
	path, err := tenant()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var tenant = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "tenant")
	if out, err := exec.Command("go", "build", "-o", path, "./cmd/tenant").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/tenant: %w\n%s", err, out)
	}
	return path, nil
})
