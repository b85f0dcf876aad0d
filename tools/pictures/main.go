// The pictures command draws the pictures of README.md and docs/architecture.md from
// the resources that the program registers for the stack dev, as the golden of the
// test TestGraph has them. Run it in the root of the repository:
//
//	go run ./tools/pictures
//
// It draws itself, with the standard library; the boxes of the picture of all
// resources are placed by Graphviz, in tools/layout. The places are kept in
// layouts.json, so that the test can draw again and compare.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const (
	graphFile    = "testdata/graph-dev.golden"
	layoutsFile  = "tools/pictures/layouts.json"
	picturesPath = "docs/pictures"
	stack        = "dev"
	fix          = "fix: go run ./tools/pictures"
)

func main() {
	if err := run(".", "."); err != nil {
		fmt.Fprintf(os.Stderr, "pictures: error: %v\n", err)
		os.Exit(1)
	}
}

// run draws the pictures of the repository at root, and writes them to the same
// places below out.
func run(root, out string) error {
	golden, err := os.ReadFile(filepath.Join(root, graphFile))
	if err != nil {
		return fmt.Errorf("%w; run this in the root of the repository", err)
	}
	graph, err := readGraph(string(golden))
	if err != nil {
		return err
	}
	layouts := make(map[string]layout)
	for _, v := range variants {
		if layouts[v.name], err = place(filepath.Join(root, "tools/layout"), dotOf(graph.cards, v.narrow)); err != nil {
			return err
		}
	}
	drawn, err := draw(graph, layouts)
	if err != nil {
		return err
	}
	kept, err := json.MarshalIndent(layouts, "", " ")
	if err != nil {
		return err
	}
	files := map[string]string{layoutsFile: string(kept) + "\n"}
	for name, content := range drawn {
		files[picturesPath+"/"+name] = content
	}
	for name, content := range files {
		name = filepath.Join(out, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// variants are the pictures of all resources.
var variants = []struct {
	name   string
	narrow bool
}{
	{"resources.svg", false},
	{"resources-narrow.svg", true},
}

// A graph is what the pictures are made from.
type graph struct {
	hash  string // of the golden
	story story
	cards []*card
}

func readGraph(golden string) (graph, error) {
	resources, err := parseGraph(golden)
	if err != nil {
		return graph{}, fmt.Errorf("%s: %w", graphFile, err)
	}
	cards, err := cardsOf(resources)
	if err != nil {
		return graph{}, fmt.Errorf("%s: %w", graphFile, err)
	}
	s, err := storyOf(resources)
	if err != nil {
		return graph{}, fmt.Errorf("%s: %w", graphFile, err)
	}
	hash := sha256.Sum256([]byte(golden))
	return graph{hex.EncodeToString(hash[:]), s, cards}, nil
}

// draw is the content of each picture, by file name. It needs the layout of each
// variant.
func draw(g graph, layouts map[string]layout) (map[string]string, error) {
	drawn := map[string]string{"access.svg": drawAccess(g.story).document(g.hash)}
	for _, v := range variants {
		l := layouts[v.name]
		if l.Graph != dotOf(g.cards, v.narrow) {
			return nil, fmt.Errorf("%s: the layout of %s is of another graph; %s", layoutsFile, v.name, fix)
		}
		p, err := drawResources(g.cards, l)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w; %s", layoutsFile, v.name, err, fix)
		}
		drawn[v.name] = p.document(g.hash)
	}
	return drawn, nil
}
