package diff

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// This file keeps one comment for each stack on a pull request
// (https://docs.github.com/en/rest/issues/comments). The rules are:
//   - a comment is ours if it begins with the stack's marker and a bot wrote it:
//     anybody can write the marker
//   - the token is sent to the API only, and no error contains it

// A GitHub keeps the comments on pull requests.
type GitHub struct {
	API        string // such as https://api.github.com
	Token      string
	HTTPClient *http.Client
}

var pullRequest = regexp.MustCompile(`^([\w.-]+/[\w.-]+)#([1-9][0-9]*)$`)

// ParsePullRequest splits OWNER/REPO#N.
func ParsePullRequest(text string) (repository string, number int, err error) {
	parts := pullRequest.FindStringSubmatch(text)
	if parts == nil {
		return "", 0, fmt.Errorf("expected a pull request as OWNER/REPO#N, got %q", text)
	}
	if number, err = strconv.Atoi(parts[2]); err != nil {
		return "", 0, fmt.Errorf("expected the number of a pull request, got %q", parts[2])
	}
	return parts[1], number, nil
}

type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User struct {
		Type string `json:"type"`
	} `json:"user"`
}

// Put writes a text as the comment of a stack: it updates an existing one, else
// it adds one. The text must begin with the stack's [Marker].
func (g GitHub) Put(ctx context.Context, repository string, number int, stack, text string) error {
	if g.Token == "" {
		return errors.New("comment: expected GITHUB_TOKEN, got none")
	}
	if !strings.HasPrefix(text, Marker(stack)+"\n") {
		return fmt.Errorf("comment: expected a text that begins with the marker of stack %q", stack)
	}
	comments := fmt.Sprintf("/repos/%s/issues/%d/comments", repository, number)
	mine, err := g.find(ctx, comments, Marker(stack))
	switch {
	case err != nil:
		return err
	case mine == nil:
		return g.do(ctx, http.MethodPost, comments, map[string]string{"body": text}, nil)
	case mine.Body == text:
		return nil
	}
	return g.do(ctx, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/comments/%d", repository, mine.ID), map[string]string{"body": text}, nil)
}

// pageSize is the most comments that GitHub returns at once.
const pageSize = 100

func (g GitHub) find(ctx context.Context, comments, marker string) (*comment, error) {
	for page := 1; ; page++ {
		var found []comment
		if err := g.do(ctx, http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", comments, pageSize, page), nil, &found); err != nil {
			return nil, err
		}
		for _, c := range found {
			// GitHub returns the text with its own line endings.
			if strings.HasPrefix(c.Body, marker) && c.User.Type == "Bot" {
				return &c, nil
			}
		}
		if len(found) < pageSize {
			return nil, nil
		}
	}
}

func (g GitHub) do(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(g.API, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("comment: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+g.Token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if in == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := g.HTTPClient.Do(req)
	if err != nil {
		return fmt.Errorf("comment: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return fmt.Errorf("comment: %s %s: %w", method, path, err)
	}
	if resp.StatusCode/100 != 2 {
		var refusal struct{ Message string }
		_ = json.Unmarshal(answer, &refusal) // the status says enough
		return fmt.Errorf("comment: %s %s: expected success, got %d %s (the job needs pull-requests: write)", method, path, resp.StatusCode, refusal.Message)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("comment: %s %s: %w", method, path, err)
	}
	return nil
}
