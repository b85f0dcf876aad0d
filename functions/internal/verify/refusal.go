package verify

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The reasons for refusing an access token. Errors of [Verifier.Verify] and
// [Verifier.Authenticate] wrap exactly one of them.
var (
	ErrNoToken         = errors.New("no access token")
	ErrInvalidRequest  = errors.New("invalid request")
	ErrMalformed       = errors.New("malformed access token")
	ErrSignature       = errors.New("not signed by the tenant")
	ErrIssuer          = errors.New("wrong issuer")
	ErrAudience        = errors.New("wrong audience")
	ErrTenant          = errors.New("wrong tenant")
	ErrExpired         = errors.New("access token expired")
	ErrNotYetValid     = errors.New("access token not yet valid")
	ErrBound           = errors.New("access token bound to a key")
	ErrNotAppOnly      = errors.New("not an application's access token")
	ErrAppRole         = errors.New("missing app role")
	ErrCaller          = errors.New("caller not admitted")
	ErrKeysUnavailable = errors.New("signing keys unavailable")
)

// An Answer is what a refused caller gets. It never contains the cause, which
// belongs in the log.
type Answer struct {
	Status     int
	Challenge  string // WWW-Authenticate; empty for none
	Code       string // for the body
	Message    string // for the body, one sentence
	RetryAfter time.Duration
	Reason     string // for the log: which sentinel it was
}

// defaultRetryAfter is Retry-After for [ErrKeysUnavailable] when nothing better is
// known: by then the next fetch has been tried.
const defaultRetryAfter = 5 * time.Second

// A keysUnavailableError is [ErrKeysUnavailable] with the time until it is worth
// trying again.
type keysUnavailableError struct {
	retryAfter time.Duration
	cause      error
}

func unavailable(retryAfter time.Duration, cause error) error {
	return &keysUnavailableError{retryAfter, cause}
}

func (e *keysUnavailableError) Error() string {
	return fmt.Sprintf("%v: %v", ErrKeysUnavailable, e.cause)
}

func (e *keysUnavailableError) Unwrap() []error { return []error{ErrKeysUnavailable, e.cause} }

// answers is the one table from error to answer. The challenges follow RFC
// 6750 section 3.1: no error attribute when no token was sent, invalid_request
// with 400, invalid_token with 401, insufficient_scope with 403. Section 3 wants
// a parameter after the scheme: without an error it is a realm.
//
// A verified token without the app role gets 403 on purpose, even without any
// roles claim, where Microsoft.Identity.Web answers 401: the token is good, but
// the caller lacks the right.
var answers = []struct {
	err    error
	answer Answer
}{
	{ErrNoToken, Answer{Status: 401, Challenge: `Bearer realm="api"`, Code: "token_required",
		Message: "An access token of Microsoft Entra ID is required in the Authorization header."}},
	{ErrInvalidRequest, Answer{Status: 400, Challenge: `Bearer error="invalid_request"`, Code: "invalid_request",
		Message: "The request must carry exactly one access token, in one Authorization header."}},
	{ErrMalformed, invalidToken("The access token is malformed.")},
	{ErrSignature, invalidToken("The access token is not signed by a key of the expected tenant.")},
	{ErrIssuer, invalidToken("The access token has the wrong issuer.")},
	{ErrAudience, invalidToken("The access token is for another audience.")},
	{ErrTenant, invalidToken("The access token is of another tenant.")},
	{ErrExpired, invalidToken("The access token has expired.")},
	{ErrNotYetValid, invalidToken("The access token is not valid yet.")},
	{ErrBound, invalidToken("The access token is bound to a key of its client, which this API cannot check.")},
	{ErrNotAppOnly, insufficientScope("The access token is not one of an application acting for itself.")},
	{ErrAppRole, insufficientScope("The access token lacks the app role that this API requires.")},
	{ErrCaller, insufficientScope("The calling application is not admitted.")},
	{ErrKeysUnavailable, Answer{Status: 503, Code: "temporarily_unavailable",
		Message: "The access token cannot be checked at the moment; try again later.", RetryAfter: defaultRetryAfter}},
}

func invalidToken(message string) Answer {
	return Answer{Status: 401, Challenge: `Bearer error="invalid_token"`, Code: "invalid_token", Message: message}
}

func insufficientScope(message string) Answer {
	return Answer{Status: 403, Challenge: `Bearer error="insufficient_scope"`, Code: "insufficient_scope", Message: message}
}

// AnswerTo returns the answer to a request that was refused with err. An error
// that wraps none of this package's sentinels is our bug: 500.
func AnswerTo(err error) Answer {
	for _, row := range answers {
		if errors.Is(err, row.err) {
			answer := row.answer
			answer.Reason = row.err.Error()
			if later := (*keysUnavailableError)(nil); errors.As(err, &later) {
				answer.RetryAfter = later.retryAfter
			}
			return answer
		}
	}
	return Answer{Status: 500, Code: "internal_error", Message: "The request failed unexpectedly."}
}

// SetHeader sets the answer's WWW-Authenticate and Retry-After.
func (a Answer) SetHeader(header http.Header) {
	if a.Challenge != "" {
		header.Set("WWW-Authenticate", a.Challenge)
	}
	if a.RetryAfter > 0 {
		// Rounded up: a caller that comes too early would come in vain (RFC 9110
		// section 10.2.3 has whole seconds).
		header.Set("Retry-After", strconv.Itoa(int((a.RetryAfter+time.Second-1)/time.Second)))
	}
}

// shown quotes a text from a token or a server, cut to a length that is enough to
// recognise it.
func shown(text string) string {
	const limit = 100
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return fmt.Sprintf("%q", text)
}
