package appservice

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A segment is one part of a route template: a literal or a parameter.
type segment struct {
	literal  string // as in the template; empty for a parameter
	param    string
	optional bool // {name?}, last only
	rest     bool // {*name}, last only
}

// parseRoute reads a route template of ASP.NET Core.
// learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
func parseRoute(template string) ([]segment, error) {
	var segments []segment
	if template == "" {
		return nil, nil
	}
	parts := strings.Split(template, "/")
	for i, part := range parts {
		inner, open := strings.CutPrefix(part, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		if !open && !closed && !strings.ContainsAny(part, "{}?*") && part != "" {
			segments = append(segments, segment{literal: part})
			continue
		}
		s := segment{}
		s.param, s.rest = strings.CutPrefix(inner, "*")
		s.param, s.optional = strings.CutSuffix(s.param, "?")
		last := i == len(parts)-1
		switch {
		case part == "" || !open || !closed || s.param == "" || strings.ContainsAny(s.param, "{}?*"):
			return nil, fmt.Errorf("expected segments like orders and {id}, got %q", part)
		case strings.ContainsAny(s.param, ":="):
			return nil, unemulated("router.go", "the route segment %q (a constraint or a default)", part)
		case (s.optional || s.rest) && !last:
			return nil, fmt.Errorf("expected an optional parameter at the end only, got %q in %q", part, template)
		}
		segments = append(segments, s)
	}
	return segments, nil
}

// A matched route gives the function for a request, and the values of its
// route's parameters.
type matched struct {
	function *function
	params   map[string]string
}

// match finds the function for a method and a path as it was sent. Literals
// have precedence over parameters; case and a slash at the end are ignored. A function
// that does not list the method does not match: Azure answers 404, not 405.
func match(functions []*function, method, escapedPath string) (matched, bool) {
	parts := strings.Split(strings.Trim(escapedPath, "/"), "/")
	if parts[0] == "" {
		parts = nil
	}
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return matched{}, false
		}
		parts[i] = decoded
	}
	for _, f := range functions {
		if f.http == nil || f.err != nil || !f.http.allows(method) {
			continue
		}
		if params, ok := matchSegments(f.http.segments, parts); ok {
			return matched{function: f, params: params}, true
		}
	}
	return matched{}, false
}

func (t *httpTrigger) allows(method string) bool {
	return len(t.methods) == 0 || slices.Contains(t.methods, method)
}

func matchSegments(segments []segment, parts []string) (map[string]string, bool) {
	params := make(map[string]string)
	for i, s := range segments {
		switch {
		case s.rest:
			params[s.param] = strings.Join(parts[min(i, len(parts)):], "/")
			return params, true
		case i >= len(parts):
			return params, s.optional
		case s.param != "":
			params[s.param] = parts[i]
		case !strings.EqualFold(s.literal, parts[i]):
			return nil, false
		}
	}
	return params, len(parts) <= len(segments)
}

// byPrecedence orders functions so that the first match is the one ASP.NET
// Core would choose: literals, then parameters, then the rest.
func byPrecedence(functions []*function) []*function {
	rank := func(s segment) int {
		switch {
		case s.rest:
			return 2
		case s.param != "":
			return 1
		}
		return 0
	}
	sorted := slices.DeleteFunc(slices.Clone(functions), func(f *function) bool { return f.http == nil })
	slices.SortStableFunc(sorted, func(a, b *function) int {
		return slices.CompareFunc(a.http.segments, b.http.segments, func(x, y segment) int { return cmp.Compare(rank(x), rank(y)) })
	})
	return sorted
}
