package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
)

// This file is the control endpoint, for tests and people outside the process who
// move the clock, queue faults and so on. The rules are: it has its own port, so
// that no Azure client reaches it by accident; every request needs the token in
// DIR/control.json; a request with an Origin header or for another Host is
// refused, because it comes from a browser; an unknown property is refused. The
// body and answer of each route are documented at its method.

type control struct {
	sandbox *Sandbox
	token   string
	host    string
}

// A ControlAddress is the content of DIR/control.json.
type ControlAddress struct {
	URL   string `json:"url"`
	Token string `json:"token"`
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
	s.serve(listener, s.control.guard(s.control.routes()))
	address, err := json.Marshal(ControlAddress{URL: "http://" + s.control.host, Token: token})
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
	mux.HandleFunc("GET /clock", c.clock)
	mux.HandleFunc("POST /clock", c.advance)
	mux.HandleFunc("POST /faults", c.faults)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.sandbox.weather.Unused()) })
	mux.HandleFunc("POST /lifetimes", c.lifetimes)
	mux.HandleFunc("POST /keys", c.rotateKeys)
	mux.HandleFunc("POST /forge", c.forge)
	mux.HandleFunc("POST /lag", c.lag)
	mux.HandleFunc("POST /throttle", c.throttle)
	return mux
}

func (c *control) clock(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]time.Time{"now": c.sandbox.store.Now(), "machine": c.sandbox.store.Wall()})
}

// advance takes {"by":"24h"}.
func (c *control) advance(w http.ResponseWriter, r *http.Request) {
	var body struct {
		By string `json:"by"`
	}
	if !decode(w, r, &body) {
		return
	}
	by, err := time.ParseDuration(body.By)
	if err == nil {
		err = c.sandbox.Advance(by)
	}
	if err != nil {
		answerError(w, http.StatusBadRequest, fmt.Sprintf("advance the clock: expected a duration like 24h in \"by\": %v", err))
		return
	}
	c.clock(w, r)
}

// faults takes {"route":"POST /{tenant}/oauth2/v2.0/token","faults":[…]}.
func (c *control) faults(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Route  string        `json:"route"`
		Faults []route.Fault `json:"faults"`
	}
	if !decode(w, r, &body) {
		return
	}
	if body.Route == "" || len(body.Faults) == 0 {
		answerError(w, http.StatusBadRequest, "queue faults: expected a route and at least one fault")
		return
	}
	if !c.knows(body.Route) {
		answerError(w, http.StatusBadRequest, fmt.Sprintf("queue faults: expected the pattern of a route, as in docs/parity.md, got %q", body.Route))
		return
	}
	for _, fault := range body.Faults {
		if !fault.Drop && (fault.Status < 400 || fault.Status > 599) {
			answerError(w, http.StatusBadRequest, fmt.Sprintf("queue faults: expected a status from 400 to 599, or drop, got %d", fault.Status))
			return
		}
	}
	c.sandbox.weather.Queue(body.Route, body.Faults...)
	answer(w, c.sandbox.weather.Unused())
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

func (c *control) lifetimes(w http.ResponseWriter, r *http.Request) {
	var body entra.Lifetimes
	if !decode(w, r, &body) {
		return
	}
	c.sandbox.entra.SetLifetimes(body)
	w.WriteHeader(http.StatusNoContent)
}

// lag takes a [route.Lag], {"appRole":"30s"}, which replaces the previous one.
func (c *control) lag(w http.ResponseWriter, r *http.Request) {
	var body route.Lag
	if !decode(w, r, &body) {
		return
	}
	c.sandbox.weather.SetLag(body)
	w.WriteHeader(http.StatusNoContent)
}

// throttle takes a [route.Throttle], {"requests":100,"window":"10s"}, for
// Microsoft Graph.
func (c *control) throttle(w http.ResponseWriter, r *http.Request) {
	var body route.Throttle
	if !decode(w, r, &body) {
		return
	}
	c.sandbox.weather.SetThrottle("graph", body)
	w.WriteHeader(http.StatusNoContent)
}

// rotateKeys takes {"tenant":"contoso"}.
func (c *control) rotateKeys(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tenant string `json:"tenant"`
	}
	if !decode(w, r, &body) {
		return
	}
	tenant, ok := c.tenant(body.Tenant)
	if !ok {
		answerError(w, http.StatusNotFound, fmt.Sprintf("rotate keys: expected a tenant of this sandbox, got %q", body.Tenant))
		return
	}
	if err := c.sandbox.entra.RotateKeys(tenant.ID); err != nil {
		answerError(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// tenant finds a tenant by its name or its id.
func (c *control) tenant(name string) (Tenant, bool) {
	i := slices.IndexFunc(c.sandbox.tenants, func(t Tenant) bool { return t.Name == name || t.ID == name })
	if i < 0 {
		return Tenant{}, false
	}
	return c.sandbox.tenants[i], true
}

// forge takes an [entra.Forgery], with tenants by name or id, and answers
// {"token":"…"}.
func (c *control) forge(w http.ResponseWriter, r *http.Request) {
	var forgery entra.Forgery
	if !decode(w, r, &forgery) {
		return
	}
	tenant, ok := c.tenant(forgery.TenantID)
	if !ok {
		answerError(w, http.StatusNotFound, fmt.Sprintf("forge token: expected a tenant of this sandbox, got %q", forgery.TenantID))
		return
	}
	forgery.TenantID = tenant.ID
	if other, ok := c.tenant(string(forgery.Key)); ok {
		forgery.Key = entra.ForgeKey(other.ID)
	}
	token, err := c.sandbox.entra.ForgeToken(forgery)
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, map[string]string{"token": token})
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		answerError(w, http.StatusBadRequest, fmt.Sprintf("read the request: %v", err))
		return false
	}
	return true
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
