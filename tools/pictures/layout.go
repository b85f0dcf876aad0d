package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// A layout is where the boxes and arrows of a graph are. It is kept in a file
// with the graph that it belongs to, so that the test can draw again without
// Graphviz. Points are 1/72 inch in the graph and pixels in the picture, and both
// have their origin at the top on the left.
type layout struct {
	Graph  string           `json:"graph"` // in DOT
	Width  float64          `json:"width"`
	Height float64          `json:"height"`
	Boxes  map[string]box   `json:"boxes"`  // nodes and clusters, by name
	Arrows map[string]arrow `json:"arrows"` // by TAIL>HEAD
}

type box struct {
	X float64 `json:"x"` // of the left edge
	Y float64 `json:"y"` // of the upper edge
	W float64 `json:"w"`
	H float64 `json:"h"`
}

// An arrow is a Bézier curve. Start and End are the points of its heads; an end
// without a head has none.
type arrow struct {
	Start *point  `json:"start,omitempty"`
	End   *point  `json:"end,omitempty"`
	Curve []point `json:"curve"`
}

type point [2]float64

// place runs Graphviz, in a module of its own, on a graph in DOT.
func place(module, dot string) (layout, error) {
	command := exec.Command("go", "-C", module, "run", ".")
	command.Stdin = strings.NewReader(dot)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return layout{}, fmt.Errorf("go -C %s run .: %w\n%s", module, err, problems.String())
	}
	return readPositions(dot, out.Bytes())
}

// readPositions reads Graphviz's JSON (https://graphviz.org/docs/outputs/json/):
// positions are of the middle of a node, with the origin at the bottom.
func readPositions(dot string, positions []byte) (layout, error) {
	var graph struct {
		BB      string `json:"bb"`
		Objects []struct {
			Name, BB, Pos, Width, Height string
		}
		Edges []struct {
			Tail, Head int
			Pos        string
		}
	}
	if err := json.Unmarshal(positions, &graph); err != nil {
		return layout{}, fmt.Errorf("read what Graphviz wrote: %w", err)
	}
	all, err := numbers(graph.BB, 4)
	if err != nil {
		return layout{}, fmt.Errorf("bb of the graph: %w", err)
	}
	l := layout{Graph: dot, Width: all[2], Height: all[3], Boxes: make(map[string]box), Arrows: make(map[string]arrow)}
	for _, o := range graph.Objects {
		if o.BB != "" { // a cluster
			b, err := numbers(o.BB, 4)
			if err != nil {
				return layout{}, fmt.Errorf("bb of %s: %w", o.Name, err)
			}
			l.Boxes[o.Name] = box{b[0], l.Height - b[3], b[2] - b[0], b[3] - b[1]}
			continue
		}
		if o.Pos == "" { // a subgraph that only sets ranks
			continue
		}
		n, err := numbers(o.Pos+","+o.Width+","+o.Height, 4)
		if err != nil {
			return layout{}, fmt.Errorf("position of %s: %w", o.Name, err)
		}
		w, h := n[2]*72, n[3]*72
		l.Boxes[o.Name] = box{n[0] - w/2, l.Height - n[1] - h/2, w, h}
	}
	for _, e := range graph.Edges {
		a, err := readArrow(e.Pos, l.Height)
		if err != nil {
			return layout{}, err
		}
		if len(a.Curve) > 0 { // those that are invisible have none
			l.Arrows[graph.Objects[e.Tail].Name+">"+graph.Objects[e.Head].Name] = a
		}
	}
	return l, nil
}

// readArrow reads a splineType (https://graphviz.org/docs/attr-types/splineType/).
func readArrow(pos string, height float64) (arrow, error) {
	var a arrow
	for field := range strings.FieldsSeq(pos) {
		end, coordinates := "", field
		if strings.HasPrefix(field, "e,") || strings.HasPrefix(field, "s,") {
			end, coordinates = field[:1], field[2:]
		}
		n, err := numbers(coordinates, 2)
		if err != nil {
			return arrow{}, fmt.Errorf("position of an edge: %w", err)
		}
		p := point{n[0], height - n[1]}
		switch end {
		case "e":
			a.End = &p
		case "s":
			a.Start = &p
		default:
			a.Curve = append(a.Curve, p)
		}
	}
	return a, nil
}

// numbers reads n numbers with commas between them.
func numbers(text string, n int) ([]float64, error) {
	parts := strings.Split(text, ",")
	if len(parts) != n {
		return nil, fmt.Errorf("expected %d numbers, got %q", n, text)
	}
	var found []float64
	for _, part := range parts {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil, fmt.Errorf("expected %d numbers, got %q", n, text)
		}
		found = append(found, f)
	}
	return found, nil
}
