package main

import (
	"fmt"
	"strings"
)

// This file draws all resources of the program: a card for each kind of resource
// of an API or a client, placed by Graphviz.

const (
	cardWidth  = 300.0
	rowHeight  = 20.0
	cardTop    = 34.0 // above the first row
	cardBottom = 8.0
	rowMargin  = 12.0
	nameStart  = 28.0
	nameSize   = 13.0
	typeSize   = 12.0
)

func (c *card) height() float64 {
	height := cardTop + cardBottom
	for _, r := range c.rows {
		height += rowHeight * linesOf(c, r)
	}
	return height
}

const resourcesTitle = "What the program registers in the stack " + stack

// drawResources draws the cards where the layout has them.
func drawResources(cards []*card, l layout) (*picture, error) {
	const margin = 16
	p := &picture{width: l.Width + 2*margin, height: l.Height + 2*margin}
	p.title, p.description = resourcesTitle, describeCards(cards)
	for _, column := range columnsOf(cards) {
		if owner := column[0].owner; owner != nil {
			p.rect("page", moved(l.Boxes[frameOf(owner)], margin), 12, ` stroke-width="1.5" stroke-dasharray="2 5"`)
		}
	}
	for _, pair := range arrowsOf(cards) {
		a, ok := l.Arrows[pair[0].title+">"+pair[1].title]
		if !ok {
			return nil, fmt.Errorf("expected a place for the arrow from %s to %s, got none", pair[0].title, pair[1].title)
		}
		p.curve("page", a, margin)
	}
	for _, column := range columnsOf(cards) {
		if owner := column[0].owner; owner != nil { // above the arrows
			b := moved(l.Boxes[frameOf(owner)], margin)
			p.text(style{class: "page-ink halo", size: 17, bold: true}, b.X+12, b.Y+23, owner.noun()+" "+owner.name)
		}
		for _, c := range column {
			b, ok := l.Boxes[c.title]
			if !ok {
				return nil, fmt.Errorf("expected a place for the card %s, got none", c.title)
			}
			p.card(c, moved(b, margin))
		}
	}
	return p, nil
}

func moved(b box, by float64) box { return box{b.X + by, b.Y + by, b.W, b.H} }

func (p *picture) card(c *card, b box) {
	g := c.kind.ground
	p.rect(g, b, 8, "")
	p.text(style{class: g + "-ink", size: 15, bold: true}, b.X+12, b.Y+23, c.kind.noun)
	y := b.Y + cardTop + 14
	for _, r := range c.rows {
		fmt.Fprintf(&p.body, "<g data-resource=\"%s\">\n", escape(r.key()))
		p.text(style{class: g + "-soft", size: typeSize}, b.X+rowMargin, y, fmt.Sprint(r.step))
		p.text(style{class: g + "-ink", size: nameSize, room: b.W - nameStart - rowMargin}, b.X+nameStart, y, shownName(c, r))
		y += rowHeight * (linesOf(c, r) - 1)
		p.text(style{class: g + "-soft", size: typeSize, anchor: "end"}, b.X+b.W-rowMargin, y, r.noun())
		p.body.WriteString("</g>\n")
		y += rowHeight
	}
}

// linesOf is 2 if the type does not fit beside the name. A letter is not wider
// than 0.52 em on average in the fonts of the style sheet.
func linesOf(c *card, r *resource) float64 {
	letters := nameSize*float64(len(shownName(c, r))) + typeSize*float64(len(r.noun()))
	if 0.52*letters+nameStart+2*rowMargin > cardWidth {
		return 2
	}
	return 1
}

// shownName leaves out the owner's name, which the frame has, and what an
// assignment's card says.
func shownName(c *card, r *resource) string {
	if c.owner == nil {
		return r.name
	}
	name := strings.TrimPrefix(r.name, c.owner.name+"-")
	if before, role, ok := strings.Cut(name, "assignment-"); ok && c.kind == ofAssignment {
		return strings.TrimSpace(strings.TrimSuffix(before, "-") + " " + role)
	}
	return name
}

func (p *picture) curve(name string, a arrow, by float64) {
	at := func(q point) point { return point{q[0] + by, q[1] + by} }
	var path strings.Builder
	for i, q := range a.Curve {
		q = at(q)
		switch {
		case i == 0:
			path.WriteString("M")
		case i%3 == 1:
			path.WriteString("C")
		default:
			path.WriteString(" ")
		}
		path.WriteString(short(q[0]) + " " + short(q[1]))
	}
	p.line(name, path.String(), "")
	last := len(a.Curve) - 1
	if a.End != nil {
		p.head(name, at(a.Curve[last]), at(*a.End))
	}
	if a.Start != nil {
		p.head(name, at(a.Curve[0]), at(*a.Start))
	}
}

// describeCards says in a sentence a card what the picture shows.
func describeCards(cards []*card) string {
	var out strings.Builder
	for _, c := range cards {
		fmt.Fprintf(&out, "%s: %d resources", c.title, len(c.rows))
		for i, needed := range c.needs {
			if i == 0 {
				out.WriteString(", needs ")
			} else {
				out.WriteString(" and ")
			}
			out.WriteString(needed.title)
		}
		out.WriteString(". ")
	}
	return strings.TrimSpace(out.String())
}
