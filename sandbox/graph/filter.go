package graph

import (
	"regexp"
	"strings"
)

// This file reads $filter. The rules are: only eq, any and startswith, joined
// by and, are known, on the properties that a collection lists; everything else
// is unemulated, because ignoring or guessing a filter would return the wrong
// objects.

// filterable has the properties that a collection can be filtered by; true
// means that case matters.
type filterable map[string]bool

const quoted = `'((?:[^']|'')*)'`

var (
	filterEquals = regexp.MustCompile(`^(\w+) eq (?:` + quoted + `|(true|false|null|[0-9A-Fa-f-]{36}))$`)
	filterAny    = regexp.MustCompile(`^(\w+)/any\((\w+):\s*(\w+) eq ` + quoted + `\)$`)
	filterStarts = regexp.MustCompile(`^(?i:startswith)\((\w+),\s*` + quoted + `\)$`)
)

// parseFilter returns a function that says whether an object matches.
// Everything matches an empty filter.
func parseFilter(text string, fields filterable) (func(map[string]any) bool, error) {
	if text == "" {
		return func(map[string]any) bool { return true }, nil
	}
	var tests []func(map[string]any) bool
	for _, clause := range clauses(text) {
		test, ok := parseClause(clause, fields)
		if !ok {
			return nil, unemulated("$filter %q", text)
		}
		tests = append(tests, test)
	}
	return func(props map[string]any) bool {
		for _, test := range tests {
			if !test(props) {
				return false
			}
		}
		return true
	}, nil
}

// equalTo returns the value of a $filter that is one equality on property, or
// "".
func equalTo(text, property string) string {
	if m := filterEquals.FindStringSubmatch(text); m != nil && m[1] == property {
		return unquote(m[2])
	}
	return ""
}

// clauses splits at "and" outside quotes.
func clauses(text string) []string {
	const and = " and "
	var parts []string
	inside, start := false, 0
	for i := 0; i < len(text); i++ {
		if text[i] == '\'' {
			inside = !inside
		}
		if !inside && strings.HasPrefix(text[i:], and) {
			parts = append(parts, strings.TrimSpace(text[start:i]))
			i += len(and) - 1
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

func parseClause(clause string, fields filterable) (func(map[string]any) bool, bool) {
	if m := filterEquals.FindStringSubmatch(clause); m != nil {
		exact, known := fields[m[1]]
		want, bare := unquote(m[2]), m[3]
		return func(props map[string]any) bool {
			switch value := props[m[1]].(type) {
			case nil:
				return bare == "null"
			case bool:
				return value && bare == "true" || !value && bare == "false"
			case string:
				return bare != "" && strings.EqualFold(value, bare) || bare == "" && same(value, want, exact)
			}
			return false
		}, known
	}
	if m := filterAny.FindStringSubmatch(clause); m != nil && m[2] == m[3] {
		exact, known := fields[m[1]]
		return func(props map[string]any) bool {
			values, _ := props[m[1]].([]string)
			for _, value := range values {
				if same(value, unquote(m[4]), exact) {
					return true
				}
			}
			return false
		}, known
	}
	if m := filterStarts.FindStringSubmatch(clause); m != nil {
		_, known := fields[m[1]]
		return func(props map[string]any) bool {
			value, _ := props[m[1]].(string)
			return strings.HasPrefix(strings.ToLower(value), strings.ToLower(unquote(m[2])))
		}, known
	}
	return nil, false
}

// unquote replaces the doubled quotes in an OData string.
func unquote(text string) string { return strings.ReplaceAll(text, "''", "'") }

func same(a, b string, exact bool) bool { return exact && a == b || !exact && strings.EqualFold(a, b) }
