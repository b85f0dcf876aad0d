package appservice

import (
	"testing"
	"time"
)

// TestSchedules tests parseSchedule directly: from outside, a schedule shows only
// after hours.
func TestSchedules(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 5, 12, 0, 30, 0, time.UTC) // a Monday
	for _, tt := range []struct{ expression, next, then string }{
		{"0 */5 * * * *", "2026-01-05T12:05:00Z", "2026-01-05T12:10:00Z"},
		{"0 0 * * * *", "2026-01-05T13:00:00Z", "2026-01-05T14:00:00Z"},
		{"0 0 */2 * * *", "2026-01-05T14:00:00Z", "2026-01-05T16:00:00Z"},
		{"0 0 9-17 * * *", "2026-01-05T13:00:00Z", "2026-01-05T14:00:00Z"},
		{"0 30 9 * * *", "2026-01-06T09:30:00Z", "2026-01-07T09:30:00Z"},
		{"0 30 9 * * 1-5", "2026-01-06T09:30:00Z", "2026-01-07T09:30:00Z"},
		{"0 30 9 * Jan Mon", "2026-01-12T09:30:00Z", "2026-01-19T09:30:00Z"},
		{"*/20 * * * * *", "2026-01-05T12:00:40Z", "2026-01-05T12:01:00Z"},
		{"0 0 0 29 2 *", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
		// Day and day of week must both fit: Friday the 13th.
		{"0 0 0 13 * Fri", "2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z"},
	} {
		t.Run(tt.expression, func(t *testing.T) {
			s, err := parseSchedule(tt.expression)
			if err != nil {
				t.Errorf("%v", err)
				return
			}
			next := s.next(from)
			if got, then := next.Format(time.RFC3339), s.next(next).Format(time.RFC3339); got != tt.next || then != tt.then {
				t.Errorf("got %s and %s, want %s and %s", got, then, tt.next, tt.then)
			}
		})
	}
}

func TestBadSchedules(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"", "daily", "@hourly", "@every 5m", "* * * * *", "0 0 0 0 0 0 0", "60 * * * * *", "0 0 24 * * *", "0 0 0 32 * *", "0 0 0 * 13 *",
		"0 0 0 * * 8", "TZ=UTC 0 * * * *", "CRON_TZ=UTC 0 * * * * *", "0 0 0 ? * *", "0 0 0 31 2 *", "a b c d e f", "00:05:00",
	} {
		t.Run(expression, func(t *testing.T) {
			if _, err := parseSchedule(expression); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestSubMinute(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]bool{"* * * * * *": true, "0,30 * * * * *": true, "0 * * * * *": false, "30 */5 * * * *": false} {
		t.Run(expression, func(t *testing.T) {
			s, err := parseSchedule(expression)
			if err != nil || s.subMinute() != want {
				t.Errorf("got %t, %v, want %t", err == nil && s.subMinute(), err, want)
			}
		})
	}
}
