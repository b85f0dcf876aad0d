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

// This file turns errors into responses. The rules are: what ARM would refuse
// is a *refusal with ARM's code and text; what the sandbox does not know is an
// *unemulatedError; anything else is a bug in the sandbox and a 500. Every
// error has the shape {"error":{"code","message","target"?,"details"?}}.
// Microsoft.Web's real errors have capital letters; these on purpose do not,
// because clients read both.

// A refusal is an error that ARM or a resource provider would return.
type refusal struct {
	status  int
	code    string
	message string
	details []map[string]any
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

// refuse returns a refusal.
func refuse(status int, code, format string, args ...any) error {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest is the refusal of most resource providers.
func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "BadRequest", format, args...)
}

// refuseProblem returns the refusal of a request that does not fit its
// description. Only the code for the location is documented; providers differ
// in the others.
func refuseProblem(p *schema.Problem, version string) error {
	const badValue = "InvalidRequestPropertyValue"
	switch p.Kind {
	case schema.Unknown:
		return unemulated("property %q at api-version %s", p.Path, version)
	case schema.NotEmulated:
		return unemulated("the value %s of property %q", mustJSON(p.Value), p.Path)
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

// An unemulatedError is about a part of a request that the sandbox does not
// know.
type unemulatedError struct{ what string }

func (e *unemulatedError) Error() string { return "the sandbox does not emulate " + e.what }

func unemulated(format string, args ...any) error {
	return &unemulatedError{fmt.Sprintf(format, args...)}
}

// fail responds with err.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var unknown *unemulatedError
	var refused *refusal
	switch {
	case errors.As(err, &unknown):
		s.table.Unemulated(w, r, unknown.what)
	case errors.As(err, &refused):
		s.writeError(w, r, refused)
	default:
		s.writeError(w, r, &refusal{status: http.StatusInternalServerError, code: "InternalServerError", message: err.Error()})
	}
}

// refuse responds with an error of the [route.Table].
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

// writeJSON responds with body, or to HEAD with the status alone.
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
