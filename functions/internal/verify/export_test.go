package verify

import (
	"context"
	"time"
)

// CheckNames lists the checks in the order in which they run.
func CheckNames() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// WithoutCheck returns a copy of a verifier with an empty cache, in which the check
// of that name passes everything.
func WithoutCheck(v *Verifier, name string) *Verifier {
	mutant := &Verifier{
		verified: new(cache),
		issuer:   v.issuer, tenantID: v.tenantID, audience: v.audience, role: v.role,
		v1Issuer: v.v1Issuer, v1Audience: v.v1Audience,
		keys: v.keys, allowed: v.allowed, blocked: v.blocked, now: v.now,
	}
	var changed []check
	for _, c := range v.checks {
		if c.name == name {
			c = check{name: name, once: func(context.Context, *Verifier, *candidate) error { return nil }}
		}
		changed = append(changed, c)
	}
	mutant.use(changed)
	return mutant
}

// OnlyOnce returns a copy of a verifier with an empty cache, in which the check of
// that name does not run for a cached token.
func OnlyOnce(v *Verifier, name string) *Verifier {
	mutant := WithoutCheck(v, "")
	for i, c := range mutant.checks {
		if c.name == name {
			mutant.checks[i] = check{name: name, once: func(_ context.Context, v *Verifier, candidate *candidate) error {
				return c.always(v, &candidate.claims, v.now())
			}}
		}
	}
	mutant.use(mutant.checks)
	return mutant
}

// AlwaysRun lists the checks that run for cached tokens too.
func AlwaysRun() []string {
	var names []string
	for _, c := range checks {
		if c.always != nil {
			names = append(names, c.name)
		}
	}
	return names
}

// A Cache is a cache of verified tokens on its own.
type Cache struct{ cache }

// MaxVerifiedBytes bounds the entries of a cache; BucketSize is the number of
// tokens in one bucket.
const (
	MaxVerifiedBytes = maxVerifiedBytes
	BucketSize       = bucketSize
)

// Remember puts a token into the verifier's own cache, as if it had been verified.
func Remember(v *Verifier, token string, generation uint64, claims Claims, now time.Time) {
	sum := digestOf(token)
	v.verified.put(&sum, generation, &claims, now)
}

// Put adds a token by its digest.
func (c *Cache) Put(sum [32]byte, generation uint64, claims Claims, now time.Time) {
	c.put(&sum, generation, &claims, now)
}

// Has reports whether the token is there, which counts as a use.
func (c *Cache) Has(sum [32]byte, generation uint64) bool { return c.get(&sum, generation) != nil }

// Bytes is what the cache counts, Counted what its entries come to.
func (c *Cache) Bytes() int64 { return c.bytes.Load() }

// Counted adds up the entries that are there.
func (c *Cache) Counted() (entries int, bytes int64) {
	table := c.table.Load()
	for i := range table {
		for j := range table[i].slots {
			if e := table[i].slots[j].Load(); e != nil {
				entries++
				bytes += sizeOf(&e.claims)
			}
		}
	}
	return entries, bytes
}

// NewRoles makes a list of app roles.
func NewRoles(values ...string) Roles { return Roles{values} }

// DigestOf is the cache's key for a token.
func DigestOf(token string) [32]byte { return digestOf(token) }
