package graph

import (
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// maxBody bounds a request's body; Graph's own limit for an application is
// below 1200 manifest entries.
const maxBody = 1 << 20

// A request is one request of an admitted caller.
type request struct {
	*http.Request
	service  *Service
	caller   route.Caller
	reach    reach
	version  string // v1.0 or beta
	metadata string // minimal, full or none: OData control information
	pages    int    // the largest page of the collection, and the usual one; 0 for those of most
}

// An answer is the result of an operation: an object, a page of them, a text,
// or nothing.
type answer struct {
	status  int
	text    string
	context string // what follows $metadata# in @odata.context
	object  *object
	page    *page
}

// An object is an entity as Graph shows it.
type object struct {
	kind  string // application, servicePrincipal, …
	id    string
	props map[string]any
	mixed bool // in a collection of several types, where clients need @odata.type
}

// An operation does the work of a route in one transaction.
type operation func(tx *store.Tx, q *request) (answer, error)

// serve makes a handler of an operation. A GET cannot write.
func (s *Service) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		requestIDs(w, r)
		q := &request{Request: r, service: s, caller: route.CallerOf(r.Context())}
		q.reach, _ = r.Context().Value(reachKey{}).(reach)
		q.version = strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
		var a answer
		err := errors.Join(q.readAccept(), checkIDs(r))
		if err == nil {
			run := func(tx *store.Tx) (err error) {
				if err = q.findByClientID(tx); err == nil {
					a, err = op(tx, q)
				}
				return err
			}
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				err = s.Store.View(run)
			} else {
				err = s.update(q.caller.TenantID, run)
			}
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		q.write(w, a)
	}
}

// fail responds with an error.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	var unknown unemulatedError
	switch {
	case errors.As(err, &refused):
		s.refuse(w, r, refused.status, refused.code, refused.message)
	case errors.As(err, &unknown):
		s.table.Unemulated(w, r, string(unknown))
	default:
		s.refuse(w, r, http.StatusInternalServerError, "Service_InternalServerError", err.Error())
	}
}

// readAccept reads how much control information the Accept header asks for
// (OData JSON format 4.01, section 3.1).
func (q *request) readAccept() error {
	q.metadata = "minimal"
	for _, accept := range strings.Split(q.Header.Get("Accept"), ",") {
		_, params, err := mime.ParseMediaType(strings.TrimSpace(accept))
		if err != nil {
			continue
		}
		for _, name := range []string{"odata.metadata", "odata"} {
			if level := params[name]; level != "" {
				q.metadata = strings.TrimSuffix(level, "metadata")
			}
		}
	}
	if q.metadata == "no" { // odata=nometadata
		q.metadata = "none"
	}
	if !slices.Contains([]string{"minimal", "full", "none"}, q.metadata) {
		return unemulated("odata.metadata=%s", q.metadata)
	}
	return nil
}

// body decodes the request's JSON object.
func (q *request) body() (map[string]any, error) {
	media := q.Header.Get("Content-Type")
	if media == "" {
		return nil, badRequest("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	if kind, _, err := mime.ParseMediaType(media); err != nil || kind != "application/json" {
		return nil, unemulated("content type %q", media)
	}
	content, err := q.plain()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(content, maxBody+1))
	if err != nil || len(data) > maxBody {
		return nil, badRequest("Unable to read the request body.")
	}
	body, err := schema.Parse(data)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."}
	}
	return body, nil
}

// plain is the body without its content coding. Microsoft's Graph SDK for Go
// compresses by default.
func (q *request) plain() (io.Reader, error) {
	switch coding := q.Header.Get("Content-Encoding"); strings.ToLower(coding) {
	case "", "identity":
		return q.Body, nil
	case "gzip":
		content, err := gzip.NewReader(q.Body)
		if err != nil {
			return nil, badRequest("Unable to read the request body.")
		}
		return content, nil
	default:
		return nil, unemulated("content encoding %q", coding)
	}
}

// note adds the object to the request's entry in the history.
func (q *request) note(id string) { route.Note(q.Context()).Object = id }

// write sends the answer with the wanted control information.
func (q *request) write(w http.ResponseWriter, a answer) {
	if a.text != "" {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.text) // if the client has gone, there is nobody to tell
		return
	}
	if a.object == nil && a.page == nil {
		w.WriteHeader(a.status)
		return
	}
	body := make(map[string]any)
	if a.object != nil {
		body = q.decorate(*a.object)
		if a.status == http.StatusCreated {
			w.Header().Set("Location", q.service.BaseURL+q.URL.Path+"/"+a.object.id)
		}
	} else {
		value := make([]map[string]any, 0, len(a.page.objects))
		for _, o := range a.page.objects {
			value = append(value, q.decorate(o))
		}
		body["value"] = value
		if a.page.count != nil {
			body["@odata.count"] = *a.page.count
		}
		if a.page.next != "" {
			body["@odata.nextLink"] = a.page.next
		}
	}
	if q.metadata != "none" && a.context != "" {
		body["@odata.context"] = q.root() + "/$metadata#" + a.context
	}
	writeJSON(w, a.status, q.metadata, body)
}

// directoryService is before an object's type in its @odata.id.
const directoryService = "Microsoft.DirectoryServices."

// decorate adds an object's own control information.
func (q *request) decorate(o object) map[string]any {
	body := maps.Clone(o.props)
	if q.metadata == "none" {
		return body
	}
	if o.mixed || q.metadata == "full" {
		body["@odata.type"] = "#microsoft.graph." + o.kind
	}
	if q.metadata == "full" && o.id != "" {
		body["@odata.editLink"] = "directoryObjects/" + o.id + "/" + directoryService + strings.ToUpper(o.kind[:1]) + o.kind[1:]
		body["@odata.id"] = q.root() + "/" + q.caller.TenantID + "/" + body["@odata.editLink"].(string)
	}
	return body
}

// root is the address of the version in the request's path.
func (q *request) root() string { return q.service.BaseURL + "/" + q.version }

// mayRead refuses a caller that may not read everything, does not own the
// object, and is not the object (self).
func (q *request) mayRead(self bool, owners ...string) error {
	if self || q.reach == reachAll || q.reach == reachOwned && containsID(owners, q.caller.ObjectID) {
		return nil
	}
	return denied()
}

// mayChange refuses a caller that may change only what it owns, and is not
// among the owners.
func (q *request) mayChange(owners ...string) error {
	if q.reach == reachAll || q.reach == reachOwned && containsID(owners, q.caller.ObjectID) {
		return nil
	}
	return denied()
}

func containsID(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(other string) bool { return strings.EqualFold(other, id) })
}

func isGUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}

// moment formats a time as Graph does.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// momentOrNull is moment for a time that may be unset.
func momentOrNull(t *time.Time) any {
	if t == nil || t.IsZero() {
		return nil
	}
	return moment(*t)
}

// textOrNull is null for an empty text: Graph keeps no empty strings.
func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// listOrEmpty is an empty list for nil: Graph shows no collection as null.
func listOrEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
