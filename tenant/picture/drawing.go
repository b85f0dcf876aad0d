package picture

import (
	"fmt"
	"strings"

	"app-to-app/tenant"
	"app-to-app/timeline"
)

// This file lays the picture out as a drawing. SVG has no lines of text that break, so
// that is done here, by counting characters.

// Sizes in units of the drawing.
const (
	margin     = 24
	nameWidth  = 330
	roleWidth  = 170
	rowHeight  = 44
	lineHeight = 19
	leastWidth = 900
)

// A drawing is an SVG.
type drawing struct {
	Title, Words  string
	Width, Height int
	Rects         []rect
	Bars          []drawnBar
	Signs         []sign
	Texts         []text
}

type rect struct {
	Class      string
	X, Y, W, H int
}

type drawnBar struct {
	State, Full string
	X, Y, W     int
	Marks       []int
	Now         string // path of the line of now
}

type sign struct {
	State, Full string
	X, Y        int
}

type text struct {
	Class, Text, Full string
	X, Y              int
}

// draw lays a view out from the top.
func draw(v view) *drawing {
	d := &drawing{Title: v.Title, Width: max(leastWidth, 2*margin+nameWidth+roleWidth*len(v.Seen.Roles)), Height: margin}
	d.Words = d.sentence(v)
	d.Height += 14
	d.write("big", v.Title)
	d.Height += 4
	d.write("soft", "Audited on "+v.When)
	d.Height += 6
	d.write("strong", v.Verdict)
	d.key(v)
	d.blind(v.Blind)
	d.matrix(v)
	d.differences(v)
	d.lives(v)
	d.reach(v)
	d.Height += margin / 2
	return d
}

// sentence says the picture in words, for whoever cannot see it.
func (d *drawing) sentence(v view) string {
	words := []string{v.Verdict}
	for _, r := range v.Rows {
		for i, c := range r.Cells {
			if c.State != tenant.CellNone {
				words = append(words, fmt.Sprintf("%s: %s %s.", r.Name, v.Seen.Roles[i].Value, c.State))
			}
		}
	}
	return strings.Join(append(words, v.Blind...), " ")
}

// write adds a text below what there is, broken into lines.
func (d *drawing) write(class, words string) {
	for _, line := range wrap(words, (d.Width-2*margin)/8) {
		d.Texts = append(d.Texts, text{Class: class, Text: line, X: margin, Y: d.Height})
		d.Height += lineHeight + 2
	}
}

func (d *drawing) head(words string) {
	d.Height += 26
	d.Texts = append(d.Texts, text{Class: "head", Text: words, X: margin, Y: d.Height})
	d.Height += 12
	d.rule()
	d.Height += lineHeight
}

func (d *drawing) rule() {
	d.Rects = append(d.Rects, rect{"rule", margin, d.Height, d.Width - 2*margin, 1})
}

// key says how many cells are in each state, and what the signs mean.
func (d *drawing) key(v view) {
	d.Height += 8
	for _, c := range v.Counts {
		d.Signs = append(d.Signs, sign{c.State, c.Text, margin + 12, d.Height - 5})
		d.Texts = append(d.Texts,
			text{Class: "strong " + c.State, Text: fmt.Sprintf("%d %s", c.N, c.State), X: margin + 34, Y: d.Height},
			text{Class: "soft", Text: c.Text, X: margin + 170, Y: d.Height})
		d.Height += 25
	}
}

// blind says what could not be looked at, in a frame.
func (d *drawing) blind(all []string) {
	if len(all) == 0 {
		return
	}
	top := d.Height
	d.Height += lineHeight + 4
	for i, line := range append([]string{"Could not be looked at"}, all...) {
		class := "small"
		if i == 0 {
			class = "strong unknown"
		}
		for _, part := range wrap(line, (d.Width-4*margin)/7) {
			d.Texts = append(d.Texts, text{Class: class, Text: part, X: 2 * margin, Y: d.Height})
			d.Height += lineHeight
		}
	}
	d.Rects = append(d.Rects, rect{"blind", margin, top, d.Width - 2*margin, d.Height - top - 4})
	d.Height += 14
}

func (d *drawing) matrix(v view) {
	d.head("Access matrix: who holds which app role of " + v.Seen.API)
	d.Texts = append(d.Texts, text{Class: "small soft", Text: "who", X: margin + 12, Y: d.Height})
	for i, r := range v.Seen.Roles {
		x := margin + nameWidth + roleWidth*i
		d.Texts = append(d.Texts, text{Class: "strong", Text: cut(r.Value, 20), Full: r.Value, X: x, Y: d.Height})
		if state := roleState(r); state != "" {
			d.Texts = append(d.Texts, text{Class: "small " + state, Text: "role " + state, X: x, Y: d.Height + 16})
		}
	}
	d.Height += 24
	for _, r := range v.Rows {
		d.row(r, v.Seen.Roles)
	}
	d.rule()
	d.Height += 10
	if len(v.Rows) == 0 {
		d.Height += lineHeight
		d.write("soft", "No stack that was audited declares a client, and no holder of a role was seen.")
	}
}

func roleState(r tenant.SeenRole) string {
	switch {
	case !r.Declared:
		return tenant.CellUndeclared
	case !r.Found:
		return tenant.CellUnknown
	case r.Disabled:
		return tenant.CellDisabled
	}
	return ""
}

func (d *drawing) row(r row, roles []tenant.SeenRole) {
	top := d.Height
	if r.Worst == tenant.CellUndeclared {
		d.Rects = append(d.Rects, rect{"look", margin, top, d.Width - 2*margin, rowHeight}, rect{"edge", margin, top, 5, rowHeight})
	}
	d.rule()
	d.Texts = append(d.Texts,
		text{Class: "strong", Text: cut(r.Name, 38), Full: r.Name + " " + r.ObjectID, X: margin + 12, Y: top + 19},
		text{Class: "small soft", Text: cut(r.About, 48), Full: r.About, X: margin + 12, Y: top + 36})
	for i, c := range r.Cells {
		x, words := margin+nameWidth+roleWidth*i, c.State
		d.Signs = append(d.Signs, sign{c.State, fmt.Sprintf("%s, %s: %s", r.Name, roles[i].Value, orNeither(c.State)), x + 10, top + rowHeight/2})
		if words == "" {
			continue
		}
		y := top + rowHeight/2 + 5
		if !c.Since.IsZero() {
			y -= 7
			d.Texts = append(d.Texts, text{Class: "small soft", Text: "since " + day(c.Since), X: x + 28, Y: y + 16})
		}
		d.Texts = append(d.Texts, text{Class: "strong " + c.State, Text: words, X: x + 28, Y: y})
	}
	d.Height += rowHeight
}

func orNeither(state string) string {
	if state == tenant.CellNone {
		return "neither declared nor held"
	}
	return state
}

func (d *drawing) differences(v view) {
	d.head("Differences")
	for _, one := range v.Differences {
		d.Signs = append(d.Signs, sign{signOf(one.Kind), one.Kind, margin + 12, d.Height - 5})
		d.Texts = append(d.Texts, text{Class: "strong", Text: one.Kind, X: margin + 34, Y: d.Height})
		for _, line := range wrap(one.Text, (d.Width-2*margin-240)/7) {
			d.Texts = append(d.Texts, text{Class: "small", Text: line, X: margin + 240, Y: d.Height})
			d.Height += lineHeight
		}
		d.Height += 5
	}
	if len(v.Differences) == 0 {
		d.write("soft", "None in what was looked at.")
	}
}

// signOf is the sign of a kind of difference.
func signOf(kind string) string {
	for _, end := range []struct{ in, state string }{
		{"Undeclared", tenant.CellUndeclared}, {"Added", tenant.CellUndeclared}, {"Missing", tenant.CellMissing}, {"Removed", tenant.CellMissing}, {"Disabled", tenant.CellDisabled},
	} {
		if strings.HasSuffix(kind, end.in) {
			return end.state
		}
	}
	return tenant.CellUndeclared // something is otherwise than declared
}

func (d *drawing) lives(v view) {
	d.head("Credentials on a time line, from " + day(v.Line.From) + " to " + day(v.Line.To))
	if len(v.Lives) == 0 {
		d.write("soft", "No secret, certificate or federated identity credential was seen.")
		return
	}
	x, width := margin+nameWidth+roleWidth, d.Width-2*margin-nameWidth-roleWidth
	at := func(percent float64) int { return x + int(percent*float64(width)/100) }
	for _, l := range v.Lives {
		y := d.Height
		if l.State == "undeclared" {
			d.Rects = append(d.Rects, rect{"look", margin, y - 16, d.Width - 2*margin, 40}, rect{"edge", margin, y - 16, 5, 40})
		}
		full := l.Subject + ", " + l.Kind + " " + l.Name + " " + l.ID + ": " + l.State + ", " + l.Words
		words := strings.TrimSpace(l.Kind + " " + l.Name)
		d.Texts = append(d.Texts,
			text{Class: "strong", Text: cut(l.Subject, 38), Full: l.Subject, X: margin + 12, Y: y},
			text{Class: "small soft", Text: cut(words, 48), Full: words, X: margin + 12, Y: y + 17},
			text{Class: "strong " + timeline.Class(l.State), Text: l.State, X: margin + nameWidth, Y: y},
			text{Class: "small soft", Text: cut(l.Words, 70), Full: full, X: margin + nameWidth, Y: y + 17})
		if !l.Missing {
			bar := drawnBar{State: l.State, Full: full, X: at(l.Left), Y: y - 11, W: max(int(l.Width*float64(width)/100), 3), Now: fmt.Sprintf("M%d %dV%d", at(v.Line.Now), y-15, y+5)}
			for _, mark := range l.Bar.Marks {
				bar.Marks = append(bar.Marks, at(v.Line.Percent(mark)))
			}
			d.Bars = append(d.Bars, bar)
		}
		d.Height += 42
	}
}

func (d *drawing) reach(v view) {
	d.head("Who could change this")
	if len(v.Identities) == 0 {
		d.write("unknown", "Not looked at.")
	}
	for _, i := range v.Identities {
		title := i.Name + " (" + i.Because + ")"
		class := "strong"
		if i.Undeclared {
			title, class = "undeclared owner: "+title, "strong undeclared"
		}
		d.write(class, title)
		for _, line := range reachLines(i) {
			for n, part := range wrap(line, (d.Width-2*margin-34)/7) {
				indent := 22
				if n > 0 {
					indent = 34
				}
				d.Texts = append(d.Texts, text{Class: "small", Text: part, X: margin + indent, Y: d.Height})
				d.Height += lineHeight
			}
		}
		d.Height += 8
	}
}

// reachLines are what an identity signs in with and what it reaches.
func reachLines(i tenant.Identity) (lines []string) {
	for _, trust := range i.Trusts {
		lines = append(lines, "signs in with a token of "+trust)
	}
	if i.Keys > 0 {
		lines = append(lines, "signs in with "+keys(i.Keys))
	}
	for _, list := range []struct {
		what string
		all  []tenant.Permission
	}{{"app role ", i.Permissions}, {"Azure role ", i.Roles}} {
		for _, p := range list.all {
			line := list.what + p.Name + " on " + p.On
			if p.Becomes != "" {
				line += " ⚠ " + p.Becomes
			}
			lines = append(lines, line)
		}
	}
	if len(i.Unread) > 0 {
		lines = append(lines, "not known: "+strings.Join(i.Unread, "; "))
	}
	return lines
}

// cut shortens a text to n characters; the whole of it is in its title.
func cut(words string, n int) string {
	if runes := []rune(words); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return words
}

// wrap breaks a text into lines of at most n characters, within a word if it must.
func wrap(words string, n int) (lines []string) {
	line := []rune{}
	flush := func() {
		if len(line) > 0 {
			lines, line = append(lines, string(line)), nil
		}
	}
	for _, word := range strings.Fields(words) {
		runes := []rune(word)
		if len(line) > 0 && len(line)+1+len(runes) > n {
			flush()
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for len(line)+len(runes) > n {
			take := n - len(line)
			line, runes = append(line, runes[:take]...), runes[take:]
			flush()
		}
		line = append(line, runes...)
	}
	flush()
	return lines
}
