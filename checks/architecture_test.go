package checks_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// This file compares the picture in docs/architecture.md with `go list`: which
// room of the repository imports which, without tests.

var update = flag.Bool("update", false, "rewrite the picture in docs/architecture.md")

const (
	architecturePage = "docs/architecture.md"
	pictureStart     = "```mermaid\nflowchart TD\n"
	pictureEnd       = "```\n"
)

// wholeRooms are trees that count as one room each; every other package is a
// room of its own.
var wholeRooms = []string{"components", "settings", "tenant", "sandbox", "cmd/publish", "pulumilocal/provider"}

// roomOf is the room of a package, "" for a package that only tests use.
func roomOf(path string) string {
	name, ok := strings.CutPrefix(path, "app-to-app/")
	switch {
	case path == "app-to-app":
		return "main"
	case !ok || strings.Contains(name, "/testdata/") || strings.HasSuffix(name, "test") || strings.Contains(name, "test/"):
		return ""
	}
	for _, room := range wholeRooms {
		if inTree(name, room+"/...") {
			return room
		}
	}
	name = strings.TrimPrefix(name, "functions/internal/")
	return strings.TrimPrefix(name, "functions/")
}

// picture is the body of the mermaid chart: one arrow per line, sorted.
func picture(packages []listed) string {
	var arrows []string
	for _, p := range packages {
		from := roomOf(p.ImportPath)
		for _, imported := range p.Imports {
			to := roomOf(imported)
			if from == "" || to == "" || from == to {
				continue
			}
			if arrow := fmt.Sprintf("    %s --> %s\n", from, to); !slices.Contains(arrows, arrow) {
				arrows = append(arrows, arrow)
			}
		}
	}
	slices.Sort(arrows)
	return strings.Join(arrows, "")
}

func TestArchitecturePicture(t *testing.T) {
	t.Parallel()
	want := picture(listPackages(t))
	content, err := os.ReadFile(architecturePage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), pictureStart)
	got, after, closed := strings.Cut(rest, pictureEnd)
	if !ok || !closed {
		t.Fatalf("%s: expected a picture that starts with %q", architecturePage, pictureStart)
	}
	if got == want {
		return
	}
	if *update {
		if err := os.WriteFile(architecturePage, []byte(before+pictureStart+want+pictureEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: the picture differs from the imports; fix: go test ./checks -run TestArchitecturePicture -update\ngot:\n%swant:\n%s", architecturePage, got, want)
}

func TestPicture(t *testing.T) {
	t.Parallel()
	got := picture([]listed{
		{ImportPath: "app-to-app", Imports: []string{"fmt", "app-to-app/components", "example.com/m"}},
		{ImportPath: "app-to-app/components"},
		{ImportPath: "app-to-app/functions/orders-api", Imports: []string{"app-to-app/functions/internal/orders", "app-to-app/functions/internal/orders/orderstest"}},
		{ImportPath: "app-to-app/sandbox", Imports: []string{"app-to-app/sandbox/store"}},
	})
	if want := "    main --> components\n    orders-api --> orders\n"; got != want {
		t.Errorf("got %q, want %q: imports between rooms alone", got, want)
	}
}
