// Command testreport reads what `go test -json` prints and prints what `go test`
// would: a line a package, and all that failed tests said. It ends with the ten
// slowest tests. The exit code is go test's business; testreport fails only when
// it cannot read or write.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := report(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport: error:", err)
		os.Exit(1)
	}
}

// An event is one of `go doc test2json`, or of a build (`go help buildjson`).
type event struct {
	Action  string
	Package string
	Test    string // "" for the package itself
	Output  string
	Elapsed float64 // in seconds
}

// A test is a test or a subtest by its full name.
type test struct{ pkg, name string }

type timed struct {
	test
	seconds float64
}

// A reporter holds back the output of each package until it is known which of its
// tests passed.
type reporter struct {
	to     io.Writer
	held   map[string][]event
	passed map[test]bool
	times  []timed
}

func report(from io.Reader, to io.Writer) error {
	r := &reporter{to: to, held: make(map[string][]event), passed: make(map[test]bool)}
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				e = event{Output: string(line)} // not go test's, such as a crash of the go command
			}
			if err := r.take(e); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(r.held)) { // cut off before its end
		if err := r.end(pkg, false); err != nil {
			return err
		}
	}
	return r.slowest(10)
}

func (r *reporter) take(e event) error {
	ended := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
	switch {
	case e.Package == "": // of a build
		_, err := io.WriteString(r.to, e.Output)
		return err
	case e.Action == "output":
		r.held[e.Package] = append(r.held[e.Package], e)
	case ended && e.Test == "":
		return r.end(e.Package, e.Action != "fail")
	case ended:
		r.passed[test{e.Package, e.Test}] = e.Action != "fail"
		if !strings.Contains(e.Test, "/") {
			r.times = append(r.times, timed{test{e.Package, e.Test}, e.Elapsed})
		}
	}
	return nil
}

// end prints what a package said, except for its tests that passed. A test that
// never ended, because of a panic or the time limit, did not pass.
func (r *reporter) end(pkg string, passed bool) error {
	for _, e := range r.held[pkg] {
		if r.passed[test{pkg, e.Test}] || passed && e.Output == "PASS\n" {
			continue
		}
		if _, err := io.WriteString(r.to, e.Output); err != nil {
			return err
		}
	}
	delete(r.held, pkg)
	return nil
}

func (r *reporter) slowest(n int) error {
	slices.SortStableFunc(r.times, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	if len(r.times) > 0 {
		if _, err := fmt.Fprintln(r.to, "\nslowest tests:"); err != nil {
			return err
		}
	}
	for _, t := range r.times[:min(n, len(r.times))] {
		if _, err := fmt.Fprintf(r.to, "%8.1f s  %s %s\n", t.seconds, t.pkg, t.name); err != nil {
			return err
		}
	}
	return nil
}
