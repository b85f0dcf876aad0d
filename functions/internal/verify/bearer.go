package verify

import (
	"fmt"
	"net/http"
	"strings"
)

// Authenticate verifies the access token of a request. It takes the token from
// the Authorization header only: RFC 6750 section 2.3 calls the query
// parameter a last resort because URLs end up in logs, and the form body of
// section 2.2 is for browsers.
//
// Without a token of the Bearer scheme the error wraps [ErrNoToken]; with more
// than one, [ErrInvalidRequest]; otherwise it is that of [Verifier.Verify].
func (v *Verifier) Authenticate(r *http.Request) (Claims, error) {
	token, err := bearer(r.Header)
	if err != nil {
		return Claims{}, err
	}
	return v.Verify(r.Context(), token)
}

func bearer(header http.Header) (string, error) {
	values := header.Values("Authorization")
	switch {
	case len(values) == 0:
		return "", fmt.Errorf("%w: expected an Authorization header, got none", ErrNoToken)
	case len(values) > 1:
		return "", fmt.Errorf("%w: expected one Authorization header, got %d", ErrInvalidRequest, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	// The scheme's case does not matter (RFC 9110 section 11.1).
	if !strings.EqualFold(scheme, "Bearer") {
		return "", fmt.Errorf("%w: expected the scheme %q, got another", ErrNoToken, "Bearer")
	}
	// One or more spaces may follow the scheme (RFC 9110 section 11.4).
	token = strings.Trim(token, " ")
	switch {
	case token == "":
		return "", fmt.Errorf("%w: expected an access token after %q, got nothing", ErrNoToken, "Bearer")
	case strings.Contains(token, ","):
		// A proxy joined two headers (RFC 9110 section 5.3); no access token
		// contains a comma.
		return "", fmt.Errorf("%w: expected one Authorization header, got several joined by commas", ErrInvalidRequest)
	}
	return token, nil
}
