//go:build !witness

package route

import "net/http"

// switchable is the route's own answer. Only builds with the tag witness can
// switch a route off, see switch_witness.go.
func switchable(_ string, r Route) http.HandlerFunc { return r.Serve }
