package settings

import "testing"

func TestSchedule(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]bool{
		"0 */10 * * * *":                true,
		"0 0 9-17 * * Mon-Fri":          true,
		"0 0 0 1 jan,Jul *":             true,
		"30 0,15,30,45 * * * *":         true,
		"0 0-30/5 * * * 0-6":            true,
		"  0 0 * * * *  ":               true,
		"":                              false,
		"*/10 * * * *":                  false,
		"0 */10 * * * * *":              false,
		"@hourly":                       false,
		"00:10:00":                      false,
		"%SCHEDULE%":                    false,
		"60 * * * * *":                  false,
		"0 * 24 * * *":                  false,
		"0 0 0 0 * *":                   false,
		"0 0 0 32 * *":                  false,
		"0 0 0 * 13 *":                  false,
		"0 0 0 * * 7":                   false,
		"0 0 0 * * fri-mon":             false,
		"0 0 0 * feb-jan *":             false,
		"0 */0 * * * *":                 false,
		"0 */60 * * * *":                false,
		"0 , * * * *":                   false,
		"0 1- * * * *":                  false,
		"0 -1 * * * *":                  false,
		"0 +1 * * * *":                  false,
		"0 ? * * * *":                   false,
		"0 0 0 L * *":                   false,
		"0 1/x * * * *":                 false,
		"0 0 0 * * Monday":              false,
		"0 0 9223372036854775808 * * *": false,
	} {
		t.Run(schedule, func(t *testing.T) {
			if err := checkSchedule(schedule); (err == nil) != want {
				t.Errorf("got %v, want it accepted: %v", err, want)
			}
		})
	}
}
