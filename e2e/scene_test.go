package e2e_test

import (
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"app-to-app/sandbox"
	"app-to-app/sandbox/layout"
)

// A scene is the small stack of the matrix, a client of each kind of identity, in
// a sandbox that goes back to where a step starts: an accident costs the step that
// it happens in, and not the deployment before it.
type scene struct {
	world  *world
	mark   string              // in the environment of the engine and of all that it starts
	starts map[string]snapshot // by step: what it starts from
	calls  map[string][]string // by step: the routes by which it changes something
	ends   map[string]end      // by step: what it leaves when nothing disturbs it

	killing *sync.Mutex // held while the engine is killed
}

// A step is what an accident disturbs.
type step struct {
	name     string
	after    string         // the step that it continues, empty for the first
	settings map[string]any // that it changes
	args     func(*scene) []string
}

var steps = []step{
	{name: "up", settings: map[string]any{"rotationDays": rotationDays, "asOf": quarter(260, 3)}, args: always("up")},
	{name: "rotation", after: "up", settings: map[string]any{"asOf": quarter(261, 0)}, args: always("up")},
	{name: "publish", after: "up", args: publishAgain},
	{name: "destroy", after: "up", args: always("destroy")},
}

func always(verb string) func(*scene) []string {
	return func(*scene) []string { return []string{verb} }
}

// publishAgain sends a package that is there already.
func publishAgain(s *scene) []string {
	lines := s.stateLines()
	i := slices.IndexFunc(lines, func(urn string) bool { return strings.Contains(urn, "$command:local:Command::") })
	if i < 0 {
		s.world.t.Fatalf("expected a publish in the state, got %q", lines)
	}
	return []string{"up", "--replace", lines[i]}
}

// newScene runs each of the named steps once, undisturbed, and keeps what it asks
// and leaves. The first step is always among them.
func newScene(t *testing.T, named func(string) bool) *scene {
	w := newWorld(t)
	s := &scene{world: w, mark: "APP_TO_APP_SCENE=" + w.project.Dir, starts: make(map[string]snapshot), calls: make(map[string][]string), ends: make(map[string]end), killing: new(sync.Mutex)}
	w.project.Environ = append(w.project.Environ, s.mark)
	w.newPartner("Partner")
	w.pulumi("stack", "init", w.stack)
	clients := everyKind()
	for _, client := range clients {
		client["roles"] = []string{"Orders.Read"}
		delete(client, "tokenProviders")
		if name := client["name"]; name != "by-site" && name != "by-secret" && name != "partner" {
			client["functionApp"] = false
		}
	}
	w.set(map[string]any{"clients": clients})
	done := map[string]snapshot{"": s.snapshot()}
	for i, step := range steps {
		if i > 0 && !named(step.name) {
			continue
		}
		s.restore(done[step.after])
		w.set(step.settings)
		s.starts[step.name] = s.snapshot()
		s.restore(s.starts[step.name])
		if out, err := s.run(w.engine(s.command(step)...)); err != nil {
			t.Fatalf("%s, undisturbed: %v\n%s", step.name, err, tail(out))
		}
		if s.calls[step.name] = changing(w, w.sandbox.History()); len(s.calls[step.name]) == 0 {
			t.Fatalf("%s, undisturbed: expected calls that change something, got none", step.name)
		}
		s.ends[step.name] = s.end()
		done[step.name] = s.snapshot()
	}
	return s
}

// in is the same scene, reporting to a subtest.
func (s *scene) in(t *testing.T) *scene {
	inner := *s
	inner.world = s.world.in(t)
	return &inner
}

// command is a step's command line.
func (s *scene) command(step step) []string {
	return append(step.args(s), "--yes", "--skip-preview", "--non-interactive", "--stack", s.world.stack)
}

// A snapshot is the content of files by path.
type snapshot map[string][]byte

// kept are the sandbox's state, the engine's, and the stack's settings. The
// contents of blobs are not among them: they are named by their hash, and none is
// wrong in an earlier state.
func (s *scene) kept() []string {
	dir := s.world.sandbox.Dir
	return []string{filepath.Join(dir, "state.db"), layout.State(dir), filepath.Join(s.world.project.Dir, "Pulumi."+s.world.stack+".yaml")}
}

// snapshot stops the sandbox and reads what is kept.
func (s *scene) snapshot() snapshot {
	t := s.world.t
	t.Helper()
	if err := s.world.sandbox.Close(); err != nil {
		t.Fatal(err)
	}
	files := make(snapshot)
	for _, root := range s.kept() {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// restore puts a snapshot back and starts the sandbox on it.
func (s *scene) restore(files snapshot) {
	t := s.world.t
	t.Helper()
	err := s.world.sandbox.Close()
	for _, root := range s.kept() {
		if err == nil {
			err = os.RemoveAll(root)
		}
	}
	for path, content := range files {
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := sandbox.Start(context.Background(), sandbox.Options{Dir: s.world.sandbox.Dir, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	*s.world.sandbox = *again // the test that started the first one closes this one
}

// run runs a command to its end. If it is killed, that is over before the next
// command starts, which would be killed too.
func (s *scene) run(cmd *exec.Cmd) (out []byte, err error) {
	out, err = cmd.CombinedOutput()
	s.killing.Lock()
	defer s.killing.Unlock()
	return out, err
}

// kill kills the engine and everything that it started: plugins have process
// groups of their own.
func (s *scene) kill() {
	s.killing.Lock()
	defer s.killing.Unlock()
	for found := true; found; {
		found = false
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range environs {
			environ, _ := os.ReadFile(path) // a process that is gone, or another user's, has none
			if !slices.Contains(strings.Split(string(environ), "\x00"), s.mark) {
				continue
			}
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
			}
		}
	}
}
