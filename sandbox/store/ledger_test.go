package store_test

import (
	"fmt"
	"testing"

	"app-to-app/sandbox/store"
)

// TestForgetIssued counts what a store keeps of 100,000 tokens that were issued for
// days.
func TestForgetIssued(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	const tokens = 100_000
	issue := func() {
		for i := range tokens {
			s.Issue(store.AccessToken, fmt.Sprint("token-", i))
		}
	}
	issue()
	if got := len(s.Issued(store.AccessToken)); got != tokens {
		t.Fatalf("got %d tokens, want %d", got, tokens)
	}
	s.ForgetIssued()
	if got := len(s.Issued(store.AccessToken)); got != 0 {
		t.Errorf("got %d tokens of those before, want none", got)
	}
	issue()
	if got := len(s.Issued(store.AccessToken)); got != 0 {
		t.Errorf("got %d tokens, want none", got)
	}
}
