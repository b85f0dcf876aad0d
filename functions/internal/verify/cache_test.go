package verify_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// countedKeys counts how often a key is asked for; a cached token needs none.
type countedKeys struct {
	verify.Key
	asked      atomic.Int64
	generation atomic.Uint64
}

func (c *countedKeys) Generation() uint64 { return c.generation.Load() }

type countedSource struct{ *countedKeys }

func (c countedSource) Key(_ context.Context, _ string) (verify.Key, error) {
	c.asked.Add(1)
	return c.countedKeys.Key, nil
}

func newCountedKeys(key *verifytest.SigningKey) *countedKeys {
	keys := &countedKeys{Key: verify.Key{ID: key.ID, Public: &key.Private.PublicKey}}
	keys.generation.Store(1)
	return keys
}

func TestVerifiedTokenIsCached(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	keys := newCountedKeys(a.key)
	a.config.Keys = countedSource{keys}
	verifier, token := a.verifier(), a.signed()
	first, err := verifier.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	first.Roles.Strings()[0] = "changed by the caller"
	again, err := verifier.Verify(t.Context(), token)
	if err != nil || !again.Roles.Has(verifytest.Role) || again.ObjectID != verifytest.ObjectID {
		t.Errorf("got %+v, %v, want the same claims again", again, err)
	}
	if got := keys.asked.Load(); got != 1 {
		t.Errorf("got %d keys asked for, want 1", got)
	}
	tampered := token[:len(token)-10] + "AAAAAAAAAA"
	if _, err := verifier.Verify(t.Context(), tampered); !isRefusal(err, verify.ErrSignature) && !isRefusal(err, verify.ErrMalformed) {
		t.Errorf("another signature: got %v, want a refusal", err)
	}
}

func TestCachedTokenExpires(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	clock := newClock()
	a.config.Now = clock.Now
	verifier, token := a.verifier(), a.signed()
	admit(t, verifier, token)
	clock.advance(time.Hour + verify.Skew)
	refuse(t, verifier, token, verify.ErrExpired)
}

func TestOtherKeysEmptyTheCache(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	keys := newKeys(t, a.tenant, newClock().Now)
	a.config.Keys = keys
	verifier, token := a.verifier(), a.signed()
	admit(t, verifier, token)
	second := verifytest.Key(t, "key-2", 2048)
	a.tenant.Publish(second)
	mustKey(t, keys, second.ID)
	refuse(t, verifier, token, verify.ErrSignature)
}

func TestNoUsableKeysEmptyTheCache(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	keys := newCountedKeys(a.key)
	a.config.Keys = countedSource{keys}
	verifier, token := a.verifier(), a.signed()
	for range 2 {
		admit(t, verifier, token)
	}
	keys.generation.Store(0)
	admit(t, verifier, token)
	if got := keys.asked.Load(); got != 2 {
		t.Errorf("got %d keys asked for, want 2: one for each generation", got)
	}
}

func TestRefusalsAreNotCached(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	clock := newClock()
	a.config.Now = clock.Now
	a.claims["nbf"] = now.Add(time.Hour).Unix()
	a.claims["exp"] = now.Add(2 * time.Hour).Unix()
	verifier, token := a.verifier(), a.signed()
	refuse(t, verifier, token, verify.ErrNotYetValid)
	clock.advance(time.Hour)
	if _, err := verifier.Verify(t.Context(), token); err != nil {
		t.Errorf("an hour later: got %v, want none", err)
	}
}

// TestVerifyTogether runs hits, misses, refusals and a change of keys side by
// side, for the race detector.
func TestVerifyTogether(t *testing.T) {
	t.Parallel()
	a := newAttempt(t)
	keys := newCountedKeys(a.key)
	a.config.Keys = countedSource{keys}
	verifier, good := a.verifier(), a.signed()
	a.claims["roles"] = []string{"Other"}
	bad := a.signed()
	done := make(chan error)
	const each = 50
	for i := range 4 {
		go func() {
			var failed error
			for range each {
				if i == 0 {
					keys.generation.Add(1)
				}
				_, err := verifier.Verify(t.Context(), good)
				_, refused := verifier.Verify(t.Context(), bad)
				if err != nil || !isRefusal(refused, verify.ErrAppRole) {
					failed = errors.Join(failed, err, refused)
				}
			}
			done <- failed
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
