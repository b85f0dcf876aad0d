package e2e_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// manyRoles are n app roles, as the settings list them.
func manyRoles(n int) (roles []fields, values []string) {
	for i := range n {
		value := fmt.Sprintf("Orders.Do%02d", i)
		roles = append(roles, fields{"value": value, "displayName": "Do " + value})
		values = append(values, value)
	}
	return roles, values
}

// manyClients are n clients that all hold the roles. One in twenty has a
// function app; of the others, one in four is known by an outside issuer's
// tokens.
func manyClients(n int, roles []string) []fields {
	clients := make([]fields, 0, n) // not nil: that is no empty list in YAML
	for i := range n {
		client := fields{"name": fmt.Sprintf("client-%03d", i), "roles": roles, "functionApp": false}
		switch i % 20 {
		case 10:
			client["functionApp"] = true
		case 2, 7, 12, 17:
			client["identity"], client["issuer"] = "federated", "https://token.actions.githubusercontent.com"
			client["subject"] = fmt.Sprintf("repo:contoso/client-%03d:environment:prod", i)
		}
		clients = append(clients, client)
	}
	return clients
}

// requests counts what the services of the sandbox were asked, by service.
func (w *world) requests() map[string]int {
	counts := make(map[string]int)
	for _, entry := range w.sandbox.History() {
		counts[entry.Service]++
	}
	return counts
}

// since are the requests after those counted before.
func (w *world) since(before map[string]int) map[string]int {
	counts := w.requests()
	for service, n := range before {
		if counts[service] -= n; counts[service] == 0 {
			delete(counts, service)
		}
	}
	return counts
}

// TestClientsCostTheSame adds clients with four roles each, five at a time. The
// second five take as many requests as the first, and a later preview, now or
// hours on, finds nothing to change.
func TestClientsCostTheSame(t *testing.T) {
	skipUnlessLong(t)
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	roles, values := manyRoles(4)
	var cost []map[string]int
	for _, n := range []int{0, 5, 10} {
		w.set(map[string]any{"roles": roles, "clients": manyClients(n, values)})
		before := w.requests()
		w.up()
		requests := w.since(before)
		cost = append(cost, map[string]int{"graph": requests["graph"], "arm": requests["arm"]})
	}
	t.Logf("requests for the API %v, for five clients %v, for five more %v", cost[0], cost[1], cost[2])
	if !maps.Equal(cost[1], cost[2]) {
		t.Errorf("got requests %v for five clients and %v for five more, want as many", cost[1], cost[2])
	}
	for _, asOf := range []any{nil, "2027-01-01T00:30:00Z", "2027-01-01T01:30:00Z"} {
		w.set(map[string]any{"asOf": asOf})
		previewsClean(w)
	}
}

// BenchmarkUp deploys clients that each hold ten app roles, and previews them
// twice, an hour apart. The figures are in docs/measurements.md.
func BenchmarkUp(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				measureUp(b, n)
			}
		})
	}
}

func measureUp(b *testing.B, n int) {
	w := newWorld(b)
	w.pulumi("stack", "init", "dev")
	roles, values := manyRoles(10)
	w.set(map[string]any{"roles": roles, "clients": manyClients(n, values), "asOf": "2027-01-01T00:00:00Z"})
	for _, verb := range []string{"up", "preview", "preview-later", "destroy"} {
		before, spent := w.requests(), processorTime(b)
		var seconds float64
		switch verb {
		case "up":
			seconds = w.up().Elapsed.Seconds()
		case "preview-later":
			w.set(map[string]any{"asOf": "2027-01-01T01:00:00Z"})
			fallthrough
		case "preview":
			outcome := w.run("preview")
			seconds = outcome.Elapsed.Seconds()
			if outcome.Changed() != 0 {
				b.Errorf("expected no changes, got %v", outcome.Touched)
			}
		case "destroy":
			seconds = w.destroy().Elapsed.Seconds()
		}
		b.ReportMetric(seconds, verb+"-s")
		b.ReportMetric((processorTime(b) - spent).Seconds(), verb+"-cpu-s")
		for service, requests := range w.since(before) {
			b.ReportMetric(float64(requests), verb+"-"+service)
		}
	}
}

// processorTime is what this process, the sandbox in it, and the engine with
// its plugins have used so far. Unlike wall time, it depends little on what else
// the machine does.
func processorTime(b *testing.B) (sum time.Duration) {
	b.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}

// clientStacks is how many stacks BenchmarkClientStacks deploys. The figures are in
// docs/measurements.md.
var clientStacks = flag.Int("client-stacks", 10, "stacks that BenchmarkClientStacks deploys, one after the other")

// BenchmarkClientStacks deploys clients of one API, each in a stack of its own, and
// compares what the last one took with what the first one took: requests, seconds
// and bytes of state.
func BenchmarkClientStacks(b *testing.B) {
	for b.Loop() {
		api := newWorld(b)
		api.stack = "api"
		if err := os.Rename(filepath.Join(api.project.Dir, "Pulumi.dev.yaml"), filepath.Join(api.project.Dir, "Pulumi.api.yaml")); err != nil {
			b.Fatal(err)
		}
		api.pulumi("stack", "init", "api")
		api.set(map[string]any{"clients": []fields{}})
		api.up()
		var first map[string]int
		for n := 1; n <= *clientStacks; n++ {
			w := worldOf(b, api.sandbox, api.tenant, "dev", fmt.Sprintf("client-%03d", n))
			w.pulumi("stack", "init", w.stack)
			w.set(map[string]any{"api": fields{"stack": "organization/app-to-app/api"}, "clients": []fields{{"name": "billing"}}})
			before, spent := w.requests(), processorTime(b)
			seconds := w.up().Elapsed.Seconds()
			cost := w.since(before)
			cost = map[string]int{"graph": cost["graph"], "arm": cost["arm"]}
			if first == nil {
				first = cost
			}
			if !maps.Equal(cost, first) {
				b.Errorf("stack %d took the requests %v, want %v, as the first one", n, cost, first)
			}
			if n == 1 || n == 10 || n == *clientStacks {
				report := func(value float64, what string) { b.ReportMetric(value, fmt.Sprintf("stack-%d-%s", n, what)) }
				report(seconds, "s")
				report((processorTime(b) - spent).Seconds(), "cpu-s")
				report(float64(cost["graph"]), "graph")
				report(float64(cost["arm"]), "arm")
				report(float64(len(w.export())), "state-bytes")
			}
		}
	}
}
