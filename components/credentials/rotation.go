// Package credentials does the arithmetic and the parsing for a client's
// secrets and certificates: which generations exist at a time ([Rotation]), and
// certificates made elsewhere ([KeyPair]).
//
// It imports only the standard library, so that settings can check both before
// anything is registered, without Pulumi.
package credentials

import (
	"fmt"
	"time"
)

// This file says which client secrets and certificates there are at a time. The
// rules are: only the time and the period decide, so that a second run in the
// same quarter of a period changes nothing, and every date is a multiple of a
// quarter; adding a credential, switching to it and revoking the old one are
// separate steps, a quarter apart, so that the old one is removed only after
// its successor works and no cache holds a token of it.
//
//	quarter   added   used by the app   revoked
//	first     g       g-1
//	second            g
//	third             g                 g-1
//	fourth            g

// MinRotation is the shortest period: a quarter of it outlasts what caches a
// token, of which Azure's identity endpoint is the slowest with 24 hours.
const MinRotation = 8 * 24 * time.Hour

// A Rotation says which generations of a client's credentials exist at one
// time. The zero value is no rotation.
type Rotation struct {
	Period time.Duration
	Active int64   // the generation that the app uses
	Live   []int64 // the generations that exist, oldest first
}

// RotationAt is the state of rotation at a time. The period must be at least
// [MinRotation].
func RotationAt(at time.Time, period time.Duration) (Rotation, error) {
	if period < MinRotation {
		return Rotation{}, fmt.Errorf("rotation period: expected at least %v, got %v", MinRotation, period)
	}
	if at.Unix() < 0 {
		return Rotation{}, fmt.Errorf("rotation: expected a time after 1970, got %v", at)
	}
	seconds := int64(period / time.Second)
	generation := at.Unix() / seconds
	r := Rotation{Period: time.Duration(seconds) * time.Second, Active: generation, Live: []int64{generation}}
	switch quarter := (at.Unix() % seconds) * 4 / seconds; quarter {
	case 0:
		r.Active = generation - 1
		fallthrough
	case 1:
		r.Live = []int64{generation - 1, generation}
	}
	return r, nil
}

// Ends is when credentials of a generation end: long after they are revoked,
// so that a stack that is not updated for a period still works.
func (r Rotation) Ends(generation int64) time.Time {
	return time.Unix((generation+2)*int64(r.Period/time.Second), 0).UTC()
}

// Overlap is how long before its end a credential is revoked when the stack is
// updated in time; one with less left is overdue. It is zero without rotation.
func (r Rotation) Overlap() time.Duration { return r.Period / 2 }

// InSlot is the live generation that a slot holds; even ones are in slot 0.
func (r Rotation) InSlot(slot int64) (generation int64, live bool) {
	for _, generation := range r.Live {
		if generation%2 == slot {
			return generation, true
		}
	}
	return 0, false
}
