package verify_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"app-to-app/functions/internal/verify"
)

// This file tests the tests: if a check can be removed and no row of the
// verification table fails, the check is untested. The rules are:
//   - each check is removed on its own, and a row must fail
//   - without a check that only refuses, a bad row must be admitted
//   - without a check that also parses the token for later ones, nothing may be
//     admitted

// takesApart are the checks that parse the token for later ones.
var takesApart = []string{"shape", "header", "key", "payload"}

// A trial is one row of the verification table, to run on mutants of its verifier.
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

// noticing lists the rows with another result on a mutant: bad tokens that it
// admits and good ones that it refuses.
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

// verifyRecovering turns a panic into an error: a mutant may lack what later checks
// rely on.
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
		// Otherwise the tests below would pass for the wrong reason.
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

// TestEveryAlwaysIsMissed does the same for the checks that run for cached tokens
// too. Only the clock can change between two calls, so expiry is tested; a
// verifier's configuration cannot, so for the others the mark is compared.
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
			admit(t, verifier, token)
			clock.advance(time.Hour + verify.Skew)
			if _, err := verifier.Verify(t.Context(), token); !errors.Is(err, wantErr) {
				t.Errorf("an hour later: got %v, want %v", err, wantErr)
			}
		})
	}
}
