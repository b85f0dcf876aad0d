package arm

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// bodyLimit is ARM's limit:
// learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling.
const bodyLimit = 4 << 20

// A call is one request, answered in one transaction.
type call struct {
	service      *Service
	tx           *store.Tx
	r            *http.Request
	caller       route.Caller
	version      string
	subscription store.Subscription // empty when the path has none
	changed      []string           // sites to report to App Service after the commit
	restart      string             // site to restart, after the commit
}

// A reply is a call's answer. A nil body sends none.
type reply struct {
	status int
	body   any
	header map[string]string
}

func ok(body any) (reply, error) { return reply{status: http.StatusOK, body: body}, nil }

// values wraps items as ARM's lists do.
func values[T any](items []T) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"value": items}
}

// do makes a handler that runs serve in one transaction. If serve fails,
// nothing is stored.
func (s *Service) do(serve func(*call) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{service: s, r: r, caller: route.CallerOf(r.Context()), version: r.URL.Query().Get("api-version")}
		var out reply
		run := func(tx *store.Tx) (err error) {
			c.tx = tx
			c.subscription, _ = store.Subscriptions.Get(tx, strings.ToLower(r.PathValue("subscription")))
			out, err = serve(c)
			return err
		}
		transaction := s.store.View
		if c.writes() {
			transaction = s.store.Update
		}
		if err := transaction(run); err != nil {
			s.fail(w, r, err)
			return
		}
		slices.Sort(c.changed)
		for _, id := range slices.Compact(c.changed) {
			s.config.Sites.Changed(id)
		}
		if c.restart != "" {
			s.config.Sites.Restart(c.restart)
		}
		for name, value := range out.header {
			w.Header().Set(name, value)
		}
		if r.Method == http.MethodHead && out.status == http.StatusOK {
			out.status = http.StatusNoContent // a check of existence
		}
		writeJSON(w, r, out.status, out.body)
	}
}

// read returns the request's JSON object as fields describe it.
func (c *call) read(fields schema.Fields) (map[string]any, error) {
	sent, err := c.sent()
	if err != nil {
		return nil, err
	}
	body, err := c.reader().Read(fields, sent)
	if problem, ok := err.(*schema.Problem); ok {
		return nil, refuseProblem(problem, c.version)
	}
	return body, err
}

// reader reads requests by ARM's rules.
func (c *call) reader() schema.Reader {
	return schema.Reader{FoldCase: true, NullIsAbsent: true, IgnoreReadOnly: true, Decimals: true, Version: c.version}
}

// sent returns the request's JSON object.
func (c *call) sent() (map[string]any, error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, bodyLimit))
	if err != nil {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The request content is larger than %d bytes.", bodyLimit)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, refuse(http.StatusBadRequest, "MissingRequestBody", "The request body is required and must not be empty.")
	}
	if kind := c.r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			"The content media type '%s' is not supported. Only 'application/json' is supported.", kind)
	}
	sent, err := schema.Parse(data)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: expected one JSON object.")
	}
	return sent, nil
}

// isNull says whether stored JSON is empty or null.
func isNull(data json.RawMessage) bool { return len(data) == 0 || string(data) == "null" }

// decodeObject reads stored JSON.
func decodeObject(data json.RawMessage) (map[string]any, error) {
	if isNull(data) {
		return make(map[string]any), nil
	}
	return schema.Parse(data)
}

// at returns the value under a path of names in nested objects, or nil.
func at(object map[string]any, names ...string) any {
	var value any = object
	for _, name := range names {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

// textAt is [at] for texts.
func textAt(object map[string]any, names ...string) string {
	text, _ := at(object, names...).(string)
	return text
}

// stateOf is a resource's provisioning state.
func stateOf(r store.Resource) string {
	properties, err := decodeObject(r.Properties)
	if err != nil {
		return ""
	}
	return textAt(properties, "provisioningState")
}
