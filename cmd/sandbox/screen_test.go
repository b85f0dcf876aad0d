package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A clock moves when the test says so, and ticks as often as a real one.
type clock struct {
	at    time.Time
	ticks chan time.Time
}

func newTestScreen(out *bytes.Buffer, terminal bool) (*screen, *clock) {
	c := &clock{at: time.Unix(0, 0), ticks: make(chan time.Time)}
	s := newScreen(out, func(string) string { return "" }, false)
	s.terminal, s.colours = terminal, terminal
	s.now = func() time.Time { return c.at }
	s.ticks = func() (<-chan time.Time, func()) { return c.ticks, func() {} }
	return s, c
}

// tick moves the clock and returns when the screen has looked at it.
func (c *clock) tick(s *screen, d time.Duration) {
	s.mu.Lock()
	c.at = c.at.Add(d)
	s.mu.Unlock()
	c.ticks <- c.at
	c.ticks <- c.at // taken when the first one is done
}

// TestNoSilence has a step that says nothing for a minute.
func TestNoSilence(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, c := newTestScreen(&out, true)
	st := s.begin("deploy", "stack dev")
	silent := time.Duration(0)
	for range 4 * 60 {
		before := out.Len()
		c.tick(s, 250*time.Millisecond)
		if silent += 250 * time.Millisecond; out.Len() > before {
			silent = 0
		}
		if silent > 3*time.Second {
			t.Fatalf("silent for %s after:\n%q", silent, &out)
		}
	}
	st.done("%d resources", 77)
	if got, want := visible(out.String()), "deploy     77 resources                                                    60 s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// visible is what a terminal shows in the end, without colours.
func visible(out string) string {
	var shown strings.Builder
	for line := range strings.SplitAfterSeq(out, "\n") {
		line = line[strings.LastIndex(line, "\r")+1:]
		for _, code := range []string{"\x1b[2K", "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"} {
			line = strings.ReplaceAll(line, code, "")
		}
		shown.WriteString(line)
	}
	return shown.String()
}

func TestALineNeverWraps(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, c := newTestScreen(&out, true)
	st := s.begin("build", strings.Repeat("ä long state ", 20))
	c.tick(s, 12345*time.Second)
	st.fail()
	st.fail() // a deferred one after the end
	for line := range strings.SplitSeq(visible(strings.ReplaceAll(out.String(), "\r", "\n\r")), "\n") {
		if width := utf8.RuneCountInString(line); width >= columns {
			t.Errorf("got %d columns, want less than %d: %q", width, columns, line)
		}
	}
	if got := strings.Count(visible(out.String()), "\n"); got != 1 {
		t.Errorf("got %d lines, want 1", got)
	}
}

// TestPlain is a pipe, as in CI: no counter, no colour, no rewriting.
func TestPlain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, c := newTestScreen(&out, false)
	st := s.begin("deploy", "stack dev")
	st.set("41 of 77")
	c.at = c.at.Add(14 * time.Second)
	st.note("takes long")
	st.done("77 resources")
	s.say("%s\n", s.paint(red, "end"))
	if got, want := out.String(), "deploy     stack dev\ntakes long\n           77 resources (14 s)\nend\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatATerminalIs(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // the master of a new one
	if err != nil {
		t.Skipf("needs a pseudo terminal: %v", err)
	}
	defer terminal.Close()
	for _, tt := range []struct {
		name              string
		out               *os.File
		environ           map[string]string
		verbose           bool
		rewrites, colours bool
	}{
		{name: "a terminal", out: terminal, rewrites: true, colours: true},
		{name: "NO_COLOR", out: terminal, environ: map[string]string{"NO_COLOR": "1"}, rewrites: true},
		{name: "-v", out: terminal, verbose: true, colours: true},
		{name: "a dumb terminal", out: terminal, environ: map[string]string{"TERM": "dumb"}},
		{name: "a file", out: file},
		{name: "/dev/null", out: null},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(tt.out, func(name string) string { return tt.environ[name] }, tt.verbose)
			if s.terminal != tt.rewrites || s.colours != tt.colours {
				t.Errorf("got rewrites %t, colours %t; want %t, %t", s.terminal, s.colours, tt.rewrites, tt.colours)
			}
		})
	}
}

func TestAFirstRunSaysWhatItBuilds(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, c := newTestScreen(&out, true)
	st := s.begin("build", "the engine")
	b := &builds{step: st}
	b.Write([]byte("building the Pulumi CLI, once for this user (about six minutes on two cores)\n"))
	c.tick(s, 0)
	b.Write([]byte("building the stand-in\n"))
	b.Building("the Pulumi CLI", 0, 1686)
	b.Building("the stand-in", 826, 827)
	b.Building("the Pulumi CLI", 1685, 1686)
	c.tick(s, 2*time.Second)
	b.Built("the stand-in")
	c.tick(s, 3400*time.Millisecond)
	b.Built("the Pulumi CLI")
	st.done("built")
	st = s.begin("deploy", "stack dev")
	c.tick(s, 5*time.Second)
	st.fail()
	st = s.begin("call", "each client")
	c.tick(s, 240*time.Millisecond)
	st.done("called")
	if want := []part{{"the stand-in", 2}, {"the Pulumi CLI", 5.4}, {"build", 5.4}, {"call", 0.2}}; !slices.Equal(s.parts, want) {
		t.Errorf("got parts %v, want %v: each with its own seconds, and none that failed", s.parts, want)
	}
	if got := strings.Count(out.String(), "Compiling Pulumi from source, once for this user: about "); got != 1 {
		t.Errorf("got the estimate %d times, want once:\n%q", got, &out)
	}
	if want := "packages: the Pulumi CLI 1685/1686, the stand-in 826/827"; !strings.Contains(out.String(), want) {
		t.Errorf("got %q, want %q in it", &out, want)
	}
	if strings.Contains(out.String(), "…") {
		t.Errorf("got %q, want rows that fit", &out)
	}
}
