package dashboard

import (
	"slices"
	"strings"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// A view is all that one page shows. Lists are in the order of the page.
type view struct {
	Tenant      Tenant
	Tenants     []Tenant
	Now, Wall   time.Time // the sandbox's clock, and the machine's
	Lag         time.Duration
	Throttled   bool
	Picture     picture
	Matrix      matrix
	Calls       []call // of functions, newest first
	Requests    []call // of everything, newest first
	Timers      []timer
	Logs        []siteLog
	Credentials credentialLine
}

// How many requests the page shows.
const (
	shownCalls    = 30
	shownRequests = 60
)

// look reads everything once.
func (c Config) look(tenant Tenant) (view, error) {
	v := view{Tenant: tenant, Tenants: c.Tenants, Now: c.Store.Now(), Wall: c.Store.Wall(), Lag: c.Weather.Lag().TokenAssignment,
		Throttled: c.Weather.Throttled("graph").Requests > 0}
	history := c.History()
	err := c.Store.View(func(tx *store.Tx) error {
		w := read(tx, tenant.ID)
		calls := w.calls(history)
		v.Calls = newest(calls, shownCalls, func(c call) bool { return c.Site != "" })
		v.Requests = newest(calls, shownRequests, func(call) bool { return true })
		rights := w.rights(calls)
		v.Matrix = w.matrix(rights)
		v.Picture = draw(rights)
		v.Timers = w.timers()
		v.Credentials = w.credentials(v.Now)
		for _, site := range w.sites {
			v.Logs = append(v.Logs, logOf(site.name, c.Logs(site.id)))
		}
		return nil
	})
	return v, err
}

// A timer is the schedule of one timer function.
type timer struct {
	Site, Function, Schedule string
	Last, Next               time.Time // Last is zero before the first run
}

// A call is one request, with names for the ids in it.
type call struct {
	Number   int // in the history, and so the same the next time
	ID       string
	At       time.Time
	Service  string
	Method   string
	URL      string
	Status   int
	Code     string
	Token    *route.Token
	Caller   string // name of the principal in the token
	Site     string // function app that was called
	Function string
	Resource string // object id of the service principal that the token is for
}

// Refused reports whether a call was turned away.
func (c call) Refused() bool { return c.Status == 401 || c.Status == 403 }

func newest(calls []call, n int, want func(call) bool) (found []call) {
	for _, c := range slices.Backward(calls) {
		if len(found) == n {
			break
		}
		if want(c) {
			found = append(found, c)
		}
	}
	return found
}

// calls gives the requests of this tenant names. A request without a token is of
// every tenant, unless it went to a function app of another.
func (w *world) calls(history []route.Entry) []call {
	calls := make([]call, 0, len(history))
	for i, e := range history {
		if e.Token != nil && e.Token.TenantID != "" && e.Token.TenantID != w.tenantID {
			continue
		}
		c := call{Number: i, At: e.Time, Service: e.Service, Method: e.Method, URL: e.URL, Status: e.Status, Code: e.Code, Token: e.Token}
		if id, function, ok := strings.Cut(e.Object, "/functions/"); ok {
			if c.Site = w.siteName(id); c.Site == "" {
				continue
			}
			c.Function = function
		}
		if e.Token != nil {
			c.Caller = w.principals[e.Token.ObjectID].DisplayName
			c.Resource = w.byAudience[e.Token.Audience]
		}
		calls = append(calls, c)
	}
	return calls
}
