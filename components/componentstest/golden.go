package componentstest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// CompareGolden compares a text with a golden file, and rewrites the file first
// if asked to. The error shows the first lines that differ, not all of both.
func CompareGolden(t testing.TB, path, got string, rewrite bool) {
	t.Helper()
	if rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if problem := difference(string(want), got); problem != "" {
		t.Errorf("%s: %s", path, problem)
	}
}

// shown is how many lines of each text a difference shows.
const shown = 6

// difference shows where two texts begin to differ, and the last line before
// that which is not indented; "" if they are the same.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	first, heading := 0, ""
	for ; first < min(len(a), len(b)) && a[first] == b[first]; first++ {
		if a[first] != "" && !strings.HasPrefix(a[first], " ") {
			heading = a[first]
		}
	}
	// The end that both have in common is not part of the difference.
	last := 0
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	var text strings.Builder
	fmt.Fprintf(&text, "differs from line %d", first+1)
	if heading != "" {
		fmt.Fprintf(&text, ", in %s", heading)
	}
	for _, side := range []struct {
		sign  string
		lines []string
	}{{"-", a[first : len(a)-last]}, {"+", b[first : len(b)-last]}} {
		for _, line := range side.lines[:min(shown, len(side.lines))] {
			fmt.Fprintf(&text, "\n%s %s", side.sign, line)
		}
		if more := len(side.lines) - shown; more > 0 {
			fmt.Fprintf(&text, "\n%s ... %d more lines", side.sign, more)
		}
	}
	return text.String()
}
