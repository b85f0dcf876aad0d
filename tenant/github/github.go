// Package github sends requests to GitHub's REST API for what a workflow keeps
// there: a comment on a pull request, an issue.
//
// The token is sent to the API only, and no error contains it.
package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A Client sends requests. All fields are required.
type Client struct {
	API        string // such as https://api.github.com
	Token      string
	HTTPClient *http.Client
}

// A For is what requests are for, in errors.
type For struct {
	What       string // such as comment
	Permission string // of the job, such as pull-requests: write
}

// CheckToken is an error if there is no token.
func (c Client) CheckToken(f For) error {
	if c.Token == "" {
		return errors.New(f.What + ": expected GITHUB_TOKEN, got none")
	}
	return nil
}

// pageSize is the most that GitHub returns at once
// (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
const pageSize = 100

// Find returns the first one of a list that is mine, on any page, or nil.
func Find[T any](ctx context.Context, c Client, f For, path string, mine func(T) bool) (*T, error) {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for page := 1; ; page++ {
		var found []T
		if err := c.Do(ctx, f, http.MethodGet, fmt.Sprintf("%s%sper_page=%d&page=%d", path, separator, pageSize, page), nil, &found); err != nil {
			return nil, err
		}
		for _, one := range found {
			if mine(one) {
				return &one, nil
			}
		}
		if len(found) < pageSize {
			return nil, nil
		}
	}
}

// Do sends in as JSON, unless it is nil, and decodes the answer into out, unless
// that is nil.
func (c Client) Do(ctx context.Context, f For, method, path string, in, out any) error {
	fail := func(err error) error { return fmt.Errorf("%s: %s %s: %w", f.What, method, path, err) }
	var body io.Reader = http.NoBody
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fail(err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.API, "/")+path, body)
	if err != nil {
		return fail(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTPClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", f.What, err) // it names method and address
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode/100 != 2 {
		var refusal struct{ Message string }
		_ = json.Unmarshal(answer, &refusal) // the status says enough
		return fail(fmt.Errorf("expected success, got %d %s (the job needs %s)", resp.StatusCode, refusal.Message, f.Permission))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fail(err)
	}
	return nil
}
