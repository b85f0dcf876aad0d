package verify_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
)

// This file checks the tests: a check that could be removed without a row of
// the verification table noticing is a check that nobody tests. The rules are:
//   - each check is removed on its own, and a row must notice
//   - a check that only refuses is noticed by a row that must be refused and is
//     now admitted
//   - a check that also takes the token apart, for those after it, is noticed
//     when nothing is admitted any more: what is missing must never pass

// takesApart are the checks without which the later ones have nothing to go by.
var takesApart = []string{"shape", "header", "key", "payload"}

// A trial is one row of the verification table, ready to be run on mutants of
// its verifier.
type trial struct {
	name     string
	verifier *verify.Verifier
	token    string
	want     error
}

func newTrials(t *testing.T) []trial {
	t.Helper()
	var trials []trial
	for _, table := range [][]verifyTest{shapeTests, keyTests, claimTests, callerTests, v1Tests} {
		for _, test := range table {
			a := newAttempt(t)
			test.edit(a)
			trials = append(trials, trial{test.name, a.verifier(), a.signed(), test.want})
		}
	}
	return trials
}

// noticing lists the rows that a mutant makes come out differently: admitted
// though they must be refused, and refused though they must be admitted.
func noticing(t *testing.T, trials []trial, mutate func(*verify.Verifier) *verify.Verifier) (admitted, refused []string) {
	t.Helper()
	for _, trial := range trials {
		err := verifyRecovering(t, mutate(trial.verifier), trial.token)
		switch {
		case trial.want != nil && err == nil:
			admitted = append(admitted, trial.name)
		case trial.want == nil && err != nil:
			refused = append(refused, trial.name)
		}
	}
	return admitted, refused
}

// verifyRecovering makes an error of a panic: a mutant may lack what the checks
// after it rely on.
func verifyRecovering(t *testing.T, verifier *verify.Verifier, token string) (err error) {
	t.Helper()
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	_, err = verifier.Verify(t.Context(), token)
	return err
}

func TestEveryCheckIsMissed(t *testing.T) {
	t.Parallel()
	trials := newTrials(t)
	var good int
	for _, trial := range trials {
		if trial.want == nil {
			good++
		}
	}
	t.Run("nothing removed", func(t *testing.T) {
		t.Parallel()
		// Or what follows would pass for the wrong reason.
		admitted, refused := noticing(t, trials, func(v *verify.Verifier) *verify.Verifier { return verify.WithoutCheck(v, "no such check") })
		if len(admitted)+len(refused) > 0 {
			t.Errorf("got admitted %q and refused %q, want none", admitted, refused)
		}
	})
	for _, name := range verify.CheckNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admitted, refused := noticing(t, trials, func(v *verify.Verifier) *verify.Verifier { return verify.WithoutCheck(v, name) })
			if slices.Contains(takesApart, name) {
				if len(refused) != good || len(admitted) > 0 {
					t.Errorf("without the check %d of %d good tokens are refused and %q admitted, want all and none", len(refused), good, admitted)
				}
				return
			}
			if len(admitted) == 0 {
				t.Errorf("no row of the verification table notices that the check is gone; add one that only this check refuses")
			}
			if len(refused) > 0 {
				t.Errorf("without the check good tokens are refused, so it does more than refuse: %q", refused)
			}
			t.Logf("noticed by %q", admitted)
		})
	}
}

// TestEveryAlwaysIsMissed does the same for what a remembered token must pass
// again. Only the clock and the configuration can change after it was
// remembered, and the configuration of a verifier cannot: for the clock there
// is the token that expires, for the others the mark is shown to be there.
func TestEveryAlwaysIsMissed(t *testing.T) {
	t.Parallel()
	want := []string{"time", "role", "allowed", "blocked"}
	if got := verify.AlwaysRun(); !slices.Equal(got, want) {
		t.Errorf("got %q run on every call, want %q", got, want)
	}
	for name, wantErr := range map[string]error{"no such check": verify.ErrExpired, "time": nil} {
		t.Run(name+" run once", func(t *testing.T) {
			t.Parallel()
			a := newAttempt(t)
			clock := newClock()
			a.config.Now = clock.Now
			a.config.Keys = fixedKey{ID: a.key.ID, Public: &a.key.Private.PublicKey}
			verifier, token := verify.OnlyOnce(a.verifier(), name), a.signed()
			if _, err := verifier.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			clock.advance(time.Hour + verify.Skew)
			if _, err := verifier.Verify(t.Context(), token); !errors.Is(err, wantErr) {
				t.Errorf("an hour later: got %v, want %v", err, wantErr)
			}
		})
	}
}
