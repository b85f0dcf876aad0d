package checks_test

import (
	"fmt"
	"strings"
	"testing"
)

// An answered question is one that strangers ask first. The README's table of
// questions leads to a page, and the page has what answers it: two clicks.
type answered struct{ question, page, has string }

var firstQuestions = []answered{
	{"How do I add my own API?", "docs/own-api.md", "\ngo run ./cmd/new api "},
	{"Who may call?", "docs/operations.md#who-may-call", "\n## Who may call\n\n```\nbin/tenant audit "},
	{"Why was I refused?", "docs/evidence.md", "tenant why -id "},
	{"How do I roll back?", "docs/operations.md#roll-back", "\n## Roll back\n"},
	{"What does it cost to leave it running?", "docs/operations.md#what-it-costs", "\n## What it costs\n"},
}

func TestFirstQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	for _, a := range firstQuestions {
		page, _, _ := strings.Cut(a.page, "#")
		if problem := a.missing(readme, read(t, page)); problem != "" {
			t.Error(problem)
		}
	}
	for _, tt := range []struct{ readme, page, want string }{
		{"", "x", "expected the question"},
		{"| Q? | [other](docs/other.md) |", "x", "expected a link to docs/page.md"},
		{"| Q? | [page](docs/page.md) |", "y", "docs/page.md: expected"},
		{"| Q? | [page](docs/page.md) |", "x", ""},
	} {
		got := answered{"Q?", "docs/page.md", "x"}.missing(tt.readme+"\n", tt.page)
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", tt.readme, got, tt.want)
		}
	}
}

// missing says what keeps a stranger from the answer; "" if nothing does.
func (a answered) missing(readme, page string) string {
	_, row, asked := strings.Cut(readme, "| "+a.question+" |")
	answer, _, _ := strings.Cut(row, "\n")
	switch {
	case !asked:
		return fmt.Sprintf("expected the question %q in README.md", a.question)
	case !strings.Contains(answer, "]("+a.page+")"):
		return fmt.Sprintf("expected a link to %s behind %q in README.md, got %q", a.page, a.question, answer)
	case !strings.Contains(page, a.has):
		return fmt.Sprintf("%s: expected %q, which answers %q", a.page, a.has, a.question)
	}
	return ""
}
