// Package appservice runs what is behind the host names of the sandbox's function
// apps: the Azure Functions host that runs a published package's
// handler as a process, the SCM site that packages are published to, the keys
// of the functions, and the endpoint for managed identity tokens.
//
// It emulates App Service on the Flex Consumption plan with custom handlers:
// learn.microsoft.com/azure/azure-functions/functions-custom-handlers, the host
// in github.com/Azure/azure-functions-host, OneDeploy over SCM, and
// learn.microsoft.com/azure/app-service/overview-managed-identity. It runs HTTP
// and timer triggers. A site has one instance, which never idles out: scaling is
// not emulated, nor are other plans, other language workers, other bindings,
// App Service authentication, CORS, access restrictions and key management.
//
// It works with any functions.
//
// Not for production: a handler runs with the rights of the user who runs the
// sandbox, and its resources are not limited.
package appservice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// Tokens issues the access tokens of managed identities.
type Tokens interface {
	ManagedIdentityTokenFor(correlationID, tenantID, principalID, resource string) (store.CachedToken, error)
}

// Packages reads and writes blobs as a principal, with that principal's roles.
type Packages interface {
	Write(tenantID, principalID, account, container, name, contentType string, content io.Reader) error
	Read(tenantID, principalID, account, container, name string) (path string, err error)
}

// A Config says what a service works with. Only StopGrace, Environ, Printed,
// Output and Logger may be left out.
type Config struct {
	Store    *store.Store
	Log      *route.Log
	Weather  *route.Weather
	Auth     route.Authenticator
	Tokens   Tokens
	Packages Packages
	Vaults   Vaults

	// Authorize reports whether a principal may do an Azure action at a scope.
	Authorize func(tenantID, principalID, action, scope string) (bool, error)

	Certificate tls.Certificate // of all sites' listeners
	Environ     []string        // what every handler gets, below its app settings
	Dir         string          // for unpacked packages; emptied by Start and Close

	// StopGrace is how long a handler may take to stop before it is killed.
	// Zero means ten seconds.
	StopGrace time.Duration

	// Printed takes each line that a site's handler prints, for its logs. Nil means
	// that there are none.
	Printed func(siteID, level, text string)

	Output io.Writer    // gets every line the handlers print, after the site's name
	Logger *slog.Logger // gets the log lines of the hosts
}

// A Service is the App Service of a sandbox. It is safe for concurrent use.
type Service struct {
	config   Config
	output   *lineOutput
	starter  *starter
	identity *http.Server
	endpoint net.Listener // of identity
	// identityURL is the IDENTITY_ENDPOINT of all handlers, set by Start.
	identityURL string

	mu       sync.Mutex
	apps     map[string]*app       // by resource key
	reserved map[string]*listeners // of sites whose creation is not committed yet
	stopping sync.WaitGroup        // apps that were taken out of the map, and deployments
	closed   bool
}

// New returns a service over c.Store that does not listen yet.
func New(c Config) *Service {
	if c.StopGrace == 0 {
		c.StopGrace = 10 * time.Second
	}
	if c.Printed == nil {
		c.Printed = func(string, string, string) {}
	}
	if c.Output == nil {
		c.Output = io.Discard
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{
		config:   c,
		output:   &lineOutput{to: c.Output},
		starter:  newStarter(),
		apps:     make(map[string]*app),
		reserved: make(map[string]*listeners),
	}
}

// Start opens the managed identity endpoint and the two listeners of every
// site, on the ports they had before, and starts the apps. A port that is
// in use is an error that names it. ctx is only for the start.
func (s *Service) Start(ctx context.Context) error {
	if err := emptyDir(s.config.Dir); err != nil {
		return fmt.Errorf("prepare the folder of unpacked packages: %w", err)
	}
	if err := s.startIdentity(ctx); err != nil {
		return err
	}
	sites, err := s.interrupted()
	if err != nil {
		return errors.Join(err, s.Close())
	}
	for _, site := range sites {
		opened, err := reopen(ctx, site)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		s.serve(site, opened)
	}
	return nil
}

// interrupted returns the sites, and marks as failed the deployments that were
// running when the sandbox last stopped.
func (s *Service) interrupted() ([]store.Site, error) {
	var sites []store.Site
	err := s.config.Store.Update(func(tx *store.Tx) error {
		for _, site := range store.Sites.All(tx, "") {
			sites = append(sites, site)
		}
		for _, site := range sites {
			for i, d := range site.Deployments {
				if d.EndedAt.IsZero() {
					site.Deployments[i] = ended(d, statusFailed, "the sandbox stopped during this deployment; publish again", s.config.Store.Now())
				}
			}
			store.Sites.Put(tx, store.ResourceKey(site.ResourceID), site)
		}
		return nil
	})
	return sites, err
}

// Close stops the handlers and the listeners and waits for them. What was
// stored stays.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	for key, a := range s.apps {
		s.dropLocked(key, a)
	}
	for key, held := range s.reserved {
		held.Close()
		delete(s.reserved, key)
	}
	s.mu.Unlock()
	s.stopping.Wait()
	s.starter.close()
	if s.identity != nil {
		s.identity.Close()
		s.endpoint.Close() // the server may not have taken it over yet
	}
	return emptyDir(s.config.Dir)
}

// spawn runs work that Close waits for. It returns false when the service is
// closed.
func (s *Service) spawn(work func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.stopping.Go(work)
	}
	return !s.closed
}

// Logs returns the newest log lines of a site, oldest first, of its handler and
// its host. Nil means there is no such site.
func (s *Service) Logs(siteID string) []string {
	a := s.app(siteID)
	if a == nil {
		return nil
	}
	return a.journal.lines()
}

// Tick reads the Key Vault references and runs the timers that are due at now,
// and returns when they have run. Call it after advancing the clock; hosts follow
// the machine's time on their own.
func (s *Service) Tick(now time.Time) {
	s.mu.Lock()
	apps := make([]*app, 0, len(s.apps))
	for _, a := range s.apps {
		apps = append(apps, a)
	}
	s.mu.Unlock()
	var running sync.WaitGroup
	for _, a := range apps {
		running.Go(func() {
			if a.due(now) {
				a.refresh(false)
			}
			if host := a.await(context.Background()); host != nil {
				host.tick(now)
			}
		})
	}
	running.Wait()
}

// app returns the running site, or nil.
func (s *Service) app(siteID string) *app {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apps[store.ResourceKey(siteID)]
}

// Routes returns the routes of all of the package's services, by service.
func (s *Service) Routes() map[string][]route.Route {
	a := &app{service: s}
	return map[string][]route.Route{
		"functions": a.functionsTable().Routes,
		"scm":       a.scmTable().Routes,
		"identity":  s.identityTable().Routes,
	}
}

// lastName is the last segment of an ARM id.
func lastName(id string) string { return id[strings.LastIndex(id, "/")+1:] }
