package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"app-to-app/sandbox/route"
)

// This file has Entra's refusals. The rules are: every refusal has an AADSTS
// number, which determines status and OAuth error; the texts are ours, say what
// was expected and never quote a secret or an assertion.

// An Error is a refusal of the token service.
type Error struct {
	Status      int    // HTTP
	Code        string // OAuth error, for example invalid_client
	AADSTS      int
	Description string // begins with the AADSTS number
}

// Error returns the description.
func (e *Error) Error() string { return e.Description }

type refusal struct {
	status int
	code   string
}

// refusals are status and OAuth error by number. Most were captured from the
// real service; a note says where only the number is certain.
// Clients must branch on the OAuth error, not on the number
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
var refusals = map[int]refusal{
	50000:   {http.StatusInternalServerError, "server_error"},
	50027:   {http.StatusBadRequest, "invalid_request"}, // malformed JWT; status not certain
	50049:   {http.StatusBadRequest, "invalid_instance"},
	50059:   {http.StatusBadRequest, "invalid_request"}, // no tenant named; status not certain
	50196:   {http.StatusBadRequest, "invalid_grant"},   // client request loop, as weather
	70003:   {http.StatusBadRequest, "unsupported_grant_type"},
	70011:   {http.StatusBadRequest, "invalid_scope"},
	70021:   {http.StatusBadRequest, "invalid_request"},
	90002:   {http.StatusBadRequest, "invalid_request"}, // invalid_tenant on discovery documents
	90006:   {http.StatusGatewayTimeout, "temporarily_unavailable"},
	90024:   {http.StatusTooManyRequests, "temporarily_unavailable"},
	90033:   {http.StatusServiceUnavailable, "temporarily_unavailable"},
	90055:   {http.StatusTooManyRequests, "temporarily_unavailable"},
	500011:  {http.StatusBadRequest, "invalid_resource"},
	500014:  {http.StatusBadRequest, "invalid_resource"},
	501051:  {http.StatusBadRequest, "invalid_grant"},   // as captured; Microsoft's page prints invalid_client
	501661:  {http.StatusBadRequest, "invalid_request"}, // keys of an outside issuer not available; error not certain
	700016:  {http.StatusBadRequest, "unauthorized_client"},
	700038:  {http.StatusBadRequest, "unauthorized_client"},
	700021:  {http.StatusUnauthorized, "invalid_client"},
	700022:  {http.StatusBadRequest, "invalid_scope"},
	700023:  {http.StatusUnauthorized, "invalid_client"}, // number not certain
	700024:  {http.StatusUnauthorized, "invalid_client"},
	700027:  {http.StatusUnauthorized, "invalid_client"},
	700211:  {http.StatusUnauthorized, "invalid_client"},
	700212:  {http.StatusUnauthorized, "invalid_client"},
	700213:  {http.StatusUnauthorized, "invalid_client"},
	700226:  {http.StatusUnauthorized, "invalid_client"}, // error not certain
	700229:  {http.StatusUnauthorized, "invalid_client"}, // error not certain
	700236:  {http.StatusUnauthorized, "invalid_client"}, // error not certain
	900023:  {http.StatusBadRequest, "invalid_request"},
	900144:  {http.StatusBadRequest, "invalid_request"},
	900561:  {http.StatusBadRequest, "invalid_request"},
	901002:  {http.StatusBadRequest, "invalid_request"},
	1002012: {http.StatusBadRequest, "invalid_scope"},
	7000112: {http.StatusBadRequest, "unauthorized_client"}, // status not certain
	7000215: {http.StatusUnauthorized, "invalid_client"},
	7000216: {http.StatusUnauthorized, "invalid_client"},
	7000222: {http.StatusUnauthorized, "invalid_client"},
	7000229: {http.StatusUnauthorized, "invalid_client"},
	9000411: {http.StatusBadRequest, "invalid_request"}, // repeated parameter
	9001023: {http.StatusBadRequest, "invalid_request"},
}

// Numbers are the AADSTS numbers that the service can refuse with, sorted.
func Numbers() []int { return slices.Sorted(maps.Keys(refusals)) }

// withoutURI are the refusals that were captured without an error_uri.
var withoutURI = map[int]bool{70003: true, 700038: true}

// refuse is the refusal of that number.
func refuse(number int, format string, args ...any) *Error {
	known := refusals[number]
	return &Error{
		Status: known.status, Code: known.code, AADSTS: number,
		Description: fmt.Sprintf("AADSTS%d: %s", number, fmt.Sprintf(format, args...)),
	}
}

// unemulated is the error for a request that the real service may know and the
// sandbox does not.
type unemulated string

func (u unemulated) Error() string { return "the sandbox does not emulate " + string(u) }

// shown quotes what a client sent, shortened to a line.
func shown(s string) string {
	const longest = 120
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strconv.Quote(s)
}

// fail answers with err, of any kind.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *Error
	var unknown unemulated
	switch {
	case errors.As(err, &refused):
		s.writeError(w, r, refused)
	case errors.As(err, &unknown):
		s.table.Unemulated(w, r, string(unknown))
	default: // an error of the store, or a bug
		s.writeError(w, r, refuse(50000, "sandbox: %v", err))
	}
}

// refuseFault writes errors for the routes table: a queued fault, or that the
// request is unemulated. The code of a fault is an AADSTS number
// (AADSTS50196), an OAuth error, or empty for the usual one of the status.
func (s *Service) refuseFault(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	e := &Error{Status: status, Code: code, AADSTS: map[int]int{
		http.StatusTooManyRequests:     90055,
		http.StatusInternalServerError: 50000,
		http.StatusServiceUnavailable:  90033,
		http.StatusGatewayTimeout:      90006,
	}[status]}
	if number, err := strconv.Atoi(strings.TrimPrefix(code, "AADSTS")); err == nil {
		e.AADSTS, e.Code = number, ""
	}
	known, ok := refusals[e.AADSTS]
	if ok && e.Code == "" {
		e.Code = known.code
	}
	if ok && e.Status == 0 {
		e.Status = known.status
	}
	if message == "" {
		message = "the service cannot answer now; try again later"
	}
	e.Description = message
	if e.AADSTS != 0 {
		e.Description = fmt.Sprintf("AADSTS%d: %s", e.AADSTS, message)
	}
	s.writeError(w, r, e)
}

// An errorBody is the JSON of a refusal.
type errorBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri,omitempty"`
}

func (s *Service) writeError(w http.ResponseWriter, r *http.Request, e *Error) {
	trace, correlation := setHeaders(w, r)
	body := errorBody{
		Error: e.Code, Codes: []int{},
		Timestamp: s.Store.Wall().Format("2006-01-02 15:04:05Z"),
		TraceID:   trace, CorrelationID: correlation,
	}
	body.Description = fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Description, trace, correlation, body.Timestamp)
	note := route.Note(r.Context())
	note.Code = e.Code
	if e.AADSTS != 0 {
		body.Codes = []int{e.AADSTS}
		if !withoutURI[e.AADSTS] {
			body.URI = fmt.Sprintf("%s/error?code=%d", s.BaseURL, e.AADSTS)
		}
		note.Code = fmt.Sprintf("AADSTS%d", e.AADSTS)
	}
	writeJSON(w, e.Status, body)
}

// setHeaders sets what every answer of the token service carries and returns
// the ids of the exchange.
func setHeaders(w http.ResponseWriter, r *http.Request) (trace, correlation string) {
	e := exchangeOf(r)
	trace, correlation = e.requestID, e.correlationID
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("x-ms-request-id", trace)
	h.Set("x-ms-ests-server", "sandbox")
	if strings.EqualFold(r.Header.Get("return-client-request-id"), "true") {
		h.Set("client-request-id", correlation)
	}
	return trace, correlation
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
