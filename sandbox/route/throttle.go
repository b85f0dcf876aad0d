package route

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Throttle is how many requests of one tenant's callers a service answers in
// a window of the sandbox's clock. The next one gets 429 with Retry-After, the
// time until the window ends, as in Microsoft Graph
// (https://learn.microsoft.com/graph/throttling). Its real limits depend on the
// tenant's size and the cost of each request; here the test sets them. The zero
// value does not throttle.
type Throttle struct {
	Requests int
	Window   time.Duration
}

// UnmarshalJSON reads {"requests":100,"window":"10s"}; {} ends the throttling.
func (t *Throttle) UnmarshalJSON(data []byte) error {
	var body struct {
		Requests int    `json:"requests"`
		Window   string `json:"window"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return fmt.Errorf("throttle: expected {\"requests\":100,\"window\":\"10s\"}: %w", err)
	}
	*t = Throttle{}
	if body.Requests == 0 && body.Window == "" {
		return nil
	}
	window, err := time.ParseDuration(body.Window)
	if err != nil || window <= 0 || body.Requests <= 0 {
		return fmt.Errorf("throttle: expected a positive number of requests and a duration like \"10s\", got %d and %q", body.Requests, body.Window)
	}
	*t = Throttle{Requests: body.Requests, Window: window}
	return nil
}

// A window counts the requests of one tenant.
type window struct {
	ends  time.Time
	count int
}

// SetThrottle replaces the throttle of a service, named as Table.Service.
func (w *Weather) SetThrottle(service string, t Throttle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.throttles == nil {
		w.throttles = make(map[string]Throttle)
	}
	w.throttles[service] = t
	w.windows = nil
}

// Throttled returns the throttle of a service that was set last.
func (w *Weather) Throttled(service string) Throttle {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.throttles[service]
}

// throttle refuses a request over the tenant's limit and counts the others.
// Requests that the guard refused are not counted.
func (w *Weather) throttle(rw http.ResponseWriter, r *http.Request, t Table, now time.Time) bool {
	left := w.count(t.Service, CallerOf(r.Context()).TenantID, now)
	if left <= 0 {
		return false
	}
	rw.Header().Set("Retry-After", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	t.Refuse(rw, r, http.StatusTooManyRequests, "TooManyRequests", "Please retry again later.")
	return true
}

// count counts a request and returns zero, or returns how long to wait when the
// limit is reached.
func (w *Weather) count(service, tenantID string, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	limit := w.throttles[service]
	if limit.Requests == 0 {
		return 0
	}
	if w.windows == nil {
		w.windows = make(map[string]*window)
	}
	key := service + "/" + tenantID
	current, ok := w.windows[key]
	if !ok || !now.Before(current.ends) {
		current = &window{ends: now.Add(limit.Window)}
		w.windows[key] = current
	}
	if current.count >= limit.Requests {
		return current.ends.Sub(now)
	}
	current.count++
	return 0
}
