package graph_test

import (
	"testing"
	"time"

	"app-to-app/sandbox/route"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.log.Now = w.store.Now
	w.weather.SetThrottle("graph", route.Throttle{Requests: 3, Window: 10 * time.Second})
	get := func(status int, as string) reply {
		t.Helper()
		return w.want(status, as, "GET", "/v1.0/applications", nil)
	}
	for range 3 {
		get(200, "deployer")
	}
	w.advance(3500 * time.Millisecond)
	for range 2 { // a throttled one does not count
		if r := get(429, "deployer"); r.code() != "TooManyRequests" || r.header.Get("Retry-After") != "7" {
			t.Errorf("got code %q and Retry-After %q, want TooManyRequests and 7", r.code(), r.header.Get("Retry-After"))
		}
	}
	get(429, "reader") // of the same tenant
	get(200, "stranger")
	get(403, "nobody") // is refused before it is counted
	w.advance(6500 * time.Millisecond)
	for range 3 {
		get(200, "deployer")
	}
	get(429, "deployer")
	w.weather.SetThrottle("graph", route.Throttle{})
	get(200, "deployer")
}
