package verify

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxVerified bounds the tokens remembered. A client uses one token for an
// hour or a day, so this is a thousand clients, in about half a megabyte.
const maxVerified = 1024

// A digest stands for a token, so that none is kept in memory.
type digest = [sha256.Size]byte

// usualTokenBytes is more than an access token of Entra ID with a few app roles
// has.
const usualTokenBytes = 2 << 10

// digestOf hashes a token of the usual size on the stack, where a conversion
// would allocate; one of the largest size would have to be cleared first, and
// costs a third of a hit.
func digestOf(token string) digest {
	if len(token) > usualTokenBytes {
		return sha256.Sum256([]byte(token))
	}
	var room [usualTokenBytes]byte
	return sha256.Sum256(room[:copy(room[:], token)])
}

// A cache remembers the claims of verified tokens of one generation of keys.
// Refusals are not remembered: they cost the refused, and remembering them
// would let strangers fill it. Its zero value is ready to use.
type cache struct {
	mu         sync.RWMutex
	generation uint64
	claims     map[digest]Claims
}

func (c *cache) get(sum digest, generation uint64) (Claims, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.generation != generation {
		return Claims{}, false
	}
	claims, ok := c.claims[sum]
	return claims, ok
}

// put remembers a token; with the first of another generation, the ones before
// are forgotten.
func (c *cache) put(sum digest, generation uint64, claims Claims, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.claims == nil || generation > c.generation:
		c.generation, c.claims = generation, map[digest]Claims{}
	case generation < c.generation:
		return // the keys have changed since this token was verified
	}
	if len(c.claims) >= maxVerified {
		c.makeRoom(now)
	}
	c.claims[sum] = claims
}

// makeRoom forgets the expired, or any one when none is.
func (c *cache) makeRoom(now time.Time) {
	for sum, claims := range c.claims {
		if now.After(claims.ExpiresAt.Add(Skew)) {
			delete(c.claims, sum)
		}
	}
	for sum := range c.claims {
		if len(c.claims) < maxVerified {
			return
		}
		delete(c.claims, sum)
	}
}
