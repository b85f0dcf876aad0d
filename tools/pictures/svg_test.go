package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file checks the pictures as files: what GitHub, a screen reader and an eye
// need of them.

// mostBytes keeps a picture small.
const mostBytes = 60_000

// leastContrast is WCAG's for text (https://www.w3.org/TR/WCAG22/#contrast-minimum).
const leastContrast = 4.5

func TestPicturesAsFiles(t *testing.T) {
	t.Parallel()
	for name, content := range keptPictures(t) {
		for _, problem := range problemsOf(content) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// keptPictures are the pictures in the repository.
func keptPictures(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, picturesPath, "*.svg"))
	if err != nil || len(names) != len(variants)+1 {
		t.Fatalf("expected %d pictures in %s, got %q, %v", len(variants)+1, picturesPath, names, err)
	}
	kept := make(map[string]string)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kept[filepath.Base(name)] = string(content)
	}
	return kept
}

// problemsOf lists what is wrong with a picture.
func problemsOf(content string) (problems []string) {
	if len(content) > mostBytes {
		problems = append(problems, fmt.Sprintf("expected at most %d bytes, got %d", mostBytes, len(content)))
	}
	var (
		path   []string // of the elements that are open
		shapes []shape  // so far, the upper ones last
		texts  int
		words  = make(map[string]string) // in the title and in the description
		at     xml.StartElement          // of the last text
		next   = xml.NewDecoder(strings.NewReader(content))
	)
	for {
		token, err := next.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return append(problems, "expected well-formed XML: "+err.Error())
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			problems = append(problems, forbidden(token)...)
			switch token.Name.Local {
			case "rect":
				shapes = append(shapes, shapeOf(token))
			case "text":
				texts++
				at = token
				problems = append(problems, unreadable(token, shapes)...)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			switch {
			case len(path) == 2 && (path[1] == "title" || path[1] == "desc"):
				words[path[1]] += strings.TrimSpace(string(token))
			case len(path) > 0 && path[len(path)-1] == "style" && (strings.Contains(string(token), "url(") || strings.Contains(string(token), "@import")):
				problems = append(problems, "expected no reference in the style sheet")
			case len(path) > 0 && path[len(path)-1] == "text":
				problems = append(problems, outside(at, string(token), shapes)...)
			}
		}
	}
	for _, name := range []string{"title", "desc"} {
		if words[name] == "" {
			problems = append(problems, "expected a "+name+", got none")
		}
	}
	if texts == 0 {
		problems = append(problems, "expected text, got none")
	}
	return problems
}

// allowed are the elements that do nothing but draw.
var allowed = []string{"svg", "title", "desc", "style", "g", "rect", "text", "path", "polygon", "circle"}

// forbidden finds scripts and references to the outside.
func forbidden(e xml.StartElement) (problems []string) {
	if !slices.Contains(allowed, e.Name.Local) {
		problems = append(problems, "expected no element "+e.Name.Local)
	}
	for _, a := range e.Attr {
		outer := strings.Contains(a.Value, "//") && a.Name.Local != "xmlns"
		if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || strings.Contains(a.Value, "url(") || outer {
			problems = append(problems, fmt.Sprintf("expected no attribute %s=%q", a.Name.Local, a.Value))
		}
	}
	return problems
}

// A shape is a box with a colour.
type shape struct {
	ground string
	box
}

func shapeOf(e xml.StartElement) shape {
	return shape{attribute(e, "class"), box{number64(e, "x"), number64(e, "y"), number64(e, "width"), number64(e, "height")}}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func number64(e xml.StartElement, name string) float64 {
	f, err := strconv.ParseFloat(attribute(e, name), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// under is the uppermost shape at a point.
func under(shapes []shape, x, y float64) (shape, bool) {
	for _, s := range slices.Backward(shapes) {
		if x >= s.X && x <= s.X+s.W && y >= s.Y && y <= s.Y+s.H {
			return s, true
		}
	}
	return shape{}, false
}

// unreadable compares the colour of a text with the shape that it is on, on light
// and on dark pages.
func unreadable(e xml.StartElement, shapes []shape) (problems []string) {
	class, _, _ := strings.Cut(attribute(e, "class"), " ")
	on, ok := under(shapes, number64(e, "x"), number64(e, "y"))
	name, ink, _ := strings.Cut(class, "-")
	g, known := palette[name]
	if !ok || !known || on.ground != name || ink != "ink" && ink != "soft" {
		return []string{fmt.Sprintf("expected a text of class %q on a shape of its ground, got it on %q", class, on.ground)}
	}
	colour := g.ink
	if ink == "soft" {
		colour = g.soft
	}
	return faint(class, colour, g.fill)
}

// faint finds too little contrast between two shades.
func faint(name string, a, b shade) (problems []string) {
	for _, pair := range [][3]string{{"light", a.light, b.light}, {"dark", a.dark, b.dark}} {
		got, err := contrast(pair[1], pair[2])
		if err != nil {
			problems = append(problems, err.Error())
		} else if got < leastContrast {
			problems = append(problems, fmt.Sprintf("%s, %s: expected a contrast of at least %.1f between %s and %s, got %.2f", name, pair[0], leastContrast, pair[1], pair[2], got))
		}
	}
	return problems
}

// outside finds a text that leaves its shape. The letters of DejaVu Sans, the widest
// of the fonts in use, are 0.6 em wide on average, 0.66 if bold.
func outside(e xml.StartElement, words string, shapes []shape) []string {
	x, width := number64(e, "x"), 0.6*number64(e, "font-size")*float64(len([]rune(words)))
	if attribute(e, "font-weight") != "" {
		width *= 1.1
	}
	switch attribute(e, "text-anchor") {
	case "end":
		x -= width
	case "middle":
		x -= width / 2
	}
	on, ok := under(shapes, number64(e, "x"), number64(e, "y"))
	left, _ := under(shapes, x, number64(e, "y"))
	right, _ := under(shapes, x+width, number64(e, "y"))
	if !ok || left.ground != on.ground || right.ground != on.ground || x < on.X || x+width > on.X+on.W {
		return []string{fmt.Sprintf("expected the text %q inside of its shape, got it from %.0f to %.0f in %v", words, x, x+width, on)}
	}
	return nil
}

// contrast is WCAG's ratio of two colours
// (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
func contrast(a, b string) (float64, error) {
	one, err := luminance(a)
	if err != nil {
		return 0, err
	}
	other, err := luminance(b)
	if err != nil {
		return 0, err
	}
	return (max(one, other) + 0.05) / (min(one, other) + 0.05), nil
}

// luminance is WCAG's (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
func luminance(colour string) (float64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil || len(colour) != 7 {
		return 0, fmt.Errorf("expected a colour such as #1f2328, got %q", colour)
	}
	channel := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0), nil
}

func TestContrast(t *testing.T) {
	t.Parallel()
	if got, err := contrast("#000000", "#ffffff"); err != nil || math.Abs(got-21) > 0.001 {
		t.Errorf("black on white: got %v, %v, want 21", got, err)
	}
	if got, err := contrast("#777777", "#ffffff"); err != nil || got >= leastContrast || got < 4.4 {
		t.Errorf("grey on white: got %v, %v, want a little less than %v", got, err, leastContrast)
	}
	if _, err := contrast("red", "#ffffff"); err == nil {
		t.Error("a name: expected an error")
	}
	for name, g := range palette {
		for _, problem := range slices.Concat(faint(name+" ink", g.ink, g.fill), faint(name+" soft", g.soft, g.fill),
			faint(name+" line", g.line, g.fill), faint(name+" line on the page", g.line, palette["page"].fill)) {
			t.Error(problem)
		}
	}
}

// TestProblemsOf has each problem that a picture can have.
func TestProblemsOf(t *testing.T) {
	t.Parallel()
	p := picture{title: "A title", description: "A description", width: 200, height: 100}
	p.rect("api", box{10, 10, 100, 50}, 4, "")
	p.text(style{class: "api-ink", size: 12}, 20, 30, "A text")
	good := p.document("0")
	for _, tt := range []struct{ name, old, new, want string }{
		{"as drawn", "", "", ""},
		{"no XML", "</svg>", "</sgv>", "expected well-formed XML"},
		{"a script", "<style>", "<script>1</script><style>", "expected no element script"},
		{"a handler", "<rect", `<rect onclick="1"`, `expected no attribute onclick="1"`},
		{"an image", "<style>", `<image href="https://example.com/a.png"/><style>`, "expected no element image"},
		{"a reference", "<rect", `<rect fill="url(#a)"`, `expected no attribute fill="url(#a)"`},
		{"a font", "<style>", "<style>@import 'a.css';", "expected no reference in the style sheet"},
		{"no title", "A title", "", "expected a title, got none"},
		{"no description", "A description", " ", "expected a desc, got none"},
		{"no text", "<text", "<!-- <text", "expected text, got none"},
		{"a text on another ground", "api-ink\" x", "no-ink\" x", `expected a text of class "no-ink" on a shape of its ground, got it on "api"`},
		{"a text that is too long", "A text", "A text that is too long", "inside of its shape"},
		{"too large", "A title", strings.Repeat("A title ", 8000), "expected at most 60000 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content := strings.Replace(good, tt.old, tt.new, 1)
			if tt.name == "no text" {
				content = strings.Replace(content, "</text>", "</text> -->", 1)
			}
			got := strings.Join(problemsOf(content), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || tt.old != "" && content == good {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
