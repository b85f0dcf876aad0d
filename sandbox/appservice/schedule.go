package appservice

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A schedule is a parsed NCRONTAB expression, in UTC: Flex Consumption knows
// no other time zone (WEBSITE_TIME_ZONE is refused there).
// learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
type schedule struct{ spec *cron.SpecSchedule }

var ncrontab = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// parseSchedule reads {second} {minute} {hour} {day} {month} {day of week}.
func parseSchedule(expression string) (*schedule, error) {
	if n := len(strings.Fields(expression)); n != 6 || strings.ContainsAny(expression, "=?@") {
		return nil, fmt.Errorf("expected an NCRONTAB expression of six fields like %q, got %q", "0 */5 * * * *", expression)
	}
	parsed, err := ncrontab.Parse(expression)
	if err != nil {
		return nil, fmt.Errorf("expected an NCRONTAB expression like %q, got %q: %w", "0 */5 * * * *", expression, err)
	}
	spec := parsed.(*cron.SpecSchedule)
	spec.Location = time.UTC
	// Where day and day of week are both given, cron runs when either fits and
	// NCRONTAB when both do. The parser marks a field that was * with its
	// highest bit, and with one such mark both must fit.
	spec.Dom |= 1 << 63
	s := &schedule{spec: spec}
	if s.next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("expected an NCRONTAB expression with an occurrence, got %q, which has none", expression)
	}
	return s, nil
}

// next is the first occurrence after t.
func (s *schedule) next(t time.Time) time.Time { return s.spec.Next(t.UTC()) }

// subMinute reports whether two occurrences can be less than a minute apart.
func (s *schedule) subMinute() bool {
	t := s.next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	return s.next(t).Sub(t) < time.Minute
}
