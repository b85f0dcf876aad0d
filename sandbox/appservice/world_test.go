package appservice_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/appservice"
	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const (
	tenantID     = "11111111-1111-1111-1111-111111111111"
	subscription = "22222222-2222-2222-2222-222222222222"
	group        = "/subscriptions/" + subscription + "/resourceGroups/rg"
	siteID       = group + "/providers/Microsoft.Web/sites/orders"
	hostID       = group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/host"
	hostClient   = "33333333-3333-3333-3333-333333333333"
	hostPrinc    = "44444444-4444-4444-4444-444444444444"
	systemPrinc  = "55555555-5555-5555-5555-555555555555"
	publisher    = "66666666-6666-6666-6666-666666666666"
	account      = "https://127.0.0.1:1/blob/acct"
)

// handlerBinary is testdata/handler, built when the first test needs it. Tests
// that run this test binary many times name a folder to keep it in.
var handlerBinary = sync.OnceValue(func() []byte {
	dir := os.Getenv("SANDBOX_TEST_CACHE")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "handler"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
	}
	path := filepath.Join(dir, "handler")
	if binary, err := os.ReadFile(path); err == nil {
		return binary
	}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/handler")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build the handler: %v\n%s", err, out))
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return binary
})

// A world is an App Service with one site, and fakes for what it works with.
type world struct {
	t        testing.TB
	dir      string
	clock    *clock
	store    *store.Store
	log      *route.Log
	weather  *route.Weather
	packages *fakePackages
	tokens   *fakeTokens
	granted  map[string]bool // ObjectID + action
	service  *appservice.Service
	site     store.Site
	settings map[string]string
	said     *recorder
	client   *http.Client
	grace    time.Duration
	cert     tls.Certificate

	unemulated bool // the test asks for what the service does not know
}

// newWorld makes a site with the app settings that a host needs, and settings.
func newWorld(t testing.TB, settings map[string]string) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), clock: &clock{now: time.Date(2026, 1, 5, 12, 0, 30, 0, time.UTC)},
		weather: &route.Weather{}, tokens: &fakeTokens{}, granted: map[string]bool{publisher + "Microsoft.Web/sites/publish/Action": true},
		settings: map[string]string{
			"AzureWebJobsStorage__blobServiceUri": account + "/",
			"AzureWebJobsStorage__credential":     "managedidentity",
			"AzureWebJobsStorage__clientId":       hostClient,
		},
		said: newRecorder(t), grace: 10 * time.Second, cert: newCertificate(t),
	}
	maps.Copy(w.settings, settings)
	w.packages = &fakePackages{dir: t.TempDir(), writers: map[string]bool{hostPrinc: true}, containers: map[string]bool{"packages": true}, blobs: map[string]string{}}
	w.start()
	t.Cleanup(func() {
		w.stop()
		if strange := w.log.Unemulated(); len(strange) > 0 != w.unemulated {
			t.Errorf("got unemulated requests %+v, want some: %t", strange, w.unemulated)
		}
	})
	w.create()
	return w
}

// start opens the store and the service over it, as a sandbox does.
func (w *world) start() {
	w.t.Helper()
	if err := w.tryStart(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryStart() error {
	var err error
	if w.store, err = store.Open(w.dir, w.clock.Now); err != nil {
		return err
	}
	w.log = &route.Log{Now: w.store.Now}
	w.service = appservice.New(appservice.Config{
		Store: w.store, Log: w.log, Weather: w.weather,
		Auth: fakeAuth{}, Tokens: w.tokens, Packages: w.packages,
		Vaults: keyvault.New(keyvault.Config{Store: w.store, AuthorityHost: vaultBase, Log: w.log, Weather: w.weather, Auth: fakeAuth{}}),
		Authorize: func(tenant, principal, action, scope string) (bool, error) {
			return tenant == tenantID && scope == siteID && w.granted[principal+action], nil
		},
		Certificate: w.cert, Environ: []string{"PATH=/usr/bin:/bin", "FROM_MACHINE=machine", "SHARED=machine"},
		Dir: filepath.Join(w.dir, "apps"), StopGrace: w.grace, Output: w.said,
		Logger: slog.New(slog.NewTextHandler(w.said, nil)),
	})
	return w.service.Start(w.t.Context())
}

func (w *world) stop() {
	if w.service == nil {
		return
	}
	if err := errors.Join(w.service.Close(), w.store.Close()); err != nil {
		w.t.Error(err)
	}
	w.service = nil
}

func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// create stores the site's resources as ARM does.
func (w *world) create() {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		var err error
		w.site, err = w.service.Create(tx, siteID, tenantID)
		w.put(tx, siteID, "Microsoft.Web/sites", map[string]any{
			"state": "Running", "enabled": true,
			"functionAppConfig": map[string]any{
				"runtime": map[string]string{"name": "custom", "version": "1.0"},
				"deployment": map[string]any{"storage": map[string]any{
					"type": "blobContainer", "value": account + "/packages",
					"authentication": map[string]string{"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": strings.ToUpper(hostID)},
				}},
			},
		})
		w.setIdentity(tx, map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{
			hostID: map[string]string{"clientId": hostClient, "principalId": hostPrinc},
		}})
		w.put(tx, siteID+"/config/appsettings", "Microsoft.Web/sites/config", w.settings)
		return err
	})
	w.service.Changed(siteID)
	if w.client == nil {
		pool := x509.NewCertPool()
		pool.AddCert(w.cert.Leaf)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, DisableKeepAlives: true}
		w.client = &http.Client{Timeout: time.Minute, Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
}

func (w *world) update(change func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(change); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(tx *store.Tx, id, kind string, properties any) {
	data, err := json.Marshal(properties)
	if err != nil {
		w.t.Fatal(err)
	}
	known, _ := store.ResourceByID(tx, id)
	known.ID, known.TenantID, known.Type, known.Properties = id, tenantID, kind, data
	known.SubscriptionID, known.ResourceGroup, known.Location = subscription, "rg", "westeurope"
	store.Resources.Put(tx, store.ResourceKey(id), known)
}

func (w *world) setIdentity(tx *store.Tx, identity any) {
	data, err := json.Marshal(identity)
	if err != nil {
		w.t.Fatal(err)
	}
	site, _ := store.ResourceByID(tx, siteID)
	site.Identity = data
	store.Resources.Put(tx, store.ResourceKey(siteID), site)
}

// change edits the site's properties and tells the service.
func (w *world) change(edit func(properties map[string]any)) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		site, _ := store.ResourceByID(tx, siteID)
		var properties map[string]any
		if err := json.Unmarshal(site.Properties, &properties); err != nil {
			return err
		}
		edit(properties)
		w.put(tx, siteID, "Microsoft.Web/sites", properties)
		return nil
	})
	w.service.Changed(siteID)
}

// set changes app settings; an empty value removes one.
func (w *world) set(settings ...string) {
	w.t.Helper()
	for i := 0; i < len(settings); i += 2 {
		w.settings[settings[i]] = settings[i+1]
		if settings[i+1] == "" {
			delete(w.settings, settings[i])
		}
	}
	w.update(func(tx *store.Tx) error {
		w.put(tx, siteID+"/config/appsettings", "Microsoft.Web/sites/config", w.settings)
		return nil
	})
	w.service.Changed(siteID)
}

// A reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		t.Fatalf("%v in %d %s", err, r.status, r.body)
	}
}

// send sends a request; headers are name, value pairs.
func (w *world) send(method, url string, body io.Reader, headers ...string) reply {
	w.t.Helper()
	r, err := w.try(method, url, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) try(method, url string, body io.Reader, headers ...string) (reply, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, body)
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(data)}, err
}

func (w *world) app(path string) string {
	return fmt.Sprintf("https://127.0.0.1:%d%s", w.site.AppPort, path)
}

func (w *world) scm(path string) string {
	return fmt.Sprintf("https://127.0.0.1:%d%s", w.site.SCMPort, path)
}

func (w *world) get(path string, headers ...string) reply {
	w.t.Helper()
	return w.send("GET", w.app(path), nil, headers...)
}

// A heard is a request as testdata/handler received it.
type heard struct {
	Method, URI, Host, Body, Dir string
	Header                       http.Header
	Environ, Args                []string
	PID                          int
}

func (h heard) variable(name string) string {
	for _, pair := range h.Environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// hear calls the function Echo.
func (w *world) hear(path string, headers ...string) heard {
	w.t.Helper()
	r := w.get(path, headers...)
	if r.status != http.StatusAccepted {
		w.t.Fatalf("got %d %s, want an answer of the handler; logs:\n%s", r.status, r.body, w.said)
	}
	var h heard
	r.json(w.t, &h)
	return h
}

// A deployment is one as SCM shows it.
type deployment struct {
	ID, Message, Deployer, Author string
	Status                        int
	Complete, Active              bool
	PackageSHA256                 string `json:"packageSha256"`
	LogURL                        string `json:"log_url"`
}

func (w *world) post(query string, content []byte, headers ...string) reply {
	w.t.Helper()
	return w.send("POST", w.scm("/api/publish?"+query), bytes.NewReader(content), append([]string{"Authorization", "Bearer " + publisher}, headers...)...)
}

// publish publishes a package and returns how it ended.
func (w *world) publish(content []byte) deployment {
	w.t.Helper()
	r := w.post("RemoteBuild=false&Deployer=test", content)
	if r.status != http.StatusOK {
		w.t.Fatalf("publish: got %d %s", r.status, r.body)
	}
	return w.latest()
}

func (w *world) latest() (d deployment) {
	w.t.Helper()
	w.send("GET", w.scm("/api/deployments/latest"), nil, "Authorization", "Bearer "+publisher).json(w.t, &d)
	return d
}

// run publishes a package that must succeed.
func (w *world) run(content []byte) {
	w.t.Helper()
	if d := w.publish(content); d.Status != 4 || !d.Complete || !d.Active {
		w.t.Fatalf("got deployment %+v, want success", d)
	}
}
