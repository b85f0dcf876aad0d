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
// refusal, pairing status, code and text; the texts that clients match are
// Graph's own, word for word (the azuread provider retries on some of them);
// what Graph's documentation does not word is worded plainly under its generic
// code Request_BadRequest.

const (
	codeDenied    = "Authorization_RequestDenied"
	messageDenied = "Insufficient privileges to complete the operation."
	codeBad       = "Request_BadRequest"
	codeNotFound  = "Request_ResourceNotFound"
	codeSameKey   = "Request_MultipleObjectsWithSameKeyValue"
)

// A refusal is an answer that Graph would give instead of the one asked for.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// An unknown is a part of a request that the sandbox does not emulate.
type unknown string

func (u unknown) Error() string { return "unemulated: " + string(u) }

func unemulated(format string, args ...any) error { return unknown(fmt.Sprintf(format, args...)) }

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

// requestIDs sets the headers that name a request, once, and returns them. A
// client that sent no id of its own gets the service's.
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

// writeJSON answers with a body. An answer without one must not go through
// here: azuread parses whatever claims to be JSON, and fails on nothing.
func writeJSON(w http.ResponseWriter, status int, metadata string, body any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata="+metadata+";odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	// A client that went away is its own problem.
	_ = json.NewEncoder(w).Encode(body)
}
