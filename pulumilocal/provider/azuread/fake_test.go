package azuread_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/enginetest"
)

type object = map[string]any

const (
	tenantID = "11111111-0000-4000-8000-000000000001"
	clientID = "11111111-0000-4000-8000-000000000002"
	callerID = "11111111-0000-4000-8000-000000000003"
	owner2ID = "11111111-0000-4000-8000-000000000004"
	secret   = "a-client-secret"
)

// A fakeGraph is a server that records requests and remembers objects; it has
// no rules of its own. It records the provider's waits without waiting.
type fakeGraph struct {
	t      *testing.T
	server *httptest.Server
	claims object

	mu      sync.Mutex
	calls   []string
	bodies  map[string][]object
	waits   []time.Duration
	objects map[string]object // by path without version
	next    int
	faults  map[string][]fault // by call
	form    url.Values         // of the last token request
}

type fault struct {
	status        int
	code, message string
	dropped       bool // the connection is closed instead
}

func newGraph(t *testing.T) (*fakeGraph, *enginetest.Engine) {
	t.Helper()
	f := &fakeGraph{t: t, bodies: map[string][]object{}, objects: map[string]object{}, faults: map[string][]fault{},
		claims: object{"oid": callerID, "tid": tenantID, "appid": clientID}}
	f.server = httptest.NewTLSServer(f)
	t.Cleanup(f.server.Close)
	engine := enginetest.New(t, azuread.New(f.options()))
	return f, engine
}

func (f *fakeGraph) options() azuread.Options {
	return azuread.Options{HTTPClient: f.server.Client(), Wait: func(ctx context.Context, d time.Duration) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waits = append(f.waits, d)
		return ctx.Err()
	}}
}

func (f *fakeGraph) host() string { return strings.TrimPrefix(f.server.URL, "https://") }

func (f *fakeGraph) config() map[string]any {
	return map[string]any{"metadataHost": f.host(), "tenantId": tenantID, "clientId": clientID, "clientSecret": enginetest.Secret(secret)}
}

// start configures the provider and forgets the calls it made for that.
func (f *fakeGraph) start(engine *enginetest.Engine) {
	f.t.Helper()
	engine.MustConfigure(f.config())
	f.taken()
}

// taken returns the calls since it was last asked.
func (f *fakeGraph) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fakeGraph) expect(when string, want ...string) {
	f.t.Helper()
	if got := f.taken(); !slices.Equal(got, want) {
		f.t.Errorf("%s: got calls\n  %s\nwant\n  %s", when, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (f *fakeGraph) queue(call string, faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[call] = append(f.faults[call], faults...)
}

func (f *fakeGraph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	if query, err := url.QueryUnescape(r.URL.RawQuery); err == nil && query != "" {
		call += "?" + query
	}
	f.calls = append(f.calls, call)
	if queued := f.faults[call]; len(queued) > 0 {
		f.faults[call] = queued[1:]
		if queued[0].dropped {
			panic(http.ErrAbortHandler)
		}
		refuse(w, queued[0].status, queued[0].code, queued[0].message)
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("%s: read body: %v", call, err)
	}
	switch {
	case r.URL.Path == "/metadata/endpoints":
		answer(w, http.StatusOK, object{"name": "fake", "resourceManager": f.server.URL, "microsoftGraphResourceId": f.server.URL + "/",
			"authentication": object{"loginEndpoint": f.server.URL, "audiences": []string{}, "tenant": "common", "identityProvider": "AAD"}})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		f.form, _ = url.ParseQuery(string(data))
		answer(w, http.StatusOK, object{"access_token": f.token(), "token_type": "Bearer", "expires_in": 3600})
	default:
		f.graph(w, r, call, data)
	}
}

func (f *fakeGraph) token() string {
	payload, err := json.Marshal(f.claims)
	if err != nil {
		f.t.Error(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
}

func (f *fakeGraph) graph(w http.ResponseWriter, r *http.Request, call string, data []byte) {
	if want := "Bearer " + f.token(); r.Header.Get("Authorization") != want || r.Header.Get("OData-Version") != "4.0" ||
		r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		f.t.Errorf("%s: got headers %v, want hamilton's", call, r.Header)
	}
	var body object
	if len(data) > 0 {
		if err := json.Unmarshal(data, &body); err != nil {
			f.t.Errorf("%s: read body: %v", call, err)
		}
		f.bodies[r.Method] = append(f.bodies[r.Method], maps.Clone(body))
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	path = "/" + path
	switch {
	case strings.HasPrefix(path, "/directoryObjects/"):
		answer(w, http.StatusOK, object{"id": callerID})
	case r.Method == http.MethodPost:
		f.post(w, path, body)
	case r.Method == http.MethodGet && f.objects[path] == nil && f.isCollection(path):
		answer(w, http.StatusOK, object{"value": f.collection(path, r.URL.Query().Get("$filter"))})
	case f.objects[path] == nil:
		refuse(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist.")
	case r.Method == http.MethodPatch:
		maps.Copy(f.objects[path], body)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		delete(f.objects, path)
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, f.objects[path])
	}
}

// post creates an object, or performs an action.
func (f *fakeGraph) post(w http.ResponseWriter, path string, body object) {
	parent, action := path[:strings.LastIndex(path, "/")], path[strings.LastIndex(path, "/")+1:]
	switch action {
	case "$ref":
		id := body["@odata.id"].(string)
		f.own(strings.TrimSuffix(path, "/owners/$ref"), id[strings.LastIndex(id, "/")+1:])
		w.WriteHeader(http.StatusNoContent)
		return
	case "addPassword":
		credential := body["passwordCredential"].(object)
		credential["keyId"], credential["endDateTime"] = f.newID(), "2028-01-01T00:00:00Z"
		f.objects[parent]["passwordCredentials"] = append(list(f.objects[parent]["passwordCredentials"]), maps.Clone(credential))
		credential["secretText"] = "generated"
		answer(w, http.StatusOK, credential)
		return
	case "removePassword":
		f.objects[parent]["passwordCredentials"] = slices.DeleteFunc(list(f.objects[parent]["passwordCredentials"]),
			func(c any) bool { return c.(object)["keyId"] == body["keyId"] })
		w.WriteHeader(http.StatusNoContent)
		return
	}
	id := f.newID()
	body["id"] = id
	if body["appId"] == nil {
		body["appId"] = "c" + id[1:]
	}
	for _, bound := range list(body["owners@odata.bind"]) {
		reference := bound.(string)
		f.own(path+"/"+id, reference[strings.LastIndex(reference, "/")+1:])
	}
	delete(body, "owners@odata.bind")
	f.objects[path+"/"+id] = body
	answer(w, http.StatusCreated, body)
}

func (f *fakeGraph) own(path, owner string) {
	f.objects[path+"/owners/"+owner+"/$ref"] = object{"id": owner, "url": "x"}
}

func (f *fakeGraph) newID() string {
	f.next++
	return fmt.Sprintf("a0000000-0000-4000-8000-%012d", f.next)
}

func (f *fakeGraph) isCollection(path string) bool {
	last := path[strings.LastIndex(path, "/")+1:]
	return slices.Contains([]string{"applications", "servicePrincipals", "owners", "appRoleAssignedTo", "federatedIdentityCredentials"}, last)
}

func (f *fakeGraph) collection(path, filter string) []object {
	found := []object{}
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		rest, ok := strings.CutPrefix(key, path+"/")
		if !ok || strings.Contains(strings.TrimSuffix(rest, "/$ref"), "/") {
			continue
		}
		if name, value, ok := strings.Cut(filter, " eq "); ok && f.objects[key][name] != strings.Trim(value, "'") {
			continue
		}
		found = append(found, f.objects[key])
	}
	return found
}

func list(value any) []any {
	values, _ := value.([]any)
	return values
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, object{"error": object{"code": code, "message": message}})
}
