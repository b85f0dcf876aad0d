package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"app-to-app/sandbox/appservice"
	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// Tenants returns the sandbox's tenants; the first is the default.
func (s *Sandbox) Tenants() []Tenant { return s.tenants }

// History returns the requests so far, oldest first.
func (s *Sandbox) History() []route.Entry { return s.log.Entries() }

// Unemulated returns the requests that the sandbox does not emulate.
func (s *Sandbox) Unemulated() []route.Entry { return s.log.Unemulated() }

// Routes are the routes of each service, by service.
func (s *Sandbox) Routes() map[string][]route.Route { return s.routes }

// Weather returns the queue of faults.
func (s *Sandbox) Weather() *route.Weather { return s.weather }

// Entra returns the token service, for tests that set lifetimes, rotate keys or
// forge tokens.
func (s *Sandbox) Entra() *entra.Service { return s.entra }

// Apps returns App Service, for tests that read the function apps' logs.
func (s *Sandbox) Apps() *appservice.Service { return s.apps }

// Logs returns what function apps print, for tests that print in their stead.
func (s *Sandbox) Logs() *monitor.Service { return s.logs }

// Store returns the state, for tests.
func (s *Sandbox) Store() *store.Store { return s.store }

// Roots is a pool with the sandbox's certificate authority.
func (s *Sandbox) Roots() *x509.CertPool { return s.roots }

// HTTPClient returns a client that trusts only the sandbox's certificates.
func (s *Sandbox) HTTPClient() *http.Client {
	return &http.Client{
		Timeout:   2 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true},
	}
}

// SetPremium gives a tenant a licence of P1, which every tenant has at first, or
// takes it away.
func (s *Sandbox) SetPremium(t Tenant, premium bool) error {
	return s.store.Update(func(tx *store.Tx) error {
		tenant, ok := store.Tenants.Get(tx, strings.ToLower(t.ID))
		if !ok {
			return fmt.Errorf("licence: expected a tenant of this sandbox, got %q", t.ID)
		}
		tenant.NoPremium = !premium
		store.Tenants.Put(tx, strings.ToLower(t.ID), tenant)
		return nil
	})
}

// Advance moves the sandbox's clock and runs the timers that are due.
func (s *Sandbox) Advance(d time.Duration) error {
	if err := s.store.Advance(d); err != nil {
		return err
	}
	s.apps.Tick(s.store.Now())
	return nil
}
