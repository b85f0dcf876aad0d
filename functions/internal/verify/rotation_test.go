package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// This file runs many callers at once against a verifier: what keys_test.go tests
// must also hold with the cache of verified tokens.

// together runs n callers at once and returns when all have ended.
func together(n int, call func(i int)) {
	var callers sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		callers.Go(func() { <-start; call(i) })
	}
	close(start)
	callers.Wait()
}

func TestManyVerifyAtAColdStartFetchOnce(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	verifier := newTenantVerifier(t, tenant, newClock())
	// Signed before the fetch starts: a slow machine takes longer for that than a
	// request waits for the keys.
	same, tokens := tenant.Token(now, nil), make([]string, 200)
	for i := range tokens {
		tokens[i] = same
		if i%2 == 0 {
			tokens[i] = tenant.Token(now, func(_, claims map[string]any) { claims["uti"] = fmt.Sprint(i) })
		}
	}
	release := tenant.Hold()
	var arrived atomic.Int64
	done := make(chan struct{})
	defer func() { release(); <-done }()
	go func() {
		defer close(done)
		together(len(tokens), func(i int) {
			arrived.Add(1)
			if _, err := verifier.Verify(t.Context(), tokens[i]); err != nil {
				t.Errorf("got %v, want none", err)
			}
		})
	}()
	// The answer is held until all are on their way, so that many wait for it.
	waitFor(t, func() bool { return arrived.Load() == 200 && tenant.Fetches() > 0 })
	release()
	<-done
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
}

// TestFloodDoesNotReachTheTenant: tokens with made-up key ids, many at once and
// among good ones, cause the few fetches of the budget and refuse nobody else.
func TestFloodDoesNotReachTheTenant(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	verifier := newTenantVerifier(t, tenant, newClock())
	good := tenant.Token(now, nil)
	admit(t, verifier, good)
	var refused atomic.Int64
	together(200, func(i int) {
		for j := range 5 {
			// The signature does not matter: the key ID is looked up first.
			header := encode(fmt.Sprintf(`{"alg":"RS256","kid":"flood-%d-%d"}`, i, j))
			bad := header + good[strings.Index(good, "."):]
			_, err := verifier.Verify(t.Context(), bad)
			switch {
			case isRefusal(err, verify.ErrSignature):
				refused.Add(1)
			case !isRefusal(err, verify.ErrKeysUnavailable):
				t.Errorf("made-up key id: got %v, want %v or %v", err, verify.ErrSignature, verify.ErrKeysUnavailable)
			}
		}
		if _, err := verifier.Verify(t.Context(), good); err != nil {
			t.Errorf("good token in the flood: got %v, want none", err)
		}
	})
	if got := tenant.Fetches(); got > 5 {
		t.Errorf("got %d fetches, want at most 5: the first and four for unknown keys", got)
	}
	if refused.Load() == 0 {
		t.Error("no made-up key id was refused for good, but some arrived before a fetch")
	}
}

// A rotation is a tenant that changes its signing key while callers call.
type rotation struct {
	tenant   *verifytest.Tenant
	verifier *verify.Verifier
	clock    *clock
	token    atomic.Pointer[string] // what the tenant issues now
	admitted atomic.Int64
	stop     chan struct{}
}

func newRotation(t *testing.T) *rotation {
	t.Helper()
	tenant, clock := verifytest.NewTenant(t), newClock()
	r := &rotation{tenant: tenant, verifier: newTenantVerifier(t, tenant, clock), clock: clock, stop: make(chan struct{})}
	r.issue(t, tenant.Signing)
	return r
}

// issue makes key sign from now on, as a tenant does that has published it.
func (r *rotation) issue(t *testing.T, key *verifytest.SigningKey) {
	t.Helper()
	header := r.tenant.Header()
	header["kid"] = key.ID
	token := verifytest.Sign(t, key, encodeJSON(t, header), encodeJSON(t, r.tenant.Claims(r.clock.Now())))
	r.token.Store(&token)
}

// load starts callers that verify the tenant's newest token until the function
// returned is called.
func (r *rotation) load(t *testing.T, callers int) (end func()) {
	var ended sync.WaitGroup
	for range callers {
		ended.Go(func() {
			for {
				select {
				case <-r.stop:
					return
				default:
				}
				if _, err := r.verifier.Verify(t.Context(), *r.token.Load()); err != nil {
					t.Errorf("valid token: got %v, want none", err)
					return
				}
				r.admitted.Add(1)
			}
		})
	}
	return func() { close(r.stop); ended.Wait() }
}

// more waits until callers have been admitted that many times more.
func (r *rotation) more(t *testing.T, count int64) {
	t.Helper()
	before := r.admitted.Load()
	waitFor(t, func() bool { return t.Failed() || r.admitted.Load() >= before+count })
}

// TestRotationUnderLoadRefusesNobody: each new key is published in addition to the
// old one, then signs, then the old one is removed. Until then tokens of the old
// key are good. There is an outage in every round. The verifier notices a new key
// only by its tokens.
func TestRotationUnderLoadRefusesNobody(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	end := r.load(t, 16)
	before := r.tenant.Signing
	for i := range 8 {
		r.more(t, 200)
		key := verifytest.Key(t, fmt.Sprint("key-round-", i%2), 2048)
		r.tenant.Publish(before, key)
		old := *r.token.Load()
		r.clock.advance(time.Minute) // the budget of unknown keys grows again
		r.issue(t, key)
		r.more(t, 200)
		if _, err := r.verifier.Verify(t.Context(), old); err != nil {
			t.Errorf("round %d: token of the key before: got %v, want none", i, err)
		}
		r.tenant.Break(http.StatusServiceUnavailable)
		r.more(t, 200)
		r.tenant.Break(0)
		r.tenant.Publish(key)
		before = key
	}
	end()
	if got := r.tenant.Fetches(); got > 9 {
		t.Errorf("got %d fetches, want at most 9: the first and one a key", got)
	}
}

// TestRotationInAFlood: when strangers have used up the budget of fetches, the
// refresh in the background finds a key that was published ahead.
func TestRotationInAFlood(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	tick := make(chan time.Time)
	paused := make(chan struct{})
	keys, err := verify.NewKeys(verify.KeysConfig{
		TenantID: verifytest.TenantID, AuthorityHost: r.tenant.AuthorityHost(), HTTPClient: r.tenant.Client(), Now: r.clock.Now,
		After: func(time.Duration) <-chan time.Time { paused <- struct{}{}; return tick },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.verifier, err = verify.NewVerifier(verify.Config{
		TenantID: verifytest.TenantID, AuthorityHost: r.tenant.AuthorityHost(), Audience: verifytest.Audience,
		Role: verifytest.Role, Keys: keys, Now: r.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go keys.Run(ctx)
	<-paused
	end := r.load(t, 8)
	for i := range 20 {
		_, _ = keys.Key(t.Context(), fmt.Sprint("flood-", i))
	}
	next := verifytest.Key(t, "key-next", 2048)
	r.tenant.Publish(r.tenant.Signing, next)
	if _, err := keys.Key(t.Context(), next.ID); !isRefusal(err, verify.ErrKeysUnavailable) {
		t.Errorf("in the flood: got %v, want %v: nothing is left to ask with", err, verify.ErrKeysUnavailable)
	}
	tick <- now
	<-paused
	r.issue(t, next)
	r.more(t, 500)
	end()
	if got := r.tenant.Fetches(); got != 6 {
		t.Errorf("got %d fetches, want 6: two by the background and four for unknown keys", got)
	}
}
