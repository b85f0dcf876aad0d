package settings

import "testing"

func TestSchedule(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, schedule string
		accepted       bool
	}{
		{"a step", "0 */10 * * * *", true},
		{"ranges of numbers and names", "0 0 9-17 * * Mon-Fri", true},
		{"names in any case", "0 0 0 1 jan,Jul *", true},
		{"a list", "30 0,15,30,45 * * * *", true},
		{"a step in a range", "0 0-30/5 * * * 0-6", true},
		{"spaces around it", "  0 0 * * * *  ", true},
		{"nothing", "", false},
		{"five fields", "*/10 * * * *", false},
		{"seven fields", "0 */10 * * * * *", false},
		{"a macro", "@hourly", false},
		{"a time span", "00:10:00", false},
		{"the name of an app setting", "%SCHEDULE%", false},
		{"second 60", "60 * * * * *", false},
		{"hour 24", "0 * 24 * * *", false},
		{"day 0", "0 0 0 0 * *", false},
		{"day 32", "0 0 0 32 * *", false},
		{"month 13", "0 0 0 * 13 *", false},
		{"day of the week 7", "0 0 0 * * 7", false},
		{"days backwards", "0 0 0 * * fri-mon", false},
		{"months backwards", "0 0 0 * feb-jan *", false},
		{"step 0", "0 */0 * * * *", false},
		{"step 60", "0 */60 * * * *", false},
		{"an empty list", "0 , * * * *", false},
		{"a range without an end", "0 1- * * * *", false},
		{"a negative number", "0 -1 * * * *", false},
		{"a number with a plus", "0 +1 * * * *", false},
		{"a question mark", "0 ? * * * *", false},
		{"the last day", "0 0 0 L * *", false},
		{"a step that is not a number", "0 1/x * * * *", false},
		{"a name written out", "0 0 0 * * Monday", false},
		{"a number too large", "0 0 9223372036854775808 * * *", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := checkSchedule(tt.schedule); (err == nil) != tt.accepted {
				t.Errorf("%q: got %v, want it accepted: %v", tt.schedule, err, tt.accepted)
			}
		})
	}
}
