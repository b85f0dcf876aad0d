package verify

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// This file remembers verified tokens. The rules are:
//   - a hit takes no lock and allocates nothing
//   - adding a token looks at one bucket, however many there are
//   - memory is bounded in bytes: maxVerifiedBytes of entries, and 3.4 MB for the
//     table once the first token has been added
//   - refusals are not remembered: anyone could fill the cache with them
//
// A token is recognised by its SHA-256, so that none stays in memory. It must be
// a cryptographic hash of the whole token: whoever could make another token with
// the same key would be admitted without a signature, and a fast hash, even one
// with a secret seed, does not promise to prevent that. Comparing digests need
// not take constant time, because learning one does not help to find its token.
//
// The table is divided by digest, which nobody can choose: each token has one
// bucket of bucketSize slots. 100,000 tokens fill 6 of 16 slots on average, and
// fewer than one in a thousand buckets is ever full.

const (
	bucketCount = 1 << 14
	bucketSize  = 16

	// maxVerifiedBytes bounds the entries, as sizeOf counts them. One has about
	// 370 bytes for a caller with one app role, so 100,000 callers take 37 MB.
	maxVerifiedBytes = 64 << 20
)

// A digest is the cache's key.
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

// A cache holds the claims of verified tokens. Its zero value is ready to use.
type cache struct {
	table atomic.Pointer[[bucketCount]bucket]
	bytes atomic.Int64
}

// A verified token's entry does not change, except for its mark.
type entry struct {
	digest     digest
	generation uint64
	used       atomic.Bool // since its bucket last looked for room
	claims     Claims
}

// A bucket is changed under its lock and read without it. A tag is a part of the
// digest of the entry in the slot of the same number, so that a reader need not
// follow 16 pointers; the entry itself decides.
type bucket struct {
	tags  [bucketSize]atomic.Uint32
	slots [bucketSize]atomic.Pointer[entry]
	mu    sync.Mutex
	hand  int // the slot to consider next for eviction
}

// of is the bucket of a digest, and its tag there.
func of(table *[bucketCount]bucket, sum *digest) (*bucket, uint32) {
	return &table[binary.LittleEndian.Uint16(sum[:])%bucketCount], binary.LittleEndian.Uint32(sum[4:])
}

// get returns the entry of a token that was verified with this generation of
// keys, or nil.
func (c *cache) get(sum *digest, generation uint64) *entry {
	table := c.table.Load()
	if table == nil {
		return nil
	}
	b, tag := of(table, sum)
	for i := range b.tags {
		if b.tags[i].Load() != tag {
			continue
		}
		if e := b.slots[i].Load(); e != nil && e.generation == generation && e.digest == *sum {
			if !e.used.Load() { // a write each time would make processors wait for each other
				e.used.Store(true)
			}
			return e
		}
	}
	return nil
}

// put adds a token. What has expired in its bucket leaves, and so does what was
// verified with earlier keys.
func (c *cache) put(sum *digest, generation uint64, claims *Claims, now time.Time) {
	table := c.table.Load()
	if table == nil {
		c.table.CompareAndSwap(nil, new([bucketCount]bucket))
		table = c.table.Load()
	}
	b, tag := of(table, sum)
	added := &entry{digest: *sum, generation: generation, claims: *claims}
	b.mu.Lock()
	defer b.mu.Unlock()
	slot := -1
	for i := range b.slots {
		e := b.slots[i].Load()
		if e != nil && (e.generation < generation || e.digest == *sum || !now.Before(e.claims.ExpiresAt.Add(Skew))) {
			c.drop(b, i)
			e = nil
		}
		if e == nil {
			slot = i
		}
	}
	if slot < 0 {
		slot = b.victim()
		c.drop(b, slot)
	}
	size := sizeOf(claims)
	for c.bytes.Add(size) > maxVerifiedBytes {
		c.bytes.Add(-size)
		other := b.victim()
		if other < 0 {
			return // other buckets hold it all; this token is verified anew each time
		}
		c.drop(b, other)
	}
	b.slots[slot].Store(added)
	b.tags[slot].Store(tag)
}

// victim is the slot to empty, or -1 if all are: the first that was not used since
// the search last passed it. A new entry counts as not used, so tokens that come
// once leave before those that come again.
func (b *bucket) victim() int {
	for range 2 * bucketSize {
		slot := b.hand
		b.hand = (b.hand + 1) % bucketSize
		if e := b.slots[slot].Load(); e != nil && !e.used.Swap(false) {
			return slot
		}
	}
	// Readers marked all of them meanwhile, or there are none.
	for slot := range b.slots {
		if b.slots[slot].Load() != nil {
			return slot
		}
	}
	return -1
}

func (c *cache) drop(b *bucket, slot int) {
	if e := b.slots[slot].Swap(nil); e != nil {
		c.bytes.Add(-sizeOf(&e.claims))
	}
}

// sizeOf is what an entry takes from the heap. Tenant and key id are not counted,
// because all entries share their texts.
func sizeOf(claims *Claims) int64 {
	const fixed = 224 // an entry
	size := fixed + heap(len(claims.ObjectID)) + heap(len(claims.ClientID)) + heap(len(claims.UniqueID)) + heap(16*claims.Roles.Len())
	for role := range claims.Roles.All() {
		size += heap(len(role))
	}
	return int64(size)
}

// heap rounds up to what the allocator hands out; beyond a few hundred bytes its
// steps are an eighth.
func heap(bytes int) int {
	if bytes > 256 {
		bytes += bytes / 8
	}
	return (bytes + 15) &^ 15
}
