package sandboxtest

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// Making an RSA key takes longer than most tests, so the sandboxes of a test
// process share signing keys: the n-th key of each sandbox is the same. Within a
// sandbox no key comes twice, and a key's id is new in each sandbox.

var signingKeys struct {
	sync.Mutex
	made []*rsa.PrivateKey
}

// sharedKeys returns the source of one sandbox's signing keys.
func sharedKeys() func() (*rsa.PrivateKey, error) {
	next := 0
	return func() (*rsa.PrivateKey, error) {
		signingKeys.Lock()
		defer signingKeys.Unlock()
		if next == len(signingKeys.made) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				return nil, err
			}
			signingKeys.made = append(signingKeys.made, key)
		}
		next++
		return signingKeys.made[next-1], nil
	}
}
