package diff

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"app-to-app/tenant/github"
)

// This file keeps one comment for each stack on a pull request
// (https://docs.github.com/en/rest/issues/comments). The rules are:
//   - a comment is ours if it begins with the stack's marker and a bot wrote it:
//     anybody can write the marker

// A GitHub keeps the comments on pull requests.
type GitHub struct{ github.Client }

var forComment = github.For{What: "comment", Permission: "pull-requests: write"}

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
	if err := g.CheckToken(forComment); err != nil {
		return err
	}
	if !strings.HasPrefix(text, Marker(stack)+"\n") {
		return fmt.Errorf("comment: expected a text that begins with the marker of stack %q", stack)
	}
	comments := fmt.Sprintf("/repos/%s/issues/%d/comments", repository, number)
	mine, err := github.Find(ctx, g.Client, forComment, comments, func(c comment) bool {
		return strings.HasPrefix(c.Body, Marker(stack)) && c.User.Type == "Bot"
	})
	switch {
	case err != nil:
		return err
	case mine == nil:
		return g.Do(ctx, forComment, http.MethodPost, comments, map[string]string{"body": text}, nil)
	case mine.Body == text:
		return nil
	}
	return g.Do(ctx, forComment, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/comments/%d", repository, mine.ID), map[string]string{"body": text}, nil)
}
