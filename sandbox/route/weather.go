package route

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Fault is an answer that replaces the service's own.
type Fault struct {
	Status     int           `json:"status,omitempty"`
	Code       string        `json:"code,omitempty"`
	Message    string        `json:"message,omitempty"`
	RetryAfter time.Duration `json:"retryAfter,omitempty"` // sent in whole seconds
	Drop       bool          `json:"drop,omitempty"`       // close the connection instead of answering
}

// Weather is the failures that a test sets up: faults queued for a route's
// pattern, each used once, the [Lag] between Entra's copies, and a [Throttle].
// With the zero value nothing fails.
type Weather struct {
	mu     sync.Mutex
	faults map[string][]Fault
	lag    Lag

	throttles map[string]Throttle // by service
	windows   map[string]*window  // by service and tenant
}

// Queue adds faults for the next requests that match pattern, which is a
// [Route]'s own.
func (w *Weather) Queue(pattern string, faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults == nil {
		w.faults = make(map[string][]Fault)
	}
	w.faults[pattern] = append(w.faults[pattern], faults...)
}

// Unused returns how many queued faults have not been sent yet, by pattern.
func (w *Weather) Unused() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	unused := make(map[string]int)
	for pattern, faults := range w.faults {
		if len(faults) > 0 {
			unused[pattern] = len(faults)
		}
	}
	return unused
}

// strike answers the request with the next fault queued for pattern, if any.
func (w *Weather) strike(rw http.ResponseWriter, r *http.Request, t Table, pattern string) bool {
	w.mu.Lock()
	faults := w.faults[pattern]
	if len(faults) == 0 {
		w.mu.Unlock()
		return false
	}
	fault := faults[0]
	w.faults[pattern] = faults[1:]
	w.mu.Unlock()

	if fault.Drop {
		Note(r.Context()).Code = "dropped"
		if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
			conn.Close()
			return true
		}
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to take over
	}
	if fault.RetryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int((fault.RetryAfter+time.Second-1)/time.Second)))
	}
	t.Refuse(rw, r, fault.Status, fault.Code, fault.Message)
	return true
}
