package credentials_test

import (
	"slices"
	"testing"
	"time"

	"app-to-app/components/credentials"
)

const period = 80 * 24 * time.Hour

// at is a time in a generation, in quarters of the period.
func at(generation int64, quarters float64) time.Time {
	return time.Unix(generation*int64(period/time.Second)+int64(quarters*float64(period/time.Second)/4), 0)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		quarters float64
		active   int64
		live     []int64
	}{
		{"the new one is added", 0, 99, []int64{99, 100}},
		{"and stays unused for a quarter", 0.999, 99, []int64{99, 100}},
		{"it is used", 1, 100, []int64{99, 100}},
		{"while the old one lives", 1.999, 100, []int64{99, 100}},
		{"the old one is revoked", 2, 100, []int64{100}},
		{"and nothing happens", 3.999, 100, []int64{100}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := credentials.RotationAt(at(100, tt.quarters), period)
			if err != nil {
				t.Fatal(err)
			}
			if active, live := got.Active, got.Live; active != tt.active || !slices.Equal(live, tt.live) {
				t.Errorf("got %d of %d, want %d of %d", active, live, tt.active, tt.live)
			}
		})
	}
}

// TestRotationOverlaps walks through ten periods by the hour: what is in use
// has lived for a quarter before, lives for a quarter after, and does not
// expire meanwhile.
func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	const quarter = period / 4
	alive := func(at time.Time, generation int64) bool {
		r, err := credentials.RotationAt(at, period)
		if err != nil {
			t.Fatal(err)
		}
		_, live := r.Active, r.Live
		for _, g := range live {
			if g == generation {
				return r.Ends(g).Sub(at) > quarter
			}
		}
		return false
	}
	for now := at(100, 0); now.Before(at(110, 0)); now = now.Add(time.Hour) {
		r, err := credentials.RotationAt(now, period)
		if err != nil {
			t.Fatal(err)
		}
		active, _ := r.Active, r.Live
		before, err := credentials.RotationAt(now.Add(-time.Hour), period)
		if err != nil {
			t.Fatal(err)
		}
		was, _ := before.Active, before.Live
		if active != was && (!alive(now.Add(-quarter), active) || !alive(now.Add(quarter-time.Hour), was)) {
			t.Fatalf("%v: got a switch from %d to %d without a quarter of both before and after", now, was, active)
		}
		if !alive(now, active) {
			t.Fatalf("%v: got %d in use, which is not alive", now, active)
		}
	}
}

func TestRotationRefusals(t *testing.T) {
	t.Parallel()
	if _, err := credentials.RotationAt(at(1, 0), credentials.MinRotation-time.Second); err == nil {
		t.Error("expected a period to be refused whose quarter is shorter than a cache, got none")
	}
	if _, err := credentials.RotationAt(time.Unix(-1, 0), period); err == nil {
		t.Error("expected a time before 1970 to be refused, got none")
	}
}
