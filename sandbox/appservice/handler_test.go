package appservice_test

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"app-to-app/sandbox/store"
)

func TestEnvironmentOfAHandler(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ORDERS_URL": "https://x", "SHARED": "setting", "A:B": "nested", "IDENTITY_HEADER": "made up"})
	w.run(zipOf(append(base(`{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler","arguments":["-url=%ORDERS_URL%","-none=%MISSING%"]},"enableProxyingHttpRequest":true}}`), everything)...))
	h := w.hear("/api/echo")
	for name, want := range map[string]string{
		"ORDERS_URL": "https://x", "FROM_MACHINE": "machine", "SHARED": "setting", "A__B": "nested",
		"WEBSITE_SITE_NAME": "orders", "WEBSITE_HOSTNAME": fmt.Sprintf("127.0.0.1:%d", w.site.AppPort), "WEBSITE_RESOURCE_GROUP": "rg",
		"FUNCTIONS_EXTENSION_VERSION": "~4", "FUNCTIONS_WORKER_RUNTIME": "custom", "FUNCTIONS_APP_ROOT_PATH": h.Dir,
		"FUNCTIONS_HTTPWORKER_PORT": h.variable("FUNCTIONS_CUSTOMHANDLER_PORT"),
		"FUNCTIONS_HTTPWORKER_ID":   h.variable("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"),
		"IDENTITY_HEADER":           w.site.IdentityHeader, "MSI_SECRET": w.site.IdentityHeader, "MSI_ENDPOINT": h.variable("IDENTITY_ENDPOINT"),
	} {
		if got := h.variable(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "WEBSITE_INSTANCE_ID"} {
		if h.variable(name) == "" {
			t.Errorf("%s: got nothing, want a value", name)
		}
	}
	if got := h.variable("IDENTITY_ENDPOINT"); !strings.HasPrefix(got, "http://127.0.0.1:") || !strings.HasSuffix(got, "/msi/token") {
		t.Errorf("IDENTITY_ENDPOINT: got %q", got)
	}
	if want := []string{"-url=https://x", "-none="}; !slices.Equal(h.Args, want) {
		t.Errorf("got arguments %q, want %q", h.Args, want)
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "host.json"), nil, 0o600); os.Getuid() != 0 && err == nil {
		t.Error("the package's folder can be written to, want it read-only")
	}
	if info, err := os.Stat(h.Dir); err != nil || info.Mode().Perm() != 0o555 {
		t.Errorf("got mode %v, %v of the package's folder, want 0555", info.Mode(), err)
	}
}

func TestIdentityVariablesSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"WEBSITE_DISABLE_MSI": "true", "IDENTITY_HEADER": "made up"})
	w.run(standard(everything))
	h := w.hear("/api/echo")
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"} {
		if h.variable(name) != "" {
			t.Errorf("%s: got a value, want none", name)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	t.Run("0 is final", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		if r := w.get("/api/exit/0"); r.status != 500 {
			t.Errorf("got %d for the call that ended the handler, want 500", r.status)
		}
		w.said.wait("exit code 0 and is not started again", 1)
		if r := w.get("/api/echo"); r.status != 500 || r.body != "" {
			t.Errorf("got %d %q afterwards, want 500 without a body", r.status, r.body)
		}
	})
	t.Run("200 asks for a restart, however often", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		seen := map[int]bool{w.hear("/api/echo").PID: true}
		for range 4 {
			w.get("/api/exit/200")
			w.said.wait("asked for a restart with exit code 200", len(seen))
			seen[w.hear("/api/echo").PID] = true
		}
		if len(seen) != 5 {
			t.Errorf("got processes %v, want five", seen)
		}
	})
	t.Run("others are errors, and three within half an hour too many", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		for n := 1; n <= 2; n++ {
			w.hear("/api/echo")
			w.get("/api/exit/3")
			w.said.wait(fmt.Sprintf("exit code 3 (error %d of 3)", n), 1)
		}
		w.hear("/api/echo")
		// The third comes late, so the count starts again.
		if err := w.store.Advance(31 * time.Minute); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 3; n++ {
			w.hear("/api/echo")
			w.get("/api/exit/4")
			w.said.wait(fmt.Sprintf("exit code 4 (error %d of 3)", n), 1)
		}
		w.said.wait("shutting down the functions host", 1)
		if r := w.get("/api/echo"); r.status != 503 || !strings.Contains(r.body, "Function host is not running.") {
			t.Errorf("got %d %q, want 503", r.status, r.body)
		}
		w.service.Restart(siteID)
		w.hear("/api/echo")
	})
	t.Run("a handler that never starts", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, map[string]string{"HANDLER_EXIT": "7"})
		w.run(standard(everything)) // the deployment is not to blame
		if r := w.get("/api/echo"); r.status != 503 {
			t.Errorf("got %d, want 503", r.status)
		}
		if log := strings.Join(w.service.Logs(siteID), "\n"); strings.Count(log, "[Information] exiting at once with 7") != 3 || !strings.Contains(log, "[Error] the handler ended with exit code 7 (error 3 of 3)") {
			t.Errorf("got logs:\n%s", log)
		}
	})
}

func TestInitializationTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"HANDLER_MUTE": "1", "AzureFunctionsJobHost__customHandler__initializationTimeout": "00:00:01"})
	w.run(standard(everything))
	if r := w.get("/api/echo"); r.status != 503 && r.status != 500 {
		t.Errorf("got %d, want a failure", r.status)
	}
	w.said.wait("expected the handler to answer GET / within 1s", 3)
	w.set("HANDLER_MUTE", "") // and it gets well
	w.hear("/api/echo")
}

func TestStopping(t *testing.T) {
	t.Parallel()
	t.Run("asked first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		w.run(standard(everything))
		w.hear("/api/echo")
		w.stop()
		w.said.wait("orders: asked to stop", 1)
	})
	t.Run("killed when it does not listen", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, map[string]string{"HANDLER_STUBBORN": "1"})
		w.grace = 50 * time.Millisecond
		w.restart()
		w.run(standard(everything))
		pid := w.hear("/api/echo").PID
		w.stop()
		if alive(pid) {
			t.Errorf("process %d is still there", pid)
		}
		w.said.wait("did not stop within 50ms and was killed", 1)
	})
	t.Run("with all it started", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, map[string]string{"HANDLER_CHILD": "1"})
		w.run(standard(everything))
		w.hear("/api/echo")
		w.said.wait("orders: child ", 1)
		_, rest, _ := strings.Cut(w.said.String(), "orders: child ")
		child, err := strconv.Atoi(rest[:strings.Index(rest, "\n")])
		if err != nil {
			t.Fatal(err)
		}
		if !alive(child) {
			t.Fatal("the handler's child is not there")
		}
		w.get("/api/exit/0") // the handler ends, its child does not
		w.said.wait("exit code 0", 1)
		gone(t, child)
	})
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(status), ") Z ")
}

// gone returns when the process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for alive(pid) {
		select {
		case <-again.C:
		case <-deadline.Done():
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// TestKilledSandbox runs itself in another process, which starts a handler and
// is killed with -9.
func TestKilledSandbox(t *testing.T) {
	t.Parallel()
	if os.Getenv("APPSERVICE_TEST_VICTIM") != "" {
		w := newWorld(t, nil)
		w.run(standard(everything))
		fmt.Println("handler", w.hear("/api/echo").PID)
		select {}
	}
	tmp := t.TempDir()
	t.Cleanup(func() { // unpacked packages are read-only
		filepath.WalkDir(tmp, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				os.Chmod(name, 0o755)
			}
			return nil
		})
	})
	victim := exec.Command(os.Args[0], "-test.run=^TestKilledSandbox$", "-test.timeout=2m")
	victim.Env = append(os.Environ(), "APPSERVICE_TEST_VICTIM=1", "TMPDIR="+tmp)
	out, err := victim.StdoutPipe()
	if err == nil {
		err = victim.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Process.Kill()
	handler := 0
	for lines := bufio.NewScanner(out); handler == 0 && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "handler %d", &handler)
	}
	if handler == 0 || !alive(handler) {
		t.Fatalf("the victim's handler %d does not run", handler)
	}
	victim.Process.Signal(syscall.SIGKILL)
	victim.Wait()
	gone(t, handler)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"SECRET": "hunter2"})
	w.run(standard(everything, httpFunction("Keyed", ``)))
	w.get("/api/print", "Authorization", "Bearer abc")
	w.get("/api/Keyed?code="+w.site.MasterKey, "Authorization", "Bearer abc")
	w.get("/api/exit/0")
	w.said.wait("exit code 0", 1) // the last line is written, too
	for _, want := range []string{"orders: a line on stdout\n", "orders: a line on stderr\n", "orders: no end of line\n", "site=orders"} {
		if !strings.Contains(w.said.String(), want) {
			t.Errorf("got no %q in the output:\n%s", want, w.said)
		}
	}
	for what, secret := range map[string]string{"a setting": "hunter2", "a header": "Bearer", "a key": w.site.MasterKey, "the identity header": w.site.IdentityHeader} {
		if strings.Contains(w.said.String(), secret) {
			t.Errorf("%s was logged", what)
		}
	}
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	w.get("/api/print")
	w.said.wait("a Warning on stderr", 1)
	log := strings.Join(w.service.Logs(siteID), "\n")
	for _, want := range []string{"2026-01-05T12:00:30.000Z [Information] a line on stdout", "[Error] a line on stderr", "[Warning] a Warning on stderr", "Executing 'Functions.Everything'"} {
		if !strings.Contains(log, want) {
			t.Errorf("got no %q in the logs:\n%s", want, log)
		}
	}
	if w.service.Logs(siteID+"x") != nil {
		t.Error("got logs of an unknown site")
	}
}

func TestChangedRestartsWhenSomethingMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(standard(everything))
	pid := w.hear("/api/echo").PID
	w.change(func(p map[string]any) { p["tags"] = "new" })
	w.service.Changed(siteID)
	if got := w.hear("/api/echo").PID; got != pid {
		t.Error("the handler was restarted, but nothing that matters changed")
	}
	for name, change := range map[string]func(){
		"settings": func() { w.set("NEW", "1") },
		"identity": func() {
			w.update(func(tx *store.Tx) error {
				w.setIdentity(tx, map[string]any{"type": "SystemAssigned, UserAssigned", "principalId": systemPrinc, "userAssignedIdentities": map[string]any{
					hostID: map[string]string{"clientId": hostClient, "principalId": hostPrinc},
				}})
				return nil
			})
			w.service.Changed(siteID)
		},
		"package":                func() { w.run(standard(everything, httpFunction("More", open))) },
		"restart":                func() { w.service.Restart(siteID) },
		"the same package again": func() { w.run(standard(everything, httpFunction("More", open))) },
	} {
		t.Run(name, func(t *testing.T) {
			change()
			got := w.hear("/api/echo").PID
			if got == pid {
				t.Error("the handler was not restarted")
			}
			if alive(pid) {
				t.Error("the old handler still runs")
			}
			pid = got
		})
	}
}
