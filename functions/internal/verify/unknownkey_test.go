package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// This file tests what becomes of a token whose key the set lacks: 401 only if a
// fetch that began after it arrived did not find the key, else 503 with a time to
// come back.

func TestFloodOfUnknownKeysIsBounded(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	mustKey(t, keys, tenant.Signing.ID)
	for i := range 500 {
		_, err := keys.Key(t.Context(), fmt.Sprint("key-", i+100))
		if i < 4 {
			mustRefuse(t, err)
		} else {
			mustRetry(t, err, "30")
		}
	}
	if got := tenant.Fetches(); got != 5 {
		t.Errorf("got %d fetches, want 5: the first and four for unknown keys", got)
	}
	mustKey(t, keys, tenant.Signing.ID)

	// The budget refills, and the key published meanwhile is found, at the time
	// that the answer named.
	second := verifytest.Key(t, "key-2", 2048)
	tenant.Publish(tenant.Signing, second)
	_, err := keys.Key(t.Context(), second.ID)
	mustRetry(t, err, "30")
	clock.advance(29*time.Second + time.Millisecond)
	_, err = keys.Key(t.Context(), second.ID)
	mustRetry(t, err, "1")
	clock.advance(999 * time.Millisecond)
	mustKey(t, keys, second.ID)
}

// TestUnknownKeyIsNotAskedForAgain: a key ID that was not found causes no fetch for
// a while; during that time nobody knows whether it was published, so it is not
// refused for good.
func TestUnknownKeyIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	_, err := keys.Key(t.Context(), "key-9")
	mustRefuse(t, err)
	for range 50 {
		_, err := keys.Key(t.Context(), "key-9")
		mustRetry(t, err, "10")
	}
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
	clock.advance(9500 * time.Millisecond)
	_, err = keys.Key(t.Context(), "key-9")
	mustRetry(t, err, "1")
	clock.advance(500 * time.Millisecond)
	_, err = keys.Key(t.Context(), "key-9")
	mustRefuse(t, err)
	if got := tenant.Fetches(); got != 2 {
		t.Errorf("later: got %d fetches, want 2", got)
	}
}

// TestKeyPublishedAfterItWasUnknown: the tenant publishes a key a moment after a
// fetch did not find it. Its tokens are not refused, and soon admitted.
func TestKeyPublishedAfterItWasUnknown(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	second := verifytest.Key(t, "key-2", 2048)
	_, err := keys.Key(t.Context(), second.ID)
	mustRefuse(t, err)
	tenant.Publish(tenant.Signing, second)
	_, err = keys.Key(t.Context(), second.ID)
	mustRetry(t, err, "10")
	clock.advance(10 * time.Second)
	mustKey(t, keys, second.ID)
}

// TestFetchOfTheSameInstantCounts by order and not by the clock, which stands still
// here: a request that only joined a fetch is not refused by it.
func TestFetchOfTheSameInstantCounts(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	keys := newKeys(t, tenant, newClock().Now)
	mustKey(t, keys, tenant.Signing.ID)
	release := tenant.Hold()
	defer release()
	results := make(chan error, 2)
	look := func(ctx context.Context, id string) { _, err := keys.Key(ctx, id); results <- err }
	go look(t.Context(), "key-9")
	waitFor(t, func() bool { return tenant.Fetches() == 2 }) // answered with the set of now
	second := verifytest.Key(t, "key-2", 2048)
	tenant.Publish(tenant.Signing, second)
	late := &awaited{Context: t.Context(), begun: make(chan struct{})}
	go look(late, "key-2")
	<-late.begun
	release()
	var refused int
	for range 2 {
		if err := <-results; err != nil {
			mustRefuse(t, err)
			refused++
		}
	}
	if refused != 1 || tenant.Fetches() != 3 {
		t.Errorf("got %d refused and %d fetches, want the first refused and the second admitted by a third fetch", refused, tenant.Fetches())
	}
}

// An awaited context tells when somebody begins to wait for its end.
type awaited struct {
	context.Context
	once  sync.Once
	begun chan struct{}
}

func (a *awaited) Done() <-chan struct{} {
	a.once.Do(func() { close(a.begun) })
	return a.Context.Done()
}

// TestUnknownKeyWhileTheTenantFails is not refused, however often it is looked for.
func TestUnknownKeyWhileTheTenantFails(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	mustKey(t, keys, tenant.Signing.ID)
	tenant.Break(http.StatusServiceUnavailable)
	for i := range 10 {
		_, err := keys.Key(t.Context(), fmt.Sprint("key-", i+100))
		mustRetry(t, err, map[bool]string{true: "5", false: "30"}[i < 4])
	}
	mustKey(t, keys, tenant.Signing.ID)
	tenant.Break(0)
	clock.advance(30 * time.Second)
	_, err := keys.Key(t.Context(), "key-100")
	mustRefuse(t, err)
}

// mustRefuse expects that the key is known not to exist: 401.
func mustRefuse(t *testing.T, err error) {
	t.Helper()
	if !isRefusal(err, verify.ErrSignature) || verify.AnswerTo(err).Status != http.StatusUnauthorized {
		t.Fatalf("got %v, want %v", err, verify.ErrSignature)
	}
}

// mustRetry expects that nothing is known of the key: 503 with this Retry-After.
func mustRetry(t *testing.T, err error, after string) {
	t.Helper()
	answer, header := verify.AnswerTo(err), http.Header{}
	answer.SetHeader(header)
	if got := header.Get("Retry-After"); !isRefusal(err, verify.ErrKeysUnavailable) || answer.Status != http.StatusServiceUnavailable || got != after {
		t.Fatalf("got %v, status %d, Retry-After %q, want %v, 503, %q", err, answer.Status, got, verify.ErrKeysUnavailable, after)
	}
}

// TestKeyFoundByAnotherRequest: another request's fetch brings the key between this
// request's look at the set and its own turn to ask, and spends the budget.
func TestKeyFoundByAnotherRequest(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	var meanwhile func()
	keys := newKeys(t, tenant, func() time.Time {
		if run := meanwhile; run != nil { // the request has the old set by now
			meanwhile = nil
			run()
		}
		return clock.Now()
	})
	mustKey(t, keys, tenant.Signing.ID)
	for i := range 3 {
		_, err := keys.Key(t.Context(), fmt.Sprint("key-", i+100))
		mustRefuse(t, err)
	}
	second := verifytest.Key(t, "key-2", 2048)
	tenant.Publish(tenant.Signing, second)
	meanwhile = func() {
		_, err := keys.Key(t.Context(), "key-103")
		mustRefuse(t, err)
	}
	mustKey(t, keys, second.ID)
	if got := tenant.Fetches(); got != 5 {
		t.Errorf("got %d fetches, want 5: the first and four for unknown keys", got)
	}
}
