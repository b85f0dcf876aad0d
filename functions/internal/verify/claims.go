package verify

import (
	"errors"
	"iter"
	"log/slog"
	"slices"
	"time"
)

// Claims is what a verified access token says about its caller. Nothing in it can
// be changed in place, so all calls with one token share its texts.
type Claims struct {
	TenantID  string
	ObjectID  string // of the caller's service principal
	ClientID  string
	Roles     Roles     // the app roles, of this API only
	KeyID     string    // of the signing key
	UniqueID  string    // uti: the token's id in Entra ID's sign-in log
	IssuedAt  time.Time // zero when the token does not say
	NotBefore time.Time
	ExpiresAt time.Time
}

// Roles is a list of app roles that cannot be changed. Its zero value is empty.
type Roles struct{ values []string }

// Has reports whether the role is in the list; case matters.
func (r Roles) Has(role string) bool { return slices.Contains(r.values, role) }

// Len is the number of roles.
func (r Roles) Len() int { return len(r.values) }

// All yields the roles in the order of the token.
func (r Roles) All() iter.Seq[string] { return slices.Values(r.values) }

// Strings returns the roles as a new slice, never nil.
func (r Roles) Strings() []string { return append([]string{}, r.values...) }

// A refusedCaller is the refusal of a token that the tenant signed, with its claims.
type refusedCaller struct {
	error
	claims Claims
}

func (r *refusedCaller) Unwrap() error { return r.error }

// CallerOf returns the claims of a refused token, for the log, if the tenant signed
// it; claims that come after the one that was refused may be empty. What anyone
// could have written is never returned.
func CallerOf(err error) (Claims, bool) {
	var refused *refusedCaller
	if !errors.As(err, &refused) {
		return Claims{}, false
	}
	return refused.claims, true
}

// LogValue is what the log shows of a caller: IDs, roles and expiry.
func (c Claims) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("tenantId", c.TenantID), slog.String("objectId", c.ObjectID),
		slog.String("clientId", c.ClientID), slog.Any("roles", c.Roles.Strings()),
		slog.String("keyId", c.KeyID), slog.String("uti", c.UniqueID), slog.Time("expiresAt", c.ExpiresAt))
}
