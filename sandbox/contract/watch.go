package contract

import (
	"sync"
	"testing"

	"app-to-app/sandbox/route"
)

// Watch returns what fails the test at each answer that breaks the contract. It
// is for [route.Log.Answered]. A build with the tag witness watches nothing,
// because there a route is broken on purpose and its witness alone must notice.
func Watch(t testing.TB) func(route.Answer) {
	if !watching {
		return nil
	}
	var mu sync.Mutex
	ended := false
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
	})
	return func(a route.Answer) {
		violations := Check(a)
		mu.Lock()
		defer mu.Unlock()
		for _, violation := range violations {
			if !ended { // a handler may outlive its client
				t.Errorf("%s %s answered %d with %s", a.Service, a.Route, a.Status, violation)
			}
		}
	}
}
