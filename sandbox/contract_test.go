package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"app-to-app/sandbox/contract"
	"app-to-app/sandbox/sandboxtest"
)

// TestEveryRouteHasAContract expects a type for each route of the services that
// have published types, and a route for each type.
func TestEveryRouteHasAContract(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	covered := 0
	for service, routes := range s.Routes() {
		if !contract.Covers(service) {
			continue
		}
		covered++
		left := maps.Clone(contract.Answers(service))
		for _, r := range routes {
			if _, ok := contract.Of(service, r.Pattern); !ok {
				t.Errorf("%s %s: no type; fix: add the route to sandbox/contract/answers.go", service, r.Pattern)
			}
			delete(left, contract.Key(service, r.Pattern))
		}
		for _, pattern := range slices.Sorted(maps.Keys(left)) {
			t.Errorf("%s %s: a type without a route; fix: delete it from sandbox/contract/answers.go", service, strings.TrimSpace(pattern))
		}
	}
	if covered == 0 {
		t.Error("no service has a contract")
	}
}
