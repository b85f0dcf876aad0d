// Package drift keeps one issue for each stack on GitHub with what the last audit
// found, and with what it takes to remove it.
//
// It renders the text from the facts of an audit (`tenant audit -json`), so the job
// that may write issues needs no identity, and the one with an identity may write
// nothing on GitHub.
package drift

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"app-to-app/tenant"
)

// Facts are what an audit printed with -json.
type Facts struct {
	tenant.AuditReport
	LookedAt  string `json:"lookedAt"`
	FixDigest string `json:"fixDigest"` // "" if there is nothing to remove
}

// Read reads the facts. What is no report of an audit is an error: an empty one
// would look like a tenant without differences.
func Read(in io.Reader) (Facts, error) {
	var f Facts
	if err := json.NewDecoder(in).Decode(&f); err != nil {
		return Facts{}, fmt.Errorf("read the facts: expected the output of tenant audit -json: %w", err)
	}
	if f.Differences == nil || f.LookedAt == "" {
		return Facts{}, fmt.Errorf("read the facts: expected differences and lookedAt, as tenant audit -json prints them, got neither")
	}
	f.AuditReport.LookedAt = f.LookedAt
	return f, nil
}

// A Text is the content of a stack's issue.
type Text struct {
	Stack string
	Open  bool // whether there is something to do
	Title string
	Body  string
}

// marker is how an issue of a stack begins.
func marker(stack string) string { return "<!-- app-to-app drift of " + stack + " -->" }

// Render makes the text. run is the address of the workflow's run, "" if
// there is none.
func Render(stack string, f Facts, now time.Time, run string) Text {
	t := newText(stack, len(f.Differences) > 0)
	var body strings.Builder
	body.WriteString(f.Markdown())
	if f.FixDigest != "" {
		n := 0
		for _, d := range f.Differences {
			if d.Target != nil {
				n++
			}
		}
		fmt.Fprintf(&body, "\n**To remove what nobody declared** (of %d such points, those that the stack's state does not have): start the workflow `repair` with the environment `%s` and the digest `%s`; a reviewer of `repair-%[2]s` approves it. "+
			"It removes exactly what is shown here, and nothing if the tenant has changed since. By hand: `tenant audit -stack %[2]s -fix -digest %[3]s`. What is declared and missing comes back with `pulumi up --refresh`.\n", n, stack, f.FixDigest)
	}
	t.finish(body.String(), now, run)
	return t
}

// Failed is the text when there are no facts: an older one would stand for this
// audit.
func Failed(stack string, err error, now time.Time, run string) Text {
	t := newText(stack, true)
	t.finish(fmt.Sprintf("**The last audit did not end**, so nobody knows whether the tenant differs: %s\n", strings.NewReplacer("`", "'", "@", "&#64;", "<", "&lt;").Replace(err.Error())), now, run)
	return t
}

func newText(stack string, open bool) Text {
	return Text{Stack: stack, Open: open, Title: "Drift of stack " + stack}
}

func (t *Text) finish(body string, now time.Time, run string) {
	t.Body = marker(t.Stack) + "\n" + body + "\nAudited at " + now.UTC().Format(time.RFC3339)
	if run != "" {
		t.Body += ", in " + run
	}
	t.Body += ".\n"
}
