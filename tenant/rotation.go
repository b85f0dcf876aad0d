package tenant

import (
	"strconv"
	"strings"
	"time"

	"app-to-app/components/credentials"
)

// This file says where a credential of the program is in its rotation. A credential
// is named after its generation, and with its end that gives the period: secrets end
// with the second period after their generation began, generated certificates two
// periods after they were made. Where the numbers do not fit, it says nothing: nobody
// knows what a credential made by hand is for.

// The phases of a credential in the rotation.
const (
	PhaseNext    = "next"    // made, and the app does not use it yet
	PhaseCurrent = "current" // the one that the app uses
	PhaseKept    = "kept"    // replaced, and kept for tokens and caches
	PhaseOverdue = "overdue" // an update should have revoked it
)

// A Mark is a point in time in the life of a credential.
type Mark struct {
	At   time.Time
	What string // as in components/credentials: added, used, replaced, revoked
}

// rotate finds the phase of a credential at a time.
func (l *Life) rotate(now time.Time) {
	generation, period, ok := l.generation()
	if !l.Declared || l.Missing || !ok {
		return
	}
	begins := time.Unix(generation*int64(period/time.Second), 0).UTC()
	l.Marks = []Mark{{begins, "added"}, {begins.Add(period / 4), "used from"}, {begins.Add(period * 5 / 4), "replaced"}, {begins.Add(period * 3 / 2), "revoked"}}
	switch {
	case now.Before(l.Marks[1].At):
		l.Phase = PhaseNext
	case now.Before(l.Marks[2].At):
		l.Phase = PhaseCurrent
	case now.Before(l.Marks[3].At):
		l.Phase = PhaseKept
	default:
		l.Phase = PhaseOverdue
	}
}

// generation reads which one it is, and the period.
func (l *Life) generation() (generation int64, period time.Duration, ok bool) {
	generation, err := strconv.ParseInt(l.Name[strings.LastIndex(l.Name, "-")+1:], 10, 64)
	if err != nil || generation <= 0 || l.End.IsZero() {
		return 0, 0, false
	}
	switch l.Kind {
	case noun(kindSecret):
		if l.End.Unix()%(generation+2) != 0 {
			return 0, 0, false
		}
		period = time.Duration(l.End.Unix()/(generation+2)) * time.Second
	case noun(kindCertificate):
		period = l.End.Sub(l.Start) / 2
	default:
		return 0, 0, false
	}
	begins := generation * int64(period/time.Second)
	// A date that was typed in fits the numbers by chance only.
	ok = period >= credentials.MinRotation && period%time.Hour == 0 && !l.Start.IsZero() && l.Start.Unix() < begins+2*int64(period/time.Second)
	return generation, period, ok
}
