package diff

import "testing"

// TestValuesThatLookTheSame: a change from 1 to 1 is no answer.
func TestValuesThatLookTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		was, is  any
		paths    []string
		expected string
	}{
		{"a text and a number", "1", 1.0, []string{"version"}, " from the text `1` to the number `1`"},
		{"a text and a truth value", "true", true, []string{"enabled"}, " from the text `true` to the truth value `true`"},
		{"inside of it", "x", "x", []string{"a.b", "a[0]"}, " in `a.b`, `a[0]`, from one value to another that looks the same: `x`"},
		{"others", "1", "2", []string{"version"}, " from `1` to `2`"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := change{op: updated, old: &Side{Inputs: map[string]any{"p": tt.was}}, new: &Side{Inputs: map[string]any{"p": tt.is}}}
			if got := (&stack{}).fromTo(c, property{path: "p"}, tt.paths); got != tt.expected {
				t.Errorf("got %q, want %q", got, tt.expected)
			}
		})
	}
}
