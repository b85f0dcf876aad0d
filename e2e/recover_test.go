package e2e_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"app-to-app/pulumilocal/deployer"
)

// This file kills the engine in the middle of an update, and expects that
// `tenant recover` and one more update end where an undisturbed one does.

// killed runs an update until a request has been answered, and kills the engine
// with its plugins. It reports whether that request came.
func (w *world) killed(method, route string) bool {
	w.t.Helper()
	seen := len(w.sandbox.History())
	path := "pulumi"
	for _, pair := range w.project.Environ { // the last one counts
		if list, ok := strings.CutPrefix(pair, "PATH="); ok {
			first, _, _ := strings.Cut(list, ":")
			path = filepath.Join(first, "pulumi")
		}
	}
	cmd := exec.Command(path, "up", "--yes", "--skip-preview", "--non-interactive", "--stack", w.stack)
	cmd.Dir, cmd.Env = w.project.Dir, w.project.Environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = w.printed, w.printed
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		for _, entry := range w.sandbox.History()[seen:] {
			if entry.Method == method && strings.Contains(strings.ToLower(entry.Route), route) && entry.Status < 300 {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
				<-ended
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-time.After(time.Millisecond):
		}
	}
}

func TestRecover(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", w.stack)
	w.set(map[string]any{"clients": []fields{{"name": "orders-client", "identity": "clientSecret", "roles": []string{"Orders.Read"}, "functionApp": false}}})
	tenant := newCommand(w)
	before := w.inventory()
	tried := 0
	for _, request := range []struct{ method, route string }{
		{http.MethodPost, "/applications"},
		{http.MethodPut, "/microsoft.keyvault/vaults/"},
		{http.MethodPut, "/roleassignments/"},
		{http.MethodPost, "/serviceprincipals"},
		{http.MethodPost, "/addpassword"},
		{http.MethodPut, "/microsoft.web/sites/"},
		{http.MethodPost, "/approleassignedto"},
	} {
		if !w.killed(request.method, request.route) {
			t.Logf("%s %s did not come", request.method, request.route)
			continue
		}
		tried++
		out, code := tenant.run("recover", "-stack", w.stack, "-yes", "-wait=0s")
		t.Logf("%s %s: recover ended with %d:\n%s", request.method, request.route, code, out)
		if code != 0 {
			t.Fatalf("expected exit code 0, got %d", code)
		}
		if state := w.export(); strings.Contains(state, "pending_operations") && strings.Contains(state, `"creating"`) {
			t.Errorf("%s %s: expected no pending operation", request.method, request.route)
		}
	}
	w.up()
	if outcome := w.run("preview"); outcome.Changed() != 0 {
		t.Errorf("expected no change, got %v", outcome.Touched)
	}
	tenant.says("recover -stack dev -yes", 0, "nothing to recover")
	if tried == 0 {
		t.Error("expected to kill the engine at least once")
	}
	w.destroy()
	if left := w.inventory().Minus(before); left != (deployer.Inventory{}) {
		t.Errorf("expected nothing to be left, got\n%s", left)
	}
}
