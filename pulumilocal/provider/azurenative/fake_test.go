package azurenative_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"app-to-app/pulumilocal/provider/azurenative"
	"app-to-app/pulumilocal/provider/enginetest"
)

type object = map[string]any

const (
	tenantID       = "11111111-0000-4000-8000-000000000001"
	clientID       = "11111111-0000-4000-8000-000000000002"
	callerID       = "11111111-0000-4000-8000-000000000003"
	subscriptionID = "11111111-0000-4000-8000-000000000004"
	group          = "/subscriptions/" + subscriptionID + "/resourceGroups/rg"
)

// A fakeARM is a server that records requests and remembers resources; it has
// no rules of its own.
type fakeARM struct {
	t      *testing.T
	server *httptest.Server

	mu        sync.Mutex
	calls     []string
	bodies    []object
	waits     []time.Duration
	resources map[string]object // by lower-case id
	queued    map[string][]reply
	signIns   int
}

// A reply is a canned answer to a call.
type reply struct {
	status int
	header map[string]string
	body   object
}

func newARM(t *testing.T) (*fakeARM, *enginetest.Engine) {
	t.Helper()
	f := &fakeARM{t: t, resources: map[string]object{}, queued: map[string][]reply{}}
	f.server = httptest.NewTLSServer(f)
	t.Cleanup(f.server.Close)
	engine := enginetest.New(t, azurenative.New(azurenative.Options{HTTPClient: f.server.Client(),
		Wait: func(ctx context.Context, d time.Duration) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.waits = append(f.waits, d)
			return ctx.Err()
		}}))
	return f, engine
}

func (f *fakeARM) config() map[string]any {
	return map[string]any{"metadataHost": strings.TrimPrefix(f.server.URL, "https://"), "tenantId": tenantID, "clientId": clientID,
		"clientSecret": enginetest.Secret("a-client-secret"), "subscriptionId": subscriptionID, "location": "westeurope"}
}

func (f *fakeARM) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fakeARM) expect(when string, want ...string) {
	f.t.Helper()
	if got := f.taken(); !slices.Equal(got, want) {
		f.t.Errorf("%s: got calls\n  %s\nwant\n  %s", when, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// said is an error's text without the parts that differ from run to run, or empty
// if there is no error.
func (f *fakeARM) said(err error) string {
	if err == nil {
		return ""
	}
	return strings.NewReplacer(strings.TrimPrefix(f.server.URL, "https://"), "ARM", group, "").Replace(status.Convert(err).Message())
}

func (f *fakeARM) queue(call string, replies ...reply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued[call] = append(f.queued[call], replies...)
}

func (f *fakeARM) lastBody() object {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.bodies) == 0 {
		return nil
	}
	return f.bodies[len(f.bodies)-1]
}

// ServeHTTP answers Entra and the metadata document without a record: the
// sequences under test are ARM's.
func (f *fakeARM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.URL.Path == "/metadata/endpoints":
		f.signIns++
		answer(w, http.StatusOK, nil, object{"name": "fake", "resourceManager": f.server.URL + "/", "microsoftGraphResourceId": f.server.URL,
			"authentication": object{"loginEndpoint": f.server.URL, "audiences": []string{"https://management.core.windows.net/"}}})
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		issuer := f.server.URL + "/" + tenantID
		answer(w, http.StatusOK, nil, object{"issuer": issuer + "/v2.0", "token_endpoint": issuer + "/oauth2/v2.0/token", "authorization_endpoint": issuer + "/oauth2/v2.0/authorize"})
	case strings.HasSuffix(r.URL.Path, "/token"):
		err := r.ParseForm()
		scope, issued := r.Form.Get("scope"), token()
		if strings.HasPrefix(scope, "https://vault.azure.net/.default") {
			issued = "vault." + issued
		} else if err != nil || !strings.Contains(scope, "https://management.core.windows.net//.default") {
			f.t.Errorf("token form: got scope %q, want ARM's or Key Vault's", scope)
		}
		answer(w, http.StatusOK, nil, object{"access_token": issued, "token_type": "Bearer", "expires_in": 3600})
	default:
		f.arm(w, r)
	}
}

func token() string {
	payload, _ := json.Marshal(object{"oid": callerID, "tid": tenantID, "appid": clientID})
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
}

func (f *fakeARM) arm(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, group) + "?" + r.URL.RawQuery
	f.calls = append(f.calls, call)
	want := "Bearer " + token()
	if strings.HasPrefix(r.URL.Path, "/keyvault/") {
		want = "Bearer vault." + token()
	}
	if r.Header.Get("Authorization") != want {
		f.t.Errorf("%s: got a wrong token or none", call)
	}
	var body object
	data, err := io.ReadAll(r.Body)
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &body)
		f.bodies = append(f.bodies, maps.Clone(body))
	}
	if err != nil {
		f.t.Errorf("%s: read body: %v", call, err)
	}
	id := strings.ToLower(strings.TrimSuffix(r.URL.Path, "/list"))
	if r.Method == http.MethodPut {
		body["id"], body["name"] = r.URL.Path, id[strings.LastIndex(id, "/")+1:]
		f.resources[id] = body
	}
	if queued := f.queued[call]; len(queued) > 0 {
		f.queued[call] = queued[1:]
		answer(w, queued[0].status, queued[0].header, queued[0].body)
		return
	}
	found := f.resources[id]
	switch {
	case r.Method == http.MethodDelete && found != nil:
		delete(f.resources, id)
		w.WriteHeader(http.StatusOK)
	case found == nil:
		answer(w, http.StatusNotFound, nil, object{"error": object{"code": "ResourceNotFound", "message": "The Resource was not found."}})
	default:
		answer(w, http.StatusOK, nil, found)
	}
}

func answer(w http.ResponseWriter, status int, header map[string]string, body object) {
	for name, value := range header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refusal(status int, code string) reply {
	return reply{status: status, body: object{"error": object{"code": code, "message": "because"}}}
}
