package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
)

// This file is the one place where errors become answers. The rules are: what
// ARM would refuse is a *refusal and has ARM's code and text; what the sandbox
// does not know is an *unemulated; anything else is a defect of the sandbox and
// a 500. Every answer has the shape
// {"error":{"code","message","target"?,"details"?}}: on purpose also for
// Microsoft.Web, whose own has capital letters, because clients read both.

// A refusal is what ARM or a resource provider answers instead of doing it.
type refusal struct {
	status  int
	code    string
	message string
	details []map[string]any
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

// refuse makes a refusal.
func refuse(status int, code, format string, args ...any) error {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest is how most resource providers say no.
func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "BadRequest", format, args...)
}

// refuseProblem says no to a request that does not fit its description. Only
// the code for the location is documented; providers differ in the others.
func refuseProblem(p *schema.Problem, version string) error {
	const badValue = "InvalidRequestPropertyValue"
	switch p.Kind {
	case schema.Unknown:
		return unknown("property %q at api-version %s", p.Path, version)
	case schema.NotEmulated:
		return unknown("the value %s of property %q", mustJSON(p.Value), p.Path)
	case schema.Missing:
		if p.Path == "location" {
			return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
		}
		return refuse(http.StatusBadRequest, "MissingRequiredProperty", "The required property '%s' is missing.", p.Path)
	case schema.BadValue:
		return refuse(http.StatusBadRequest, badValue,
			"The value '%s' is not allowed for property %s. Allowed values are: %s.", p.Value, p.Path, strings.Join(p.Allowed, ", "))
	case schema.OutOfRange:
		return refuse(http.StatusBadRequest, badValue,
			"The value '%d' is not allowed for property %s. The allowed range is [%d, %d].", p.Value, p.Path, p.Min, p.Max)
	}
	return refuse(http.StatusBadRequest, "InvalidRequestContent",
		"The request content was invalid and could not be deserialized: expected %s in property '%s'.", p.Expected, p.Path)
}

// An unemulated is a part of a request that the sandbox does not know.
type unemulated struct{ what string }

func (e *unemulated) Error() string { return "the sandbox does not emulate " + e.what }

func unknown(format string, args ...any) error { return &unemulated{fmt.Sprintf(format, args...)} }

// fail answers with err.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var strange *unemulated
	var no *refusal
	switch {
	case errors.As(err, &strange):
		s.table.Unemulated(w, r, strange.what)
	case errors.As(err, &no):
		s.writeError(w, r, no)
	default:
		s.writeError(w, r, &refusal{status: http.StatusInternalServerError, code: "InternalServerError", message: err.Error()})
	}
}

// refuse is the [route.Table]'s way to answer an error.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	s.writeError(w, r, &refusal{status: status, code: code, message: message})
}

func (s *Service) writeError(w http.ResponseWriter, r *http.Request, e *refusal) {
	route.Note(r.Context()).Code = e.code
	body := map[string]any{"code": e.code, "message": e.message}
	if e.details != nil {
		body["details"] = e.details
	}
	w.Header().Set("x-ms-failure-cause", "gateway")
	writeJSON(w, r, e.status, map[string]any{"error": body})
}

// writeJSON answers; a HEAD gets the status only.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	if body == nil || r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(data)
}
