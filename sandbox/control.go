package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/dashboard"
	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
)

// This file is the control endpoint, for tests and people outside the process who
// move the clock, queue faults and so on. The rules are: it has its own port, so
// that no Azure client reaches it by accident; every request needs the token in
// DIR/control.json; a request with an Origin header or for another Host is
// refused, because it comes from a browser; an unknown property is refused; what
// is below /dashboard is a page for people, with rules of its own. The
// body and answer of each route are documented at its handler.

type control struct {
	sandbox *Sandbox
	token   string
	host    string
}

// A ControlAddress is the content of DIR/control.json.
type ControlAddress struct {
	URL       string `json:"url"`
	Token     string `json:"token"`
	Dashboard string `json:"dashboard"` // link to the page for people; it has the token
}

func (s *Sandbox) startControl() error {
	token, err := remembered(s.store, controlSetting, newSecret)
	if err != nil {
		return fmt.Errorf("start control endpoint: %w", err)
	}
	listener, err := listen(s.store, "controlAddr", "", "")
	if err != nil {
		return fmt.Errorf("start control endpoint: %w", err)
	}
	s.control = &control{sandbox: s, token: token, host: listener.Addr().String()}
	s.serve(listener, s.control.handler())
	address, err := json.Marshal(ControlAddress{URL: "http://" + s.control.host, Token: token, Dashboard: s.DashboardLink()})
	if err == nil {
		err = os.WriteFile(filepath.Join(s.Dir, "control.json"), address, 0o600)
	}
	if err != nil {
		return fmt.Errorf("start control endpoint: %w", err)
	}
	return nil
}

// ControlURL is the URL of the control endpoint.
func (s *Sandbox) ControlURL() string { return "http://" + s.control.host }

// DashboardLink is the address of the page for people. It has the control
// endpoint's token.
func (s *Sandbox) DashboardLink() string { return s.control.session().Link() }

func (c *control) session() dashboard.Session {
	return dashboard.Session{Token: c.token, Host: c.host}
}

// handler gives the dashboard its path; the rest is the control endpoint.
func (c *control) handler() http.Handler {
	s := c.sandbox
	tenants := make([]dashboard.Tenant, len(s.tenants))
	for i, tenant := range s.tenants {
		tenants[i] = dashboard.Tenant{Name: tenant.Name, ID: tenant.ID}
	}
	page := dashboard.Handler(dashboard.Config{
		Store: s.store, History: s.History, Logs: s.apps.Logs, Weather: s.weather,
		Advance: s.Advance, RotateKeys: s.entra.RotateKeys, Tenants: tenants, Session: c.session(),
	})
	programs := c.guard(c.routes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == dashboard.Path || strings.HasPrefix(r.URL.Path, dashboard.Path+"/") {
			page.ServeHTTP(w, r)
			return
		}
		programs.ServeHTTP(w, r)
	})
}

// guard refuses requests without the token, and requests from browsers.
func (c *control) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case r.Header.Get("Origin") != "":
			answerError(w, http.StatusForbidden, "expected no Origin header: the control endpoint is not for browsers")
		case r.Host != c.host:
			answerError(w, http.StatusForbidden, fmt.Sprintf("expected Host %q, got %q", c.host, r.Host))
		case subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) != 1:
			answerError(w, http.StatusUnauthorized, "expected the bearer token of control.json in the sandbox's directory")
		default:
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			next.ServeHTTP(w, r)
		}
	})
}

func (c *control) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /history", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.sandbox.History()) })
	mux.HandleFunc("GET /unemulated", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.sandbox.Unemulated()) })
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.clock()) })
	mux.HandleFunc("POST /clock", take(c.advance))
	mux.HandleFunc("POST /faults", take(c.faults))
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.sandbox.weather.Unused()) })
	mux.HandleFunc("POST /lifetimes", replace(c.sandbox.entra.SetLifetimes))
	mux.HandleFunc("POST /keys", take(c.rotateKeys))
	mux.HandleFunc("POST /forge", take(c.forge))
	mux.HandleFunc("POST /lag", replace(c.sandbox.weather.SetLag))
	mux.HandleFunc("POST /licence", take(c.licence))
	mux.HandleFunc("POST /throttle", replace(func(t route.Throttle) { c.sandbox.weather.SetThrottle("graph", t) }))
	return mux
}

// take makes a handler of what is done with a request's JSON. A nil answer has
// no body.
func take[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&body); err != nil {
			answerError(w, http.StatusBadRequest, fmt.Sprintf("read the request: %v", err))
			return
		}
		result, err := do(body)
		var failed *controlError
		switch {
		case errors.As(err, &failed):
			answerError(w, failed.status, failed.message)
		case err != nil:
			answerError(w, http.StatusBadRequest, err.Error())
		case result == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			answer(w, result)
		}
	}
}

// A controlError is one with another status than 400.
type controlError struct {
	status  int
	message string
}

func (e *controlError) Error() string { return e.message }

func (c *control) clock() any {
	return map[string]time.Time{"now": c.sandbox.store.Now(), "machine": c.sandbox.store.Wall()}
}

// advance takes {"by":"24h"}.
func (c *control) advance(body struct{ By string }) (any, error) {
	by, err := time.ParseDuration(body.By)
	if err == nil {
		err = c.sandbox.Advance(by)
	}
	if err != nil {
		return nil, fmt.Errorf("advance the clock: expected a duration like 24h in \"by\": %w", err)
	}
	return c.clock(), nil
}

// faults takes {"route":"POST /{tenant}/oauth2/v2.0/token","faults":[…]}.
func (c *control) faults(body struct {
	Route  string
	Faults []route.Fault
}) (any, error) {
	if body.Route == "" || len(body.Faults) == 0 {
		return nil, errors.New("queue faults: expected a route and at least one fault")
	}
	if !c.knows(body.Route) {
		return nil, fmt.Errorf("queue faults: expected the pattern of a route, as in docs/parity.md, got %q", body.Route)
	}
	for _, fault := range body.Faults {
		if err := fault.Check(); err != nil {
			return nil, fmt.Errorf("queue faults: %w", err)
		}
	}
	c.sandbox.weather.Queue(body.Route, body.Faults...)
	return c.sandbox.weather.Unused(), nil
}

// knows reports whether any service has a route with that pattern.
func (c *control) knows(pattern string) bool {
	for _, routes := range c.sandbox.routes {
		if slices.ContainsFunc(routes, func(r route.Route) bool { return r.Pattern == pattern }) {
			return true
		}
	}
	return false
}

// replace makes a route that replaces a setting: [entra.Lifetimes], as
// {"accessToken":"65m"}; [route.Lag], as {"appRole":"30s"}; or [route.Throttle], as
// {"requests":100,"window":"10s"}, of Microsoft Graph.
func replace[T any](set func(T)) http.HandlerFunc {
	return take(func(value T) (any, error) {
		set(value)
		return nil, nil
	})
}

// rotateKeys takes {"tenant":"contoso"}.
func (c *control) rotateKeys(body struct{ Tenant string }) (any, error) {
	tenant, err := c.tenant("rotate keys", body.Tenant)
	if err != nil {
		return nil, err
	}
	if err := c.sandbox.entra.RotateKeys(tenant.ID); err != nil {
		return nil, &controlError{http.StatusInternalServerError, err.Error()}
	}
	return nil, nil
}

// licence takes {"tenant":"contoso","premium":false}: without a licence of P1 or P2
// Graph does not show sign-ins.
func (c *control) licence(body struct {
	Tenant  string
	Premium *bool
}) (any, error) {
	if body.Premium == nil {
		return nil, errors.New("licence: expected true or false in \"premium\", got nothing")
	}
	tenant, err := c.tenant("licence", body.Tenant)
	if err != nil {
		return nil, err
	}
	return nil, c.sandbox.SetPremium(tenant, *body.Premium)
}

// tenant finds a tenant by its name or its id.
func (c *control) tenant(doing, name string) (Tenant, error) {
	i := slices.IndexFunc(c.sandbox.tenants, func(t Tenant) bool { return t.Name == name || t.ID == name })
	if i < 0 {
		return Tenant{}, &controlError{http.StatusNotFound, fmt.Sprintf("%s: expected a tenant of this sandbox, got %q", doing, name)}
	}
	return c.sandbox.tenants[i], nil
}

// forge takes an [entra.Forgery], with tenants by name or id, and answers
// {"token":"…"}.
func (c *control) forge(forgery entra.Forgery) (any, error) {
	tenant, err := c.tenant("forge token", forgery.TenantID)
	if err != nil {
		return nil, err
	}
	forgery.TenantID = tenant.ID
	if other, err := c.tenant("", string(forgery.Key)); err == nil {
		forgery.Key = entra.ForgeKey(other.ID)
	}
	token, err := c.sandbox.entra.ForgeToken(forgery)
	return map[string]string{"token": token}, err
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

func answerError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message})
}
