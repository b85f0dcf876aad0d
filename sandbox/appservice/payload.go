package appservice

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// This file sends invocations in the default payload, which everything but a
// forwarded HTTP request takes: HttpScriptInvocationContext and
// ScriptInvocationContextExtensions of Azure/azure-functions-host, and
// learn.microsoft.com/azure/azure-functions/functions-custom-handlers#request-payload

// maxResultBytes bounds what a handler may answer in the default payload.
const maxResultBytes = 100 << 20

type timerPayload struct {
	Schedule struct {
		AdjustForDST bool
	}
	ScheduleStatus *timerStatus // null without a monitor
	IsPastDue      bool
}

type timerStatus struct{ Last, Next, LastUpdated string }

// requestPayload is an HTTP request in the default payload.
type requestPayload struct {
	URL        string `json:"Url"`
	Method     string
	Query      map[string]string
	Headers    map[string][]string
	Params     map[string]string
	Identities []identityPayload
	Body       *string `json:",omitempty"`
}

// identityPayload is an anonymous ClaimsIdentity, as .NET writes it.
type identityPayload struct {
	AuthenticationType *string
	IsAuthenticated    bool
	Actor              *string
	BootstrapContext   *string
	Claims             []string
	Label              *string
	Name               *string
	NameClaimType      string
	RoleClaimType      string
}

func anonymousIdentity() identityPayload {
	return identityPayload{
		Claims:        []string{},
		NameClaimType: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
		RoleClaimType: "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
	}
}

// invocationResult is what a handler answers.
type invocationResult struct {
	Outputs     map[string]json.RawMessage
	Logs        []string
	ReturnValue json.RawMessage
}

// newInvocationID identifies one invocation, in headers and in the log.
func newInvocationID() string { return uuid.NewString() }

// invoked runs call and logs it as the host does.
func (h *functionsHost) invoked(f *function, id, reason string, call func() error) error {
	journal := h.app.journal
	journal.host(information, "Executing 'Functions.%s' (Reason='%s', Id=%s)", f.name, reason, id)
	started := time.Now()
	err := call()
	elapsed := time.Since(started).Milliseconds()
	if err != nil {
		journal.host(failure, "Executed 'Functions.%s' (Failed, Id=%s, Duration=%dms): %s", f.name, id, elapsed, err)
		return err
	}
	journal.host(information, "Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%dms)", f.name, id, elapsed)
	return nil
}

// invokeTimer runs a timer function; how it ends is in the log.
func (h *functionsHost) invokeTimer(ctx context.Context, f *function, payload timerPayload, reason string) {
	id := newInvocationID()
	h.invoked(f, id, reason, func() error {
		_, err := h.post(ctx, f, id, f.timer.binding, payload, map[string]any{})
		return err
	})
}

// post sends one invocation in the default payload.
func (h *functionsHost) post(ctx context.Context, f *function, id, binding string, data any, metadata map[string]any) (invocationResult, error) {
	var result invocationResult
	port, err := h.port(ctx)
	if err != nil {
		return result, err
	}
	metadata["sys"] = map[string]string{
		"MethodName": f.name,
		"UtcNow":     h.app.service.config.Store.Now().Format("2006-01-02T15:04:05.9999999Z"),
		"RandGuid":   uuid.NewString(),
	}
	body, err := json.Marshal(map[string]any{"Data": map[string]any{binding: data}, "Metadata": metadata})
	if err != nil {
		return result, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, handlerURL(port)+"/"+f.name, bytes.NewReader(body))
	if err != nil {
		return result, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	setHostHeaders(req.Header, id)
	req.Header.Set("User-Agent", "Azure-Functions-Host/"+hostVersion)
	resp, err := h.client().Do(req)
	if err != nil {
		return result, fmt.Errorf("send the invocation to the handler: %w", err)
	}
	defer resp.Body.Close()
	result, err = readResult(resp)
	for _, line := range result.Logs {
		h.app.journal.printed(information, line)
	}
	return result, err
}

// setHostHeaders sets what every request of the host to its handler has.
func setHostHeaders(header http.Header, id string) {
	header.Set("X-Azure-Functions-InvocationId", id)
	header.Set("X-Azure-Functions-HostVersion", hostVersion)
}

// readResult reads a handler's answer (ProcessDefaultInvocationRequest).
func readResult(resp *http.Response) (result invocationResult, err error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxResultBytes+1))
	switch {
	case err != nil:
		return result, fmt.Errorf("read the handler's answer: %w", err)
	case len(data) > maxResultBytes:
		return result, fmt.Errorf("expected an answer of at most %d bytes, got more", maxResultBytes)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return result, fmt.Errorf("expected the handler to answer with a 2xx status, got %d", resp.StatusCode)
	}
	if media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); media != "application/json" && media != "text/json" {
		return result, fmt.Errorf("expected the handler to answer with Content-Type %q, got %q", "application/json", resp.Header.Get("Content-Type"))
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		// On purpose not as in Azure, where the invocation never ends and is
		// cut off by functionTimeout.
		return result, errors.New("expected the handler to answer with a JSON object, got an empty answer; the Functions host would wait until functionTimeout, so answer at least {}")
	}
	if err := json.Unmarshal(data, &result); err != nil {
		return invocationResult{}, errors.New("expected the handler to answer with a JSON object of Outputs, Logs and ReturnValue, got something else")
	}
	return result, nil
}

// payloadOf puts an HTTP request into the default payload.
func payloadOf(r *http.Request, params map[string]string) (requestPayload, error) {
	p := requestPayload{
		URL: "https://" + r.Host + r.URL.RequestURI(), Method: r.Method, Headers: r.Header, Params: params,
		Query: make(map[string]string), Identities: []identityPayload{anonymousIdentity()},
	}
	for name, values := range r.URL.Query() {
		p.Query[name] = strings.Join(values, ",")
	}
	data, err := io.ReadAll(r.Body)
	if err != nil || len(data) == 0 {
		return p, err
	}
	text := string(data)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/octet-stream" || strings.HasPrefix(media, "multipart/") || !utf8.Valid(data) {
		text = base64.StdEncoding.EncodeToString(data)
	}
	p.Body = &text
	return p, nil
}

// invokeWithPayload answers an HTTP request through the default payload.
func (h *functionsHost) invokeWithPayload(w http.ResponseWriter, r *http.Request, m matched, id string) error {
	payload, err := payloadOf(r, m.params)
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	metadata := map[string]any{"Query": payload.Query, "Headers": payload.Headers}
	for name, value := range m.params {
		text, err := json.Marshal(value) // strings arrive as JSON in a string
		if err != nil {
			return err
		}
		metadata[name] = string(text)
	}
	result, err := h.post(r.Context(), m.function, id, m.function.http.binding, payload, metadata)
	if err != nil {
		return err
	}
	output := result.Outputs[m.function.output]
	if m.function.output == "$return" {
		output = result.ReturnValue
	}
	return writeOutput(w, output, m.function.binary)
}

// writeOutput answers with the value of an http output binding
// (HttpScriptInvocationResultExtensions).
func writeOutput(w http.ResponseWriter, output json.RawMessage, binary bool) error {
	if len(output) == 0 || string(output) == "null" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	var answer struct {
		StatusCode, Status json.RawMessage
		Body               json.RawMessage
		Headers            map[string]any
	}
	if output[0] != '{' {
		answer.Body = output
	} else if err := json.Unmarshal(output, &answer); err != nil {
		return fmt.Errorf("read the http output: %w", err)
	}
	status := http.StatusOK
	for _, given := range []json.RawMessage{answer.Status, answer.StatusCode} {
		if len(given) == 0 {
			continue
		}
		n, err := strconv.Atoi(strings.Trim(string(given), `"`))
		if err != nil || n < 100 || n > 999 {
			return fmt.Errorf("read the http output: expected a status code, got %s", given)
		}
		status = n
	}
	body, contentType := []byte(answer.Body), "application/json; charset=utf-8"
	var text string
	if json.Unmarshal(answer.Body, &text) == nil {
		body, contentType = []byte(text), "text/plain; charset=utf-8"
		// A whole output that happens to be base64 is taken for bytes
		// (GetBindingValue): "abcd" does not arrive as it was.
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && output[0] == '"' && !binary {
			body, contentType = decoded, "application/octet-stream"
		}
	}
	if len(body) > 0 {
		w.Header().Set("Content-Type", contentType)
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, fmt.Sprint(value))
	}
	w.WriteHeader(status)
	w.Write(body) // a caller that hangs up is not the function's failure
	return nil
}
