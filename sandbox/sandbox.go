// Package sandbox is a strict local Azure: Microsoft Entra tokens, Microsoft
// Graph, Azure Resource Manager, blob storage, Key Vault, and App Service with
// its Functions host and managed identity endpoint, on the loopback interface.
// Real clients (Pulumi's engine, azidentity, MSAL, az) work with it, and the
// function apps that they publish really run.
//
// The rules are:
//
//  1. Loopback only. State, keys and the certificate authority live in one
//     directory. No issuer is ever a Microsoft host, and none is contacted.
//  2. Always strict. A request that the sandbox does not know is unemulated: it
//     gets 501, is recorded ([Sandbox.Unemulated]) and fails the run that sent it.
//     What the real service would refuse is refused with that service's error.
//     Nothing is granted by default.
//  3. It does not depend on what is deployed to it.
//  4. The history of requests masks secrets; faults are queued and
//     deterministic.
//
// Not for production: anyone who can read the directory has all its secrets.
package sandbox

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"app-to-app/sandbox/appservice"
	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/blob"
	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/graph"
	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/loopback"
	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// ErrPlatform is returned by [Start] on a machine that cannot run function apps.
var ErrPlatform = errors.New("the sandbox needs Linux (WSL2 is fine) or macOS, on amd64 or arm64")

// runs reports whether function apps can run on a platform: they are built for it.
func runs(system, architecture string) bool {
	return slices.Contains([]string{"linux", "darwin"}, system) && slices.Contains([]string{"amd64", "arm64"}, architecture)
}

// Options configure a sandbox. Only Dir is required.
type Options struct {
	// Dir holds the sandbox's state. Required.
	Dir string
	// Addr is the address of the main listener. Empty means the address that Dir
	// was used with before, or a free port on 127.0.0.1.
	Addr string
	// FirstAddr is tried before a free port when Dir has no address yet.
	FirstAddr string
	// AuthorityAlias is an address besides BaseURL to which client assertions may
	// be made out: https://login.microsoftonline.com for a client in which that
	// is fixed, and whose requests a test sends to the sandbox. Empty means none.
	AuthorityAlias string
	// Wall is the machine's clock; nil means time.Now.
	Wall func() time.Time
	// NewKey makes the tenants' signing keys; nil means new RSA keys of 2048
	// bits. Tests share a few.
	NewKey func() (*rsa.PrivateKey, error)
	// ForgetIssued keeps no secrets for [Sandbox.Issued], whose memory grows with
	// each token: for a sandbox that runs for days.
	ForgetIssued bool
	// Output receives what the function apps print; nil discards it.
	Output io.Writer
	// Logger receives the sandbox's log; nil discards it.
	Logger *slog.Logger
	// Answered is called with each answer that a service has sent; nil is nobody.
	Answered func(route.Answer)
}

// A Sandbox is a running local Azure. Its methods are safe for concurrent use.
type Sandbox struct {
	Dir string
	// The addresses of the services are https://127.0.0.1:PORT, each with a port
	// of its own, because clients take audiences and ids from hosts.
	BaseURL            string // Entra, the authority host; blob storage by path
	GraphURL           string
	ResourceManagerURL string

	store     *store.Store
	log       *route.Log
	weather   *route.Weather
	entra     *entra.Service
	apps      *appservice.Service
	vaults    *keyvault.Addresses
	logs      *monitor.Service
	tenants   []Tenant
	forgetful bool // of issued secrets
	roots     *x509.CertPool
	routes    map[string][]route.Route
	control   *control
	servers   []*http.Server
	// The server closes a listener only if Serve was called with it.
	listeners []net.Listener
}

// Start opens the sandbox in o.Dir and serves it until [Sandbox.Close].
func Start(ctx context.Context, o Options) (_ *Sandbox, err error) {
	if !runs(runtime.GOOS, runtime.GOARCH) {
		return nil, fmt.Errorf("%w, got %s/%s", ErrPlatform, runtime.GOOS, runtime.GOARCH)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil || o.Dir == "" {
		return nil, fmt.Errorf("start sandbox: expected a directory, got %q", o.Dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	s := &Sandbox{Dir: dir, weather: &route.Weather{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.store, err = store.Open(dir, o.Wall); err != nil {
		return nil, err
	}
	if s.forgetful = o.ForgetIssued; s.forgetful {
		s.store.ForgetIssued()
	}
	s.log = &route.Log{Now: s.store.Now, Answered: o.Answered}
	certificate, roots, err := openTrust(dir, o.Wall())
	if err != nil {
		return nil, err
	}
	s.roots = roots
	listener, err := listen(s.store, "addr", o.Addr, o.FirstAddr)
	if err != nil {
		return nil, err
	}
	s.listeners = append(s.listeners, listener)
	graphListener, err := s.listen("graphAddr")
	if err != nil {
		return nil, err
	}
	armListener, err := s.listen("armAddr")
	if err != nil {
		return nil, err
	}
	s.BaseURL, s.GraphURL, s.ResourceManagerURL = address(listener), address(graphListener), address(armListener)
	handlers, err := s.assemble(o, certificate)
	if err != nil {
		return nil, err
	}
	if err := s.vaults.Reopen(ctx, s.store); err != nil {
		return nil, err
	}
	if err := s.apps.Start(ctx); err != nil {
		return nil, fmt.Errorf("start function apps: %w", err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}}
	s.serve(tls.NewListener(listener, secure), handlers.main)
	s.serve(tls.NewListener(graphListener, secure), handlers.graph)
	s.serve(tls.NewListener(armListener, secure), handlers.arm)
	if err := s.startControl(); err != nil {
		return nil, err
	}
	return s, s.writeEnviron()
}

// handlers are those of the ports.
type handlers struct{ main, graph, arm http.Handler }

// assemble connects the services to the store.
func (s *Sandbox) assemble(o Options, certificate tls.Certificate) (handlers, error) {
	s.entra = entra.New(entra.Config{
		Store: s.store, BaseURL: s.BaseURL, AuthorityAlias: o.AuthorityAlias, GraphURL: s.GraphURL, ResourceManagerURL: s.ResourceManagerURL,
		Log: s.log, Weather: s.weather, NewKey: o.NewKey,
	})
	blobs := blob.New(blob.Config{Store: s.store, BaseURL: s.BaseURL, Log: s.log, Weather: s.weather, Auth: s.entra})
	vaults := keyvault.New(keyvault.Config{Store: s.store, AuthorityHost: s.BaseURL, Log: s.log, Weather: s.weather, Auth: s.entra})
	s.vaults = keyvault.NewAddresses(vaults.Handler(), certificate)
	s.logs = monitor.New(s.store, s.weather)
	s.apps = appservice.New(appservice.Config{
		Store: s.store, Log: s.log, Weather: s.weather,
		Auth: s.entra, Tokens: s.entra, Packages: blobs, Vaults: vaults,
		Authorize:   s.authorize,
		Certificate: certificate,
		Environ:     append(hostEnviron(), "SSL_CERT_FILE="+bundlePath(s.Dir)),
		Dir:         filepath.Join(s.Dir, "apps"),
		Printed:     s.logs.Printed,
		Output:      o.Output, Logger: o.Logger,
	})
	directory := graph.New(graph.Config{Store: s.store, BaseURL: s.GraphURL, AuthorityHost: s.BaseURL, Log: s.log, Weather: s.weather, Auth: s.entra})
	resources := arm.New(arm.Config{Store: s.store, BaseURL: s.ResourceManagerURL, AuthorityHost: s.BaseURL, GraphURL: s.GraphURL, StorageURL: s.BaseURL, Log: s.log, Weather: s.weather, Auth: s.entra, Sites: s.apps, Vaults: s.vaults, Logs: s.logs, Platform: runtime.GOOS + "/" + runtime.GOARCH})
	var err error
	if s.tenants, err = seed(s.store, s.entra); err != nil {
		return handlers{}, fmt.Errorf("seed sandbox: %w", err)
	}
	s.routes = map[string][]route.Route{
		"entra": s.entra.Routes().Routes, "graph": directory.Routes().Routes, "arm": resources.Routes(), "blob": blobs.Routes(),
		"keyvault": vaults.Routes(),
	}
	maps.Copy(s.routes, s.apps.Routes())
	return handlers{byPath(s.entra.Handler(), blobs.Handler()), directory.Handler(), resources.Handler()}, nil
}

// byPath selects the service of the main port by the first path segment. The rest
// goes to Entra, whose paths start with a tenant.
func byPath(entra, blob http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if strings.EqualFold(first, "blob") {
			blob.ServeHTTP(w, r)
			return
		}
		entra.ServeHTTP(w, r)
	})
}

// authorize decides for App Service whether a principal may do an action.
func (s *Sandbox) authorize(tenantID, principalID, action, scope string) (allowed bool, err error) {
	err = s.store.View(func(tx *store.Tx) error {
		allowed = rbac.Allowed(tx, tenantID, principalID, action, scope)
		return nil
	})
	return allowed, err
}

// listen opens the port of a service, the one of the last start. Close closes it.
func (s *Sandbox) listen(name string) (net.Listener, error) {
	listener, err := listen(s.store, name, "", "")
	if err == nil {
		s.listeners = append(s.listeners, listener)
	}
	return listener, err
}

func address(l net.Listener) string { return "https://" + l.Addr().String() }

// listen opens a loopback listener: on addr if that is set, otherwise on the
// address stored under name, on first, or on a free port. It stores the address.
func listen(s *store.Store, name, addr, first string) (net.Listener, error) {
	var used string
	err := s.View(func(tx *store.Tx) error {
		if known, ok := store.Settings.Get(tx, name); ok {
			return json.Unmarshal(known, &used)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if addr != "" && used != "" && addr != used {
		return nil, fmt.Errorf("listen: expected %s, the address that this sandbox's stacks and function apps use, got %q; fix: leave out the address, or choose another directory", used, addr)
	}
	listener, err := openListener(cmp.Or(used, addr), first)
	switch {
	case err != nil && used != "":
		return nil, fmt.Errorf("listen on %s, the address of this sandbox: %w; fix: stop the process that uses it, or choose another directory", used, err)
	case err != nil:
		return nil, fmt.Errorf("%w; fix: leave out the address, to take a free port", err)
	}
	kept, err := json.Marshal(listener.Addr().String())
	if err == nil {
		err = s.Update(func(tx *store.Tx) error {
			store.Settings.Put(tx, name, kept)
			return nil
		})
	}
	if err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}

// openListener listens on addr. If that is empty, it listens on first if that is
// free, or on any port.
func openListener(addr, first string) (net.Listener, error) {
	if addr == "" {
		if first != "" {
			if listener, err := openListener(first, ""); err == nil {
				return listener, nil
			}
		}
		return loopback.ListenFree(context.Background())
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen: expected an address like 127.0.0.1:8443, got %q", addr)
	}
	if host != "127.0.0.1" {
		return nil, fmt.Errorf("listen: expected the loopback address 127.0.0.1, got %q: the sandbox never listens elsewhere", host)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("listen: expected a port number, got %q", port)
	}
	return loopback.Listen(context.Background(), number)
}

// serve answers on listener until Close.
func (s *Sandbox) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	s.listeners = append(s.listeners, listener)
	go server.Serve(listener)
}

// Close stops the function apps and the listeners. It keeps the directory.
func (s *Sandbox) Close() error {
	var err error
	for _, server := range s.servers {
		err = errors.Join(err, server.Close())
	}
	for _, listener := range s.listeners {
		if closed := listener.Close(); !errors.Is(closed, net.ErrClosed) {
			err = errors.Join(err, closed)
		}
	}
	s.servers, s.listeners = nil, nil
	if s.vaults != nil {
		err = errors.Join(err, s.vaults.Close())
	}
	if s.apps != nil {
		err = errors.Join(err, s.apps.Close())
		s.apps = nil
	}
	if s.logs != nil {
		err = errors.Join(err, s.logs.Flush())
		s.logs = nil
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
		s.store = nil
	}
	return err
}
