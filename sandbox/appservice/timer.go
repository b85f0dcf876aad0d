package appservice

import (
	"context"
	"sync"
	"time"

	"app-to-app/sandbox/store"
)

// A timer runs one timer function on its schedule, on the sandbox's clock.
// As in TimerListener of Azure/azure-webjobs-sdk-extensions, several occurrences
// that pass while the function runs count as one; a monitored timer that missed
// one while the host was down runs at once, past due.
type timer struct {
	host     *functionsHost
	function *function
	wake     chan struct{} // the clock moved

	mu      sync.Mutex // held while the function runs
	atStart bool       // runs at once
	pastDue bool       // because it missed an occurrence
	ended   bool
	next    time.Time
	status  store.TimerStatus
}

// newTimer computes the first occurrence of a timer and finds out whether it
// missed one since the host last ran.
func newTimer(h *functionsHost, f *function) *timer {
	now := h.app.service.config.Store.Now()
	t := &timer{host: h, function: f, wake: make(chan struct{}, 1), next: f.timer.schedule.next(now), atStart: f.timer.runOnStartup}
	if !f.timer.useMonitor {
		return t
	}
	site, _, err := h.app.service.site(h.def.SiteID)
	if err != nil {
		h.app.journal.host(failure, "read the status of timer %q: %s", f.name, err)
		return t
	}
	status, known := site.Timers[f.name]
	if known && status.Schedule == f.timer.expression {
		t.status = status
		t.pastDue = !now.Before(status.Next)
		t.atStart = t.atStart || t.pastDue
		return t
	}
	// A new schedule cannot have missed an occurrence.
	status.Schedule, status.Next = f.timer.expression, t.next
	t.keepLocked(status) // not shared yet, so no lock is needed
	return t
}

// run fires the timer whenever it is due, until ctx ends.
func (t *timer) run(ctx context.Context) {
	now := t.host.app.service.config.Store.Now
	defer t.end()
	for {
		next := t.fire(ctx, now())
		alarm := time.NewTimer(max(next.Sub(now()), time.Millisecond))
		select {
		case <-alarm.C:
		case <-t.wake:
		case <-ctx.Done():
			alarm.Stop()
			return
		}
		alarm.Stop()
	}
}

// clockMoved makes run look at the clock again.
func (t *timer) clockMoved() {
	select {
	case t.wake <- struct{}{}:
	default: // it has not looked at the last one yet
	}
}

func (t *timer) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// fire runs the function if it is due at now, and returns when it is due next.
func (t *timer) fire(ctx context.Context, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended || ctx.Err() != nil:
	case t.atStart:
		t.atStart = false
		t.invokeLocked(ctx, now, t.pastDue)
	case !now.Before(t.next):
		t.invokeLocked(ctx, now, false)
	}
	return t.next
}

// invokeLocked runs the function and computes the next occurrence, also when
// it failed.
func (t *timer) invokeLocked(ctx context.Context, now time.Time, pastDue bool) {
	trigger := t.function.timer
	payload := timerPayload{IsPastDue: pastDue}
	payload.Schedule.AdjustForDST = true
	if trigger.useMonitor {
		payload.ScheduleStatus = &timerStatus{
			Last: dotnetTime(t.status.Last), Next: dotnetTime(t.status.Next), LastUpdated: dotnetTime(t.status.LastUpdated),
		}
	}
	t.host.invokeTimer(ctx, t.function, payload, "Timer fired at "+now.Format(time.RFC3339))
	t.next = trigger.schedule.next(t.host.app.service.config.Store.Now())
	if trigger.useMonitor {
		t.keepLocked(store.TimerStatus{Schedule: trigger.expression, Last: now, Next: t.next, LastUpdated: now})
	}
}

func (t *timer) keepLocked(status store.TimerStatus) {
	t.status = status
	err := t.host.app.service.updateSite(t.host.def.SiteID, func(site *store.Site) {
		if site.Timers == nil {
			site.Timers = make(map[string]store.TimerStatus)
		}
		site.Timers[t.function.name] = status
	})
	if err != nil {
		t.host.app.journal.host(failure, "keep the status of timer %q: %s", t.function.name, err)
	}
}

// dotnetTime writes a time as .NET does; its zero is that of DateTime.
func dotnetTime(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00"
	}
	return t.UTC().Format("2006-01-02T15:04:05.9999999") + "+00:00"
}
