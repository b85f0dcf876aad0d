// Package route is what all the sandbox's HTTP services share: the table of
// their routes, the caller of a request, the history of requests, and the
// faults queued for them.
//
// The sandbox is strict. A request without a route, or with a query parameter
// that its route does not know, is unemulated: it gets 501, is recorded in the
// [Log], and fails the run that sent it. What the real service would refuse is
// refused by the service packages, with that service's own error body.
//
// Not for production.
package route

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
)

// A Route is one request that a service answers.
type Route struct {
	Pattern    string   // http.ServeMux pattern, method first
	Permission []string // what the caller must hold, any of them; empty means anyone
	Query      []string // query parameters it knows; "*" means any, for a function's own parameters
	Serve      http.HandlerFunc
	Doc        string // the Microsoft page, or the RFC, that the answer follows
	Checked    string // when it was last compared with that page, as 2006-01-02
	Witness    string // the test of the service's package that fails when this answer is wrong: TestX or TestX/row
}

// Of is a route as a row of a table. What its caller must hold and its query
// parameters are added by [Route.For] and [Route.With].
func Of(pattern string, serve http.HandlerFunc, doc, checked, witness string) Route {
	return Route{Pattern: pattern, Serve: serve, Doc: doc, Checked: checked, Witness: witness}
}

// For is the route for callers that hold one of the permissions.
func (r Route) For(permissions ...string) Route {
	r.Permission = permissions
	return r
}

// With is the route with query parameters.
func (r Route) With(names ...string) Route {
	r.Query = names
	return r
}

// unknownQuery names what a query has that the route does not know, "" if nothing.
func (r Route) unknownQuery(raw string) string {
	if slices.Contains(r.Query, "*") {
		return "" // a function's own business
	}
	query, err := url.ParseQuery(raw)
	if err != nil { // a semicolon or a lone percent sign: URL.Query would leave that parameter out
		return "query that cannot be read"
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(r.Query, name) {
			return fmt.Sprintf("query parameter %q", name)
		}
	}
	return ""
}

// A Table is all the routes of one service.
type Table struct {
	Service string // entra, graph, arm, blob, appservice, …
	Source  string // the file to extend for a new route, for the answer to unemulated requests
	Routes  []Route

	// Refuse writes an error in the service's own shape.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)

	// Guard checks the caller before Serve. It refuses the request and returns
	// false, or returns the request to pass on to Serve. Nil admits everyone.
	Guard func(w http.ResponseWriter, r *http.Request, route Route) (*http.Request, bool)

	// Path returns the path to match when it differs from the request's (ARM
	// ignores case). Nil means the path as it was sent.
	Path func(path string) string
}

// Handler serves the table. It records every request in log. A fault queued in
// weather for the pattern is sent instead of the answer.
func (t Table) Handler(log *Log, weather *Weather) http.Handler {
	mux := http.NewServeMux()
	for _, route := range t.Routes {
		serve := switchable(t.Service, route)
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			Note(r.Context()).Route = route.Pattern
			if unknown := route.unknownQuery(r.URL.RawQuery); unknown != "" {
				t.Unemulated(w, r, unknown)
				return
			}
			weather.through(w, r, t, route.Pattern, func(w http.ResponseWriter, r *http.Request) {
				if t.Guard != nil {
					var ok bool
					if r, ok = t.Guard(w, r, route); !ok {
						return
					}
				}
				if weather.throttle(w, r, t, log.now()) {
					return
				}
				serve(w, r)
			})
		})
	}
	return log.record(t.Service, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		matched := r
		if t.Path != nil {
			matched = r.Clone(r.Context())
			matched.URL.Path = t.Path(r.URL.Path)
			matched.URL.RawPath = ""
		}
		if _, pattern := mux.Handler(matched); pattern == "" || !hasPattern(t.Routes, pattern) || !isClean(matched.URL.Path) {
			t.Unemulated(w, r, "route")
			return
		}
		mux.ServeHTTP(w, matched)
	}))
}

// isClean is false for a path such as /a//b, from which ServeMux redirects to /a/b:
// no service does.
func isClean(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// hasPattern is false for the redirects that ServeMux adds by itself.
func hasPattern(routes []Route, pattern string) bool {
	return slices.ContainsFunc(routes, func(r Route) bool { return r.Pattern == pattern })
}

// Unemulated answers a request that the sandbox does not know, and records it.
// what names the unknown part: a route, a query parameter, a property.
func (t Table) Unemulated(w http.ResponseWriter, r *http.Request, what string) {
	Note(r.Context()).Unemulated = what
	t.Refuse(w, r, http.StatusNotImplemented, "NotEmulated", fmt.Sprintf(
		"the sandbox does not emulate %s of %s %s; to add it, extend %s", what, r.Method, r.URL.Path, t.Source))
}
