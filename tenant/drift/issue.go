package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"app-to-app/tenant/github"
)

// This file keeps the issue (https://docs.github.com/en/rest/issues/issues). The
// rules are:
//   - an issue is ours if it begins with the stack's marker and a bot wrote it:
//     anybody can write the marker
//   - there is one issue for a stack: it is closed when nothing differs, and opened
//     again

// A GitHub keeps issues.
type GitHub struct{ github.Client }

var forIssue = github.For{What: "issue", Permission: "issues: write"}

var repository = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

type issue struct {
	Number      int             `json:"number"`
	Title       string          `json:"title"`
	Body        string          `json:"body"`
	State       string          `json:"state"`
	PullRequest json.RawMessage `json:"pull_request"`
	User        struct {
		Type string `json:"type"`
	} `json:"user"`
}

// Put writes the text of a stack's issue, and opens or closes it. It makes none to
// say that nothing differs. It returns the issue's number, 0 for none.
func (g GitHub) Put(ctx context.Context, in string, t Text) (int, error) {
	if err := g.CheckToken(forIssue); err != nil {
		return 0, err
	}
	if !repository.MatchString(in) {
		return 0, fmt.Errorf("issue: expected a repository as OWNER/REPO, got %q", in)
	}
	// Among all issues, because ours may be closed.
	mine, err := github.Find(ctx, g.Client, forIssue, "/repos/"+in+"/issues?state=all", func(i issue) bool {
		return strings.HasPrefix(i.Body, marker(t.Stack)) && i.User.Type == "Bot" && i.PullRequest == nil
	})
	if err != nil {
		return 0, err
	}
	state := "closed"
	if t.Open {
		state = "open"
	}
	switch {
	case mine != nil:
		return mine.Number, g.Do(ctx, forIssue, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/%d", in, mine.Number), map[string]string{"title": t.Title, "body": t.Body, "state": state}, nil)
	case !t.Open:
		return 0, nil
	}
	var made issue
	err = g.Do(ctx, forIssue, http.MethodPost, "/repos/"+in+"/issues", map[string]string{"title": t.Title, "body": t.Body}, &made)
	return made.Number, err
}
