package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file compares the pictures with the graph of today. TestGraph, in the root
// of the repository, keeps the graph's golden up to date.

// root is the repository.
const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func keptLayouts(t *testing.T) map[string]layout {
	t.Helper()
	var layouts map[string]layout
	if err := json.Unmarshal([]byte(read(t, layoutsFile)), &layouts); err != nil {
		t.Fatalf("%s: %v", layoutsFile, err)
	}
	return layouts
}

func TestPicturesAreOfTheGraph(t *testing.T) {
	t.Parallel()
	for _, problem := range stale(read(t, graphFile), keptLayouts(t), keptPictures(t)) {
		t.Error(problem)
	}
}

// stale says which pictures are not of the graph.
func stale(golden string, layouts map[string]layout, kept map[string]string) (problems []string) {
	g, err := readGraph(golden)
	if err != nil {
		return []string{err.Error()}
	}
	for _, difference := range differences(g, kept[variants[0].name]) {
		problems = append(problems, fmt.Sprintf("%s: %s; %s", variants[0].name, difference, fix))
	}
	drawn, err := draw(g, layouts)
	if err != nil {
		return append(problems, err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(drawn)) {
		if kept[name] == drawn[name] {
			continue
		}
		why := "drawn otherwise or changed by hand"
		if !strings.Contains(kept[name], "sha256:"+g.hash) {
			why = "made from another graph than " + graphFile
		}
		problems = append(problems, fmt.Sprintf("%s: %s; %s", name, why, fix))
	}
	return problems
}

var drawnResource = regexp.MustCompile(`data-resource="([^"]+)"`)

// differences names the resources that only the graph or only the picture has.
func differences(g graph, content string) (found []string) {
	var drawn, registered []string
	for _, match := range drawnResource.FindAllStringSubmatch(content, -1) {
		drawn = append(drawn, match[1])
	}
	for _, c := range g.cards {
		for _, r := range c.rows {
			registered = append(registered, r.key())
			if !slices.Contains(drawn, r.key()) {
				found = append(found, "lacks "+r.key())
			}
		}
	}
	for _, key := range drawn {
		if !slices.Contains(registered, key) {
			found = append(found, "still has "+key)
		}
	}
	return found
}

// TestStale changes the graph or a picture, and expects to be told.
func TestStale(t *testing.T) {
	t.Parallel()
	golden, layouts := read(t, graphFile), keptLayouts(t)
	const queue = "azure-native:storage:Queue orders-api-later\n  parent app-to-app:components:FunctionApp::orders-api\n  dependsOn azure-native:storage:StorageAccount::ordersapi (accountName)\n"
	const ftp = "azure-native:web/v20240401:WebAppFtpAllowed orders-api-ftp"
	for _, tt := range []struct {
		name, old, new string // in the graph
		picture        func(string) string
		want           []string
	}{
		{name: "as it is"},
		{name: "a resource more", old: ftp, new: queue + "\n" + ftp,
			want: []string{"lacks azure-native:storage:Queue::orders-api-later", "layouts.json: the layout of resources.svg is of another graph"}},
		{name: "a resource with another name", old: "DiagnosticSetting orders-api-logs", new: "DiagnosticSetting orders-api-log",
			want: []string{"lacks azure-native:insights:DiagnosticSetting::orders-api-log;", "still has azure-native:insights:DiagnosticSetting::orders-api-logs;"}},
		{name: "a setting that the picture shows", old: "api/orders\"", new: "api/v2/orders\"",
			want: []string{"access.svg: made from another graph"}},
		{name: "a setting that it does not show", old: "inputs.location \"westeurope\"", new: "inputs.location \"northeurope\"",
			want: []string{"access.svg: made from another graph", "resources.svg: made from another graph", "resources-narrow.svg: made from another graph"}},
		{name: "a picture changed by hand", picture: func(content string) string { return strings.Replace(content, "Orders.Read", "Orders.Write", 1) },
			want: []string{"access.svg: drawn otherwise or changed by hand", "resources.svg: drawn otherwise or changed by hand"}},
		{name: "pictures that are not there", picture: func(string) string { return "" },
			want: []string{"access.svg: made from another graph"}},
		{name: "no graph", old: "azure-native", new: "azure native",
			want: []string{"testdata/graph-dev.golden: expected the type and the name of a resource"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed, kept := strings.ReplaceAll(golden, tt.old, tt.new), keptPictures(t)
			if tt.old == "" {
				changed = golden
			} else if changed == golden {
				t.Fatalf("expected %q in the graph", tt.old)
			}
			for name, content := range kept {
				if tt.picture != nil {
					kept[name] = tt.picture(content)
				}
			}
			got := strings.Join(stale(changed, layouts, kept), "\n")
			if len(tt.want) == 0 && got != "" {
				t.Errorf("got %s", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) || !strings.Contains(got, fix) && tt.name != "no graph" {
					t.Errorf("got\n%s\nwant %q in it, and %q", got, want, fix)
				}
			}
		})
	}
}

var graphviz = flag.Bool("graphviz", false, "place the boxes again with Graphviz, and compare")

// TestGraphviz runs the command. Graphviz takes half a minute to build, so it needs
// a flag.
func TestGraphviz(t *testing.T) {
	t.Parallel()
	if !*graphviz {
		t.Skip("builds Graphviz; run with -graphviz")
	}
	out := t.TempDir()
	if err := run(root, out); err != nil {
		t.Fatal(err)
	}
	names := []string{layoutsFile}
	for name := range keptPictures(t) {
		names = append(names, picturesPath+"/"+name)
	}
	for _, name := range names {
		made, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || string(made) != read(t, name) {
			t.Errorf("%s: got another one, %v; %s", name, err, fix)
		}
	}
	if _, err := place(filepath.Join(root, "tools/layout"), "digraph {"); err == nil || !strings.Contains(err.Error(), "expected a graph in DOT on standard input") {
		t.Errorf("half a graph: got %v", err)
	}
}

// TestPages: the pages show the pictures, with the story in words.
func TestPages(t *testing.T) {
	t.Parallel()
	g, err := readGraph(read(t, graphFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ page, want string }{
		{"README.md", `<img src="docs/pictures/access.svg" width="720" alt="` + g.story.alternative() + `">`},
		{"docs/architecture.md", `<source media="(max-width: 600px)" srcset="pictures/resources-narrow.svg">`},
		{"docs/architecture.md", `<img src="pictures/resources.svg" alt="` + resourcesTitle},
	} {
		if !strings.Contains(read(t, tt.page), tt.want) {
			t.Errorf("%s: expected %s", tt.page, tt.want)
		}
	}
}
