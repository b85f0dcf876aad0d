package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// This file says what a token provider is; each provider has a file of its
// own. The rules are: a provider is one library, named as ORDERS_TOKEN_PROVIDERS
// names it; it has one kind of credential, settled when it is made; a token it
// hands out cannot be printed by accident; its errors say what to do, and never
// hold a token or a secret.

// A CredentialKind is how the client proves who it is.
type CredentialKind string

// The kinds of credential, as the stack settings name them.
const (
	UserAssigned   CredentialKind = "userAssigned"   // managed identity attached to the function app by the deployer
	SystemAssigned CredentialKind = "systemAssigned" // managed identity of the function app itself
)

// A TokenSource is where an access token came from.
type TokenSource string

// The sources of a token.
const (
	FromCache   TokenSource = "cache"   // this process had it
	FromNetwork TokenSource = "network" // it was asked for
)

// An AccessToken is a bearer token. However it is printed, logged or encoded,
// only [AccessToken.Reveal] shows it.
type AccessToken struct{ value string }

// NewAccessToken wraps a token as early as it is known.
func NewAccessToken(value string) AccessToken { return AccessToken{value} }

// Reveal returns the token, for the Authorization header.
func (t AccessToken) Reveal() string { return t.value }

const hidden = "[access token]"

// Format keeps fmt from printing the token, whatever the verb.
func (AccessToken) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(hidden)) }

// LogValue keeps slog from logging the token.
func (AccessToken) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps encoders from writing the token.
func (AccessToken) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// An Acquired is an access token and how it was got.
type Acquired struct {
	Token     AccessToken
	ExpiresOn time.Time
	Source    TokenSource
	Elapsed   time.Duration
}

// A TokenProvider gets access tokens for the orders API. It caches them in the
// process and is safe for concurrent use.
type TokenProvider interface {
	Name() string
	Credential() CredentialKind
	Acquire(ctx context.Context) (Acquired, error)
}

// A ProviderConfig is what token providers are made from.
type ProviderConfig struct {
	Scope                   string       // required; see [CheckScope]
	ManagedIdentityClientID string       // of the user-assigned identity; empty means the system-assigned one
	HTTPClient              *http.Client // nil means the library's own
}

// makers are the token providers that are built in.
var makers = map[string]func(ProviderConfig) (TokenProvider, error){
	"azidentity": newAzidentity,
}

// CheckScope returns an error unless the scope is one that the client
// credentials grant takes: a resource and then /.default
// (https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope).
func CheckScope(scope string) error {
	if resource, ok := strings.CutSuffix(scope, "/.default"); !ok || resource == "" || strings.ContainsAny(scope, " \t") {
		return fmt.Errorf("expected an identifier URI or client ID and then %q, got %q", "/.default", scope)
	}
	return nil
}

// NewTokenProviders returns the providers of these names, in this order. The
// error names each that is not built in or named twice, and what there is.
func NewTokenProviders(names []string, config ProviderConfig) ([]TokenProvider, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("expected at least one token provider; there are: %s", known())
	}
	var providers []TokenProvider
	var problems []error
	for i, name := range names {
		maker, ok := makers[name]
		if !ok {
			problems = append(problems, fmt.Errorf("token provider %q is not built in; there are: %s", name, known()))
			continue
		}
		if slices.Contains(names[:i], name) {
			problems = append(problems, fmt.Errorf("token provider %q: expected once", name))
			continue
		}
		provider, err := maker(config)
		if err != nil {
			problems = append(problems, fmt.Errorf("token provider %q: %w", name, err))
			continue
		}
		providers = append(providers, provider)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return providers, nil
}

func known() string {
	return strings.Join(slices.Sorted(maps.Keys(makers)), ", ")
}
