// The layout command places the boxes and arrows of a graph: it reads the graph
// in DOT from standard input and writes Graphviz's JSON, with the positions, to
// standard output. tools/pictures runs it and draws.
//
// It is a module of its own so that Graphviz, compiled to WebAssembly, stays out
// of the program's go.mod.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-graphviz"
)

// positions is the format that has positions and no drawing instructions
// (https://graphviz.org/docs/outputs/json/).
const positions graphviz.Format = "json0"

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "layout: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	dot, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	graph, err := graphviz.ParseBytes(dot)
	if err != nil {
		return fmt.Errorf("expected a graph in DOT on standard input: %w", err)
	}
	engine, err := graphviz.New(ctx)
	if err != nil {
		return fmt.Errorf("start Graphviz: %w", err)
	}
	buffered := bufio.NewWriter(out)
	if err := engine.Render(ctx, graph, positions, buffered); err != nil {
		return fmt.Errorf("place the boxes: %w", err)
	}
	return buffered.Flush()
}
