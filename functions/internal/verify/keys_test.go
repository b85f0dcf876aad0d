package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// A clock moves only when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: now} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestManyAtAColdStartFetchOnce(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	keys := newKeys(t, tenant, newClock().Now)
	release := tenant.Hold()
	defer release()
	errs := make(chan error, 200)
	for range cap(errs) {
		go func() {
			_, err := keys.Key(t.Context(), tenant.Signing.ID)
			errs <- err
		}()
	}
	release()
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Errorf("got %v, want a key", err)
		}
	}
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
}

func TestCanceledRequestDoesNotCancelTheFetch(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	keys := newKeys(t, tenant, newClock().Now)
	release := tenant.Hold()
	defer release()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := keys.Key(gone, tenant.Signing.ID); !isRefusal(err, verify.ErrKeysUnavailable) {
		t.Errorf("got %v, want %v", err, verify.ErrKeysUnavailable)
	}
	release()
	if _, err := keys.Key(t.Context(), tenant.Signing.ID); err != nil {
		t.Errorf("got %v, want a key", err)
	}
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
}

func TestNewKeyIsFetchedWhenATokenNamesIt(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	keys := newKeys(t, tenant, newClock().Now)
	before := mustKey(t, keys, tenant.Signing.ID)
	generation := keys.Generation()
	second := verifytest.Key(t, "key-2", 2048)
	tenant.Publish(second)
	if after := mustKey(t, keys, second.ID); after.Public.Equal(before.Public) {
		t.Error("got the old key under the new id")
	}
	if keys.Generation() == generation {
		t.Error("got the generation of the old keys")
	}
	if _, err := keys.Key(t.Context(), before.ID); !isRefusal(err, verify.ErrSignature) {
		t.Errorf("withdrawn key: got %v, want %v", err, verify.ErrSignature)
	}
}

// TestKeyPublishedDuringAFetch: a request that joins a fetch started before the
// key was published gets another fetch.
func TestKeyPublishedDuringAFetch(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	mustKey(t, keys, tenant.Signing.ID)
	release := tenant.Hold()
	defer release()
	early := make(chan error, 1)
	go func() {
		_, err := keys.Key(t.Context(), "key-nobody-has")
		early <- err
	}()
	waitFor(t, func() bool { return tenant.Fetches() == 2 }) // asked, and answered with the old set
	clock.advance(time.Millisecond)
	second := verifytest.Key(t, "key-2", 2048)
	tenant.Publish(tenant.Signing, second)
	late := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		_, err := keys.Key(t.Context(), second.ID)
		late <- err
	}()
	<-started
	release()
	if err := <-early; !isRefusal(err, verify.ErrSignature) {
		t.Errorf("unknown key: got %v, want %v", err, verify.ErrSignature)
	}
	if err := <-late; err != nil {
		t.Errorf("new key: got %v, want a key", err)
	}
}

func TestKeysOutliveAnOutage(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	mustKey(t, keys, tenant.Signing.ID)
	tenant.Break(http.StatusServiceUnavailable)

	clock.advance(24 * time.Hour)
	mustKey(t, keys, tenant.Signing.ID)
	if _, err := keys.Key(t.Context(), "key-new"); !isRefusal(err, verify.ErrKeysUnavailable) {
		t.Errorf("unknown key in an outage: got %v, want %v", err, verify.ErrKeysUnavailable)
	}
	clock.advance(time.Second)
	if _, err := keys.Key(t.Context(), tenant.Signing.ID); !isRefusal(err, verify.ErrKeysUnavailable) {
		t.Errorf("after a day: got %v, want %v", err, verify.ErrKeysUnavailable)
	}
	if got := keys.Generation(); got != 0 {
		t.Errorf("after a day: got generation %d, want 0", got)
	}
	tenant.Break(0)
	clock.advance(time.Second)
	mustKey(t, keys, tenant.Signing.ID)
}

func TestNoKeysFailFastBetweenFetches(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	asked := 0
	client := tenant.Client()
	transport := client.Transport
	client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		return transport.RoundTrip(r)
	})
	clock := newClock()
	keys := newKeys(t, tenant, clock.Now)
	tenant.Break(http.StatusInternalServerError)
	for range 20 {
		if _, err := keys.Key(t.Context(), tenant.Signing.ID); !isRefusal(err, verify.ErrKeysUnavailable) {
			t.Fatalf("got %v, want %v", err, verify.ErrKeysUnavailable)
		}
	}
	if asked != 1 {
		t.Errorf("got %d requests, want 1", asked)
	}
	tenant.Break(0)
	clock.advance(time.Second)
	mustKey(t, keys, tenant.Signing.ID)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRunFetchesAheadAndRefreshes(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	pauses, goOn := make(chan time.Duration), make(chan time.Time)
	keys, err := verify.NewKeys(verify.KeysConfig{
		TenantID: verifytest.TenantID, AuthorityHost: tenant.AuthorityHost(), HTTPClient: tenant.Client(),
		After: func(d time.Duration) <-chan time.Time { pauses <- d; return goOn },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); keys.Run(ctx) }()

	expectPause := func(want time.Duration) {
		t.Helper()
		if got := <-pauses; got != want {
			t.Errorf("got a pause of %s, want %s", got, want)
		}
	}
	expectPause(time.Hour)
	if got := tenant.Fetches(); got != 1 {
		t.Errorf("got %d fetches before the first request, want 1", got)
	}
	generation := keys.Generation()
	goOn <- now
	expectPause(time.Hour)
	if keys.Generation() != generation {
		t.Error("the same keys got another generation")
	}
	tenant.Break(http.StatusBadGateway)
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		goOn <- now
		expectPause(want)
	}
	tenant.Break(0)
	tenant.Publish(verifytest.Key(t, "key-2", 2048))
	goOn <- now
	expectPause(time.Hour)
	if keys.Generation() == generation {
		t.Error("other keys got the same generation")
	}
	cancel()
	<-ended
}

func mustKey(t *testing.T, keys *verify.Keys, id string) verify.Key {
	t.Helper()
	key, err := keys.Key(t.Context(), id)
	if err != nil {
		t.Fatalf("key %q: got %v, want a key", id, err)
	}
	return key
}

// waitFor polls for something in another goroutine that sends no signal.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !done() {
		select {
		case <-deadline:
			t.Fatal("gave up waiting")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestDiscoveryIsNotFollowedElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("another host was asked")
	}))
	t.Cleanup(elsewhere.Close)
	tests := []struct {
		name string
		edit func(*verifytest.Tenant)
		want string
	}{
		{"keys on another host", func(n *verifytest.Tenant) { n.KeysURL = elsewhere.URL }, "jwks_uri"},
		{"keys over http", func(n *verifytest.Tenant) { n.KeysURL = strings.Replace(n.KeysURL, "https", "http", 1) }, "jwks_uri"},
		{"keys without a URL", func(n *verifytest.Tenant) { n.KeysURL = "" }, "jwks_uri"},
		{"issuer of another tenant", func(n *verifytest.Tenant) { n.Issuer += "/" }, "issuer"},
		{"no key at all", func(n *verifytest.Tenant) { n.Publish() }, "signing key"},
		{"redirect", func(n *verifytest.Tenant) { n.Break(http.StatusFound) }, "302"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := verifytest.NewTenant(t)
			test.edit(tenant)
			_, err := newKeys(t, tenant, newClock().Now).Key(t.Context(), tenant.Signing.ID)
			if !isRefusal(err, verify.ErrKeysUnavailable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %v naming %q", err, verify.ErrKeysUnavailable, test.want)
			}
		})
	}
}

func TestKeysNeedAnHTTPSAuthority(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]verify.KeysConfig{
		"zero value":        {},
		"no tenant ID":      {AuthorityHost: "https://127.0.0.1"},
		"no authority host": {TenantID: verifytest.TenantID},
		"http":              {TenantID: verifytest.TenantID, AuthorityHost: "http://127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := verify.NewKeys(config); err == nil || !strings.Contains(err.Error(), "https authority host") {
				t.Errorf("got %v, want an error about the https authority host", err)
			}
		})
	}
}

// TestNothingLeaks searches the log and all errors for anything that looks like a
// token.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, table := range [][]verifyTest{shapeTests, keyTests, claimTests, callerTests, v1Tests} {
		for _, test := range table {
			a := newAttempt(t)
			test.edit(a)
			keys, err := verify.NewKeys(verify.KeysConfig{
				TenantID: verifytest.TenantID, AuthorityHost: a.tenant.AuthorityHost(), HTTPClient: a.tenant.Client(), Logger: logger,
			})
			if err != nil {
				t.Fatal(err)
			}
			if a.config.Keys == nil {
				a.config.Keys = keys
			}
			claims, err := a.verifier().Verify(t.Context(), a.signed())
			logger.Info(test.name, "claims", claims, "error", err, "answer", verify.AnswerTo(err))
			logger.Info(fmt.Sprintf("%v %+v %#v", claims, claims, errors.Unwrap(err)))
		}
	}
	if !strings.Contains(log.String(), "signing keys fetched") {
		t.Error("the log was not captured")
	}
	if at := strings.Index(log.String(), "eyJ"); at >= 0 {
		t.Errorf("got something like a token in the log: …%s", log.String()[max(0, at-120):at])
	}
}
