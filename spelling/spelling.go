// Package spelling finds what a mistyped name was meant to be.
package spelling

import "strings"

// Closest is the one possible value that was meant by a mistyped one: the same
// in other case, the only one that begins like it or is a part of it, or the
// only one that is a slip or two away. "" if there is doubt.
func Closest(value string, possible []string) string {
	given := strings.ToLower(value)
	for _, alike := range []func(string) bool{
		func(other string) bool { return other == given },
		func(other string) bool {
			return len(given) >= 3 && len(other) >= 3 && (strings.Contains(other, given) || strings.HasPrefix(given, other))
		},
		func(other string) bool { return len(given) >= 4 && slips(given, other) <= 2 },
	} {
		var found []string
		for _, other := range possible {
			if alike(strings.ToLower(other)) {
				found = append(found, other)
			}
		}
		if len(found) > 0 {
			if len(found) > 1 {
				return ""
			}
			return found[0]
		}
	}
	return ""
}

// slips is how many letters must be put in, taken out or changed to make one
// text the other (the Levenshtein distance).
func slips(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := previous[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, previous[j+1]+1, row[j]+1)
		}
		previous = row
	}
	return previous[len(b)]
}
