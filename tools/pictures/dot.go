package main

import (
	"fmt"
	"slices"
	"strings"
)

// This file writes the graph of the cards in DOT, for Graphviz. The rules are:
//   - an arrow goes to the card that needs the other; two cards that need each
//     other have one arrow with two heads
//   - the cards of an owner are a column in a frame; in the narrow picture all of
//     them are one column
//   - arrows that only keep this order are invisible

// columnsOf are the cards of each owner.
func columnsOf(cards []*card) [][]*card {
	var columns [][]*card
	for i, c := range cards {
		if i == 0 || c.owner != cards[i-1].owner {
			columns = append(columns, nil)
		}
		columns[len(columns)-1] = append(columns[len(columns)-1], c)
	}
	return columns
}

// frameOf is the name of an owner's frame. Graphviz draws a frame around a
// subgraph whose name begins with cluster.
func frameOf(owner *resource) string { return "cluster " + owner.key() }

// dotOf is the graph of the cards.
func dotOf(cards []*card, narrow bool) string {
	var out strings.Builder
	between := "0.25"
	if narrow {
		between = "0.1"
	}
	fmt.Fprintf(&out, "digraph {\n rankdir=TB; ranksep=0.4; nodesep=%s;\n node [shape=box, fixedsize=true, label=\"\"];\n", between)
	var above *card
	for i, column := range columnsOf(cards) {
		group := fmt.Sprint("column ", i)
		if narrow {
			group = "column"
			if above != nil {
				fmt.Fprintf(&out, " %q -> %q [style=invis, weight=50];\n", above.title, column[0].title)
			}
		}
		writeColumn(&out, column, group)
		above = column[len(column)-1]
	}
	for _, pair := range arrowsOf(cards) {
		heads := ""
		if slices.Contains(pair[0].needs, pair[1]) {
			heads = " [dir=both]"
		}
		fmt.Fprintf(&out, " %q -> %q%s;\n", pair[0].title, pair[1].title, heads)
	}
	out.WriteString("}\n")
	return out.String()
}

// arrowsOf are the pairs of cards with an arrow from the first to the second.
func arrowsOf(cards []*card) (pairs [][2]*card) {
	for i, c := range cards {
		for _, needed := range c.needs {
			if slices.Contains(needed.needs, c) && !slices.Contains(cards[:i], needed) {
				continue // drawn once, for the other card
			}
			pairs = append(pairs, [2]*card{needed, c})
		}
	}
	return pairs
}

// writeColumn writes the cards of one owner, and its frame. Graphviz aligns the
// nodes of a group.
func writeColumn(out *strings.Builder, column []*card, group string) {
	owner := column[0].owner
	if owner != nil {
		// The label makes room for the one that is drawn.
		fmt.Fprintf(out, " subgraph %q { margin=12; label=\"-\"; fontsize=18;\n", frameOf(owner))
	}
	for _, c := range column {
		fmt.Fprintf(out, " %q [width=%.3f, height=%.3f, group=%q];\n", c.title, cardWidth/72, c.height()/72, group)
	}
	for i := 1; i < len(column); i++ {
		fmt.Fprintf(out, " %q -> %q [style=invis, weight=50];\n", column[i-1].title, column[i].title)
	}
	if owner != nil {
		out.WriteString(" }\n")
	}
}
