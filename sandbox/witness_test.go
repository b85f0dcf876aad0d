package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/sandboxtest"
)

// This file checks that each route's witness asserts the route's answer. It
// compiles each service's tests once, with the build tag that makes it possible to
// switch one route off (sandbox/route/switch_witness.go). All witnesses must pass
// with every route on. Then each one runs alone, once with its route off and once
// with an empty answer of its route, and must fail both times.

// folders are the folders of services' tests, where they differ from the name of
// the table.
var folders = map[string]string{"functions": "appservice", "identity": "appservice", "scm": "appservice"}

func folder(service string) string {
	if dir, ok := folders[service]; ok {
		return dir
	}
	return service
}

func TestEveryRouteHasAWitness(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the tests of all services, and runs them route by route")
	}
	t.Parallel()
	packages := make(map[string][]witnessed)
	for service, routes := range sandboxtest.Start(t, sandboxtest.Options{}).Routes() {
		dir := folder(service)
		for _, r := range routes {
			packages[dir] = append(packages[dir], witnessed{Route: r, service: service, dir: dir})
		}
	}
	for dir, routes := range packages {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			binary := compile(t, dir)
			passed := passing(t, binary, routes)
			var proofs []proof
			for _, r := range routes {
				if r.Witness == "" || !passed[rowName(r.Witness)] {
					t.Errorf("%s: expected a test of sandbox/%s that passes, got %q; name one that asserts the answer in the route's Witness",
						r, dir, r.Witness)
					continue
				}
				proofs = append(proofs, proof{r, "off"}, proof{r, "hollow"})
			}
			proveAll(t, binary, proofs)
		})
	}
}

// TestEveryRouteNamesAWitness is what can be said without running the witnesses:
// each route names a test that its service has.
func TestEveryRouteNamesAWitness(t *testing.T) {
	t.Parallel()
	tests := make(map[string]string) // the sources of a service's tests, by folder
	for service, routes := range sandboxtest.Start(t, sandboxtest.Options{}).Routes() {
		dir := folder(service)
		if _, ok := tests[dir]; !ok {
			tests[dir] = testSources(t, dir)
		}
		for _, r := range routes {
			name, _, _ := strings.Cut(r.Witness, "/")
			if name == "" || !strings.Contains(tests[dir], "\nfunc "+name+"(t *testing.T) {") {
				t.Errorf("%s %s: expected the route's Witness to be a test in sandbox/%s, got %q", service, r.Pattern, dir, r.Witness)
			}
		}
	}
}

func testSources(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(source)
	}
	return all.String()
}

// A witnessed is a route with where its witness is.
type witnessed struct {
	route.Route
	service, dir string
}

func (r witnessed) String() string { return r.service + " " + r.Pattern }

// A proof is one run of a witness, with its route broken in one way.
type proof struct {
	witnessed
	how string
}

// slots limits the processes at once to the number of processors.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

func proveAll(t *testing.T, binary string, proofs []proof) {
	var group sync.WaitGroup
	for _, p := range proofs {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out, err := run(t.Context(), binary, p.dir, []string{p.Witness}, "SANDBOX_SWITCH="+p.how+" "+p.String())
			if problem := p.judge(out, err); problem != "" {
				t.Error(problem)
			}
		})
	}
	group.Wait()
}

// judge returns the problem with a witness, given how it ended.
func (p proof) judge(out []byte, err error) string {
	broken := map[string]string{"off": "answers 501", "hollow": "answers with an empty body or another status"}[p.how]
	name := rowName(p.Witness)
	switch {
	case err == nil:
		return fmt.Sprintf("%s: the witness %s passes although the route %s: it does not assert the answer; "+
			"let it assert the status and a documented member, or name another test in the route's Witness", p, p.Witness, broken)
	case !regexp.MustCompile(`(?m)^\s*--- FAIL: ` + regexp.QuoteMeta(name) + ` \(`).Match(out):
		return fmt.Sprintf("%s: expected the witness %s to fail by itself when the route %s, got %v; "+
			"let it end with t.Fatal instead of waiting or panicking:\n%s", p, p.Witness, broken, err, out)
	}
	return ""
}

// compile builds the tests of a service, without the race detector: the services'
// own runs use that.
func compile(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), dir+".test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-race=false", "-tags=witness", "-o", binary, "./"+dir)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compile the tests of sandbox/%s: %v\n%s", dir, err, out)
	}
	return binary
}

// passing runs all witnesses once and returns the tests and subtests that passed.
func passing(t *testing.T, binary string, routes []witnessed) map[string]bool {
	t.Helper()
	var names []string
	for _, r := range routes {
		names = append(names, r.Witness)
	}
	out, err := run(t.Context(), binary, routes[0].dir, names, "SANDBOX_SWITCH=")
	if err != nil {
		t.Errorf("run the witnesses of sandbox/%s with nothing switched off: %v\n%s", routes[0].dir, err, out)
	}
	passed := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^\s*--- PASS: (.*) \([0-9.]+s\)$`).FindAllSubmatch(out, -1) {
		passed[string(match[1])] = true
	}
	return passed
}

// rowName is a name as go test prints it.
func rowName(witness string) string { return strings.ReplaceAll(witness, " ", "_") }

// run runs tests of a binary in their folder, for at most a minute.
func run(ctx context.Context, binary, dir string, names []string, env string) ([]byte, error) {
	patterns := make([]string, 0, len(names))
	seen := make(map[string]bool)
	for _, name := range names {
		if name != "" && !seen[name] {
			seen[name] = true
			parts := strings.Split(rowName(name), "/")
			for i, part := range parts {
				parts[i] = "^" + regexp.QuoteMeta(part) + "$"
			}
			patterns = append(patterns, strings.Join(parts, "/"))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	test := exec.CommandContext(ctx, binary, "-test.v", "-test.run="+strings.Join(patterns, "|"))
	// The first run builds an executable for the others, see appservice's tests.
	test.Dir, test.Env = dir, append(os.Environ(), env, "SANDBOX_TEST_CACHE="+filepath.Dir(binary))
	var out bytes.Buffer
	test.Stdout, test.Stderr = &out, &out
	err := test.Run()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return out.Bytes(), err
}

func TestJudgeWitness(t *testing.T) {
	t.Parallel()
	p := proof{witnessed{route.Route{Pattern: "GET /a", Witness: "TestX/a row"}, "graph", "graph"}, "off"}
	failed := errors.New("exit status 1")
	for _, tt := range []struct {
		name, out string
		err       error
		want      string
	}{
		{name: "passes", out: "--- PASS: TestX\n    --- PASS: TestX/a_row (0.00s)\n", want: "does not assert the answer"},
		{name: "another test fails", out: "--- FAIL: TestX/a_row_more (0.00s)\n", err: failed, want: "to fail by itself"},
		{name: "hangs", out: "panic: test timed out", err: failed, want: "to fail by itself"},
		{name: "fails", out: "--- FAIL: TestX (0.00s)\n    --- FAIL: TestX/a_row (0.00s)\n", err: failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := p.judge([]byte(tt.out), tt.err)
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
}
