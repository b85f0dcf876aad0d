package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/layout"
)

// TestStory takes one stack from its first `up` to its destroy. Its steps build on
// each other.
func TestStory(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	tree := gitStatus(t)
	w := newWorld(t)
	before := w.inventory()
	w.pulumi("stack", "init", "dev")
	w.up()
	for _, step := range []struct {
		name string
		run  func(*world)
	}{
		{"the client gets the orders with its own identity", clientGetsOrders},
		{"an unchanged stack previews without changes", previewsClean},
		{"the state has no files that a kill could empty", stateAlone},
		{"nobody else gets in", nobodyElse},
		{"the timer fires when its time comes", timerFires},
		{"a day later the client gets a new token", dayLater},
		{"a new schedule and three libraries update one resource and publish nothing", newSettings},
		{"a hand-deleted assignment is found and put back", handDeletedAssignment},
		{"a replaced storage account is published again", replacedStorage},
		{"a replaced app is published again", replacedApp},
		{"a replaced plan takes its app with it", replacedPlan},
		{"a restarted sandbox still serves", restarted},
		{"no secret is in what was kept or shown", nothingLeaked},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(w.in(t)) }) {
			return
		}
	}
	w.destroy()
	if got := w.inventory().Minus(before); got != (deployer.Inventory{}) {
		t.Errorf("expected destroy to leave nothing behind, got:\n%s", got)
	}
	if got := gitStatus(t); got != tree {
		t.Errorf("expected the run to leave the tree as it was, got:\n%s\nwant:\n%s", got, tree)
	}
}

func clientGetsOrders(w *world) {
	result := w.call().Results[0]
	if result.TokenProvider != "azidentity" || result.Status != http.StatusOK {
		w.t.Errorf("got provider %q and status %d, want azidentity and 200", result.TokenProvider, result.Status)
	}
	if !slices.Equal(result.Caller.Roles, []string{"Orders.Read"}) {
		w.t.Errorf("got roles %q, want Orders.Read alone", result.Caller.Roles)
	}
	var site struct {
		Identity struct {
			UserAssigned map[string]struct{ PrincipalID, ClientID string } `json:"userAssignedIdentities"`
		} `json:"identity"`
	}
	w.do("GET", w.exports().clientSiteID+"?api-version=2022-09-01", nil, &site)
	for _, identity := range site.Identity.UserAssigned {
		if identity.PrincipalID == result.Caller.ObjectID && identity.ClientID == result.Caller.ClientID {
			return
		}
	}
	w.t.Errorf("got caller %+v, want an identity of the client's app: %+v", result.Caller, site.Identity.UserAssigned)
}

func previewsClean(w *world) {
	if outcome := w.run("preview"); outcome.Changed() != 0 {
		w.t.Errorf("expected no changes, got %v", outcome.Touched)
	}
}

// stateAlone expects the states that the backend wrote without the .attrs files
// beside them.
func stateAlone(w *world) {
	states := 0
	err := filepath.WalkDir(layout.State(w.sandbox.Dir), func(path string, _ fs.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".json":
			states++
		case ".attrs":
			w.t.Errorf("got %s, want metadata=skip in the backend's address", path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	if states == 0 {
		w.t.Error("found no state")
	}
}

// nobodyElse calls both apps without the right to, in every way.
func nobodyElse(w *world) {
	e := w.exports()
	for _, tt := range []struct {
		name, url string
		headers   []string
		status    int
		challenge string
	}{
		{name: "API without a token", url: e.APIURL, status: 401, challenge: "Bearer"},
		{name: "API with another scheme", url: e.APIURL, headers: []string{"Authorization", "Basic eDp5"}, status: 401, challenge: "Bearer"},
		{name: "API with something that is no token", url: e.APIURL, headers: []string{"Authorization", "Bearer x.y.z"}, status: 401, challenge: "invalid_token"},
		{name: "API with two Authorization headers", url: e.APIURL, headers: []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}, status: 400, challenge: "invalid_request"},
		{name: "API with a token for ARM", url: e.APIURL, headers: []string{"Authorization", "Bearer " + w.token("https://management.azure.com/.default")}, status: 401, challenge: "invalid_token"},
		{name: "client without its key", url: e.clientURL, status: 401},
		{name: "client with a wrong key", url: e.clientURL, headers: []string{"x-functions-key", "wrong"}, status: 401},
	} {
		w.row(tt.name, func(w *world) {
			resp := w.get(tt.url, tt.headers...)
			if resp.StatusCode != tt.status {
				w.t.Errorf("got status %d, want %d", resp.StatusCode, tt.status)
			}
			if got := resp.Header.Get("WWW-Authenticate"); !strings.Contains(got, tt.challenge) {
				w.t.Errorf("got challenge %q, want %q in it", got, tt.challenge)
			}
		})
	}
	// When assignment is no longer required, Entra gives the deployer a token
	// without roles, and the API's own check refuses it.
	principal := "/v1.0/servicePrincipals/" + w.servicePrincipal(e.APIClientID)
	w.do("PATCH", principal, map[string]any{"appRoleAssignmentRequired": false}, nil)
	resp := w.get(e.APIURL, "Authorization", "Bearer "+w.token(e.Audience+"/.default"))
	if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 403 || !strings.Contains(got, "insufficient_scope") {
		w.t.Errorf("API with a token without the role: got status %d and challenge %q, want 403 and insufficient_scope", resp.StatusCode, got)
	}
	w.do("PATCH", principal, map[string]any{"appRoleAssignmentRequired": true}, nil)

	// The deployer is an application of the tenant without the role: the API
	// requires assignment, so Entra gives it no token at all.
	if code := w.refusal(e.Audience + "/.default"); code != 501051 {
		w.t.Errorf("token for the API without an assignment: got AADSTS%d, want AADSTS501051", code)
	}
}

// timerFires moves the sandbox's clock past the next occurrence of the default
// schedule, every ten minutes, and waits for what the handler logs.
func timerFires(w *world) {
	site := w.exports().clientSiteID
	before := strings.Count(strings.Join(w.sandbox.Apps().Logs(site), "\n"), "orders processed on schedule")
	if err := w.sandbox.Advance(10 * time.Minute); err != nil {
		w.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		logs := strings.Join(w.sandbox.Apps().Logs(site), "\n")
		if strings.Count(logs, "orders processed on schedule") > before {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("expected the timer to fire, got:\n%s", logs)
		}
	}
}

// dayLater waits until the platform's cached token of the managed identity has
// expired. The client's own cache uses the machine's clock, so its app is restarted.
func dayLater(w *world) {
	if err := w.sandbox.Advance(25 * time.Hour); err != nil {
		w.t.Fatal(err)
	}
	w.do("POST", w.exports().clientSiteID+"/restart?api-version=2022-09-01", nil, nil)
	if got := w.call().Results[0].TokenSource; got != "network" {
		w.t.Errorf("got token source %q after a restart, want network", got)
	}
	if got := w.call().Results[0].TokenSource; got != "cache" {
		w.t.Errorf("got token source %q in the second call, want cache", got)
	}
}

// newSettings gives the client another schedule and two more token providers, and
// takes those away again: app settings change, and no code is published.
func newSettings(w *world) {
	published := w.publishes()
	providers := []string{"azidentity", "msal", "appauth"}
	w.pulumi("config", "set", "--stack", w.stack, "--path", "app-to-app:clients[0].schedule", "0 */5 * * * *")
	for i, provider := range providers {
		w.pulumi("config", "set", "--stack", w.stack, "--path", fmt.Sprintf("app-to-app:clients[0].tokenProviders[%d]", i), provider)
	}
	if outcome := w.up(); outcome.Changes["update"] != 1 || outcome.Changed() != 1 {
		w.t.Errorf("expected exactly one update, got %v %v", outcome.Changes, outcome.Touched)
	}
	results := w.callAll().Results
	if len(results) != len(providers) {
		w.t.Fatalf("expected a result for each of %q, got %+v", providers, results)
	}
	for i, r := range results {
		if r.TokenProvider != providers[i] || r.Status != http.StatusOK || len(r.Orders) != 5 || r.Caller.ObjectID != results[0].Caller.ObjectID {
			w.t.Errorf("got %q with status %d, %d orders, caller %+v (%s); want %q with five orders as %+v",
				r.TokenProvider, r.Status, len(r.Orders), r.Caller, r.Error, providers[i], results[0].Caller)
		}
	}
	w.pulumi("config", "rm", "--stack", w.stack, "--path", "app-to-app:clients[0].tokenProviders")
	if outcome := w.up(); outcome.Changes["update"] != 1 || outcome.Changed() != 1 {
		w.t.Errorf("expected exactly one update, got %v %v", outcome.Changes, outcome.Touched)
	}
	if got := w.publishes() - published; got != 0 {
		w.t.Errorf("expected nothing to be published, got %d packages", got)
	}
	w.call()
}

func handDeletedAssignment(w *world) {
	e := w.exports()
	list := "/v1.0/servicePrincipals/" + w.servicePrincipal(e.APIClientID) + "/appRoleAssignedTo"
	assignments, err := w.azure.List(w.t.Context(), list)
	client := w.call().Results[0].Caller.ObjectID
	i := slices.IndexFunc(assignments, func(a map[string]any) bool { return a["principalId"] == client })
	if err != nil || i < 0 {
		w.t.Fatalf("expected an assignment of %s, got %v, %v", client, assignments, err)
	}
	w.do("DELETE", list+"/"+assignments[i]["id"].(string), nil, nil)
	if outcome := w.run("refresh", "--yes", "--skip-preview"); outcome.Changes["delete"] != 1 {
		w.t.Errorf("expected refresh to find the assignment gone, got %v", outcome.Touched)
	}
	outcome := w.up()
	if outcome.Changes["create"] != 1 || outcome.Changed() != 1 {
		w.t.Errorf("expected exactly the assignment to be put back, got %v %v", outcome.Changes, outcome.Touched)
	}
	w.call()
}

func replacedStorage(w *world) { w.replaced("azure-native:storage:StorageAccount") }

func replacedApp(w *world) { w.replaced("WebApp") }

func replacedPlan(w *world) { w.replaced("AppServicePlan") }

// replaced replaces the client's resource of a type and expects its package,
// and only that, to be published again.
func (w *world) replaced(typeToken string) {
	w.t.Helper()
	urn := w.urnOf(typeToken)
	published := w.publishes()
	w.up("--replace", urn)
	if got := w.publishes() - published; got != 1 {
		w.t.Errorf("expected one package to be published after replacing %s, got %d", urn, got)
	}
	w.call()
}

// restarted stops the sandbox and starts it again in the same directory.
func restarted(w *world) {
	dir := w.sandbox.Dir
	w.leaks.Sandbox(w.t, w.sandbox) // it forgets most of the secrets it issued
	if err := w.sandbox.Close(); err != nil {
		w.t.Fatal(err)
	}
	again, err := sandbox.Start(w.t.Context(), sandbox.Options{Dir: dir, Output: w.printed})
	if err != nil {
		w.t.Fatal(err)
	}
	*w.sandbox = *again // the test that started the first one closes this one
	w.call()
	previewsClean(w)
}

// nothingLeaked searches what the run kept and showed for every secret of the
// sandbox and for anything that looks like a token. The state holds secrets, but
// encrypted.
func nothingLeaked(w *world) {
	w.leaks.Sandbox(w.t, w.sandbox)
	history, err := json.Marshal(w.sandbox.History())
	if err != nil {
		w.t.Fatal(err)
	}
	state := w.export()
	e := w.exports()
	for _, site := range append(slices.Collect(maps.Values(e.ClientSites)), e.APISiteID) {
		w.leaks.Look(w.t, "the log of "+site, strings.Join(w.sandbox.Apps().Logs(site), "\n"))
		var settings json.RawMessage
		w.do("POST", site+"/config/appsettings/list?api-version=2022-09-01", nil, &settings)
		w.leaks.Look(w.t, "the app settings of "+site, string(settings))
	}
	for place, text := range map[string]string{
		"the output": w.printed.String(), "the history": string(history), "the state": state,
		"the outputs":  w.pulumi("stack", "output", "--stack", w.stack, "--json"),
		"the settings": w.pulumi("config", "--stack", w.stack, "--json"),
	} {
		w.leaks.Look(w.t, place, text)
	}
	// The same search finds the state's secrets in the clear, and a key in base64.
	leaky := []string{base64.StdEncoding.EncodeToString([]byte("key=" + w.hostKey()))}
	if strings.Contains(state, `"ciphertext"`) {
		leaky = append(leaky, w.export("--show-secrets"))
	}
	for _, text := range leaky {
		if len(w.leaks.Find("a leak", text)) == 0 {
			w.t.Error("expected the search to find secrets in the clear")
		}
	}
}

// hostKey is the key of some client's functions.
func (w *world) hostKey() string {
	w.t.Helper()
	for _, site := range w.exports().ClientSites {
		key, err := w.azure.HostKey(w.t.Context(), site)
		if err != nil {
			w.t.Fatal(err)
		}
		return key
	}
	w.t.Fatal("expected a client with a function app, got none")
	return ""
}

// servicePrincipal is the object id of the service principal of a client id.
func (w *world) servicePrincipal(clientID string) string {
	w.t.Helper()
	found, err := w.azure.List(w.t.Context(), fmt.Sprintf("/v1.0/servicePrincipals?$filter=appId%%20eq%%20'%s'", clientID))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("expected one service principal of %s, got %v, %v", clientID, found, err)
	}
	return found[0]["id"].(string)
}

// urnOf finds the one resource of a type in the client's function app.
func (w *world) urnOf(typeToken string) string {
	w.t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct{ URN, Type, Parent string }
		}
	}
	if err := json.Unmarshal([]byte(w.export()), &state); err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, r := range state.Deployment.Resources {
		if strings.HasSuffix(r.Type, typeToken) && strings.HasSuffix(r.Parent, ":FunctionApp::orders-client") {
			found = append(found, r.URN)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("expected one %s of the client, got %q", typeToken, found)
	}
	return found[0]
}

// gitStatus is what git says of the tree; empty outside a checkout.
func gitStatus(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "status", "--porcelain").Output()
	if err != nil {
		t.Log("not in a git checkout; the tree is not compared")
	}
	return string(out)
}
