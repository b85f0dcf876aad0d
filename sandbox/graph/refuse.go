package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
)

// This file holds what Graph refuses. The rules are: one constructor for each
// refusal, with status, code and text; texts that clients match are Graph's,
// word for word (the azuread provider retries on some); where Graph's text is
// not documented, the code is the generic Request_BadRequest.

const (
	codeDenied    = "Authorization_RequestDenied"
	messageDenied = "Insufficient privileges to complete the operation."
	codeBad       = "Request_BadRequest"
	codeNotFound  = "Request_ResourceNotFound"
	codeSameKey   = "Request_MultipleObjectsWithSameKeyValue"
)

// A refusal is an error that Graph would return.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// An unemulatedError is a part of a request that the sandbox does not emulate.
type unemulatedError string

func (u unemulatedError) Error() string { return "the sandbox does not emulate " + string(u) }

func unemulated(format string, args ...any) error {
	return unemulatedError(fmt.Sprintf(format, args...))
}

func badRequest(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, codeBad, fmt.Sprintf(format, args...)}
}

func invalidValue(property, resource string) error {
	return badRequest("Invalid value specified for property '%s' of resource '%s'.", property, resource)
}

func readOnly(property string) error {
	return badRequest("Property '%s' is read-only and cannot be set.", property)
}

func denied() error { return &refusal{http.StatusForbidden, codeDenied, messageDenied} }

func notFound(id string) error {
	return &refusal{http.StatusNotFound, codeNotFound, fmt.Sprintf(
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)}
}

// refuse writes Graph's error body
// (https://learn.microsoft.com/graph/errors).
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	route.Note(r.Context()).Code = code
	requestID, clientRequestID := requestIDs(w, r)
	writeJSON(w, status, "minimal", map[string]any{"error": map[string]any{
		"code":    code,
		"message": message,
		"innerError": map[string]any{
			"date":              s.Store.Wall().Format("2006-01-02T15:04:05"),
			"request-id":        requestID,
			"client-request-id": clientRequestID,
		},
	}})
}

// requestIDs sets the headers with the ids of a request, if they are not set,
// and returns them. Without an id from the client, both are the service's.
func requestIDs(w http.ResponseWriter, r *http.Request) (requestID, clientRequestID string) {
	if requestID = w.Header().Get("request-id"); requestID == "" {
		requestID = uuid.NewString()
		w.Header().Set("request-id", requestID)
	}
	clientRequestID = r.Header.Get("client-request-id")
	if clientRequestID == "" || strings.ContainsAny(clientRequestID, "\r\n") {
		clientRequestID = requestID
	}
	w.Header().Set("client-request-id", clientRequestID)
	return requestID, clientRequestID
}

// writeJSON responds with a body. Responses without one must not be sent here:
// azuread parses everything with a JSON content type, and fails if it is empty.
func writeJSON(w http.ResponseWriter, status int, metadata string, body any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata="+metadata+";odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	// If the client has gone, there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}
