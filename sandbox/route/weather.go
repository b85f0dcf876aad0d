package route

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Fault is what goes wrong with one request, once.
type Fault struct {
	Skip       int           `json:"skip,omitempty"`  // requests of the route that pass unharmed before it
	Delay      time.Duration `json:"delay,omitempty"` // how long the request is held first
	After      bool          `json:"after,omitempty"` // the request takes effect, and only its answer is replaced
	Status     int           `json:"status,omitempty"`
	Code       string        `json:"code,omitempty"`
	Message    string        `json:"message,omitempty"`
	RetryAfter time.Duration `json:"retryAfter,omitempty"` // sent in whole seconds
	Drop       bool          `json:"drop,omitempty"`       // close the connection instead of answering

	// Strike runs before the answer is replaced, or before the request of a delay
	// alone is served: a test kills the client here, or changes what the request
	// meets. Only Go can set it.
	Strike func() `json:"-"`
}

// Check reports what is wrong with a fault that does nothing, or is no failure.
func (f Fault) Check() error {
	switch {
	case f.Skip < 0 || f.Delay < 0:
		return fmt.Errorf("expected no negative skip or delay, got %d and %s", f.Skip, f.Delay)
	case f.Drop, f.Status >= 400 && f.Status <= 599:
		return nil
	case f.Status == 0 && f.Delay > 0 && !f.After:
		return nil
	}
	return fmt.Errorf("expected a status from 400 to 599, drop, or a delay alone, got status %d", f.Status)
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

// Clear takes back the faults of a pattern that have not been sent yet: an outage
// has ended.
func (w *Weather) Clear(pattern string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.faults, pattern)
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

// next takes the fault that is due for a request of the route, if any.
func (w *Weather) next(pattern string) (Fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	faults := w.faults[pattern]
	if len(faults) == 0 {
		return Fault{}, false
	}
	if faults[0].Skip > 0 {
		faults[0].Skip--
		return Fault{}, false
	}
	w.faults[pattern] = faults[1:]
	return faults[0], true
}

// through serves a request in the weather of its route.
func (w *Weather) through(rw http.ResponseWriter, r *http.Request, t Table, pattern string, serve http.HandlerFunc) {
	fault, due := w.next(pattern)
	if !due {
		serve(rw, r)
		return
	}
	if fault.Delay > 0 {
		held := time.NewTimer(fault.Delay)
		defer held.Stop()
		select {
		case <-held.C:
		case <-r.Context().Done():
			return // the client left, and the request never arrived
		}
	}
	if !fault.Drop && fault.Status == 0 && fault.Code == "" { // a delay alone; some services know the status of a code
		if fault.Strike != nil {
			fault.Strike()
		}
		serve(rw, r)
		return
	}
	if fault.After {
		serve(lost{}, r)
	}
	if fault.Strike != nil {
		fault.Strike()
	}
	fault.answer(rw, r, t)
}

// answer replaces the service's answer.
func (f Fault) answer(rw http.ResponseWriter, r *http.Request, t Table) {
	if f.Drop {
		Note(r.Context()).Code = "dropped"
		if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
			conn.Close()
			return
		}
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to take over
	}
	if f.RetryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	t.Refuse(rw, r, f.Status, f.Code, f.Message)
}

// lost is an answer that nobody gets.
type lost http.Header

func (l lost) Header() http.Header         { return http.Header(l) }
func (l lost) Write(b []byte) (int, error) { return len(b), nil }
func (l lost) WriteHeader(int)             {}
