package e2e_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/layout"
	"app-to-app/sandbox/route"
)

// This file is the matrix of accidents: each call that changes something, in each
// step, meets each accident once. The rules are: a case starts from the snapshot
// that its step starts from; after the accident at most `tenant recover` and the
// same step are run, and only if the step failed or its end is not the undisturbed
// one; the end is compared with the one that nothing disturbed.

var (
	matrixSize    = flag.String("matrix", "sample", "which accidents to try: sample (seconds), together (each accident to all calls of a step at once, an hour) or full (one by one, hours)")
	matrixResults = flag.String("matrix-results", "", "file of results, a JSON object a line; cases in it are not run again")
	matrixScenes  = flag.Int("matrix-scenes", 1, "how many scenes, each with a sandbox of its own, share the cases")
)

// An accident is what happens to one call.
type accident struct {
	name  string
	fault route.Fault
	kills bool // the engine, when the fault strikes
	rolls bool // the tenant's signing key, likewise
	login int  // of the requests for tokens, how many meet it; then it happens once a step
}

var accidents = []accident{
	{name: "429", fault: route.Fault{Status: 429, Code: "TooManyRequests", RetryAfter: time.Second}},
	{name: "500", fault: route.Fault{Status: 500, Code: "InternalServerError"}},
	{name: "503", fault: route.Fault{Status: 503, Code: "ServiceUnavailable"}},
	{name: "404 under lag", fault: route.Fault{Status: 404, Code: "Request_ResourceNotFound", Message: "Resource does not exist."}},
	{name: "misleading 403", fault: route.Fault{Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."}},
	{name: "dropped before", fault: route.Fault{Drop: true}},
	{name: "answer lost", fault: route.Fault{Drop: true, After: true}},
	{name: "slow", fault: route.Fault{Delay: 2 * time.Second}},
	{name: "killed before", fault: route.Fault{Drop: true}, kills: true},
	{name: "killed after", fault: route.Fault{Drop: true, After: true}, kills: true},
	{name: "key rollover", fault: route.Fault{Delay: time.Nanosecond}, rolls: true},
	{name: "login 503", fault: route.Fault{Status: 503}, login: 2},
	{name: "login down", fault: route.Fault{Status: 503}, login: 12}, // longer than a client waits
}

// tokenRoute is where the engine's plugins sign in.
const tokenRoute = "POST /{tenant}/oauth2/v2.0/token"

// inSample are the cases that always run: weather alone, which the providers ride
// out.
var inSample = []string{
	"destroy/503/DELETE /v1.0/servicePrincipals/{id}",
	"up/dropped before/POST /v1.0/servicePrincipals/{id}/appRoleAssignedTo",
}

// believed are the cases of a lie that nobody can know to be one: a provider that
// asks for a deletion and hears 404 takes it for done, as the official ones do. Each
// must leave what it says.
var believed = map[string]string{
	"destroy/404 under lag/DELETE /subscriptions/{subscription}/resourcegroups/{group}/providers/{namespace}/{type1}/{name1}/providers/microsoft.insights/diagnosticsettings/{setting}": "a diagnostic setting without its resource, which no list of Azure shows",
	"destroy/404 under lag/DELETE /subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.web/sites/{name}":                                                            "a function app and its plan: recover names the app, with the command that removes it, and destroy ends after that",
}

// A moment is one accident to one call, the first of its route in a step.
type moment struct {
	step     step
	pattern  string
	accident accident
}

func (m moment) String() string { return m.step.name + "/" + m.accident.name + "/" + m.pattern }

// A result is a line of the results.
type result struct {
	Moment    string   `json:"moment"`
	Converged bool     `json:"converged"`
	Recovered bool     `json:"recovered"`          // tenant recover was needed
	Problem   string   `json:"problem,omitempty"`  // why it did not converge
	Orphans   []string `json:"orphans,omitempty"`  // there, and not in the undisturbed end
	Missing   []string `json:"missing,omitempty"`  // the other way round
	Binned    []string `json:"binned,omitempty"`   // deleted on the way, and still in a recycle bin
	Together  int      `json:"together,omitempty"` // how many cases ran at once, and ended so
	Seconds   float64  `json:"seconds"`
}

// check fails the test if the case did not converge.
func (r result) check(t *testing.T) {
	t.Helper()
	left, believed := believed[r.Moment]
	switch {
	case believed && r.Converged:
		t.Errorf("%s: expected %s to be left, got the undisturbed end: take it out of the list", r.Moment, left)
	case believed:
		t.Logf("%s: leaves %s", r.Moment, left)
	case !r.Converged:
		t.Errorf("%s: expected the undisturbed end, got %q\nunknown to it:\n%s\nmissing:\n%s", r.Moment, r.Problem, strings.Join(r.Orphans, "\n"), strings.Join(r.Missing, "\n"))
	}
}

// TestAccidents runs the matrix.
func TestAccidents(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	if !slices.Contains([]string{"sample", "together", "full"}, *matrixSize) {
		t.Fatalf("-matrix: expected sample, together or full, got %q", *matrixSize)
	}
	all := &cases{known: readResults(t)}
	for _, earlier := range all.known {
		earlier.check(t)
	}
	t.Cleanup(func() { t.Log(summary(all.order, all.known)) })
	for i := range *matrixScenes {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, func(step string) bool {
				return *matrixSize != "sample" || slices.ContainsFunc(inSample, func(m string) bool { return strings.HasPrefix(m, step+"/") })
			})
			for _, group := range grouped(chosen(t, s.calls)) {
				group = all.take(group)
				if len(group) == 0 {
					continue
				}
				t.Run(group[0].String(), func(t *testing.T) {
					for r := range s.in(t).cases(group) {
						all.keep(t, r)
						r.check(t)
					}
				})
			}
		})
	}
}

// cases are what the scenes share: each case runs once, in one of them.
type cases struct {
	mu    sync.Mutex
	order []moment // those that a scene has taken
	known map[string]result
}

// take returns the cases that the caller runs: nobody has taken them, and an
// earlier run has no result of them.
func (c *cases) take(group []moment) (mine []moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range group {
		if slices.ContainsFunc(c.order, func(other moment) bool { return other.String() == m.String() }) {
			continue
		}
		c.order = append(c.order, m)
		if _, done := c.known[m.String()]; !done {
			mine = append(mine, m)
		}
	}
	return mine
}

func (c *cases) keep(t *testing.T, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[r.Moment] = r
	keepResult(t, r)
}

// changing are the routes by which the deployer changed something, in order.
func changing(w *world, history []route.Entry) (patterns []string) {
	for _, entry := range history {
		if entry.Method != http.MethodGet && entry.CallerID == w.tenant.Deployer.ObjectID && !slices.Contains(patterns, entry.Route) {
			patterns = append(patterns, entry.Route)
		}
	}
	return patterns
}

// chosen are the moments to try.
func chosen(t *testing.T, calls map[string][]string) (moments []moment) {
	t.Helper()
	for _, step := range steps {
		for i, pattern := range calls[step.name] {
			for _, a := range accidents {
				if a.login > 0 && i > 0 {
					continue
				}
				if a.login > 0 {
					pattern = tokenRoute
				}
				if m := (moment{step, pattern, a}); *matrixSize != "sample" || slices.Contains(inSample, m.String()) {
					moments = append(moments, m)
				}
			}
		}
	}
	if *matrixSize == "sample" && len(moments) != len(inSample) {
		t.Fatalf("expected calls for the sample %q, got them for %v alone; calls: %q", inSample, moments, calls)
	}
	return moments
}

// after lets the accident happen, recovers, and compares the ends.
func (s *scene) after(m moment) result {
	start := time.Now()
	w, t := s.world, s.world.t
	s.restore(s.starts[m.step.name])
	r := result{Moment: m.String()}
	w.sandbox.Weather().Queue(m.pattern, s.faults(m)...)
	out, err := s.run(w.engine(s.command(m.step)...))
	if unmet := w.sandbox.Weather().Unused()[m.pattern]; unmet >= max(1, m.accident.login) {
		t.Fatalf("expected a call of %s, got none; %s: %v\n%s", m.pattern, m.step.name, err, out)
	}
	w.sandbox.Weather().Clear(m.pattern)
	if err == nil {
		s.compare(m, &r)
	}
	if !r.Converged {
		s.recover(m, &r)
		s.compare(m, &r)
	}
	r.Seconds = time.Since(start).Seconds()
	return r
}

// faults are what the accident queues.
func (s *scene) faults(m moment) (all []route.Fault) {
	fault := m.accident.fault
	switch {
	case m.accident.kills:
		fault.Strike = s.kill
	case m.accident.rolls:
		fault.Strike = func() {
			if err := s.world.sandbox.Entra().RotateKeys(s.world.tenant.ID); err != nil {
				s.world.t.Error(err)
			}
		}
	}
	return slices.Repeat([]route.Fault{fault}, max(1, m.accident.login))
}

// recover does what a team does after an accident: tenant recover, and the step
// again.
func (s *scene) recover(m moment, r *result) {
	w := s.world
	r.Recovered, r.Problem = true, ""
	if out, err := s.run(w.recovery()); err != nil {
		r.Problem = fmt.Sprintf("tenant recover: %v: %s", err, tail(out))
	}
	if out, err := s.run(w.engine(s.command(m.step)...)); err != nil {
		r.Problem += fmt.Sprintf("%s: %v: %s", m.step.name, err, tail(out))
	}
}

// compare says what differs between the end as it is now and the undisturbed one.
func (s *scene) compare(m moment, r *result) {
	if m.step.name != "destroy" && r.Problem == "" {
		if outcome, err := s.world.try("preview"); err != nil || outcome.Changed() != 0 {
			r.Problem = fmt.Sprintf("preview: %v, changes of %v", err, outcome.Touched)
		}
	}
	got, want := s.end(), s.ends[m.step.name]
	r.Orphans, r.Missing = without(got.alive, want.alive), without(want.alive, got.alive)
	r.Binned = without(got.binned, want.binned)
	if !slices.Equal(got.state, want.state) {
		r.Problem += fmt.Sprintf("the state has besides %q and lacks %q", without(got.state, want.state), without(want.state, got.state))
	}
	r.Converged = r.Problem == "" && len(r.Orphans)+len(r.Missing) == 0
}

// recovery is the command that a team runs after an accident.
func (w *world) recovery() *exec.Cmd {
	cmd := exec.Command(buildTenant(w.t), "recover", "-stack", w.stack, "-yes", "-wait=0s")
	cmd.Dir, cmd.Env = w.project.Dir, w.project.Environ
	return cmd
}

// engine is a command of the CLI.
func (w *world) engine(args ...string) *exec.Cmd {
	path := filepath.Join(layout.Bin(w.sandbox.Dir), "pulumi")
	if _, err := os.Stat(path); err != nil {
		path = "pulumi" // a normal installation
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = w.project.Dir, w.project.Environ, 10*time.Second
	return cmd
}

// tail is the end of an output.
func tail(out []byte) string { return string(out[max(0, len(out)-1500):]) }

// without are the lines of one list that the other does not have as often.
func without(lines, other []string) (rest []string) {
	other = slices.Clone(other)
	for _, line := range lines {
		if i := slices.Index(other, line); i >= 0 {
			other = slices.Delete(other, i, i+1)
			continue
		}
		rest = append(rest, line)
	}
	return rest
}
