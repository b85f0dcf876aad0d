package appservice

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/arm"
	"app-to-app/sandbox/store"
)

// An app is one site as it runs: its listeners and, behind them, one Functions
// host after the other. A single goroutine replaces hosts, so that two changes
// never start two handlers.
type app struct {
	service    *Service
	id         string // ARM id
	key        string
	name       string
	listeners  *listeners
	servers    []*http.Server
	journal    *journal
	instanceID string
	dir        string     // its packages are unpacked below
	publishing sync.Mutex // held from a package's arrival until it runs

	mu      sync.Mutex
	wanted  int           // changes so far
	settled int           // changes that the host runs with
	forced  bool          // replace the host although nothing changed
	moved   chan struct{} // closed when one of these fields changes
	host    *functionsHost
	closed  bool
	done    chan struct{} // closed when the goroutine ended

	references map[string]arm.Reference // Key Vault references by app setting
	resolvedAt time.Time                // when they were read last
	reminder   *time.Timer              // only the goroutine has it
}

func newApp(s *Service, site store.Site, opened *listeners) *app {
	name := lastName(site.ResourceID)
	return &app{
		service: s, id: site.ResourceID, key: store.ResourceKey(site.ResourceID), name: name,
		listeners: opened, instanceID: uuid.NewString(),
		dir: filepath.Join(s.config.Dir, uuid.NewString()),
		journal: &journal{site: name, now: s.config.Store.Now, output: s.output, logger: s.config.Logger,
			keepLine: func(level, text string) { s.config.Printed(site.ResourceID, level, text) }},
		wanted: 1, moved: make(chan struct{}), done: make(chan struct{}),
	}
}

func (a *app) start() {
	a.servers = []*http.Server{
		a.service.serveTLS(a.listeners.app, a.functionsHandler()),
		a.service.serveTLS(a.listeners.scm, a.scmTable().Handler(a.service.config.Log, a.service.config.Weather)),
	}
	go a.run()
}

// stop ends the app and waits until its handler has ended.
func (a *app) stop() {
	a.mu.Lock()
	a.closed = true
	a.movedLocked()
	a.mu.Unlock()
	for _, server := range a.servers {
		server.Close()
	}
	a.listeners.Close() // the servers may not have taken them over yet
	<-a.done
	if err := emptyDir(a.dir); err != nil {
		a.service.config.Logger.Warn("remove unpacked package", "site", a.name, "error", err)
	}
}

// refresh asks for a host that runs with what is stored now.
func (a *app) refresh(forced bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted++
	a.forced = a.forced || forced
	a.movedLocked()
}

func (a *app) movedLocked() {
	close(a.moved)
	a.moved = make(chan struct{})
}

// run replaces the host whenever what is stored changes, until the app stops.
func (a *app) run() {
	defer close(a.done)
	for {
		wanted, forced, old, ok := a.next()
		if !ok {
			a.remind()
			if old != nil {
				old.stop()
			}
			return
		}
		def, err := a.service.define(a.id)
		if err == nil {
			a.follow(&def)
		}
		a.remind()
		if err == nil && !forced && old != nil && old.err == nil && old.fingerprint == def.fingerprint() {
			a.settle(wanted, old)
			continue
		}
		if old != nil {
			old.stop()
		}
		a.settle(wanted, a.startHost(def, err))
	}
}

// next waits for a change; not ok means that the app stops.
func (a *app) next() (wanted int, forced bool, old *functionsHost, ok bool) {
	for {
		a.mu.Lock()
		wanted, forced, old, ok = a.wanted, a.forced, a.host, !a.closed
		moved := a.moved
		if !ok || wanted != a.settled {
			a.forced = false
			a.mu.Unlock()
			return wanted, forced, old, ok
		}
		a.mu.Unlock()
		<-moved
	}
}

func (a *app) settle(wanted int, host *functionsHost) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.host, a.settled = host, wanted
	a.movedLocked()
}

// await returns the host once it runs with all changes made so far. Nil means
// that the app stops or ctx ended.
func (a *app) await(ctx context.Context) *functionsHost {
	for {
		a.mu.Lock()
		if a.closed {
			a.mu.Unlock()
			return nil
		}
		if a.settled == a.wanted {
			host := a.host
			a.mu.Unlock()
			return host
		}
		moved := a.moved
		a.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return nil
		}
	}
}

// usable is await, but if the host failed to start, it tries again, like Azure:
// what was missing (a role assignment) may exist now.
func (a *app) usable(ctx context.Context) *functionsHost {
	host := a.await(ctx)
	if host == nil || host.err == nil {
		return host
	}
	a.refresh(false)
	return a.await(ctx)
}
