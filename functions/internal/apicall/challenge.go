package apicall

import (
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// This file reads what an answer that is refused may say in a log. An API that is
// broken or not ours may send back the token that it got, in any encoding and cut
// into pieces. So the rule is: nothing of the answer is repeated, but for values
// that are known beforehand, numbers and dates.

// challengeError is the parameter that says why (RFC 6750 section 3).
var challengeError = regexp.MustCompile(`(?i)\berror="?([a-z_]+)"?(?:[\s,]|$)`)

// challengeErrors are its values (RFC 6750 section 3.1; insufficient_claims is
// Entra's, https://learn.microsoft.com/entra/identity-platform/claims-challenge).
var challengeErrors = []string{"invalid_request", "invalid_token", "insufficient_scope", "insufficient_claims"}

// challengeOf is the error that a WWW-Authenticate header names, "" without one.
func challengeOf(header http.Header) string {
	text := strings.Join(header.Values("WWW-Authenticate"), ", ")
	for _, match := range challengeError.FindAllStringSubmatch(text, -1) {
		if slices.Contains(challengeErrors, match[1]) {
			return match[1]
		}
	}
	if text != "" {
		return "another challenge"
	}
	return ""
}

// seconds is a Retry-After of up to eleven days.
var seconds = regexp.MustCompile(`^[0-9]{1,6}$`)

// retryAfterOf is Retry-After, if it is a number or a date (RFC 9110 section
// 10.2.3).
func retryAfterOf(header http.Header) string {
	text := header.Get("Retry-After")
	if seconds.MatchString(text) {
		return text
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.UTC().Format(time.RFC3339)
	}
	return ""
}

// contentTypes are those of answers of web servers and gateways.
var contentTypes = []string{"text/html", "text/plain", "application/xml", "text/xml", "application/problem+json", "application/octet-stream"}

func contentTypeOf(header http.Header) string {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case kind == "" || kind == "application/json" || slices.Contains(contentTypes, kind):
		return kind
	}
	return "another type"
}
