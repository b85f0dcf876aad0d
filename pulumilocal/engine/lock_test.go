package engine_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// This file tests what docs/state.md says about two people who update one stack,
// with the file backend.

// A running is an `up` that holds the stack's lock while its program waits for the
// gate.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  bytes.Buffer
	gate string
}

// start starts an `up` and waits until its program runs.
func start(t *testing.T, p *project, name string) *running {
	t.Helper()
	r := &running{t: t, gate: filepath.Join(t.TempDir(), name)}
	r.cmd = exec.Command(p.pulumi, "up", "--yes", "--skip-preview", "--non-interactive")
	r.cmd.Dir, r.cmd.Env = p.dir, append(p.environ, "GATE="+r.gate, "GATE_NAME="+name)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.open) // ends the program even if its engine is gone
	deadline := time.Now().Add(5 * time.Minute)
	for {
		if _, err := os.Stat(r.gate + ".started"); err == nil {
			return r
		}
		if time.Now().After(deadline) {
			_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
			_ = r.cmd.Wait()
			t.Fatalf("expected the program of %s to start, got:\n%s", name, &r.out)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (r *running) open() {
	if err := os.WriteFile(r.gate, nil, 0o600); err != nil {
		r.t.Error(err)
	}
}

const locked = "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`."

func TestTwoUpsAtOnce(t *testing.T) {
	t.Parallel()
	p := newProject(t, "gated")
	p.must("stack", "init", "one")
	first := start(t, p, "first")
	if out, err := p.run("up", "--yes", "--skip-preview"); err == nil || !strings.Contains(out, locked) || !strings.Contains(out, "created by ") {
		t.Errorf("expected the second up to fail and name the lock's owner, got %v:\n%s", err, out)
	}
	first.open()
	if err := first.cmd.Wait(); err != nil {
		t.Fatalf("expected the first up to succeed, got %v:\n%s", err, &first.out)
	}
	if got := strings.TrimSpace(p.must("stack", "output", "gate")); got != "first" {
		t.Errorf("got output %q, want the first's", got)
	}
	second := start(t, p, "second")
	second.open()
	if err := second.cmd.Wait(); err != nil {
		t.Errorf("expected the second up to succeed after the first, got %v:\n%s", err, &second.out)
	}
	if got := strings.TrimSpace(p.must("stack", "output", "gate")); got != "second" {
		t.Errorf("got output %q, want the second's", got)
	}
}

func TestStaleLock(t *testing.T) {
	t.Parallel()
	p := newProject(t, "gated")
	p.must("stack", "init", "one")
	done := start(t, p, "done")
	done.open()
	if err := done.cmd.Wait(); err != nil {
		t.Fatalf("%v:\n%s", err, &done.out)
	}
	killed := start(t, p, "killed")
	if err := syscall.Kill(-killed.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = killed.cmd.Wait() // it was killed
	if out, err := p.run("up", "--yes", "--skip-preview"); err == nil || !strings.Contains(out, locked) {
		t.Errorf("expected the dead process's lock to be reported, got %v:\n%s", err, out)
	}
	p.must("cancel", "--yes")
	if got := strings.TrimSpace(p.must("stack", "output", "gate")); got != "done" {
		t.Errorf("got output %q, want that of the last finished up", got)
	}
	again := start(t, p, "again")
	again.open()
	if err := again.cmd.Wait(); err != nil {
		t.Errorf("expected up to succeed after cancel, got %v:\n%s", err, &again.out)
	}
}
