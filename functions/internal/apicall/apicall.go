// Package apicall calls an API with an access token and reads its answer as JSON.
//
// It sends the token to one URL only and follows no redirects, because the token is
// for the API there. Nothing here puts the token, or anything that the API sends
// back, into an error.
package apicall

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxAnswerBytes limits the answer that a client reads, so that an endless one does
// not exhaust the memory.
const maxAnswerBytes = 1 << 20

// A TokenSource returns the access token for the API.
type TokenSource interface {
	AccessToken(ctx context.Context) (string, error)
}

// A Client reads from an API. All fields but HTTPClient are required. It is safe
// for concurrent use when its TokenSource is.
type Client struct {
	What       string // it gets, for errors: orders
	URL        string // as https://host/api/orders
	Tokens     TokenSource
	HTTPClient *http.Client // nil means [http.DefaultClient]
}

// An AnswerError is an answer of the API that holds nothing of use: any status but
// 200, or a body that cannot be read. Its text holds the status and the error of
// the challenge, never the body and never the token, even if the API sends it
// back.
type AnswerError struct {
	Status     int
	Challenge  string // the error that WWW-Authenticate names
	RetryAfter string // in seconds, or as a date
	RequestID  string // that this client gave the request; the API's log has it
	Err        error  // what is wrong with the body of a 200
}

func (e *AnswerError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	text := fmt.Sprintf("expected status 200, got %d", e.Status)
	if e.Challenge != "" {
		text += fmt.Sprintf(" with challenge %q", e.Challenge)
	}
	if e.RetryAfter != "" {
		text += fmt.Sprintf(" and Retry-After %q", e.RetryAfter)
	}
	if e.RequestID != "" {
		text += ", request id " + e.RequestID
	}
	return text
}

// Unwrap returns what is wrong with the body, or nil.
func (e *AnswerError) Unwrap() error { return e.Err }

// Get decodes the API's answer with a function that may refuse it. Any answer
// that is not JSON with the status 200, redirects included, is an [*AnswerError].
func (c *Client) Get(ctx context.Context, decode func(body []byte) error) error {
	if c.URL == "" || c.Tokens == nil {
		return fmt.Errorf("get %s: the client needs a URL and a token source", c.What)
	}
	token, err := c.Tokens.AccessToken(ctx)
	if err != nil {
		return fmt.Errorf("get access token: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return fmt.Errorf("get %s: %w", c.What, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	// Azure's own services log it under this name, and so does the API. It is ours
	// and not the answer's, of which errors repeat nothing.
	requestID := newRequestID()
	request.Header.Set("x-ms-client-request-id", requestID)
	response, err := c.httpClient().Do(request)
	if err != nil {
		return fmt.Errorf("get %s: %w", c.What, err)
	}
	defer func() { _ = response.Body.Close() }() // nothing to save
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s from %q: %w", c.What, c.URL, &AnswerError{
			Status:     response.StatusCode,
			Challenge:  challengeOf(response.Header),
			RetryAfter: retryAfterOf(response.Header),
			RequestID:  requestID,
		})
	}
	if err := c.read(response, decode); err != nil {
		return fmt.Errorf("get %s from %q: %w", c.What, c.URL, &AnswerError{Status: response.StatusCode, Err: err})
	}
	return nil
}

// JSON is a function for [Client.Get] that decodes any JSON.
func JSON(into any) func(body []byte) error {
	return func(body []byte) error { return json.Unmarshal(body, into) }
}

// newRequestID returns a random GUID (RFC 9562 section 5.4).
func newRequestID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails since Go 1.24
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// httpClient does not follow redirects, because the token is for the API at URL
// only.
func (c *Client) httpClient() *http.Client {
	base := c.HTTPClient
	if base == nil {
		base = http.DefaultClient
	}
	careful := *base
	careful.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &careful
}

func (c *Client) read(response *http.Response, decode func([]byte) error) error {
	if kind := contentTypeOf(response.Header); kind != "application/json" {
		return fmt.Errorf("expected content type %q, got %q", "application/json", kind)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswerBytes {
		return fmt.Errorf("expected an answer of at most %d bytes, got more", maxAnswerBytes)
	}
	if err := decode(body); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// Advice says what to do about an answer that was refused, with the prefix of the
// client's app settings; "" if there is nothing in particular.
func Advice(err error, prefix string) (status int, advice string) {
	var refused *AnswerError
	if !errors.As(err, &refused) {
		return 0, ""
	}
	switch refused.Status {
	case http.StatusForbidden:
		return refused.Status, "; the token lacks the app role, or this client is blocked or not listed; " +
			"assign the role; a managed identity's token can be up to 24 hours old"
	case http.StatusUnauthorized:
		return refused.Status, fmt.Sprintf("; compare %[1]s_SCOPE, %[1]s_TENANT_ID and %[1]s_AUTHORITY_HOST with the API's app settings", prefix)
	}
	return refused.Status, ""
}
