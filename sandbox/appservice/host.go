package appservice

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/store"
)

// The version that the host says it is, in headers and in its status.
const hostVersion = "4.1042.100.1"

// A functionsHost is the Azure Functions host over one definition of a site:
// one package, one set of app settings. It does not change; a new one replaces
// it. One that cannot run has err and nothing else.
type functionsHost struct {
	app         *app
	def         definition
	fingerprint [sha256.Size]byte
	started     time.Time
	err         error

	root       string // of the unpacked package; empty without one
	executable string
	config     hostConfig
	functions  []*function
	routes     []*function // with an HTTP trigger, by precedence
	transport  *http.Transport
	handler    *handler // nil without functions
	timers     []*timer

	ctx    context.Context // ends when the host stops
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup
	calls   sync.WaitGroup // invocations over HTTP
}

// startHost starts a host for def. If it cannot run, its err says why.
func (a *app) startHost(def definition, err error) *functionsHost {
	h := &functionsHost{
		app: a, def: def, started: a.service.config.Store.Now(),
		// The proxy must not change requests and answers.
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	if err == nil {
		h.fingerprint = def.fingerprint()
		if def.available() {
			err = h.load()
		}
	}
	if err != nil {
		h.err = err
		if def.Package != "" {
			a.journal.host(failure, "the functions host cannot start: %s", err)
		}
		return h
	}
	if !def.available() || len(h.functions) == 0 {
		return h
	}
	h.handler = &handler{host: h, environ: handlerEnviron(a.service, def, a.instanceID), done: make(chan struct{}), moved: make(chan struct{})}
	h.spawn(h.handler.run)
	for _, f := range h.functions {
		if f.timer != nil && f.err == nil && !f.disabled {
			t := newTimer(h, f)
			h.timers = append(h.timers, t)
			h.spawn(t.run)
		}
	}
	return h
}

// spawn runs work until it is done or the host stops.
func (h *functionsHost) spawn(work func(context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stopped {
		h.running.Go(func() { work(h.ctx) })
	}
}

// enter begins an invocation, unless the host is about to be replaced: then the
// next host takes it.
func (h *functionsHost) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.calls.Add(1)
	return true
}

// drain waits for the invocations under way, while the handler can still
// answer them: an instance that is replaced finishes what it has begun
// (https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates).
func (h *functionsHost) drain(grace time.Duration) {
	if h.handler == nil || !h.handler.isReady() {
		return
	}
	done := make(chan struct{})
	go func() {
		h.calls.Wait()
		close(done)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		h.app.journal.host(warning, "invocations were still running after %s", grace)
	}
}

// stop stops the handler and the timers, waits for them, and removes the
// unpacked package.
func (h *functionsHost) stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.drain(h.app.service.config.StopGrace)
	h.cancel()
	h.running.Wait()
	h.transport.CloseIdleConnections()
	if h.root != "" {
		if err := emptyDir(h.root); err != nil {
			h.app.journal.host(warning, "remove unpacked package: %s", err)
		}
	}
}

// load checks the host's storage and reads the package, as the host does when it
// starts.
func (h *functionsHost) load() error {
	if err := h.probeStorage(); err != nil {
		return err
	}
	if h.def.Package == "" {
		return nil
	}
	c, err := h.def.packages()
	if err != nil {
		return err
	}
	service := h.app.service
	file, err := service.config.Packages.Read(h.def.TenantID, c.principalID, c.account, c.name, packageName)
	if err != nil {
		return fmt.Errorf("read %s from container %q of account %q: %w", packageName, c.name, c.account, err)
	}
	if sum, err := hashOf(file); err != nil {
		return fmt.Errorf("open %s: %w", packageName, err)
	} else if sum != h.def.Package {
		return unemulated("host.go", "a package (SHA-256 %s) that was put into container %q past OneDeploy", sum, c.name)
	}
	archive, err := openPackage(file)
	if err != nil {
		return fmt.Errorf("open %s: %w", packageName, err)
	}
	defer archive.Close()
	if h.config, h.functions, h.executable, err = readApp(&archive.Reader, h.def, service.config.Environ); err != nil {
		return err
	}
	h.root = filepath.Join(h.app.dir, uuid.NewString())
	if err := unpack(&archive.Reader, h.root); err != nil {
		return fmt.Errorf("unpack %s: %w", packageName, err)
	}
	if h.config.InPackage {
		h.executable = filepath.Join(h.root, filepath.FromSlash(h.config.Executable))
	}
	h.routes = byPrecedence(h.functions)
	return h.index()
}

// probeStorage checks that the host's identity may write where the host keeps
// its keys. In Azure a host without Storage Blob Data Owner cannot read the keys
// of its callers, and stops.
// learn.microsoft.com/azure/azure-functions/functions-reference#grant-permission-to-the-identity
func (h *functionsHost) probeStorage() error {
	c, err := h.def.hostStorage()
	if err != nil {
		return err
	}
	for _, container := range []string{"azure-webjobs-secrets", "azure-webjobs-hosts"} {
		err := h.app.service.config.Packages.Write(h.def.TenantID, c.principalID, c.account, container,
			"sandbox/"+h.def.name()+"/probe", "application/octet-stream", bytes.NewReader(nil))
		if err := accessibleStorage(err); err != nil {
			return fmt.Errorf("keep keys and timers in container %q of account %q (app settings AzureWebJobsStorage__*): %w; the identity needs Storage Blob Data Owner", container, c.account, err)
		}
	}
	return nil
}

// index lists the functions in the log, and stores their names and keys.
func (h *functionsHost) index() error {
	var names []string
	described := make(map[string]store.Function)
	for _, f := range h.functions {
		names = append(names, f.name)
		described[f.name] = f.described()
		switch {
		case f.err != nil:
			h.app.journal.host(failure, "%s", f.err)
		case f.disabled:
			h.app.journal.host(information, "function %q is disabled", f.name)
		default:
			h.app.journal.host(information, "function %q is loaded", f.name)
		}
	}
	if len(names) == 0 {
		h.app.journal.host(warning, "no functions found: expected folders with a function.json at the package's root")
	}
	return h.app.service.updateSite(h.def.SiteID, func(site *store.Site) {
		site.Functions, site.Described = names, described
		if site.FunctionKeys == nil {
			site.FunctionKeys = make(map[string]map[string]string)
		}
		for _, name := range names {
			if site.FunctionKeys[name] == nil {
				site.FunctionKeys[name] = map[string]string{"default": h.app.service.newKey(store.FunctionKey)}
			}
		}
		for name := range site.Timers {
			if !slices.Contains(names, name) {
				delete(site.Timers, name)
			}
		}
	})
}

// readApp reads host.json and the functions of an open package.
func readApp(files fs.FS, def definition, environ []string) (config hostConfig, functions []*function, executable string, err error) {
	if def.Runtime != "" && def.Runtime != "custom" {
		return config, nil, "", unemulated("host.go", "functionAppConfig.runtime.name %q", def.Runtime)
	}
	if config, err = readHostConfig(files, def.setting, def.Settings); err != nil {
		return config, nil, "", err
	}
	if functions, err = readFunctions(files, def, config); err != nil {
		return config, nil, "", err
	}
	executable = config.Executable
	if !config.InPackage {
		executable, err = findOnPath(config.Executable, environ, def.Settings)
	}
	return config, functions, executable, err
}

// findOnPath finds an executable that is not in the package.
func findOnPath(name string, environ []string, settings map[string]string) (string, error) {
	path := settings["PATH"]
	if path == "" {
		path = variable(environ, "PATH")
	}
	if filepath.IsAbs(name) {
		path = filepath.Dir(name)
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, filepath.Base(name))
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("host.json: customHandler.description.defaultExecutablePath: expected an executable file of the package, got %q, which is neither there nor on PATH", name)
}

// tick runs the timers that are due at now and waits for them.
func (h *functionsHost) tick(now time.Time) {
	var running sync.WaitGroup
	for _, t := range h.timers {
		running.Go(func() {
			t.fire(context.Background(), now)
			t.clockMoved()
		})
	}
	running.Wait()
}

// port waits until the handler is ready. A call may wait for as long as the
// handler may take for all its starts (WorkerFunctionInvoker).
func (h *functionsHost) port(ctx context.Context) (int, error) {
	if h.handler == nil {
		return 0, errors.New("the functions host has no functions")
	}
	ctx, cancel := context.WithTimeout(ctx, (maxErrors+1)*h.config.InitTimeout)
	defer cancel()
	return h.handler.await(ctx)
}

// client is what default payload invocations are sent with: redirects are
// followed, and it waits a minute longer than the function may take.
func (h *functionsHost) client() *http.Client {
	client := &http.Client{Transport: h.transport}
	if h.config.Timeout > 0 {
		client.Timeout = h.config.Timeout + time.Minute
	}
	return client
}
