package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"app-to-app/functions/internal/verify"
)

// A fixedKey is a key source with one key.
type fixedKey verify.Key

func (f fixedKey) Key(context.Context, string) (verify.Key, error) { return verify.Key(f), nil }
func (f fixedKey) Generation() uint64                              { return 1 }

func isRefusal(err, want error) bool { return err != nil && errors.Is(err, want) }

// requestTests are about where in the request the token is. TOKEN is replaced by a
// good one.
var requestTests = []struct {
	name    string
	headers []string
	target  string
	form    url.Values
	want    error
}{
	{"one bearer token", []string{"Bearer TOKEN"}, "/", nil, nil},
	{"scheme in another case", []string{"bEARER TOKEN"}, "/", nil, nil},
	{"two spaces after the scheme", []string{"Bearer  TOKEN"}, "/", nil, nil},
	{"no header", nil, "/", nil, verify.ErrNoToken},
	{"empty header", []string{""}, "/", nil, verify.ErrNoToken},
	{"scheme only", []string{"Bearer"}, "/", nil, verify.ErrNoToken},
	{"scheme and spaces", []string{"Bearer   "}, "/", nil, verify.ErrNoToken},
	{"another scheme", []string{"Basic dXNlcjpwYXNz"}, "/", nil, verify.ErrNoToken},
	{"token without a scheme", []string{"TOKEN"}, "/", nil, verify.ErrNoToken},
	{"token in the query", nil, "/?access_token=TOKEN", nil, verify.ErrNoToken},
	{"token in the form", nil, "/", url.Values{"access_token": {"TOKEN"}}, verify.ErrNoToken},
	{"two headers", []string{"Bearer TOKEN", "Bearer TOKEN"}, "/", nil, verify.ErrInvalidRequest},
	{"two headers, one of another scheme", []string{"Basic dXNlcg", "Bearer TOKEN"}, "/", nil, verify.ErrInvalidRequest},
	{"two headers joined", []string{"Bearer TOKEN, Bearer TOKEN"}, "/", nil, verify.ErrInvalidRequest},
	{"two tokens in one header", []string{"Bearer TOKEN TOKEN"}, "/", nil, verify.ErrMalformed},
	{"tab after the token", []string{"Bearer TOKEN\tx"}, "/", nil, verify.ErrMalformed},
	{"NUL in the token", []string{"Bearer TOKEN\x00"}, "/", nil, verify.ErrMalformed},
	{"quoted token", []string{`Bearer "TOKEN"`}, "/", nil, verify.ErrMalformed},
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	verifier, token := a.verifier(), a.signed()
	for _, test := range requestTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			put := func(text string) string { return strings.ReplaceAll(text, "TOKEN", token) }
			r := httptest.NewRequest(http.MethodPost, put(test.target), strings.NewReader(put(test.form.Encode())))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, value := range test.headers {
				r.Header.Add("Authorization", put(value))
			}
			if _, err := verifier.Authenticate(r); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err        error
		status     int
		challenge  string
		code       string
		retryAfter string
	}{
		{verify.ErrNoToken, 401, `Bearer realm="api"`, "token_required", ""},
		{verify.ErrInvalidRequest, 400, `Bearer error="invalid_request"`, "invalid_request", ""},
		{verify.ErrMalformed, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrSignature, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrIssuer, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrAudience, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrTenant, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrExpired, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrNotYetValid, 401, `Bearer error="invalid_token"`, "invalid_token", ""},
		{verify.ErrNotAppOnly, 403, `Bearer error="insufficient_scope"`, "insufficient_scope", ""},
		{verify.ErrAppRole, 403, `Bearer error="insufficient_scope"`, "insufficient_scope", ""},
		{verify.ErrCaller, 403, `Bearer error="insufficient_scope"`, "insufficient_scope", ""},
		{verify.ErrKeysUnavailable, 503, "", "temporarily_unavailable", "5"},
		{errors.New("something else"), 500, "", "internal_error", ""},
	}
	for _, test := range tests {
		t.Run(test.err.Error(), func(t *testing.T) {
			t.Parallel()
			answer := verify.AnswerTo(fmt.Errorf("wrapped: %w: cause of it", test.err))
			header := http.Header{}
			answer.SetHeader(header)
			if answer.Status != test.status || answer.Code != test.code {
				t.Errorf("got %d %q, want %d %q", answer.Status, answer.Code, test.status, test.code)
			}
			if got := header.Get("WWW-Authenticate"); got != test.challenge {
				t.Errorf("got challenge %q, want %q", got, test.challenge)
			}
			if got := header.Get("Retry-After"); got != test.retryAfter {
				t.Errorf("got Retry-After %q, want %q", got, test.retryAfter)
			}
			if strings.Contains(answer.Message, "cause") || !strings.HasSuffix(answer.Message, ".") {
				t.Errorf("got message %q, want one sentence without the cause", answer.Message)
			}
		})
	}
}

func TestZeroValuesRefuse(t *testing.T) {
	t.Parallel()
	token := newAttempt(t).signed()
	if _, err := (&verify.Verifier{}).Verify(t.Context(), token); err == nil || verify.AnswerTo(err).Status != 500 {
		t.Errorf("zero verifier: got %v, want an error answered with 500", err)
	}
	var none *verify.Verifier
	if _, err := none.Verify(t.Context(), token); err == nil {
		t.Error("nil verifier: got no error")
	}
	_, err := verify.NewVerifier(verify.Config{})
	for _, missing := range []string{"tenant id", "authority host", "audience", "app role", "key source"} {
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("zero config: got %v, want it to name %q", err, missing)
		}
	}
}
