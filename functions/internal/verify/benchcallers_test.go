package verify_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
	"app-to-app/functions/internal/verify/verifytest"
)

// BenchmarkCallers is what the cache costs with many live callers, each with a
// token of its own of 1.3 KB: a hit, many hits at once, and adding a token when
// the cache is full. sha256 hashes the same tokens.
func BenchmarkCallers(b *testing.B) {
	for _, callers := range []int{1_000, 10_000, 100_000} {
		tokens := make([]string, callers)
		for i := range tokens {
			tokens[i] = fmt.Sprintf("%s%08d", strings.Repeat("k", 1300), i)
		}
		one := uint64(1)
		verifier, err := verify.NewVerifier(verify.Config{
			TenantID: verifytest.TenantID, AuthorityHost: fuzzAuthority, Audience: verifytest.Audience, Role: verifytest.Role,
			Keys: fixedGeneration{generation: &one}, Now: func() time.Time { return now },
		})
		if err != nil {
			b.Fatal(err)
		}
		for i, token := range tokens {
			verify.Remember(verifier, token, 1, someone(i), now)
		}
		hit := func(i int) error {
			_, err := verifier.Verify(b.Context(), tokens[i%callers])
			return err
		}
		b.Run(fmt.Sprintf("%d/sha256", callers), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				hashed = verify.DigestOf(tokens[i*7919%callers])
			}
		})
		b.Run(fmt.Sprintf("%d/hit", callers), func(b *testing.B) {
			b.ReportAllocs()
			misses := 0
			for i := 0; b.Loop(); i++ {
				if hit(i*7919) != nil {
					misses++ // the few that found no room: their keys cannot verify
				}
			}
			b.ReportMetric(100*float64(misses)/float64(b.N), "%miss")
		})
		b.Run(fmt.Sprintf("%d/hit-parallel", callers), func(b *testing.B) {
			b.ReportAllocs()
			var start atomic.Int64
			b.RunParallel(func(p *testing.PB) {
				for i := int(start.Add(1)) * 104729; p.Next(); i += 7919 {
					_ = hit(i)
				}
			})
		})
		b.Run(fmt.Sprintf("%d/put-full", callers), func(b *testing.B) {
			b.ReportAllocs()
			fill(b, callers)
		})
	}
}

// fill adds tokens to a cache that is full: all its buckets are.
func fill(b *testing.B, distinct int) {
	var cache verify.Cache
	for i, sum := range sums(1 << 19) {
		cache.Put(sum, 1, someone(i), now)
	}
	list, claims := sums(distinct), someone(0)
	for i := range list {
		list[i][31] ^= 0xff // another token of the same bucket
	}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		cache.Put(list[i%distinct], 1, claims, now)
	}
}
