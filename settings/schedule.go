package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file checks timer schedules in NCRONTAB: six fields starting with the
// second, and neither "?" nor "@daily"
// (https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions).
// The Functions host would refuse a bad one too, but only in its log, after
// everything is deployed.

type scheduleField struct {
	name     string
	min, max int
	names    []string // in lower case, the first one being min
}

var scheduleFields = []scheduleField{
	{name: "second", max: 59},
	{name: "minute", max: 59},
	{name: "hour", max: 23},
	{name: "day", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of the week", max: 6, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// checkSchedule says what is wrong with the schedule, or nil.
func checkSchedule(schedule string) error {
	fields := strings.Fields(schedule)
	if len(fields) != len(scheduleFields) {
		return fmt.Errorf("expected six fields (second minute hour day month day-of-week), got %d in %q", len(fields), schedule)
	}
	for i, field := range scheduleFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if !field.takes(part) {
				return fmt.Errorf("expected *, numbers from %d to %d, ranges, steps or lists for the %s, got %q in %q", field.min, field.max, field.name, fields[i], schedule)
			}
		}
	}
	return nil
}

// takes reports whether one part of a list is *, N, N-M, or one of them and a
// step.
func (f scheduleField) takes(part string) bool {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.max) {
		return false
	}
	if span == "*" {
		return true
	}
	from, to, isRange := strings.Cut(span, "-")
	first, ok := f.number(from)
	if !isRange {
		return ok
	}
	last, okLast := f.number(to)
	return ok && okLast && first <= last
}

func (f scheduleField) number(text string) (int, bool) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.min + i, true
	}
	if strings.HasPrefix(text, "+") {
		return 0, false // Atoi takes a sign
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.min && n <= f.max
}
