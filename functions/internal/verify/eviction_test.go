package verify_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// This file tests what the cache keeps and for how long, with digests instead of
// tokens, because signing many takes minutes.

// sums makes digests that are the same in each run.
func sums(count int) [][32]byte {
	random := rand.NewChaCha8([32]byte{1})
	list := make([][32]byte, count)
	for i := range list {
		_, _ = random.Read(list[i][:]) // never fails
	}
	return list
}

// inOneBucket makes digests of one bucket: their first two bytes are equal.
func inOneBucket(count int) [][32]byte {
	list := sums(count)
	for i := range list {
		binary.LittleEndian.PutUint16(list[i][:], 7)
	}
	return list
}

// someone is a caller with texts of its own, as the verifier makes them.
func someone(i int, roles ...string) verify.Claims {
	if roles == nil {
		roles = []string{strings.Clone(verifytest.Role)}
	}
	id := fmt.Sprintf("%08x-28d6-4d6b-9a6e-2e3c4d5f6a04", i)
	return verify.Claims{
		TenantID: verifytest.TenantID, ObjectID: id, ClientID: strings.Clone(id), KeyID: "key-1", UniqueID: fmt.Sprintf("%022d", i),
		Roles: verify.NewRoles(roles...), IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(time.Hour),
	}
}

// kept counts the tokens that the cache has.
func kept(cache *verify.Cache, list [][32]byte, generation uint64) int {
	count := 0
	for _, sum := range list {
		if cache.Has(sum, generation) {
			count++
		}
	}
	return count
}

// TestHundredThousandCallersFit: of 100,000 callers at most one in a thousand is
// verified again, and what the cache says it takes is about what the heap grows.
func TestHundredThousandCallersFit(t *testing.T) {
	var cache verify.Cache
	list := sums(100_000)
	before := heapBytes()
	for i, sum := range list {
		cache.Put(sum, 1, someone(i), now)
	}
	grown := heapBytes() - before
	if got := kept(&cache, list, 1); got < 99_900 {
		t.Errorf("got %d of %d tokens kept, want 99,900 at least", got, len(list))
	}
	const table = 4 << 20
	if counted := cache.Bytes(); grown > counted+counted/20+table || counted > 40<<20 {
		t.Errorf("got %d bytes counted and the heap grown by %d, want the same up to a twentieth and the table's %d, 40 MiB at most", counted, grown, table)
	}
	runtime.KeepAlive(&cache)
}

func heapBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestMemoryIsBounded: however many tokens come and however large their claims,
// the cache stays within its limit, counts right, and still takes new ones.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("Orders.Read.Of.The.Region.With.Number.%05d", i)
	}
	for name, test := range map[string]struct {
		tokens int
		roles  []string
	}{
		"many callers":           {500_000, nil},
		"callers with 100 roles": {40_000, many},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cache verify.Cache
			list := sums(test.tokens)
			for i, sum := range list {
				cache.Put(sum, 1, someone(i, test.roles...), now)
				if got := cache.Bytes(); got > verify.MaxVerifiedBytes {
					t.Fatalf("got %d bytes after %d tokens, want at most %d", got, i+1, verify.MaxVerifiedBytes)
				}
			}
			entries, bytes := cache.Counted()
			if bytes != cache.Bytes() {
				t.Errorf("got %d bytes counted, and entries of %d", cache.Bytes(), bytes)
			}
			if bytes < verify.MaxVerifiedBytes*9/10 {
				t.Errorf("got %d bytes in %d entries, want nine tenths of the limit used", bytes, entries)
			}
			if late := kept(&cache, list[len(list)-1000:], 1); late < 333 {
				t.Errorf("got %d of the last 1,000 tokens, want a third at least", late)
			}
		})
	}
}

// TestUsedTokensStay: in a full bucket, a token that is used stays while tokens
// that come once pass through.
func TestUsedTokensStay(t *testing.T) {
	t.Parallel()
	var cache verify.Cache
	list := inOneBucket(500)
	regular := list[:verify.BucketSize/2]
	for i, sum := range list {
		cache.Put(sum, 1, someone(i), now)
		if got := kept(&cache, regular[:min(i+1, len(regular))], 1); got != min(i+1, len(regular)) {
			t.Fatalf("after %d tokens: got %d of the regular callers kept", i+1, got)
		}
	}
	if got := kept(&cache, list, 1); got != verify.BucketSize {
		t.Errorf("got %d tokens in one bucket, want %d", got, verify.BucketSize)
	}
}

// TestUnusedTokenLeavesFirst: of a full bucket in which all but one were used, that
// one leaves.
func TestUnusedTokenLeavesFirst(t *testing.T) {
	t.Parallel()
	for idle := range verify.BucketSize {
		var cache verify.Cache
		list := inOneBucket(verify.BucketSize + 1)
		for i, sum := range list[:verify.BucketSize] {
			cache.Put(sum, 1, someone(i), now)
			if i != idle {
				cache.Has(sum, 1)
			}
		}
		cache.Put(list[verify.BucketSize], 1, someone(99), now)
		for i, sum := range list {
			if got, want := cache.Has(sum, 1), i != idle; got != want {
				t.Errorf("idle %d: got token %d kept %v, want %v", idle, i, got, want)
			}
		}
	}
}

// TestExpiredLeaveFirst: expired tokens and those of earlier keys make room, used
// or not, and are not counted any more.
func TestExpiredLeaveFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		generation uint64
		later      time.Duration
	}{"expired": {1, time.Hour + verify.Skew}, "of earlier keys": {2, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cache verify.Cache
			list := inOneBucket(verify.BucketSize)
			for i, sum := range list {
				cache.Put(sum, 1, someone(i), now)
				cache.Has(sum, 1)
			}
			next := inOneBucket(verify.BucketSize + 1)[verify.BucketSize]
			claims := someone(99)
			claims.ExpiresAt = now.Add(2 * time.Hour)
			cache.Put(next, test.generation, claims, now.Add(test.later))
			if entries, bytes := cache.Counted(); entries != 1 || bytes != cache.Bytes() || !cache.Has(next, test.generation) {
				t.Errorf("got %d entries of %d bytes, %d counted, want the new one alone", entries, bytes, cache.Bytes())
			}
		})
	}
}

// TestTokenOfAnotherGenerationIsNotThere also holds for a token that was verified
// while the keys changed.
func TestTokenOfAnotherGenerationIsNotThere(t *testing.T) {
	t.Parallel()
	var cache verify.Cache
	list := sums(2)
	cache.Put(list[0], 2, someone(0), now)
	cache.Put(list[1], 1, someone(1), now)
	for generation, want := range map[uint64]int{0: 0, 1: 1, 2: 1, 3: 0} {
		if got := kept(&cache, list, generation); got != want {
			t.Errorf("generation %d: got %d tokens, want %d", generation, got, want)
		}
	}
}

// TestDigestDecides: a digest that differs in any one bit is another token.
func TestDigestDecides(t *testing.T) {
	t.Parallel()
	var cache verify.Cache
	sum := sums(1)[0]
	cache.Put(sum, 1, someone(0), now)
	for bit := range 256 {
		other := sum
		other[bit/8] ^= 1 << (bit % 8)
		if cache.Has(other, 1) {
			t.Errorf("bit %d of the digest does not matter", bit)
		}
	}
	if !cache.Has(sum, 1) {
		t.Error("the token is not there")
	}
}

// TestPutTwiceIsOneEntry: two requests that verify one token at once add it twice.
func TestPutTwiceIsOneEntry(t *testing.T) {
	t.Parallel()
	var cache verify.Cache
	sum := sums(1)[0]
	cache.Put(sum, 1, someone(0), now)
	cache.Put(sum, 1, someone(0), now)
	if entries, bytes := cache.Counted(); entries != 1 || bytes != cache.Bytes() {
		t.Errorf("got %d entries of %d bytes, %d counted, want one", entries, bytes, cache.Bytes())
	}
}

// TestCacheTogether: readers and writers of few buckets at once, for the race
// detector; the count is right afterwards.
func TestCacheTogether(t *testing.T) {
	t.Parallel()
	var cache verify.Cache
	list := inOneBucket(64)
	together(8, func(i int) {
		for j := range 2000 {
			sum := list[(i*7+j)%len(list)]
			if j%3 == 0 {
				cache.Put(sum, uint64(1+j/1000), someone(j), now)
			} else {
				cache.Has(sum, uint64(1+j/1000))
			}
		}
	})
	if entries, bytes := cache.Counted(); entries == 0 || entries > verify.BucketSize || bytes != cache.Bytes() {
		t.Errorf("got %d entries of %d bytes, %d counted", entries, bytes, cache.Bytes())
	}
}

// TestHitAllocatesNothing is not parallel, because allocations of other tests count.
func TestHitAllocatesNothing(t *testing.T) {
	a := newAttempt(t)
	keys := newCountedKeys(a.key)
	a.config.Keys = countedSource{keys}
	a.config.AllowedClients, a.config.BlockedCallers = []string{verifytest.ClientID}, []string{verifytest.Audience}
	verifier, token, ctx := a.verifier(), a.signed(), t.Context()
	admit(t, verifier, token)
	if got := testing.AllocsPerRun(100, func() {
		if _, err := verifier.Verify(ctx, token); err != nil {
			t.Error(err)
		}
	}); got != 0 {
		t.Errorf("got %v allocations for a hit, want none", got)
	}
	if keys.asked.Load() != 1 {
		t.Errorf("got the key asked for %d times, want once: the others must be hits", keys.asked.Load())
	}
}
