package contract

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/sandbox/route"
)

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	failures []string
	cleanup  []func()
}

func (r *recorder) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// TestWatch lets a service send an answer with a member too many, through the
// log that all services share.
func TestWatch(t *testing.T) {
	t.Parallel()
	if !watching {
		t.Skip("a build that breaks routes on purpose watches nothing")
	}
	fake := &recorder{TB: t}
	table := route.Table{Service: "graph", Routes: []route.Route{{
		Pattern: "GET /v1.0/servicePrincipals/{id}/owners/{owner}/$ref",
		Serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"@odata.id":"x","unheardOf":1}`)
		},
	}}}
	handler := table.Handler(&route.Log{Answered: Watch(fake)}, &route.Weather{})
	ask := func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1.0/servicePrincipals/1/owners/2/$ref", nil))
	}
	ask()
	if len(fake.failures) != 1 || !strings.Contains(fake.failures[0], "the body.unheardOf: expected no such member in a reference") {
		t.Errorf("got %q, want the member named", fake.failures)
	}
	for _, f := range fake.cleanup {
		f()
	}
	if ask(); len(fake.failures) != 1 {
		t.Errorf("got %q after the test's end, want nothing more", fake.failures)
	}
}
