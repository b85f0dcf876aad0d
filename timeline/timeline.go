// Package timeline draws spans of time, such as the lives of credentials, as bars
// below each other on one scale.
//
// It only knows times and words for states: what they mean, and their colours, are
// its users'. It imports the standard library alone, so that the sandbox's page and
// the team's pictures, which share nothing else, can both draw with it.
package timeline

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// A Bar is one span. One without an end does not end.
type Bar struct {
	Start, End time.Time
	State      string
	// Marks are points in time within it, drawn as ticks.
	Marks []time.Time

	Left, Width float64 // percent of the line, set by [Place]
}

// A Line is the scale that bars share.
type Line struct {
	From, To time.Time
	Now      float64 // percent of the way
}

// soon is how long before its end a span is called to end soon.
const soon = 30 * 24 * time.Hour

// Place puts the bars between the first start and the last end, and gives each a
// state unless it has one.
func Place(now time.Time, bars []*Bar) Line {
	l := Line{From: now.Add(-24 * time.Hour), To: now.Add(24 * time.Hour)}
	for _, b := range bars {
		if !b.Start.IsZero() && b.Start.Before(l.From) {
			l.From = b.Start
		}
		if b.End.After(l.To) {
			l.To = b.End
		}
	}
	l.Now = l.Percent(now)
	for _, b := range bars {
		if b.State == "" {
			b.State = state(b, now)
		}
		if b.End.IsZero() {
			b.Left, b.Width = 0, 100
			continue
		}
		b.Left = l.Percent(b.Start)
		b.Width = max(l.Percent(b.End)-b.Left, 0.5)
	}
	return l
}

// Percent is how far along the line a time is.
func (l Line) Percent(at time.Time) float64 {
	return min(max(100*float64(at.Sub(l.From))/float64(l.To.Sub(l.From)), 0), 100)
}

func state(b *Bar, now time.Time) string {
	switch {
	case b.End.IsZero():
		return "does not end"
	case !b.End.After(now):
		return "ended"
	case b.Start.After(now):
		return "not yet valid"
	case b.End.Sub(now) <= soon:
		return "ends soon"
	}
	return "valid"
}

// Class is a state as the name of a style.
func Class(state string) string { return strings.ReplaceAll(state, " ", "-") }

// SVG is a bar as an element of HTML, hidden from screen readers: the words beside it
// say the same. Its styles are bar, now, mark and the state's.
func (l Line) SVG(b Bar) template.HTML {
	var text strings.Builder
	fmt.Fprintf(&text, `<svg class="bar" aria-hidden="true" width="100%%" height="18"><rect class="%s" x="%.2f%%" y="3" width="%.2f%%" height="12" rx="3"/>`,
		template.HTMLEscapeString(Class(b.State)), b.Left, b.Width)
	line := func(class string, at, top, bottom float64) {
		fmt.Fprintf(&text, `<line class="%s" x1="%.2f%%" x2="%.2f%%" y1="%g" y2="%g"/>`, class, at, at, top, bottom)
	}
	for _, at := range b.Marks {
		line("mark", l.Percent(at), 3, 15)
	}
	line("now", l.Now, 0, 18)
	text.WriteString("</svg>")
	return template.HTML(text.String())
}
