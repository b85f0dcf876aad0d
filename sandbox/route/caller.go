package route

import (
	"context"
	"net/http"
)

// A Caller is the service principal that an access token was issued to.
type Caller struct {
	TenantID string
	ObjectID string // of the service principal
	ClientID string
	Roles    []string // the token's app roles
}

// An Authenticator checks the bearer token of a request to one of Microsoft's
// services.
type Authenticator interface {
	// Authenticate returns the caller when the request carries a token of a
	// tenant of this sandbox, valid now, whose audience is one of audiences.
	// The error says what is wrong and never contains the token.
	Authenticate(r *http.Request, audiences ...string) (Caller, error)
}

type callerKey struct{}

// WithCaller returns the request as made by caller, and names the caller in
// the request's history entry.
func WithCaller(r *http.Request, caller Caller) *http.Request {
	note := Note(r.Context())
	note.TenantID, note.CallerID = caller.TenantID, caller.ObjectID
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
}

// CallerOf returns the caller set by [WithCaller], or the zero Caller.
func CallerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}
