package acquire

import (
	"context"
	"errors"
	"time"
)

// A grant is a token as a library gave it.
type grant struct {
	token     string
	expiresOn time.Time
}

// An asker gets a token with one library and one credential, from its cache
// when that will do for a few minutes yet. It is called by one goroutine at a
// time.
type asker func(context.Context) (grant, error)

// A provider is a library with the client's credential.
type provider struct {
	plan
	ask  asker
	turn chan struct{} // holds one: no library joins requests for one token
}

func newProvider(plan plan, ask asker) *provider {
	return &provider{plan: plan, ask: ask, turn: make(chan struct{}, 1)}
}

func (p *provider) Name() string               { return p.name }
func (p *provider) Credential() CredentialKind { return p.credential.kind }

// Acquire asks one at a time: the first in a crowd fetches, the others find
// the token in the cache.
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
		return Acquired{}, acquireError(err, p.credential.secret)
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

// refreshAhead is how long before its expiry a token is replaced: what MSAL
// does, and Entra ID's own clock skew.
const refreshAhead = 5 * time.Minute

// kept is a cache of one token, for what does not have its own.
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
			return last, nil // it could be refreshed early, and need not be
		}
		return last, err
	}
}
