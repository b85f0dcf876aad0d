// Package entra is the sandbox's Microsoft Entra ID: discovery, signing keys,
// the v2 and v1 token endpoints for the client credentials grant, and the
// tokens of managed identities. It also checks bearer tokens for the sandbox's
// other services ([Service.Authenticate]).
//
// It emulates
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
// The rules are:
//
//  1. A token is issued only for what is in the tenant: a client with a service
//     principal and a valid credential, and a known resource. It carries only
//     app roles that were assigned.
//  2. Times in tokens and assertions are the machine's, because clients check
//     them with their own clock. What the service stores (expiry of credentials,
//     the managed identity cache, retired keys) follows the sandbox's clock.
//  3. No issuer is a Microsoft host; only issuers on the loopback interface are
//     ever asked for their keys.
//
// On purpose it has no users: no interactive flow, no delegated permission, no
// refresh token, no conditional access. Changes take effect at once, unless a
// [route.Lag] is set.
//
// Not for production.
package entra

import (
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// A Config holds what a [Service] needs.
type Config struct {
	Store   *store.Store
	BaseURL string // https://127.0.0.1:PORT
	// AuthorityAlias is [sandbox.Options.AuthorityAlias]; empty for none.
	AuthorityAlias string
	// The addresses of the other services that are resources by themselves.
	GraphURL, ResourceManagerURL string
	Log                          *route.Log
	Weather                      *route.Weather

	// HTTPClient fetches the keys of the outside issuers of federated identity
	// credentials. Nil means one with the system's certificates.
	HTTPClient *http.Client

	// NewKey makes signing keys; nil means new RSA keys of 2048 bits. Tests
	// share a few.
	NewKey func() (*rsa.PrivateKey, error)
}

// A Service is Microsoft Entra ID for all tenants of a sandbox. It is safe for
// concurrent use.
type Service struct {
	Config
	host    string // 127.0.0.1:PORT
	table   route.Table
	handler http.Handler

	mu        sync.Mutex // guards lifetimes
	lifetimes Lifetimes

	private sync.Map // key id → *rsa.PrivateKey, parsed once
	foreign func() (*rsa.PrivateKey, error)
}

// New returns the service over c.
func New(c Config) *Service {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	if c.NewKey == nil {
		c.NewKey = generateKey
	}
	c.HTTPClient = withoutRedirects(c.HTTPClient)
	s := &Service{Config: c, foreign: sync.OnceValues(generateKey)}
	if base, err := url.Parse(c.BaseURL); err == nil {
		s.host = base.Host
	}
	s.table = route.Table{
		Service: "entra",
		Source:  "sandbox/entra/routes.go",
		Routes:  s.routes(),
		Refuse:  s.refuseFault,
	}
	s.handler = s.table.Handler(c.Log, c.Weather)
	return s
}

// Handler answers everything below /TENANT/.
func (s *Service) Handler() http.Handler { return s.handler }

// Routes returns the service's routes.
func (s *Service) Routes() route.Table { return s.table }
