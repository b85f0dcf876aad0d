package clients_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// This file keeps docs/clients.md. The rules are: a row says what happened when
// a test ran, and not what was hoped for; rows of clients that did not run stay;
// a client whose test failed changes nothing.

var update = flag.Bool("update", false, "rewrite docs/clients.md")

const tablePath = "../docs/clients.md"

// The table is between these lines of the page.
const (
	tableStart = "<!-- The table is written by: go -C clients test ./... -update -->\n"
	tableHead  = "| client | operation | result |\n|---|---|---|\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// An outcome is what an operation has to end with, if it is not its effect.
type outcome string

func (o outcome) Error() string { return string(o) }

// refused is that the sandbox refuses the operation as the real service does.
func refused(message string) error { return outcome("refused: " + message) }

// A client collects the rows of one client.
type client struct {
	*estate
	name string
	rows []string
}

var (
	finished   = map[string][]string{} // rows by client
	finishedMu sync.Mutex
)

// newClient starts the rows of a client, of which the version is the one that
// runs. They count when its test ends without a failure.
func newClient(t *testing.T, e *estate, name, version string) *client {
	c := &client{estate: e, name: name + " " + version}
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		finishedMu.Lock()
		defer finishedMu.Unlock()
		if _, twice := finished[c.name]; twice {
			t.Errorf("%s: expected its rows from one test, got them from two", c.name)
		}
		finished[c.name] = c.rows
	})
	return c
}

// idInPath differs from run to run.
var idInPath = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// does runs an operation. It returns nil if the client did it, or the outcome
// that it had to have; any other error fails the test, unless the client asked
// something that is not emulated.
func (c *client) does(operation string, run func() error) {
	c.t.Helper()
	before := len(c.sandbox.Unemulated())
	err := run()
	unknown := c.sandbox.Unemulated()[before:]
	var other outcome
	var result string
	switch {
	case len(unknown) > 0:
		result = "501: " + unknown[0].Unemulated
		if unknown[0].Route == "" { // it says no more than that there is none
			result += " " + unknown[0].Method + " " + idInPath.ReplaceAllString(strings.SplitN(unknown[0].URL, "?", 2)[0], "{id}")
		}
	case errors.As(err, &other):
		result = string(other)
	case err != nil:
		c.t.Errorf("%s: %s: %v", c.name, operation, err)
		return
	default:
		result = "works"
	}
	c.rows = append(c.rows, fmt.Sprintf("| %s | %s | %s |", c.name, operation, result))
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if err := compareTable(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// compareTable compares the rows of the clients that ran with the table, or
// writes them.
func compareTable() error {
	content, err := os.ReadFile(tablePath)
	if err == nil && strings.Count(string(content), tableStart) != 1 || strings.Count(string(content), tableEnd) != 1 {
		err = fmt.Errorf("docs/clients.md: expected one table, between %q and %q", tableStart, tableEnd)
	}
	if err != nil {
		return err
	}
	all := merged(string(content), finished)
	if all == string(content) {
		return nil
	}
	if !*update {
		return fmt.Errorf("docs/clients.md: expected the results of this run, got others; fix: go -C clients test ./... -update\n%s", newLines(string(content), all))
	}
	return os.WriteFile(tablePath, []byte(all), 0o644)
}

// merged is the page with the rows of the clients that ran in place of those
// that the same clients had, in any version.
func merged(page string, ran map[string][]string) string {
	before, rest, _ := strings.Cut(page, tableStart)
	table, after, _ := strings.Cut(rest, tableEnd)
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		name := strings.TrimPrefix(cells[0], "| ")
		if len(cells) == 3 && name != "client" && !runs(ran, name) {
			rows[name] = append(rows[name], strings.TrimSpace(line))
		}
	}
	maps.Copy(rows, ran)
	text := before + tableStart + tableHead
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		for _, row := range rows[name] {
			text += row + "\n"
		}
	}
	return text + tableEnd + after
}

// runs says whether a client is among those that ran, in any version.
func runs(ran map[string][]string, name string) bool {
	without := func(name string) string { return name[:max(0, strings.LastIndex(name, " "))] }
	for other := range ran {
		if without(other) == without(name) {
			return true
		}
	}
	return false
}

// newLines are the lines of a text that the other one lacks.
func newLines(old, text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.Contains(old, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := "# Page\n" + tableStart + tableHead + "| b 1.0 | x | works |\n| c 1.0 | x | works |\n| c 1.0 | y | works |\n" + tableEnd + "more\n"
	for _, tt := range []struct {
		name string
		ran  map[string][]string
		want string
	}{
		{"nothing ran", nil, table},
		{"the same result", map[string][]string{"b 1.0": {"| b 1.0 | x | works |"}}, table},
		{"another result", map[string][]string{"b 1.0": {"| b 1.0 | x | 501: z |"}}, strings.Replace(table, "x | works", "x | 501: z", 1)},
		{"another version", map[string][]string{"b 1.1": {"| b 1.1 | x | works |"}}, strings.Replace(table, "b 1.0", "b 1.1", 1)},
		{"an operation less", map[string][]string{"c 1.0": {"| c 1.0 | x | works |"}}, strings.Replace(table, "| c 1.0 | y | works |\n", "", 1)},
		{"a new client", map[string][]string{"a 1.0": {"| a 1.0 | x | works |"}}, strings.Replace(table, "| b", "| a 1.0 | x | works |\n| b", 1)},
	} {
		if got := merged(table, tt.ran); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestResults shows how the table names what happens.
func TestResults(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	c := &client{estate: e, name: "a 1.0"}
	c.does("lists", func() error { return nil })
	c.does("asks", func() error { return e.azure.Do(t.Context(), "GET", "/v1.0/users", nil, nil) })
	c.does("asks again, and hides it", func() error { _ = e.azure.Do(t.Context(), "GET", "/v1.0/users/"+ordersRead, nil, nil); return nil })
	c.does("asks for too much", func() error { return refused("AADSTS700016") })
	want := []string{"| a 1.0 | lists | works |", "| a 1.0 | asks | 501: route GET /v1.0/users |", "| a 1.0 | asks again, and hides it | 501: route GET /v1.0/users/{id} |",
		"| a 1.0 | asks for too much | refused: AADSTS700016 |"}
	if !slices.Equal(c.rows, want) {
		t.Errorf("got %q, want %q", c.rows, want)
	}
}
