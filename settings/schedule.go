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
	if neverRuns(fields) {
		return fmt.Errorf("expected a day that its months have, got day %s of month %s in %q", fields[3], fields[4], schedule)
	}
	return nil
}

// macros are what other cron programs call some schedules.
var macros = map[string]string{
	"@hourly": "0 0 * * * *", "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *",
	"@weekly": "0 0 0 * * 0", "@monthly": "0 0 0 1 * *", "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *",
}

// meantSchedule is the schedule to offer for one that is wrong: five fields of
// cron with a second in front, what a macro stands for, else the default.
func meantSchedule(schedule string) string {
	for _, meant := range []string{"0 " + schedule, macros[strings.TrimSpace(schedule)]} {
		if checkSchedule(meant) == nil {
			return meant
		}
	}
	return defaultSchedule
}

// days are the most days of each month.
var days = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// neverRuns reports whether the schedule names only days that its months do not
// have, such as 31 February.
func neverRuns(fields []string) bool {
	if fields[5] != "*" {
		return false
	}
	day, month := scheduleFields[3], scheduleFields[4]
	for n, most := range days {
		if !month.matches(fields[4], n+1) {
			continue
		}
		for d := 1; d <= most; d++ {
			if day.matches(fields[3], d) {
				return false
			}
		}
	}
	return true
}

// matches reports whether a field that [scheduleField.takes] names a number.
func (f scheduleField) matches(field string, n int) bool {
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		first, last := f.min, f.max
		if span != "*" {
			from, to, isRange := strings.Cut(span, "-")
			first, _ = f.number(from)
			if isRange {
				last, _ = f.number(to)
			} else if !stepped {
				last = first
			}
		}
		every := 1
		if stepped {
			every, _ = strconv.Atoi(step)
		}
		if n >= first && n <= last && (n-first)%every == 0 {
			return true
		}
	}
	return false
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
