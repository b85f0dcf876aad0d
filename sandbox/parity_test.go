package sandbox_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/sandboxtest"
)

var update = flag.Bool("update", false, "rewrite docs/parity.md")

// TestParityTable compares docs/parity.md with the routes tables, and expects a
// page and a date for every route.
func TestParityTable(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	for service, routes := range s.Routes() {
		for _, r := range routes {
			if !strings.HasPrefix(r.Doc, "https://") {
				t.Errorf("%s %q: expected the Microsoft page that it follows, got %q", service, r.Pattern, r.Doc)
			}
			if _, err := time.Parse(time.DateOnly, r.Checked); err != nil {
				t.Errorf("%s %q: expected the date of the last comparison, got %q", service, r.Pattern, r.Checked)
			}
		}
	}
	got := parityTable(s.Routes())
	path := filepath.Join("..", "docs", "parity.md")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("docs/parity.md differs from the routes tables (%v); fix: go test ./sandbox -run TestParityTable -update", err)
	}
}

func parityTable(services map[string][]route.Route) string {
	var text strings.Builder
	text.WriteString("# What the sandbox answers\n\nGenerated from the routes tables by `go test ./sandbox -run TestParityTable -update`. Anything else is answered with 501, recorded, and fails the run that asked. The witness is the test of the service's folder (appservice for functions, identity and scm) that fails when the answer is wrong; `go test ./sandbox -run TestEveryRouteHasAWitness` breaks each route to show that it does.\n\nEvery answer of Graph, of Azure Resource Manager and of Key Vault in a test is compared with the types that Microsoft publishes on npm: an unknown member, a value of another type, or a missing member that the service always sends fails the test (`sandbox/contract`). There are no such types of Entra's token answers, of blobs, and of what a function app answers.\n")
	for _, service := range slices.Sorted(maps.Keys(services)) {
		fmt.Fprintf(&text, "\n## %s\n\n| request | permission of the caller | follows | compared | witness |\n|---|---|---|---|---|\n", service)
		routes := slices.SortedFunc(slices.Values(services[service]), func(a, b route.Route) int { return strings.Compare(a.Pattern, b.Pattern) })
		for _, r := range routes {
			permission := strings.Join(r.Permission, " or ")
			if permission == "" {
				permission = "none"
			}
			fmt.Fprintf(&text, "| `%s` | %s | [page](%s) | %s | %s |\n", r.Pattern, permission, r.Doc, r.Checked, r.Witness)
		}
	}
	return text.String()
}

// TestRoutesTablesAreReadable keeps the tables narrow enough to read without
// scrolling.
func TestRoutesTablesAreReadable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/routes*.go")
	if err != nil || len(files) < len(folders) {
		t.Fatalf("got routes tables %q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(content), "\n") {
			if !strings.HasSuffix(file, "_test.go") && len(line) > 140 {
				t.Errorf("%s:%d: expected at most 140 columns, got %d; wrap the route", file, i+1, len(line))
			}
		}
	}
}
