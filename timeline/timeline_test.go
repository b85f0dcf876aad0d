package timeline_test

import (
	"strings"
	"testing"
	"time"

	"app-to-app/timeline"
)

// TestPlace: bars share one scale, which has now in it, and say where they are in time.
func TestPlace(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	at := func(days int) time.Time { return now.AddDate(0, 0, days) }
	bars := []*timeline.Bar{
		{Start: at(-100), End: at(-50)}, {Start: at(-50), End: at(100)}, {Start: at(-50), End: at(30)}, {Start: at(50), End: at(100)}, {}, {Start: at(0), End: at(0)}, {Start: at(0), End: at(50), State: "kept", Marks: []time.Time{at(25)}},
	}
	l := timeline.Place(now, bars)
	if !l.From.Equal(at(-100)) || !l.To.Equal(at(100)) || l.Now != 50 {
		t.Errorf("got %v to %v, now at %v; want 100 days on both sides", l.From, l.To, l.Now)
	}
	for i, want := range []struct {
		state       string
		left, width float64
	}{{"ended", 0, 25}, {"valid", 25, 75}, {"ends soon", 25, 40}, {"not yet valid", 75, 25}, {"does not end", 0, 100}, {"ended", 50, 0.5}, {"kept", 50, 25}} {
		if b := bars[i]; b.State != want.state || b.Left != want.left || b.Width != want.width {
			t.Errorf("bar %d: got %q from %v, %v wide; want %+v", i, b.State, b.Left, b.Width, want)
		}
	}
	svg := string(l.SVG(*bars[6]))
	for _, want := range []string{`<rect class="kept" x="50.00%" y="3" width="25.00%"`, `class="mark" x1="62.50%"`, `class="now" x1="50.00%"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("got %s, want %s in it", svg, want)
		}
	}
	bars[6].State = `"><script>`
	if svg := string(l.SVG(*bars[6])); strings.Contains(svg, "<script") {
		t.Errorf("expected the state escaped, got %s", svg)
	}
}
