package azurecloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// This file sends requests. The rules are: a token goes to its own service and
// nowhere else; a busy or throttling service is asked again after the time it
// says, a few times; any other failure is a [StatusError].

const (
	bodyLimit = 16 << 20
	attempts  = 6
	// longestWait is how long one answer may ask to wait: Graph's throttling
	// clears within minutes (https://learn.microsoft.com/graph/throttling).
	longestWait = 2 * time.Minute
)

// A Client sends requests to one service with the caller's tokens. It is safe
// for concurrent use.
type Client struct {
	base, scope string // without a slash at the end; of its tokens
	credential  azcore.TokenCredential
	http        *http.Client
	sleep       func(context.Context, time.Duration) error
}

// A StatusError is an answer that is not a success.
type StatusError struct {
	Method, Path  string // the path with its query
	Status        int
	Code, Message string // of the error in the body, "" when it has none
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// StatusOf is the HTTP status in an error, 0 when it has none.
func StatusOf(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Status
	}
	return 0
}

// IsNotFound reports whether the service said that there is no such thing.
func IsNotFound(err error) bool { return StatusOf(err) == http.StatusNotFound }

// An Answer is the success of a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get reads path into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.exchange(ctx, http.MethodGet, path, nil, out)
}

// Post sends in, when it is not nil, and reads the answer into out, when that
// is not nil.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.exchange(ctx, http.MethodPost, path, in, out)
}

// Put is [Client.Post] with PUT.
func (c *Client) Put(ctx context.Context, path string, in, out any) error {
	return c.exchange(ctx, http.MethodPut, path, in, out)
}

// Patch sends the properties to change.
func (c *Client) Patch(ctx context.Context, path string, in any) error {
	return c.exchange(ctx, http.MethodPatch, path, in, nil)
}

// Delete deletes what is at path. It does not wait for an operation that
// continues after the response; [Client.Do] returns the header to follow it
// with.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.exchange(ctx, http.MethodDelete, path, nil, nil)
}

func (c *Client) exchange(ctx context.Context, method, path string, in, out any) error {
	answer, err := c.Do(ctx, method, path, in)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s %s: expected JSON: %w", method, path, err)
	}
	return nil
}

// List reads all pages of a collection.
func List[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var items []T
	for path != "" {
		var page struct {
			Value     []T    `json:"value"`
			GraphNext string `json:"@odata.nextLink"`
			ARMNext   string `json:"nextLink"`
		}
		if err := c.Get(ctx, path, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Value...)
		path = page.GraphNext + page.ARMNext // at most one of them is set
	}
	return items, nil
}

// Do sends one request. The path starts with a slash, or is an address that
// the service gave, such as that of the next page.
func (c *Client) Do(ctx context.Context, method, path string, in any) (Answer, error) {
	path = strings.TrimPrefix(path, c.base)
	if !strings.HasPrefix(path, "/") {
		return Answer{}, fmt.Errorf("%s %s: expected a path, or an address of %s", method, path, c.base)
	}
	var content []byte
	if in != nil {
		var err error
		if content, err = json.Marshal(in); err != nil {
			return Answer{}, fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.send(ctx, method, path, content)
		if err != nil {
			return Answer{}, err
		}
		if answer.Status >= 200 && answer.Status <= 299 {
			return answer, nil
		}
		busy := answer.Status == http.StatusTooManyRequests || answer.Status == http.StatusServiceUnavailable
		if !busy || attempt == attempts {
			return Answer{}, newStatusError(method, path, answer)
		}
		if err := c.sleep(ctx, waitOf(answer.Header, attempt)); err != nil {
			return Answer{}, err
		}
	}
}

// waitOf is how long the service asks to wait, in seconds (RFC 9110 section
// 10.2.3); when it does not say, longer each time.
func waitOf(header http.Header, attempt int) time.Duration {
	wait := time.Second << (attempt - 1)
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = time.Duration(seconds) * time.Second
	}
	return min(wait, longestWait)
}

func (c *Client) send(ctx context.Context, method, path string, content []byte) (Answer, error) {
	token, err := c.token(ctx)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(content))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

func (c *Client) token(ctx context.Context) (string, error) {
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.scope}})
	if err != nil {
		return "", SignInError(err)
	}
	return token.Token, nil
}

// newStatusError reads the error that both services write: code and message.
func newStatusError(method, path string, answer Answer) error {
	var body struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(answer.Body, &body) // a page of a proxy has none
	return &StatusError{Method: method, Path: path, Status: answer.Status, Code: body.Error.Code,
		Message: strings.Join(strings.Fields(body.Error.Message), " ")}
}
