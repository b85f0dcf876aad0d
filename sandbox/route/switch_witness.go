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
// with the route broken (sandbox/witness_test.go). It needs a build tag, so that
// neither an environment variable nor an exported function can do this to a sandbox
// that people run.
//
// SANDBOX_SWITCH is "HOW SERVICE PATTERN". HOW is
//
//   - off: the route answers 501 and does nothing.
//   - hollow: the route does its work and answers with its own status and
//     headers, but with an empty object for a body. An answer that has no body
//     gets another success status. A test that passes anyway checks only the
//     status, so it is not a witness.
//
// Both happen after the guard, because a test of refused callers says nothing about
// the answer. Neither is recorded as unemulated, because the witness itself must
// fail, and not the check for unemulated requests.
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
