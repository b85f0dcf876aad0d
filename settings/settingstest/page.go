package settingstest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A Row is a wrong input and its answer, as docs/wrong-inputs.md shows them.
type Row struct{ Input, Answer string }

// ComparePart compares a part of a page, between the comments <!-- NAME --> and
// <!-- end of NAME -->, with a table of rows. With update it writes the table.
func ComparePart(t *testing.T, path, name string, rows []Row, update bool) {
	t.Helper()
	var table strings.Builder
	table.WriteString("\n| input | answer |\n|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s |\n", cell(row.Input), cell(row.Answer))
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "\n<!-- end of "+name+" -->"
	before, rest, begins := strings.Cut(string(page), begin)
	kept, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s: expected a part between %q and %q, got none", path, begin, end)
	}
	if kept == table.String() {
		return
	}
	if !update {
		t.Errorf("%s: the part %q is not what the answers are; fix: run this test with -update, and read what changes", path, name)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cell escapes a text for a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", "<br>", "<", "&lt;", "*", `\*`, "_", `\_`).Replace(strings.TrimSpace(text))
}
