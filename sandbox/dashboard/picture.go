package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// This file lays out the picture: callers on the left, APIs on the right, one
// arrow for each right. The rules are:
//   - callers that look the same (same API, role, state, stack) share one box if
//     there are many, so that 300 of them are as readable as three; the matrix
//     below the picture lists each one
//   - a state is a word, a line style and a colour, never a colour alone
//   - an arrow's length and place say nothing

// Sizes in units of the SVG's viewBox.
const (
	boxWidth, boxHeight = 250, 58
	gap                 = 22
	between             = 330 // from the left boxes to the right ones
	manyCallers         = 12  // more than these share boxes
)

// A picture is an SVG.
type picture struct {
	Width, Height int
	Boxes         []box
	Arrows        []arrow
	Text          string // the picture in a sentence, for who cannot see it
}

// A box is one party, or several that look the same.
type box struct {
	X, Y          int
	Title, Line   string
	Full          string // the whole of what is cut off in Title
	Marked, API   bool
	Nobody, Stack bool // Stack: several in one box
}

// An arrow is one right, or several that look the same.
type arrow struct {
	Path           string
	LabelX, LabelY int
	Role, State    string
	Class          string
	Full           string
}

// A bundle is rights that one arrow shows.
type bundle struct{ rights []right }

func draw(rights []right) (p picture) {
	bundles := bundled(rights)
	left, right := map[string]int{}, map[string]int{}
	var callers, apis []box
	for _, b := range bundles {
		r := b.rights[0]
		if _, ok := left[b.key()]; !ok {
			left[b.key()] = len(callers)
			callers = append(callers, b.box())
		}
		if _, ok := right[r.API.ObjectID]; !ok {
			right[r.API.ObjectID] = len(apis)
			apis = append(apis, boxOf(r.API))
		}
	}
	rows := max(len(callers), len(apis), 1)
	p.Width, p.Height = 2*boxWidth+between, rows*(boxHeight+gap)-gap+4
	place(callers, 2, p.Height)
	place(apis, boxWidth+between-2, p.Height)
	for i := range apis {
		apis[i].API = true
	}
	p.Boxes = append(callers, apis...)
	counts := map[string]int{}
	for _, b := range bundles {
		r := b.rights[0]
		from, to := callers[left[b.key()]], apis[right[r.API.ObjectID]]
		n := counts[b.key()]
		counts[b.key()]++
		p.Arrows = append(p.Arrows, b.arrow(from, to, n))
	}
	p.Text = sentence(rights)
	return p
}

// bundled puts rights that look the same together if there are many callers.
func bundled(rights []right) (bundles []bundle) {
	callers := map[string]bool{}
	for _, r := range rights {
		callers[r.Caller.ObjectID] = true
	}
	at := map[string]int{}
	for _, r := range rights {
		key := r.Caller.ObjectID + " " + r.API.ObjectID + " " + r.Role
		if len(callers) > manyCallers {
			key = strings.Join([]string{r.API.ObjectID, r.Role, r.State(), r.Caller.Stack, r.Caller.Kind}, " ")
		}
		i, ok := at[key]
		if !ok {
			i = len(bundles)
			at[key] = i
			bundles = append(bundles, bundle{})
		}
		bundles[i].rights = append(bundles[i].rights, r)
	}
	return bundles
}

// key is the box that a bundle starts at.
func (b bundle) key() string {
	if len(b.rights) > 1 {
		r := b.rights[0]
		return strings.Join([]string{"many", r.API.ObjectID, r.Role, r.State(), r.Caller.Stack, r.Caller.Kind}, " ")
	}
	return b.rights[0].Caller.ObjectID
}

func (b bundle) box() box {
	if len(b.rights) == 1 {
		return boxOf(b.rights[0].Caller)
	}
	names := make([]string, len(b.rights))
	for i, r := range b.rights {
		names[i] = r.Caller.Name
	}
	caller := b.rights[0].Caller
	made := boxOf(caller)
	made.Title, made.Stack = fmt.Sprintf("%d × %s", len(names), caller.Kind), true
	made.Full = strings.Join(names, ", ")
	made.Line = cut("from "+names[0]+" to "+names[len(names)-1], 38)
	return made
}

func boxOf(p party) box {
	line := p.Kind
	if len(p.Sites) > 0 {
		line += " of " + strings.Join(p.Sites, ", ")
	}
	return box{Title: cut(p.Name, 30), Full: p.Name + ", " + line, Line: cut(line, 38), Marked: p.Stack != "", Nobody: p.ObjectID == ""}
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// place stacks boxes in the middle of a column.
func place(boxes []box, x, height int) {
	y := (height - len(boxes)*(boxHeight+gap) + gap) / 2
	for i := range boxes {
		boxes[i].X, boxes[i].Y = x, y
		y += boxHeight + gap
	}
}

// arrow is a curve; n is how many start at the same box before it.
func (b bundle) arrow(from, to box, n int) arrow {
	r := b.rights[0]
	x1, y1 := from.X+boxWidth, from.Y+boxHeight/2-8+16*n
	x2, y2 := to.X-9, to.Y+boxHeight/2
	middle := (x1 + x2) / 2
	a := arrow{
		Path:   fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, middle, y1, middle, y2, x2, y2),
		LabelX: x1 + 14, LabelY: y1 - 6, // above the line, or below one that rises
		Role: cmp.Or(r.Role, "no role"), State: r.State(), Class: r.Class(),
	}
	if y2 < y1 {
		a.LabelY = y1 + 17
	}
	if r.State() == "no role" {
		a.State = "refused"
		if !r.Last.Refused() {
			a.State = "answered " + fmt.Sprint(r.Last.Status)
		}
	}
	a.Full = fmt.Sprintf("%s → %s: %s, %s", b.box().Title, to.Title, a.Role, a.State)
	return a
}

// sentence says what the picture shows.
func sentence(rights []right) string {
	if len(rights) == 0 {
		return "Nobody holds a role of an API here, and nobody has called one."
	}
	counts := map[string]int{}
	for _, r := range rights {
		counts[r.State()]++
	}
	var parts []string
	for _, state := range []struct{ word, text string }{
		{"calls", "held and used"}, {"not used", "held and not used"}, {"refused", "held, and the last call was refused"}, {"no role", "calls without a role"},
	} {
		if n := counts[state.word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state.text))
		}
	}
	names := map[string]bool{}
	for _, r := range rights {
		names[r.API.Name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return "Rights at " + strings.Join(sorted, ", ") + ": " + strings.Join(parts, "; ") + "."
}
