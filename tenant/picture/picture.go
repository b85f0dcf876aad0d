// Package picture draws what an audit of a stack saw: who holds which app role of the
// API, declared and undeclared told apart, the credentials in their rotation, and the
// identities that could change it all with what each can reach.
//
// A picture is one file without a script and without anything from elsewhere, as HTML
// or as SVG. The rules are:
//   - a state is a word and a shape, and only then a colour, so that it can be read in
//     grey, by whoever sees no colours, and by a screen reader
//   - what somebody has to look at comes first
//   - what could not be looked at is said above everything else, and no picture calls
//     anything clean
//   - names come from the tenant: html/template escapes them, and what could turn the
//     text around is gone already ([tenant.InOneLine])
package picture

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"app-to-app/tenant"
	"app-to-app/timeline"
)

// A Subject is what to draw.
type Subject struct {
	Stack      string // its name, or what it was read from
	Report     tenant.AuditReport
	Identities []tenant.Identity
	Now        time.Time
}

//go:embed page.html drawing.svg style.css
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"day":   day,
	"shape": shape,
	"keys":  keys,
	"class": timeline.Class,
	"style": func() template.CSS { return style },
}).ParseFS(files, "page.html", "drawing.svg"))

var style = func() template.CSS {
	text, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	return template.CSS(text)
}()

// HTML writes the picture as a page.
func HTML(w io.Writer, s Subject) error {
	return templates.ExecuteTemplate(w, "page.html", newView(s))
}

// SVG writes the picture as a drawing.
func SVG(w io.Writer, s Subject) error {
	return templates.ExecuteTemplate(w, "drawing.svg", draw(newView(s)))
}

// A view is all that a picture shows, in its order.
type view struct {
	Title   string
	When    string
	Verdict string
	Blind   []string // what could not be looked at
	Counts  []count
	Seen    tenant.Seen
	Rows    []row

	Differences []tenant.Difference
	LookedAt    string
	Line        timeline.Line
	Lives       []life
	Identities  []tenant.Identity
}

// A count is how many cells are in a state.
type count struct {
	State, Text string
	N           int
}

// A row is one holder.
type row struct {
	tenant.SeenRow
	About string // the words below its name
	Worst string // the state that somebody has to look at; "" for none
}

// A life is one credential on the time line.
type life struct {
	tenant.Life
	timeline.Bar
	Words string
}

// counted are the states of cells, with what the key says of each.
var counted = []count{
	{State: tenant.CellUndeclared, Text: "held, and no audited stack declares it"},
	{State: tenant.CellMissing, Text: "declared, and not held"},
	{State: tenant.CellDisabled, Text: "held, but no token carries it: the role or its holder is disabled"},
	{State: tenant.CellUnknown, Text: "not looked at, or another stack's to declare"},
	{State: tenant.CellHeld, Text: "declared and held"},
}

func newView(s Subject) view {
	v := view{
		Title: "Who may call " + s.Report.Seen.API, When: s.Now.UTC().Format("2006-01-02 15:04") + " UTC",
		Seen: s.Report.Seen, Differences: s.Report.Differences, LookedAt: s.Report.LookedAt, Identities: s.Identities,
		Counts: append([]count(nil), counted...),
	}
	if s.Stack != "" {
		v.Title += ": " + tenant.InOneLine(s.Stack)
	}
	for _, note := range s.Report.Notes {
		v.Blind = append(v.Blind, tenant.InOneLine(note))
	}
	v.Blind = append(v.Blind, s.Report.Seen.Unread...)
	for _, r := range s.Report.Seen.Rows {
		v.Rows = append(v.Rows, newRow(r))
		for _, c := range r.Cells {
			for i := range v.Counts {
				if v.Counts[i].State == c.State {
					v.Counts[i].N++
				}
			}
		}
	}
	for _, c := range v.Counts {
		if c.State == tenant.CellUnknown && c.N > 0 {
			v.Blind = append(v.Blind, fmt.Sprintf("%s of the matrix: %s", plural(c.N, "cell"), c.Text))
		}
	}
	for _, i := range s.Identities {
		for _, unread := range i.Unread {
			if strings.HasSuffix(unread, "could not be read") {
				v.Blind = append(v.Blind, i.Name+": "+unread)
			}
		}
	}
	v.Verdict = verdict(len(v.Differences), len(v.Blind))
	v.place(s.Now)
	return v
}

// verdict is the sentence at the top.
func verdict(differences, blind int) string {
	text := "No difference from what the stack declares, in what was looked at."
	if differences > 0 {
		text = "The tenant differs from what the stack declares in " + plural(differences, "point") + "."
	}
	if blind > 0 {
		text += " Not everything could be looked at."
	}
	return text
}

func newRow(r tenant.SeenRow) row {
	about := r.Kind
	if r.Client {
		about = "client, " + r.Kind
	} else if r.Kind == "ServicePrincipal" {
		about = "service principal"
	}
	if r.State != "" {
		about += ", " + r.State
	}
	made := row{SeenRow: r, About: about}
	for _, c := range r.Cells {
		if c.Mark != "" {
			made.About += ", says that stack " + c.Mark + " made it"
		}
	}
	for _, c := range counted[:4] {
		for _, cell := range r.Cells {
			if cell.State == c.State && made.Worst == "" {
				made.Worst = c.State
			}
		}
	}
	return made
}

// place puts the credentials on the time line.
func (v *view) place(now time.Time) {
	for _, l := range v.Seen.Lives {
		drawn := life{Life: l, Bar: timeline.Bar{Start: l.Start, End: l.End, State: l.Phase}}
		for _, m := range l.Marks {
			if m.At.After(l.Start) && m.At.Before(l.End) {
				drawn.Bar.Marks = append(drawn.Bar.Marks, m.At)
			}
		}
		switch {
		case l.Missing:
			drawn.State = "missing"
		case !l.Declared:
			drawn.State = "undeclared"
		case !l.End.IsZero() && !l.End.After(now):
			drawn.State = "ended"
		}
		v.Lives = append(v.Lives, drawn)
	}
	bars := make([]*timeline.Bar, len(v.Lives))
	for i := range v.Lives {
		bars[i] = &v.Lives[i].Bar
	}
	v.Line = timeline.Place(now, bars)
	for i := range v.Lives {
		v.Lives[i].Words = v.Lives[i].words(now)
	}
}

// words say what the bar shows.
func (l life) words(now time.Time) string {
	switch {
	case l.Missing:
		return "declared, and gone"
	case l.Life.End.IsZero():
		return "trusts " + l.Trusts
	case !l.Life.End.After(now):
		return "ended " + day(l.Life.End)
	}
	ends := "ends " + day(l.Life.End)
	switch l.Phase {
	case tenant.PhaseNext:
		return "used from " + day(l.Life.Marks[1].At) + ", " + ends
	case tenant.PhaseCurrent:
		return "in use until " + day(l.Life.Marks[2].At) + ", " + ends
	case tenant.PhaseKept:
		return "kept for the overlap until " + day(l.Life.Marks[3].At) + ", " + ends
	case tenant.PhaseOverdue:
		return "to be revoked since " + day(l.Life.Marks[3].At) + ", " + ends
	}
	return ends
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// keys are secrets and certificates that an identity can sign in with.
func keys(n int) string {
	if n == 1 {
		return "1 client secret or certificate"
	}
	return fmt.Sprintf("%d client secrets or certificates", n)
}

// shape is the sign of a cell's state around the point 0 0, 20 units wide.
func shape(state string) template.HTML {
	switch state {
	case tenant.CellHeld:
		return `<circle r="8"/><path class="on" d="M-4 0 -1 3.5 4.5 -3"/>`
	case tenant.CellUndeclared:
		return `<path d="M0 -10 10.5 8.5H-10.5z"/><path class="on" d="M0 -3.5V2.5M0 5.2V6"/>`
	case tenant.CellMissing:
		return `<circle class="hollow dashed" r="8"/>`
	case tenant.CellDisabled:
		return `<circle class="hollow" r="8"/><path class="line" d="M-5.5 5.5 5.5 -5.5"/>`
	case tenant.CellUnknown:
		return `<rect class="hollow dotted" x="-8" y="-8" width="16" height="16" rx="2"/><path class="line" d="M-3 -2.5C-3 -6 3 -6 3 -2.5 3 0 0 -.2 0 2.2M0 4.8V5.4"/>`
	}
	return `<path class="none" d="M-4 0H4"/>`
}
