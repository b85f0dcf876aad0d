package store

import (
	"slices"
	"sync"
)

// This file keeps every secret that the sandbox issued since it started, so that
// a test can search logs and files for them. The rules are: it stays in memory
// and only Go code can read it; nothing is ever removed, because a revoked
// secret must not appear in a log either; a sandbox that serves for days keeps
// none.

// A SecretKind says what a secret is used for.
type SecretKind string

// The kinds of secrets.
const (
	AccessToken    SecretKind = "access token"
	ClientSecret   SecretKind = "client secret"
	FunctionKey    SecretKind = "function key" // also master and host keys
	IdentityHeader SecretKind = "identity header"
	VaultValue     SecretKind = "key vault secret"
)

// A ledger is safe for concurrent use.
type ledger struct {
	mu    sync.Mutex
	off   bool
	kinds map[SecretKind]map[string]bool
}

// ForgetIssued keeps no secrets for a search from now on: with each token, the
// ledger grows by that token.
func (s *Store) ForgetIssued() {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	s.ledger.off, s.ledger.kinds = true, nil
}

// Issue notes a secret that was issued.
func (s *Store) Issue(kind SecretKind, value string) {
	if value == "" {
		return
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	if s.ledger.off {
		return
	}
	if s.ledger.kinds == nil {
		s.ledger.kinds = map[SecretKind]map[string]bool{}
	}
	if s.ledger.kinds[kind] == nil {
		s.ledger.kinds[kind] = map[string]bool{}
	}
	s.ledger.kinds[kind][value] = true
}

// Issue notes a secret that was issued, even if the transaction fails.
func (tx *Tx) Issue(kind SecretKind, value string) { tx.store.Issue(kind, value) }

// Issued returns the secrets of a kind that were issued, sorted.
func (s *Store) Issued(kind SecretKind) []string {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	values := make([]string, 0, len(s.ledger.kinds[kind]))
	for value := range s.ledger.kinds[kind] {
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}
