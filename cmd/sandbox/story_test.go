package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built is the folder of the command that the tests share.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "sandbox-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		return m.Run()
	}())
}

// build builds the command, once for all tests.
func build(t *testing.T) (path string) {
	t.Helper()
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "sandbox")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/sandbox: %w\n%s", err, out)
	}
	return path, nil
})

// shared is a checkout for several tests: in each, the stand-ins and the program
// are compiled again, because its path is in what the go command builds. What the
// tests leave there, git ignores.
func shared(t *testing.T) (dir string) {
	t.Helper()
	return copied(t, filepath.Join(built, "checkout"), firstCopy())
}

var firstCopy = sync.OnceValue(func() error { return clone(filepath.Join(built, "checkout")) })

// checkout is one of the test's own.
func checkout(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "checkout")
	return copied(t, dir, clone(dir))
}

func copied(t *testing.T, dir string, err error) string {
	t.Helper()
	if errors.Is(err, errNoCheckout) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var errNoCheckout = errors.New("needs a git checkout")

// clone copies the working tree, without what git ignores, into a git repository
// of its own in dir: what a person who clones it would have.
func clone(dir string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	files, err := list.Output()
	if err != nil {
		return errNoCheckout
	}
	for _, name := range strings.Split(strings.Trim(string(files), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, not yet committed
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=test", "-c", "user.email=test@sandbox.test", "commit", "-q", "-m", "checkout"}} {
		if out, err := gitIn(dir, args...); err != nil {
			return fmt.Errorf("git %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

func gitIn(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := gitIn(dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// A serving sandbox is a process that a person started in a shell.
type serving struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *bytes.Buffer // standard error
	said string        // how to go on
}

// commands are those that it says to run in a second shell, as a script.
func (s *serving) commands() string {
	var script strings.Builder
	for line := range strings.Lines(s.said) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			script.WriteString(strings.Replace(command, "pulumi up", "pulumi up --yes --skip-preview", 1))
		}
	}
	return script.String()
}

// serve starts the command and returns when it says how to go on.
func serve(t *testing.T, binary, dir string, args ...string) *serving {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve"}, args...)...)
	cmd.Dir = dir
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{t: t, cmd: cmd, out: &bytes.Buffer{}}
	cmd.Stderr = s.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.kill()
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		s.said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Stop with Ctrl-C") {
			go io.Copy(io.Discard, stdout)
			return s
		}
	}
	cmd.Wait()
	t.Fatalf("sandbox serve ended without saying how to go on:\n%s", s.out)
	return nil
}

// stop ends it as Ctrl-C does, and expects it to report no problem.
func (s *serving) stop() {
	s.t.Helper()
	s.cmd.Process.Signal(os.Interrupt)
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("sandbox serve: %v\n%s", err, s.out)
	}
}

// kill ends it as kill -9 does.
func (s *serving) kill() {
	s.cmd.Process.Signal(syscall.SIGKILL)
	s.cmd.Wait()
}

// shell types lines into a shell whose folder is dir, as a person would.
func shell(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("$ %s\n%s", script, out)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(out)
}

// TestASecondShell is the README's offline story, typed as a person would, with
// the sandbox restarted and killed in between.
func TestASecondShell(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	binary, dir := build(t), shared(t)

	s := serve(t, binary, dir)
	if out := shell(t, dir, s.commands()); !strings.Contains(out, "orders-client got 5 orders from the API.\n") {
		t.Errorf("expected orders in the end, got:\n%s", out)
	}
	apps := handlers(t, dir)
	if len(apps) != 3 {
		t.Errorf("got %d running handlers, want 3", len(apps))
	}

	s.kill()
	for _, pid := range apps {
		if !gone(pid) {
			t.Errorf("handler %d outlived the sandbox that was killed", pid)
		}
	}
	s = serve(t, binary, dir)
	shell(t, dir, s.commands()+"pulumi refresh --yes --skip-preview")

	s.stop()
	s = serve(t, binary, dir)
	shell(t, dir, ". .sandbox/env; pulumi preview --expect-no-changes")

	trees := []string{dir}
	if *wholeReadme { // the program is compiled again there
		trees = append(trees, checkout(t))
		shell(t, trees[1], ". '"+dir+"/.sandbox/env'; cp '"+dir+"/Pulumi.local-dev.yaml' .; pulumi stack select local-dev; pulumi preview --expect-no-changes")
	}

	shell(t, dir, ". .sandbox/env; pulumi destroy --yes --skip-preview")
	s.stop()

	// The stack file still has the salt of the sandbox that is thrown away.
	if err := os.RemoveAll(filepath.Join(dir, ".sandbox")); err != nil {
		t.Fatal(err)
	}
	s = serve(t, binary, dir)
	shell(t, dir, ". .sandbox/env; pulumi stack init local-dev")
	s.stop()
	for _, tree := range trees {
		if got := git(t, tree, "status", "--porcelain"); got != "" {
			t.Errorf("expected a clean tree, got:\n%s", got)
		}
	}
}

// handlers finds the processes of function apps of the sandbox in dir.
func handlers(t *testing.T, dir string) []int {
	t.Helper()
	return processesIn(t, filepath.Join(dir, ".sandbox", "apps"))
}

// processesIn finds the processes whose executable is in a folder.
func processesIn(t *testing.T, folder string) []int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && strings.HasPrefix(target, folder+"/") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits for a process to end; the kernel ends it on its own time.
func gone(pid int) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || bytes.Contains(state, []byte(") Z ")) {
			return true
		}
	}
	return false
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	binary := build(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		dir  string
		want []string
		env  []string
	}{
		{name: "no verb", dir: root, want: []string{"sandbox: error: expected a verb", "sandbox: hint:"}},
		{name: "unknown verb", args: []string{"deploy"}, dir: root, want: []string{`expected serve or demo, got "deploy"`, "sandbox: hint:"}},
		{name: "unknown flag", args: []string{"demo", "-fast"}, dir: root, want: []string{"-fast", "sandbox: hint:"}},
		{name: "an argument too many", args: []string{"demo", "dev"}, dir: root, want: []string{`got "dev"`, "sandbox: hint:"}},
		{name: "unknown stack", args: []string{"demo", "-stack", "staging"}, dir: root, want: []string{"Pulumi.staging.yaml", "sandbox: hint:"},
			env: []string{"HOME=", "XDG_CACHE_HOME="}}, // no cache folder: a demo that starts before it looks fails over that
		{name: "-keep with -json", args: []string{"demo", "-keep", "-json"}, dir: root, want: []string{"expected one of -keep and -json", "sandbox: hint:"}},
		{name: "outside the repository", args: []string{"serve"}, dir: t.TempDir(), want: []string{"expected Pulumi.yaml", "sandbox: hint:"}},
		{name: "an address that is not loopback", args: []string{"serve", "-addr", "0.0.0.0:8443", "-dir", t.TempDir()}, dir: root, want: []string{"expected the loopback address"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(binary, tt.args...)
			cmd.Dir, cmd.Env = tt.dir, append(os.Environ(), tt.env...)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("got success, want a failure")
			}
			for _, want := range tt.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("got:\n%s\nwant %q in it", out, want)
				}
			}
			if lines := bytes.Count(out, []byte("\n")); lines > 2 {
				t.Errorf("got %d lines, want the error and its hint:\n%s", lines, out)
			}
		})
	}
}
