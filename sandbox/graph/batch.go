package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
)

// This file answers several requests at once
// (https://learn.microsoft.com/graph/json-batching). The rules are: each one
// needs its own permission, and is recorded, throttled and struck by faults as
// if it had come alone; they run in their order, and one whose dependency
// failed does not run at all; a write without a body or its type fails the
// whole batch before any of it runs; case does not matter in ids.

// mostBatched is how many requests a batch can have.
const mostBatched = 20

// A batched is one request of a batch.
type batched struct {
	ID        string          `json:"id"`
	Method    string          `json:"method"`
	URL       string          `json:"url"` // without the version: /applications
	Headers   headers         `json:"headers"`
	Body      json.RawMessage `json:"body"`
	DependsOn []string        `json:"dependsOn"`
}

type headers map[string]string

// have says whether a header is there, in any case.
func (h headers) have(name string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(h)), func(other string) bool { return strings.EqualFold(other, name) })
}

// A batchAnswer is the answer to one of them.
type batchAnswer struct {
	ID      string  `json:"id"`
	Status  int     `json:"status"`
	Headers headers `json:"headers"`
	Body    any     `json:"body,omitempty"`
}

var batchFields = schema.Fields{"requests": objects(schema.Each(schema.Text().Required(), "id", "method", "url").With(schema.Fields{
	"headers": schema.Dict(schema.Text()), "body": schema.Any(), "dependsOn": texts(),
})).Required()}

// batch answers POST /$batch.
func (s *Service) batch(w http.ResponseWriter, r *http.Request) {
	requestIDs(w, r)
	q := &request{Request: r, service: s, caller: route.CallerOf(r.Context()), metadata: "minimal"}
	requests, err := q.readBatch()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	answers := make([]batchAnswer, 0, len(requests))
	for _, one := range requests {
		failed := slices.ContainsFunc(answers, func(a batchAnswer) bool { return a.Status >= 400 && containsID(one.DependsOn, a.ID) })
		if failed {
			answers = append(answers, batchAnswer{ID: one.ID, Status: http.StatusFailedDependency, Headers: headers{}, Body: map[string]any{
				"error": map[string]any{"code": "FailedDependency", "message": "a request that this one depends on failed"},
			}})
			continue
		}
		answers = append(answers, s.answerBatched(r, version, one))
	}
	writeJSON(w, http.StatusOK, "minimal", map[string]any{"responses": answers})
}

// readBatch reads the requests of a batch, of which each can only depend on
// earlier ones.
func (q *request) readBatch() ([]batched, error) {
	body, err := q.body()
	if err != nil {
		return nil, err
	}
	if body, err = read(batchFields, "batch", body); err != nil {
		return nil, err
	}
	var batch struct{ Requests []batched }
	if err := schema.Decode(body, &batch); err != nil {
		return nil, invalidValue("requests", "batch")
	}
	if n := len(batch.Requests); n == 0 || n > mostBatched {
		return nil, &refusal{http.StatusBadRequest, "BadRequest", fmt.Sprintf("expected 1 to %d requests in a batch, got %d", mostBatched, n)}
	}
	var before []string
	for _, one := range batch.Requests {
		if containsID(before, one.ID) {
			return nil, &refusal{http.StatusBadRequest, "BadRequest", fmt.Sprintf("expected each id once in a batch, got %q twice", one.ID)}
		}
		if writes := []string{"POST", "PATCH", "PUT"}; containsID(writes, one.Method) && (one.Body == nil || !one.Headers.have("Content-Type")) {
			return nil, &refusal{http.StatusBadRequest, "BadRequest", fmt.Sprintf("Write request id : %s does not contain Content-Type header or body.", one.ID)}
		}
		for _, id := range one.DependsOn {
			if !containsID(before, id) {
				return nil, unemulated("a request that depends on %q, which is not before it in the batch", id)
			}
		}
		before = append(before, one.ID)
	}
	return batch.Requests, nil
}

// answerBatched runs one request as the caller of the batch.
func (s *Service) answerBatched(r *http.Request, version string, one batched) batchAnswer {
	alone, err := one.request(r, version)
	if err != nil {
		return batchAnswer{ID: one.ID, Status: http.StatusBadRequest, Headers: headers{}, Body: map[string]any{
			"error": map[string]any{"code": "BadRequest", "message": err.Error()},
		}}
	}
	held := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	if strings.HasSuffix(canonicalPath(alone.URL.Path), "/$batch") {
		s.table.Unemulated(held, alone, "a batch in a batch")
	} else {
		s.handler.ServeHTTP(held, alone)
	}
	answer := batchAnswer{ID: one.ID, Status: held.status, Headers: headers{}}
	for name := range held.header {
		answer.Headers[name] = held.header.Get(name)
	}
	if content := held.body.Bytes(); json.Valid(content) && strings.HasPrefix(answer.Headers["Content-Type"], "application/json") {
		answer.Body = json.RawMessage(content)
	} else if len(content) > 0 {
		answer.Body = base64.StdEncoding.EncodeToString(content)
	}
	return answer
}

// A heldAnswer is an http.ResponseWriter that keeps what is written.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header               { return h.header }
func (h *heldAnswer) WriteHeader(status int)            { h.status = status }
func (h *heldAnswer) Write(content []byte) (int, error) { return h.body.Write(content) }

// request is the request as it would come alone.
func (b batched) request(r *http.Request, version string) (*http.Request, error) {
	address, err := url.ParseRequestURI("/" + version + "/" + strings.TrimPrefix(b.URL, "/"))
	if err != nil {
		return nil, fmt.Errorf("expected a path below the version as url of request %q, got %q", b.ID, b.URL)
	}
	alone, err := http.NewRequestWithContext(r.Context(), strings.ToUpper(b.Method), address.String(), bytes.NewReader(b.Body))
	if err != nil {
		return nil, fmt.Errorf("expected a method and a url in request %q, got %q and %q", b.ID, b.Method, b.URL)
	}
	for name, value := range b.Headers {
		alone.Header.Set(name, value)
	}
	alone.Header.Set("Authorization", r.Header.Get("Authorization"))
	alone.Host, alone.RemoteAddr = r.Host, r.RemoteAddr
	return alone, nil
}
