package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unicode/utf8"
)

// This file shows the steps of the demo. The rules are:
//   - on a terminal the line of the step in work is rewritten as it moves, and at
//     least each second, so that nobody wonders whether it hangs
//   - anywhere else (CI, a file) a step has a line when it starts and one when it
//     ends, without counters and colours
//   - a line fits 80 columns, since one that wraps cannot be rewritten

const columns = 80

// A screen shows steps, one after the other. Only one is in work at a time.
type screen struct {
	out      io.Writer
	terminal bool // the line in work may be rewritten
	colours  bool
	now      func() time.Time
	// ticks are the times to look at the line in work.
	ticks func() (ticks <-chan time.Time, stop func())
	mu    sync.Mutex
	parts []part // under mu
}

// A part is a step that is done, or one of the builds of a step.
type part struct {
	Part    string  `json:"part"`
	Seconds float64 `json:"seconds"`
}

// ended notes that a part ended now.
func (s *screen) ended(name string, start time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, part{name, seconds(s.now().Sub(start))})
}

// newScreen is a screen on out. verbose shows what programs print in between, so
// that no line can be rewritten.
func newScreen(out io.Writer, getenv func(string) string, verbose bool) *screen {
	terminal := isTerminal(out) && getenv("TERM") != "dumb"
	return &screen{
		out: out, terminal: terminal && !verbose,
		colours: terminal && getenv("NO_COLOR") == "", // https://no-color.org
		now:     time.Now,
		ticks: func() (<-chan time.Time, func()) {
			ticker := time.NewTicker(250 * time.Millisecond)
			return ticker.C, ticker.Stop
		},
	}
}

// isTerminal reports whether w is a character device other than /dev/null.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// say prints text between steps.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}

// The colours, as parameters of SGR (ECMA-48 section 8.3.117).
const (
	bold  = "1"
	red   = "31"
	green = "32"
	faint = "2"
)

// paint colours text on a screen that has colours.
func (s *screen) paint(colour, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// A step is a part of the demo with a line of its own.
type step struct {
	screen *screen
	name   string
	start  time.Time
	state  string // under screen.mu, as is drawn
	drawn  string // the line in work, empty when none is on the screen
	stop   chan struct{}
	moved  sync.WaitGroup
}

// begin starts a step that does what state says.
func (s *screen) begin(name, state string) *step {
	st := &step{screen: s, name: name, start: s.now(), state: state, stop: make(chan struct{})}
	if !s.terminal {
		s.say("%-10s %s\n", name, state)
		return st
	}
	st.draw()
	ticks, stop := s.ticks()
	st.moved.Go(func() {
		defer stop()
		for {
			select {
			case <-ticks:
				st.draw()
			case <-st.stop:
				return
			}
		}
	})
	return st
}

// set says how far the step is. Only a terminal shows it.
func (st *step) set(format string, args ...any) {
	st.screen.mu.Lock()
	defer st.screen.mu.Unlock()
	st.state = fmt.Sprintf(format, args...)
}

// note prints a line above that of the step in work.
func (st *step) note(text string) {
	if !st.screen.terminal {
		st.screen.say("%s\n", text)
		return
	}
	st.screen.mu.Lock()
	defer st.screen.mu.Unlock()
	fmt.Fprintf(st.screen.out, "\r\x1b[2K%s\n", text)
	st.drawn = ""
}

// elapsed is the step's time in whole seconds.
func (st *step) elapsed() string {
	return fmt.Sprintf("%.0f s", st.screen.now().Sub(st.start).Seconds())
}

// draw rewrites the line in work if it has changed.
func (st *step) draw() {
	st.screen.mu.Lock()
	defer st.screen.mu.Unlock()
	line := row(st.name, st.state, st.elapsed())
	if line != st.drawn {
		fmt.Fprintf(st.screen.out, "\r\x1b[2K%s", st.screen.paint(faint, line))
		st.drawn = line
	}
}

// row is a line with the seconds on the right, cut so that it does not wrap.
func row(name, state, elapsed string) string {
	width := columns - 1 - 11 - len(elapsed) - 1
	if utf8.RuneCountInString(state) > width {
		state = string([]rune(state)[:width-1]) + "…"
	}
	return fmt.Sprintf("%-10s %-*s %s", name, width, state, elapsed)
}

// done ends the step with what came of it.
func (st *step) done(format string, args ...any) {
	st.end()
	st.screen.ended(st.name, st.start)
	result := fmt.Sprintf(format, args...)
	if !st.screen.terminal {
		st.screen.say("%-10s %s (%s)\n", "", result, st.elapsed())
		return
	}
	line := row(st.name, result, st.elapsed())
	st.screen.say("\r\x1b[2K%s%s\n", st.screen.paint(green, line[:len(st.name)]), line[len(st.name):])
}

// fail ends the step, unless it has ended, and leaves its line as it was.
func (st *step) fail() {
	if st.end() && st.screen.terminal {
		st.screen.say("\n")
	}
}

// end stops the rewriting. It reports whether the step was still in work.
func (st *step) end() bool {
	select {
	case <-st.stop:
		return false
	default:
	}
	close(st.stop)
	st.moved.Wait()
	return true
}
