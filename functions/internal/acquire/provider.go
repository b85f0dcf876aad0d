package acquire

import (
	"context"
	"errors"
	"time"
)

// A grant is a token as a library returned it.
type grant struct {
	token     string
	expiresOn time.Time
}

// An asker gets a token with one library and one credential, from the cache while
// that token is valid for some more minutes. It is not safe for concurrent use.
type asker func(context.Context) (grant, error)

// A provider is a library with the client's credential.
type provider struct {
	plan
	ask    asker
	prefix string        // of app settings
	turn   chan struct{} // a lock that a context can give up on; see Acquire
}

func newProvider(plan plan, ask asker, prefix string) *provider {
	return &provider{plan: plan, ask: ask, prefix: prefix, turn: make(chan struct{}, 1)}
}

func (p *provider) Name() string               { return p.name }
func (p *provider) Credential() CredentialKind { return p.credential.kind }

// Acquire runs one call at a time, because no library merges requests for the
// same token: the first call fetches it, the others find it in the cache.
func (p *provider) Acquire(ctx context.Context) (Acquired, error) {
	started := time.Now()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return Acquired{}, context.Cause(ctx)
	}
	ctx, asked := observe(ctx)
	got, err := p.ask(ctx)
	if err != nil {
		return Acquired{}, prefixed(acquireError(err, p.credential.secret), p.prefix)
	}
	if got.token == "" {
		return Acquired{}, errors.New("the answer to the token request holds no access token")
	}
	source := FromCache
	if asked.Load() {
		source = FromNetwork
	}
	return Acquired{
		Token:     NewAccessToken(got.token),
		ExpiresOn: got.expiresOn,
		Source:    source,
		Elapsed:   time.Since(started),
	}, nil
}

// refreshAhead is how long before its expiry a token is replaced, as in MSAL; it
// is also Entra ID's clock skew.
const refreshAhead = 5 * time.Minute

// kept caches one token, for an asker without a cache.
func kept(ask asker) asker {
	var last grant
	return func(ctx context.Context) (grant, error) {
		if time.Until(last.expiresOn) > refreshAhead {
			return last, nil
		}
		got, err := ask(ctx)
		if err == nil {
			last = got
		} else if time.Until(last.expiresOn) > 0 {
			return last, nil // the early refresh failed, but the token is still valid
		}
		return last, err
	}
}
