package main

import (
	"encoding/xml"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// This file writes SVG that GitHub shows as an image: no script, no font, style
// sheet or image from outside, and colours for light and dark pages. The rules
// are:
//   - a picture has a page of its own colour below everything, because an image
//     follows the browser's scheme and the page around it may not
//   - every shape and text has a class GROUND or GROUND-INK of the palette; a text
//     lies on a shape of its ground, which a test checks, as it does the contrast

// A ground is a coloured area and what is drawn on it.
type ground struct {
	fill, line, ink, soft shade // soft is for what matters less
}

// A shade is one colour on light and on dark pages.
type shade struct{ light, dark string }

var palette = map[string]ground{
	"page":   {shade{"#ffffff", "#0d1117"}, shade{"#59636e", "#9198a1"}, shade{"#1f2328", "#e6edf3"}, shade{"#59636e", "#9198a1"}},
	"plain":  {shade{"#f6f8fa", "#161b22"}, shade{"#59636e", "#9198a1"}, shade{"#1f2328", "#e6edf3"}, shade{"#57606a", "#a3abb4"}},
	"client": {shade{"#eaf3ff", "#0f2540"}, shade{"#0969da", "#58a6ff"}, shade{"#0a3069", "#d3e8ff"}, shade{"#2b5591", "#a5cdfb"}},
	"entra":  {shade{"#f5f0ff", "#251a45"}, shade{"#7a45d1", "#bc8cff"}, shade{"#3b1d82", "#e7dbff"}, shade{"#61429f", "#cbb3f7"}},
	"api":    {shade{"#e5f6f4", "#07302e"}, shade{"#0b7a75", "#3fc1b8"}, shade{"#05403d", "#cdf5f1"}, shade{"#1c625e", "#97dcd6"}},
	"role":   {shade{"#fff5d6", "#332703"}, shade{"#8f6100", "#d9a42b"}, shade{"#5c3d00", "#f8dea0"}, shade{"#775309", "#e3bd62"}},
	"yes":    {shade{"#dafbe1", "#0f2d1a"}, shade{"#1a7f37", "#3fb950"}, shade{"#0f5323", "#b7f3c2"}, shade{"#116329", "#8fe0a0"}},
	"no":     {shade{"#ffebe9", "#3c1618"}, shade{"#cf222e", "#ff7b72"}, shade{"#8c0a1d", "#ffd0cb"}, shade{"#a40e26", "#ffb3ab"}},
}

// styleSheet has two classes for each ground, and one for each ink on it.
func styleSheet() string {
	var light, dark strings.Builder
	rules := func(out *strings.Builder, of func(shade) string) {
		fmt.Fprintf(out, ".halo{stroke:%s;stroke-width:5;paint-order:stroke;stroke-linejoin:round}\n", of(palette["page"].fill))
		for _, name := range slices.Sorted(maps.Keys(palette)) {
			g := palette[name]
			fmt.Fprintf(out, ".%s{fill:%s;stroke:%s}.%s-line{stroke:%s}.%s-head{fill:%s}", name, of(g.fill), of(g.line), name, of(g.line), name, of(g.line))
			fmt.Fprintf(out, ".%s-ink{fill:%s}.%s-soft{fill:%s}\n", name, of(g.ink), name, of(g.soft))
		}
	}
	rules(&light, func(s shade) string { return s.light })
	rules(&dark, func(s shade) string { return s.dark })
	return "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n" +
		"path{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\n" +
		light.String() + "@media (prefers-color-scheme:dark){\n" + dark.String() + "}\n"
}

// A picture is an SVG document that is being drawn.
type picture struct {
	title, description string
	width, height      float64
	body               strings.Builder
}

// document ends the picture. It carries the hash of the graph that it was made
// from.
func (p *picture) document(graphHash string) string {
	w, h := math.Ceil(p.width), math.Ceil(p.height)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-labelledby="title desc" data-graph="sha256:%s">`, w, h, w, h, graphHash) +
		"\n<title id=\"title\">" + escape(p.title) + "</title>\n<desc id=\"desc\">" + escape(p.description) + "</desc>\n<style>\n" + styleSheet() + "</style>\n" +
		fmt.Sprintf("<rect class=\"page\" x=\"0\" y=\"0\" width=\"%g\" height=\"%g\" rx=\"12\" stroke-opacity=\"0\"/>\n", w, h) + p.body.String() + "</svg>\n"
}

// rect draws a box with round corners. more is further attributes.
func (p *picture) rect(class string, b box, radius float64, more string) {
	fmt.Fprintf(&p.body, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%g\"%s/>\n", class, short(b.X), short(b.Y), short(b.W), short(b.H), radius, more)
}

// A style is how a text looks.
type style struct {
	class  string
	size   float64
	bold   bool
	anchor string  // start if empty
	room   float64 // for the words, which are smaller if they need more; 0 for enough
}

// fitting is the size at which words are no wider than the room, if there is one.
// The letters of DejaVu Sans, the widest of the fonts that are likely, are 0.6 em
// wide on average, and 0.66 if bold.
func (s style) fitting(words string) float64 {
	em := 0.6
	if s.bold {
		em = 0.66
	}
	widest := s.room / (em * float64(len([]rune(words))))
	if s.room == 0 || widest >= s.size {
		return s.size
	}
	return math.Floor(widest*10) / 10
}

func (p *picture) text(s style, x, y float64, words string) {
	more := ""
	if s.bold {
		more = ` font-weight="600"`
	}
	if s.anchor != "" {
		more += ` text-anchor="` + s.anchor + `"`
	}
	fmt.Fprintf(&p.body, "<text class=\"%s\" x=\"%s\" y=\"%s\" font-size=\"%g\"%s>%s</text>\n", s.class, short(x), short(y), s.fitting(words), more, escape(words))
}

// line draws a path of a ground's line colour.
func (p *picture) line(name, path, more string) {
	fmt.Fprintf(&p.body, "<path class=\"%s-line\" d=\"%s\"%s/>\n", name, path, more)
}

// head draws the head of an arrow that comes from one point and ends in another.
func (p *picture) head(name string, from, to point) {
	dx, dy := to[0]-from[0], to[1]-from[1]
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	dx, dy = dx/length, dy/length
	const long, wide = 10, 5
	back := point{to[0] - dx*long, to[1] - dy*long}
	fmt.Fprintf(&p.body, "<polygon class=\"%s-head\" points=\"%s,%s %s,%s %s,%s\"/>\n", name, short(to[0]), short(to[1]),
		short(back[0]-dy*wide), short(back[1]+dx*wide), short(back[0]+dy*wide), short(back[1]-dx*wide))
}

// straight draws an arrow with one head.
func (p *picture) straight(name string, from, to point, more string) {
	dx, dy := to[0]-from[0], to[1]-from[1]
	length := math.Hypot(dx, dy)
	p.line(name, fmt.Sprintf("M%s %sL%s %s", short(from[0]), short(from[1]), short(to[0]-dx/length*8), short(to[1]-dy/length*8)), more)
	p.head(name, from, to)
}

// short writes a number with at most one decimal.
func short(f float64) string { return fmt.Sprintf("%g", math.Round(f*10)/10) }

func escape(text string) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(text))
	return out.String()
}
