// Package graph is the sandbox's Microsoft Graph: app registrations, service
// principals, app role assignments, owners, credentials and the recycle bin,
// under /v1.0 and /beta, as the azuread provider and az use them.
//
// It emulates the Graph REST API
// (https://learn.microsoft.com/graph/api/overview) and refuses what Graph
// refuses, with Graph's errors: editing an enabled app role, using an identifier
// URI twice, an application's object id as a principal, a token without the
// permission. The rules are:
//
//  1. A route names the app roles of Graph's own service principal that its
//     caller's token must carry; ownership narrows Application.ReadWrite.OwnedBy.
//  2. A property, query parameter or filter that is not known here is
//     unemulated (501), never ignored.
//  3. Answers are consistent at once, unless a [route.Lag] is set to emulate
//     replication.
//
// On purpose it has no users, groups, delegated permissions or consent.
//
// Not for production.
package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// ClientID is Microsoft Graph's client id in every tenant.
const ClientID = "00000003-0000-0000-c000-000000000000"

// A Config holds what a [Service] needs; every field is required.
type Config struct {
	Store   *store.Store
	BaseURL string // https://127.0.0.1:PORT
	// AuthorityHost is where callers sign in.
	AuthorityHost string
	Log           *route.Log
	Weather       *route.Weather
	Auth          route.Authenticator
}

// A Service is Microsoft Graph for all tenants of a sandbox. It is safe for
// concurrent use.
type Service struct {
	Config
	table   route.Table
	handler http.Handler

	mu        sync.Mutex
	nextSweep map[string]time.Time // by tenant: nothing in its recycle bin expires before
}

// New returns the service over c.
func New(c Config) *Service {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	s := &Service{Config: c, nextSweep: make(map[string]time.Time)}
	s.table = route.Table{
		Service: "graph",
		Source:  "sandbox/graph/routes.go",
		Routes:  s.routes(),
		Refuse:  s.refuse,
		Guard:   s.guard,
		Path:    canonicalPath,
	}
	s.handler = s.table.Handler(c.Log, c.Weather)
	return s
}

// Handler answers everything below /v1.0/ and /beta/.
func (s *Service) Handler() http.Handler { return s.handler }

// Routes returns the table of what the service answers.
func (s *Service) Routes() route.Table { return s.table }

// audiences are the audiences of tokens for Graph.
func (s *Service) audiences() []string {
	return []string{
		s.BaseURL, s.BaseURL + "/",
		"https://graph.microsoft.com", "https://graph.microsoft.com/",
		ClientID,
	}
}

// A reach is the set of objects that a caller's permission covers.
type reach int

const (
	reachNone  reach = iota
	reachSelf        // the caller's own application and service principal, to read
	reachOwned       // Application.ReadWrite.OwnedBy: what the caller owns
	reachAll
)

const (
	ownedBy = "Application.ReadWrite.OwnedBy"
	// itself, in a route's permissions, lets a service principal read itself
	// and its own application without any permission
	// (https://learn.microsoft.com/graph/api/serviceprincipal-get).
	itself = "(itself)"
)

type reachKey struct{}

// guard admits a caller with a valid token and one of the route's permissions.
// Of names joined by a plus sign, all are needed.
func (s *Service) guard(w http.ResponseWriter, r *http.Request, rt route.Route) (*http.Request, bool) {
	if r.Header.Get("Authorization") == "" {
		s.challenge(w, r, "Access token is empty.")
		return nil, false
	}
	caller, err := s.Auth.Authenticate(r, s.audiences()...)
	if err != nil {
		s.challenge(w, r, "Access token validation failure. "+err.Error())
		return nil, false
	}
	r = route.WithCaller(r, caller)
	best := reachNone
	if len(rt.Permission) == 0 {
		best = reachAll
	}
	for _, permission := range rt.Permission {
		best = max(best, reachOf(caller, permission))
	}
	if best == reachNone {
		s.refuse(w, r, http.StatusForbidden, codeDenied, messageDenied)
		return nil, false
	}
	return r.WithContext(context.WithValue(r.Context(), reachKey{}, best)), true
}

// reachOf returns the caller's reach by one entry of a route's permissions.
func reachOf(caller route.Caller, permission string) reach {
	if permission == itself {
		return reachSelf
	}
	for _, part := range strings.Split(permission, "+") {
		if !slices.Contains(caller.Roles, part) {
			return reachNone
		}
	}
	if permission == ownedBy {
		return reachOwned
	}
	return reachAll
}

// challenge refuses a missing or invalid token as Graph does.
func (s *Service) challenge(w http.ResponseWriter, r *http.Request, message string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+s.AuthorityHost+`/common/oauth2/authorize", client_id="`+ClientID+`"`)
	s.refuse(w, r, http.StatusUnauthorized, "InvalidAuthenticationToken", message)
}
