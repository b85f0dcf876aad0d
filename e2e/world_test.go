package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// A world is one stack of the program: its project folder with the real engine,
// the sandbox it is deployed to, and the tenant's deployer.
type world struct {
	t       testing.TB
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
	project engine.Project
	stack   string
	azure   *deployer.Client
	printed *printed
	leaks   *sandboxtest.Leaks // the secrets known so far
	outputs *exports           // read since the engine last ran; zero if not yet
}

// newWorld starts a sandbox in which nothing is deployed yet.
func newWorld(t testing.TB) *world {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	return worldOf(t, s, s.Tenants()[0], "dev", "dev")
}

// worldOf makes a world for a tenant of a running sandbox. The stack starts with
// the settings of the committed Pulumi.FILE.yaml.
func worldOf(t testing.TB, s *sandbox.Sandbox, tenant sandbox.Tenant, file, stack string) *world {
	t.Helper()
	azure, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "project")
	repository, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.NewScratch(repository, dir, file, stack); err != nil {
		t.Fatal(err)
	}
	return &world{t: t, sandbox: s, tenant: tenant, stack: stack, azure: azure, printed: &printed{to: t.Output()}, leaks: &sandboxtest.Leaks{}, outputs: &exports{},
		project: engine.Project{Dir: dir, Environ: s.Overlay(os.Environ(), s.Environ(tenant)...)}}
}

// in is the same world, reporting to a subtest.
func (w *world) in(t *testing.T) *world {
	inner := *w
	inner.t = t
	return &inner
}

// row runs one row of a table as a subtest.
func (w *world) row(name string, run func(*world)) {
	w.t.Helper()
	w.t.(*testing.T).Run(name, func(t *testing.T) { run(w.in(t)) })
}

// install puts the CLI and the stand-ins into the sandbox's directory.
func install(t testing.TB, s *sandbox.Sandbox) {
	t.Helper()
	if err := engine.Prepare(t.Context(), ".", s.Dir, t.Output()); err != nil {
		t.Fatal(err)
	}
}

// pulumi runs the CLI and fails the test when it fails.
func (w *world) pulumi(args ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := w.project.Pulumi(w.t.Context(), io.MultiWriter(&out, w.printed), append(args, "--non-interactive")...); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// export is the stack's state, as the engine keeps it.
func (w *world) export(more ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	args := append([]string{"stack", "export", "--stack", w.stack, "--non-interactive"}, more...)
	if err := w.project.Pulumi(w.t.Context(), &out, args...); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// try runs a verb of the engine on the stack.
func (w *world) try(verb string, args ...string) (engine.Outcome, error) {
	*w.outputs = exports{}
	return w.project.Run(w.t.Context(), w.printed, w.stack, verb, args...)
}

// tryUp is try for an update.
func (w *world) tryUp() error {
	_, err := w.try("up", "--yes", "--skip-preview")
	return err
}

// run runs a verb on the stack and fails the test when it fails.
func (w *world) run(verb string, args ...string) engine.Outcome {
	w.t.Helper()
	outcome, err := w.try(verb, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return outcome
}

func (w *world) up(args ...string) engine.Outcome {
	w.t.Helper()
	return w.run("up", append([]string{"--yes", "--skip-preview"}, args...)...)
}

func (w *world) destroy() engine.Outcome {
	w.t.Helper()
	outcome := w.run("destroy", "--yes", "--skip-preview")
	if kept := w.orphanedSettings(); len(kept) > 0 {
		w.t.Errorf("expected no diagnostic setting to outlive its resource, got %q", kept)
	}
	return outcome
}

// orphanedSettings are the diagnostic settings that this deployer made and did
// not delete, in resource groups that are gone: in Azure they live on. The other
// stacks of a tenant still have their groups.
func (w *world) orphanedSettings() []string {
	w.t.Helper()
	groups, err := w.azure.List(w.t.Context(), "/subscriptions/"+w.tenant.SubscriptionID+"/resourcegroups?api-version=2022-09-01")
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(w.diagnosticSettings(), func(setting string) bool {
		return slices.ContainsFunc(groups, func(group map[string]any) bool {
			id, _ := group["id"].(string)
			return strings.HasPrefix(strings.ToLower(setting), strings.ToLower(id)+"/")
		})
	})
}

// diagnosticSettings are those that this deployer made and did not delete. No
// list shows them once their resource is gone, so they are counted by requests.
func (w *world) diagnosticSettings() (kept []string) {
	for _, entry := range w.sandbox.History() {
		if entry.CallerID != w.tenant.Deployer.ObjectID || !strings.Contains(entry.Route, "/diagnosticsettings/") || entry.Status >= 300 || entry.Object == "" {
			continue
		}
		switch i := slices.Index(kept, entry.Object); {
		case entry.Method == http.MethodDelete && i >= 0:
			kept = slices.Delete(kept, i, i+1)
		case entry.Method == http.MethodPut && i < 0:
			kept = append(kept, entry.Object)
		}
	}
	return kept
}

// exports are what the program promises to export.
type exports struct {
	APIURL      string            `json:"apiUrl"`
	APIClientID string            `json:"apiClientId"`
	APIObjectID string            `json:"apiObjectId"`
	Audience    string            `json:"audience"`
	RoleIDs     map[string]string `json:"roleIds"`
	ClientURLs  map[string]string `json:"clientUrls"`
	ClientSites map[string]string `json:"clientSites"`
	APISiteID   string            `json:"apiSiteId"`
	Access      []struct {
		Client, ObjectID    string
		ApplicationObjectID string `json:"applicationObjectId"`
		Credentials         []struct {
			ID string `json:"id"`
		} `json:"credentials"`
	} `json:"access"`
	clientURL    string
	clientSiteID string
}

func (w *world) exports() exports {
	w.t.Helper()
	if w.outputs.APIURL != "" {
		return *w.outputs
	}
	var e exports
	if err := w.project.Outputs(w.t.Context(), w.stack, &e); err != nil {
		w.t.Fatal(err)
	}
	e.clientURL, e.clientSiteID = e.ClientURLs["orders-client"], e.ClientSites["orders-client"]
	*w.outputs = e
	return e
}

// An answer is what the client function app says it got.
type answer struct {
	Results []struct {
		TokenProvider string            `json:"tokenProvider"`
		Credential    string            `json:"credential"`
		Status        int               `json:"status"`
		Orders        []json.RawMessage `json:"orders"`
		Caller        struct {
			ObjectID string   `json:"objectId"`
			ClientID string   `json:"clientId"`
			Roles    []string `json:"roles"`
		} `json:"caller"`
		TokenSource string `json:"tokenSource"`
		Error       string `json:"error"`
	} `json:"results"`
}

// callAll asks the client for its orders.
func (w *world) callAll() (a answer) {
	w.t.Helper()
	e := w.exports()
	if err := w.azure.Call(w.t.Context(), e.clientSiteID, e.clientURL, &a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// call asks the client for its orders and fails the test unless it got five
// from one token provider.
func (w *world) call() answer {
	w.t.Helper()
	a := w.callAll()
	if len(a.Results) != 1 || len(a.Results[0].Orders) != 5 {
		w.t.Fatalf("expected five orders from one token provider, got %+v", a)
	}
	return a
}

// do sends a request to Graph or ARM and fails the test when it is refused.
func (w *world) do(method, path string, in, out any) {
	w.t.Helper()
	if err := w.azure.Do(w.t.Context(), method, path, in, out); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) inventory() deployer.Inventory {
	w.t.Helper()
	i, err := w.azure.Inventory(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

// publishes counts the packages sent to SCM sites so far.
func (w *world) publishes() int {
	n := 0
	for _, entry := range w.sandbox.History() {
		if entry.Service == "scm" && entry.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// tokenRequest asks Entra for a token as the deployer and returns the answer's
// access token and AADSTS code.
func (w *world) tokenRequest(scope string) (accessToken string, code int) {
	w.t.Helper()
	resp, err := w.sandbox.HTTPClient().PostForm(w.sandbox.BaseURL+"/"+w.tenant.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {w.tenant.Deployer.ClientID},
		"client_secret": {w.tenant.Deployer.Secret},
		"scope":         {scope},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Codes       []int  `json:"error_codes"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		w.t.Fatal(err)
	}
	if len(body.Codes) > 0 {
		code = body.Codes[0]
	}
	return body.AccessToken, code
}

// token is an access token of the deployer for a scope.
func (w *world) token(scope string) string {
	w.t.Helper()
	token, code := w.tokenRequest(scope)
	if token == "" {
		w.t.Fatalf("expected a token for %q, got AADSTS%d", scope, code)
	}
	return token
}

// refusal is the AADSTS code of the deployer's refused token request.
func (w *world) refusal(scope string) int {
	w.t.Helper()
	_, code := w.tokenRequest(scope)
	return code
}

// printed keeps what the engine printed, to search it for secrets.
type printed struct {
	mu   sync.Mutex
	to   io.Writer
	text strings.Builder
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	return p.to.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// get sends a request to a function app, with headers as name, value pairs.
func (w *world) get(url string, headers ...string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := w.sandbox.HTTPClient().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp
}
