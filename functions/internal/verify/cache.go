package verify

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxVerified is the most tokens cached. A client uses one token for an hour or a
// day, so this serves a thousand clients, in about half a megabyte.
const maxVerified = 1024

// A digest is the cache's key, so that no token stays in memory.
type digest = [sha256.Size]byte

// usualTokenBytes is enough for an access token of Entra ID with a few app roles.
const usualTokenBytes = 2 << 10

// digestOf copies a token of usual size to the stack, because converting the
// string would allocate. The buffer is not maxTokenBytes: clearing that much
// costs a third of a cache hit.
func digestOf(token string) digest {
	if len(token) > usualTokenBytes {
		return sha256.Sum256([]byte(token))
	}
	var room [usualTokenBytes]byte
	return sha256.Sum256(room[:copy(room[:], token)])
}

// A cache holds the claims of verified tokens for one generation of keys.
// Refusals are not cached: anyone could fill the cache with them. Its zero value
// is ready to use.
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

// put adds a token. The first one of a new generation empties the cache.
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

// makeRoom drops the expired tokens, or any one if none has expired.
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
