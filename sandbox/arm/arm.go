// Package arm is the sandbox's Azure Resource Manager: subscriptions, resource
// groups, the resource types that a function app without keys needs, Azure role
// assignments, and the metadata document with the addresses of the other
// services.
//
// Files are named by resource provider: web_* is Microsoft.Web. Each resource
// type has a file with its api-versions, its properties (in the language of
// [schema]), its path and its rules. A property that is not described is
// unemulated (501). Read-only properties in a request are ignored, as in ARM,
// because clients send back what they read.
//
// It follows learn.microsoft.com/rest/api, and uses the error texts that ARM
// and its resource providers send; where a text or code is a guess, the file
// says so. It does not support templates, policies, locks, quotas,
// management groups, or moving resources.
//
// Not for production.
package arm

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/monitor"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// A Config has what a [Service] needs. All fields but OperationTime are
// required.
type Config struct {
	Store   *store.Store
	BaseURL string // https://127.0.0.1:PORT
	// The addresses of the other services.
	AuthorityHost, GraphURL, StorageURL string

	Log     *route.Log
	Weather *route.Weather
	Auth    route.Authenticator
	Sites   Sites
	Vaults  Vaults
	Logs    *monitor.Service // nil means that queries for logs are unemulated

	// Platform is what function apps run on, as GOOS/GOARCH. Empty means Azure's,
	// linux/amd64.
	Platform string

	// OperationTime is how long an asynchronous operation takes, on the
	// sandbox's clock. Zero means that it is done when the client first asks.
	OperationTime time.Duration
}

// Vaults gives vaults their addresses.
type Vaults interface {
	// Of is the address of a vault, with a slash at the end. It stays the same as
	// long as the vault keeps its name.
	Of(vault string) (string, error)
	// Purged is told of a vault that is gone for good.
	Purged(vault string)
}

// Sites runs the apps of Microsoft.Web/sites.
type Sites interface {
	// Create makes the ports, keys and identity header of a new site. It runs
	// in the transaction that creates the resource.
	Create(tx *store.Tx, siteID, tenantID string) (store.Site, error)
	// Delete removes a site. Its processes stop at the call of Changed that
	// follows.
	Delete(tx *store.Tx, siteID string)
	// Changed (re)starts or stops the app. It is called after the commit of a
	// change of the site, its settings or its identity, or of its deletion.
	Changed(siteID string)
	// Restart restarts the app although nothing changed.
	Restart(siteID string)
	// HostKeys returns the keys of the app, or an error if its host cannot run.
	HostKeys(siteID string) (HostKeys, error)
	// FunctionKeys returns the keys of one function by name.
	FunctionKeys(siteID, function string) (map[string]string, error)
	// References returns the state of the Key Vault references, by app setting.
	References(siteID string) map[string]Reference
}

// HostKeys are the keys that open every function of an app.
type HostKeys struct {
	MasterKey    string
	FunctionKeys map[string]string
	SystemKeys   map[string]string
}

// A Service is the resource manager of all subscriptions. It is safe for
// concurrent use.
type Service struct {
	config  Config
	store   *store.Store
	table   route.Table
	types   []*resourceType
	pending atomic.Bool // an operation may be in progress
}

// New returns the service over c.Store.
func New(c Config) *Service {
	s := &Service{config: c, store: c.Store}
	s.types = allTypes()
	s.pending.Store(true)
	s.table = route.Table{
		Service: "arm",
		Source:  "sandbox/arm/routes*.go, or the file of the resource type",
		Routes:  s.routes(),
		Refuse:  s.refuse,
		Guard:   s.guard,
		Path:    fold,
	}
	return s
}

// Handler answers /subscriptions, /providers, /tenants and /metadata.
func (s *Service) Handler() http.Handler {
	next := s.table.Handler(s.config.Log, s.config.Weather)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// learn.microsoft.com/azure/azure-resource-manager/management/async-operations
		// and the common headers of every ARM answer.
		h := w.Header()
		h.Set("x-ms-request-id", uuid.NewString())
		correlation := r.Header.Get("x-ms-correlation-request-id")
		if correlation == "" {
			correlation = uuid.NewString()
		}
		h.Set("x-ms-correlation-request-id", correlation)
		if id := r.Header.Get("x-ms-client-request-id"); id != "" && r.Header.Get("x-ms-return-client-request-id") == "true" {
			h.Set("x-ms-client-request-id", id)
		}
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// Routes returns the routes that [Service.Handler] answers.
func (s *Service) Routes() []route.Route { return s.table.Routes }
