package verify

import (
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// This file decides when the tenant's signing keys are fetched; discovery.go
// fetches them. The rules are: a request waits for a fetch only if it cannot be
// decided otherwise; many requests share one fetch; strangers can cause only a
// limited number of fetches; the last good set is kept through an outage, for
// maxKeyAge.
//
// A key ID that the set lacks may be that of a key published since. So a token is
// refused for it (401) only if a fetch that began after the token arrived did not
// find the key. When there is no such fetch, because the budget is spent, the same
// ID was looked for a moment ago or the tenant does not answer, the caller is told
// when to come back (503 with Retry-After). That is also what strangers with
// made-up IDs get once they have spent the budget: it costs the tenant no more
// than before, callers with known keys notice nothing, and those with a new key
// wait for at most unknownEvery, since every fetch brings all keys.

const (
	// refreshEvery is the time between refreshes. Entra ID publishes keys well
	// ahead and asks for a refresh at least daily
	// (https://learn.microsoft.com/entra/identity-platform/signing-key-rollover);
	// hourly, a key withdrawn in an emergency is soon dropped.
	refreshEvery = time.Hour
	// maxKeyAge is when a set that could not be refreshed is dropped. Access
	// tokens live for a day at most, so by then all valid ones were issued after
	// the set was fetched.
	maxKeyAge = 24 * time.Hour
	// fetchTimeout bounds one fetch, and the wait of a request for it.
	fetchTimeout = 5 * time.Second
	// firstRetry and lastRetry bound the growing pause between refreshes that
	// fail; firstRetry is also the least time between fetches that requests
	// cause while there is no set.
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
	// An unknown key ID may be that of a new key, so it causes a fetch, from a
	// budget of unknownBurst that refills by one every unknownEvery.
	unknownBurst = 4
	unknownEvery = 30 * time.Second
	// unknownFor is how long a key ID that a fetch did not find causes no other
	// fetch, so that one client with an old token does not spend the budget of
	// all; maxUnknown limits how many are kept.
	unknownFor = 10 * time.Second
	maxUnknown = 64
)

// A Key is one signing key of the tenant.
type Key struct {
	ID     string
	Public *rsa.PublicKey
	Issuer string // the only issuer it signs for; empty when not published
}

// A KeysConfig says whose keys a [Keys] holds.
type KeysConfig struct {
	TenantID      string // required
	AuthorityHost string // required; https

	HTTPClient *http.Client                         // nil means one with the system's trust; redirects are never followed
	Logger     *slog.Logger                         // nil discards
	Now        func() time.Time                     // nil means [time.Now]
	After      func(time.Duration) <-chan time.Time // paces Run; nil means [time.After]
}

// Keys is the pinned tenant's set of signing keys, kept fresh by [Keys.Run]. It
// is a [KeySource] and safe for concurrent use.
type Keys struct {
	config   KeysConfig
	issuer   string
	metadata string // URL of the discovery document

	current atomic.Pointer[keySet]

	mu       sync.Mutex // guards what follows
	flight   *flight    // the fetch under way
	begun    int        // number of fetches so far
	started  time.Time  // of the latest fetch
	failed   error      // of the latest fetch that ended
	budget   int
	refilled time.Time
	unknown  map[string]time.Time // key IDs that a fetch did not find, until when
}

// A keySet is the result of one fetch. It never changes.
type keySet struct {
	keys       map[string]Key
	fetched    time.Time
	generation uint64
}

// A flight is a fetch that many may wait for.
type flight struct {
	number int // in the order of starting, from 1
	done   chan struct{}
	err    error // once done
}

// NewKeys returns an empty set. Nothing is fetched before Run or the first
// Key.
func NewKeys(config KeysConfig) (*Keys, error) {
	if config.TenantID == "" || !strings.HasPrefix(config.AuthorityHost, "https://") {
		return nil, fmt.Errorf("signing keys: expected a tenant id and an https authority host, got %q and %q",
			config.TenantID, config.AuthorityHost)
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.After == nil {
		config.After = time.After
	}
	config.HTTPClient = withoutRedirects(config.HTTPClient)
	issuer := Issuer(config.AuthorityHost, config.TenantID)
	return &Keys{
		config:   config,
		issuer:   issuer,
		metadata: issuer + "/.well-known/openid-configuration",
		budget:   unknownBurst,
		unknown:  map[string]time.Time{},
	}, nil
}

// Run fetches the keys, so that the first caller need not wait, and refreshes
// them until ctx ends.
func (k *Keys) Run(ctx context.Context) {
	pause := firstRetry
	for {
		<-k.begin().done
		next := refreshEvery
		if k.lastError() != nil {
			next = pause
			pause = min(2*pause, lastRetry)
		} else {
			pause = firstRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-k.config.After(next):
		}
	}
}

// Generation implements [KeySource].
func (k *Keys) Generation() uint64 {
	if set := k.usable(); set != nil {
		return set.generation
	}
	return 0
}

// usable returns the last good set unless it is too old to be relied on.
func (k *Keys) usable() *keySet {
	set := k.current.Load()
	if set == nil || k.config.Now().Sub(set.fetched) > maxKeyAge {
		return nil
	}
	return set
}

// Key implements [KeySource]. It fetches when there is no set, or when the set
// lacks the key and the budget allows it; otherwise it fails at once.
func (k *Keys) Key(ctx context.Context, keyID string) (Key, error) {
	if key, ok := k.find(keyID); ok {
		return key, nil
	}
	before := k.count() // numbers, because a clock may stand still between two fetches
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	for {
		flight, err := k.ask(keyID)
		if err != nil {
			return Key{}, err
		}
		select {
		case <-flight.done:
		case <-ctx.Done():
			return Key{}, unavailable(defaultRetryAfter, fmt.Errorf("wait for a fetch: %w", context.Cause(ctx)))
		}
		if key, ok := k.find(keyID); ok {
			return key, nil
		}
		switch {
		case flight.err != nil:
			return Key{}, k.undecided(flight.err)
		case flight.number > before:
			k.remember(keyID)
			return Key{}, fmt.Errorf("%w: header kid: expected a key id of the tenant, got %s", ErrSignature, shown(keyID))
		}
		// The fetch began before this request and may have been answered before
		// the key was published: one more may be asked for.
	}
}

// count is the number of fetches begun so far.
func (k *Keys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.begun
}

func (k *Keys) find(keyID string) (Key, bool) {
	set := k.usable()
	if set == nil {
		return Key{}, false
	}
	key, ok := set.keys[keyID]
	return key, ok
}

// landed is a fetch that has ended.
var landed = func() *flight {
	f := &flight{done: make(chan struct{})}
	close(f.done)
	return f
}()

// ask returns a fetch to wait for: the one under way, or a new one if that is
// allowed.
func (k *Keys) ask(keyID string) (*flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight != nil {
		return k.flight, nil
	}
	if _, ok := k.find(keyID); ok { // a fetch ended since the caller looked
		return landed, nil
	}
	now := k.config.Now()
	if k.usable() == nil {
		if next := k.started.Add(firstRetry); !k.started.IsZero() && now.Before(next) {
			return nil, k.undecidedLocked(next.Sub(now), fmt.Errorf("expected keys fetched in the last %s", maxKeyAge))
		}
	} else if until := k.unknown[keyID]; now.Before(until) {
		return nil, k.undecidedLocked(until.Sub(now), fmt.Errorf("header kid: %s was not among the tenant's keys a moment ago", shown(keyID)))
	} else if !k.spendLocked(now) {
		return nil, k.undecidedLocked(k.refilled.Add(unknownEvery).Sub(now),
			fmt.Errorf("header kid: %s is not among the keys, and too many unknown key ids were looked up lately", shown(keyID)))
	}
	return k.beginLocked(now), nil
}

// spendLocked takes one fetch out of the budget, if there is one.
func (k *Keys) spendLocked(now time.Time) bool {
	if earned := int(now.Sub(k.refilled) / unknownEvery); earned > 0 {
		k.budget = min(k.budget+earned, unknownBurst)
		k.refilled = now
	}
	if k.budget == 0 {
		return false
	}
	k.budget--
	return true
}

func (k *Keys) lastError() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed
}

// remember keeps the ID of a key that a fetch did not find for a while.
func (k *Keys) remember(keyID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	for id, until := range k.unknown {
		if !now.Before(until) {
			delete(k.unknown, id)
		}
	}
	if len(k.unknown) < maxUnknown {
		k.unknown[keyID] = now.Add(unknownFor)
	}
}

// undecided is the error for a key that may or may not exist, after a fetch that
// failed.
func (k *Keys) undecided(cause error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.undecidedLocked(defaultRetryAfter, cause)
}

// undecidedLocked names the tenant's failure instead, if the latest fetch failed;
// then callers are not told to come back sooner than usual.
func (k *Keys) undecidedLocked(retryAfter time.Duration, cause error) error {
	if k.failed != nil {
		cause, retryAfter = k.failed, max(retryAfter, defaultRetryAfter)
	}
	return unavailable(retryAfter, cause)
}

// begin joins the fetch under way, or starts one.
func (k *Keys) begin() *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight != nil {
		return k.flight
	}
	return k.beginLocked(k.config.Now())
}

// beginLocked starts a fetch with a context of its own: a request that gives up
// must not cancel it for the others.
func (k *Keys) beginLocked(now time.Time) *flight {
	k.begun++
	flight := &flight{number: k.begun, done: make(chan struct{})}
	k.flight, k.started = flight, now
	go func() {
		defer close(flight.done)
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		keys, err := k.fetch(ctx)
		flight.err = err
		k.finish(keys, err)
	}()
	return flight
}

// finish stores a fetched set; a failed fetch keeps the previous one.
func (k *Keys) finish(keys map[string]Key, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.failed = nil, err
	if err != nil {
		k.config.Logger.Warn("signing keys not fetched", "url", k.metadata, "error", err, "kept", k.usable() != nil)
		return
	}
	set := &keySet{keys: keys, fetched: k.config.Now(), generation: 1}
	if before := k.current.Load(); before != nil {
		set.generation = before.generation
		if !sameKeys(before.keys, keys) {
			set.generation++
		}
	}
	k.current.Store(set)
	k.config.Logger.Info("signing keys fetched", "url", k.metadata, "keys", len(keys), "generation", set.generation)
}

func sameKeys(a, b map[string]Key) bool {
	if len(a) != len(b) {
		return false
	}
	for id, key := range a {
		other, ok := b[id]
		if !ok || other.Issuer != key.Issuer || !other.Public.Equal(key.Public) {
			return false
		}
	}
	return true
}

// withoutRedirects copies a client so that it calls only the host it was given.
func withoutRedirects(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	careful := *base
	careful.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &careful
}
