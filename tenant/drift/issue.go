package drift

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// This file keeps the issue (https://docs.github.com/en/rest/issues/issues). The
// rules are:
//   - an issue is ours if it begins with the stack's marker and a bot wrote it:
//     anybody can write the marker
//   - there is one issue for a stack: it is closed when nothing differs, and opened
//     again
//   - the token is sent to the API only, and no error contains it

// A GitHub keeps issues.
type GitHub struct {
	API        string // such as https://api.github.com
	Token      string
	HTTPClient *http.Client
}

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
	if g.Token == "" {
		return 0, errors.New("issue: expected GITHUB_TOKEN, got none")
	}
	if !repository.MatchString(in) {
		return 0, fmt.Errorf("issue: expected a repository as OWNER/REPO, got %q", in)
	}
	mine, err := g.find(ctx, in, marker(t.Stack))
	if err != nil {
		return 0, err
	}
	state := "closed"
	if t.Open {
		state = "open"
	}
	switch {
	case mine != nil:
		return mine.Number, g.do(ctx, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/%d", in, mine.Number), map[string]string{"title": t.Title, "body": t.Body, "state": state}, nil)
	case !t.Open:
		return 0, nil
	}
	var made issue
	err = g.do(ctx, http.MethodPost, "/repos/"+in+"/issues", map[string]string{"title": t.Title, "body": t.Body}, &made)
	return made.Number, err
}

// pageSize is the most issues that GitHub returns at once.
const pageSize = 100

// find looks among all issues, the newest first: ours may be closed.
func (g GitHub) find(ctx context.Context, in, marker string) (*issue, error) {
	for page := 1; ; page++ {
		var found []issue
		if err := g.do(ctx, http.MethodGet, fmt.Sprintf("/repos/%s/issues?state=all&per_page=%d&page=%d", in, pageSize, page), nil, &found); err != nil {
			return nil, err
		}
		for _, i := range found {
			if strings.HasPrefix(i.Body, marker) && i.User.Type == "Bot" && i.PullRequest == nil {
				return &i, nil
			}
		}
		if len(found) < pageSize {
			return nil, nil
		}
	}
}

func (g GitHub) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(g.API, "/")+path, body)
	if err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+g.Token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := g.HTTPClient.Do(req)
	if err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return fmt.Errorf("issue: %s %s: %w", method, path, err)
	}
	if resp.StatusCode/100 != 2 {
		var refusal struct{ Message string }
		_ = json.Unmarshal(answer, &refusal) // the status says enough
		return fmt.Errorf("issue: %s %s: expected success, got %d %s (the job needs issues: write)", method, path, resp.StatusCode, refusal.Message)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("issue: %s %s: %w", method, path, err)
	}
	return nil
}
