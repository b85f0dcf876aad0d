// Package plan ties an update plan of the engine to what it was made of, so that
// what a reviewer approves is what is applied.
//
// The engine's plan constrains an update to the operations of its preview, but it
// does not notice that the state has moved since, and it stops a changed program
// only when it gets there, with a part of the update done. So a [Record] is
// checked before.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// A Record says what a plan was made of.
type Record struct {
	Stack  string    `json:"stack"`
	Commit string    `json:"commit"` // of the program
	Made   time.Time `json:"made"`
	State  string    `json:"state"` // SHA-256 of the exported state
	Plan   string    `json:"plan"`  // SHA-256 of the plan
}

// New records a plan that was made between two exports of the state.
func New(stack, commit string, made time.Time, before, after, plan []byte) (Record, error) {
	if digest(before) != digest(after) {
		return Record{}, fmt.Errorf("stack %q has changed during its preview; fix: preview again once the other update is over", stack)
	}
	return Record{stack, commit, made.UTC().Truncate(time.Second), digest(after), digest(plan)}, nil
}

// Check refuses a plan for another stack or commit, another plan than the one
// that was recorded, and a state that has moved since.
func (r Record) Check(stack, commit string, state, plan []byte) error {
	var problem string
	switch {
	case r.Stack == "" || r.Stack != stack:
		problem = fmt.Sprintf("expected stack %q, got %q", r.Stack, stack)
	case r.Commit != commit:
		problem = fmt.Sprintf("expected commit %q, got %q", r.Commit, commit)
	case r.Plan != digest(plan):
		problem = "expected the plan that was recorded, got another one"
	case r.State != digest(state):
		problem = "expected the state that it was made of, which has changed since"
	default:
		return nil
	}
	return fmt.Errorf("the plan of %s: %s; fix: preview again, and approve that", r.Made.Format(time.RFC3339), problem)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
