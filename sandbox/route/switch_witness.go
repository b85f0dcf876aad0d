//go:build witness

package route

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
)

// This file switches off one route, for the test that runs each route's witness
// with the route broken (sandbox/witness_test.go). It is behind a build tag, so
// that no variable of the environment can steer a sandbox that people run, and
// no exported function can either.
//
// SANDBOX_SWITCH is "HOW SERVICE PATTERN". HOW is
//
//   - off: the route answers 501 and does nothing.
//   - hollow: the route does its work and answers with its own status and
//     headers, but with an empty object for a body. An answer that has no body
//     gets another success status. A test that only looks at the status of an
//     answer with a body passes, and thereby shows that it is no witness.
//
// Both come after the guard: a test of who is refused is no witness of the
// answer. Neither is recorded as unemulated: what fails the run must be the
// witness, not the check for requests that the sandbox does not know.
func switchable(service string, r Route) http.HandlerFunc {
	how, what, _ := strings.Cut(os.Getenv("SANDBOX_SWITCH"), " ")
	if what != service+" "+r.Pattern {
		return r.Serve
	}
	if how == "off" {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotImplemented)
			w.Write([]byte(`{"error":{"code":"SwitchedOff","message":"switched off"}}`))
		}
	}
	return hollow(r.Serve)
}

// hollow keeps the status and the headers of an answer and empties its body.
func hollow(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		serve(answer, r)
		status, body := answer.Code, "{}"
		if answer.Body.Len() == 0 {
			status, body = http.StatusAccepted, ""
			if answer.Code == status {
				status = http.StatusNoContent
			}
		}
		maps.Copy(w.Header(), answer.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}
