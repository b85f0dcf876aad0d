// Package checks guards the repository itself: which package may import which,
// the state of the files, and what the GitHub workflows may do. It has tests
// only.
package checks_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests in the repository's folder, which is what they check.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
