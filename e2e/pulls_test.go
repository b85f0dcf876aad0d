package e2e_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox/sandboxtest"
)

// This file takes the stack of a pull request from its first diff to its teardown
// with the built command, on the real engine. The teardown is interrupted once,
// and still leaves nothing.

// A command is the built cmd/tenant in the project folder of a world.
type command struct {
	w    *world
	path string
}

func newCommand(w *world) command {
	w.t.Helper()
	return command{w, buildTenant(w.t)}
}

func (c command) prepare(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(c.path, args...)
	cmd.Dir, cmd.Env = c.w.project.Dir, c.w.project.Environ
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// run returns all that the command prints and its exit code.
func (c command) run(args ...string) (string, int) {
	c.w.t.Helper()
	cmd, out := c.prepare(args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.w.t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// says runs the command and expects its exit code and texts.
func (c command) says(args string, code int, texts ...string) {
	c.w.t.Helper()
	out, got := c.run(strings.Fields(args)...)
	if got != code {
		c.w.t.Fatalf("tenant %s: expected exit code %d, got %d:\n%s", args, code, got, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			c.w.t.Errorf("tenant %s: expected %q, got:\n%s", args, text, out)
		}
	}
}

func TestPullRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	w := worldOf(t, s, s.Tenants()[0], "dev", "pr-7")
	before, binned := w.inventory(), w.binned()
	w.pulumi("stack", "init", w.stack)
	client := fields{"name": "orders-client", "identity": "clientSecret", "roles": []string{"Orders.Read", "Orders.Write"}}
	roles := []fields{{"value": "Orders.Read", "displayName": "Read"}, {"value": "Orders.Write", "displayName": "Write"}}
	w.set(map[string]any{"environment": "test", "expiresOn": "2099-01-01", "roles": roles, "clients": []fields{client}})
	tenant := newCommand(w)
	tenant.says("check -stack pr-7", 0, "nothing is missing")
	tenant.says("diff -stack pr-7", 0, "app registration `orders-api-application` (`orders-api`) is **new**", "**gains** `Orders.Write` on `orders-api`")
	w.up()
	tenant.says("diff -stack pr-7", 0, "`pr-7`: nothing changes.")

	client["identity"], client["previousIdentity"] = "managedIdentity", "clientSecret"
	w.set(map[string]any{"clients": []fields{client}})
	tenant.says("diff -stack pr-7", 0, "managed identity `orders-client-identity`", "**gains** `Orders.Read` on `orders-api`", "changes the client secret that it signs in with")
	w.up()
	delete(client, "previousIdentity")
	client["roles"] = []string{"Orders.Read"}
	w.set(map[string]any{"clients": []fields{client}})
	tenant.says("diff -stack pr-7", 0, "**gives up** the client secret", "**loses** `Orders.Write`", "**loses** Key Vault Secrets User of the key vault", "24 hours")

	interruptedTeardown(w, tenant)
	tenant.says("teardown -stack pr-7 -yes", 0, "left of pr-7", "going on with the teardown")
	if left := w.inventory().Minus(before); left != (deployer.Inventory{}) {
		t.Errorf("expected nothing to be left, got\n%s", left)
	}
	if got := w.binned(); got != binned {
		t.Errorf("expected nothing more in the recycle bins, got %d more", got-binned)
	}
	tenant.says("teardown -stack pr-7 -yes -if-exists", 0, "there is no stack pr-7 and no unfinished teardown of it")
}

// interruptedTeardown interrupts a teardown once it has deleted something.
func interruptedTeardown(w *world, tenant command) {
	w.t.Helper()
	deletions := func() (n int) {
		for _, entry := range w.sandbox.History() {
			if entry.Method == http.MethodDelete {
				n++
			}
		}
		return n
	}
	before := deletions()
	cmd, out := tenant.prepare("teardown", "-stack", w.stack, "-yes")
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Minute)
	for deletions() == before && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		w.t.Error(err)
	}
	if err := cmd.Wait(); err == nil || deletions() == before {
		w.t.Fatalf("expected an interrupted teardown that has deleted something, got %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(w.project.Dir, ".teardown", w.stack+".json")); err != nil {
		w.t.Errorf("expected a journal, got %v\n%s", err, out)
	}
}

// binned counts what the tenant and the subscription keep of what was deleted.
func (w *world) binned() (n int) {
	w.t.Helper()
	for _, list := range []string{
		"/v1.0/directory/deletedItems/microsoft.graph.application",
		"/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
		"/subscriptions/" + w.tenant.SubscriptionID + "/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01",
	} {
		items, err := w.azure.List(w.t.Context(), list)
		if err != nil {
			w.t.Fatal(err)
		}
		n += len(items)
	}
	return n
}
