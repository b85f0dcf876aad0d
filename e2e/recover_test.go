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

// This file kills the engine in the middle of an update, and has things made twice,
// replaced and deleted behind its back. It expects that `tenant recover` and one more
// update or destroy end where an undisturbed one does. The matrix of accidents tries
// all moments.

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

// recoversWithoutOperations has accidents that the state knows nothing of: a
// registration and a secret whose creation was answered and sent again, and an app
// role assignment that another client made again under another id.
func (w *world) recoversWithoutOperations(tenant command) {
	w.t.Helper()
	client := w.exports().Access[0]
	var app struct {
		DisplayName string
		Tags        []string
		Secrets     []struct {
			DisplayName string
			EndDateTime time.Time
		} `json:"passwordCredentials"`
	}
	path := "/v1.0/applications/" + client.ApplicationObjectID
	w.do(http.MethodGet, path, nil, &app)
	var twin struct{ ID string }
	w.do(http.MethodPost, "/v1.0/applications", map[string]any{"displayName": app.DisplayName, "signInAudience": "AzureADMyOrg", "tags": app.Tags}, &twin)
	w.do(http.MethodPost, path+"/addPassword", map[string]any{"passwordCredential": map[string]any{
		"displayName": app.Secrets[0].DisplayName, "endDateTime": app.Secrets[0].EndDateTime}}, nil)
	assignment, body := w.assignmentOf(client.ObjectID)
	w.do(http.MethodDelete, assignment, nil, nil)
	w.do(http.MethodPost, assignment[:strings.LastIndex(assignment, "/")], body, nil)

	// Where recover is not known, the official providers' advice leads to here.
	w.run("refresh", "--yes", "--skip-preview")
	if err := w.tryUp(); err == nil || !strings.Contains(w.printed.String(), "Permission being assigned already exists") {
		w.t.Errorf("got %v, want the update to fail at the assignment that exists", err)
	}
	out, code := tenant.run("recover", "-stack", w.stack, "-yes", "-wait=0s")
	for _, want := range []string{
		"adopt       AppRoleAssignment orders-client-application-assignment-Orders.Read",
		"remove      Application orders-client-application (" + twin.ID + ")",
		"remove      ApplicationPassword ",
	} {
		if code != 0 || !strings.Contains(out, want) {
			w.t.Errorf("recover ended with %d and:\n%s\nwant 0 and %q", code, out, want)
		}
	}
	w.up()
	if outcome := w.run("preview"); outcome.Changed() != 0 {
		w.t.Errorf("expected no change, got %v", outcome.Touched)
	}

	// A destroy fails, minutes later, at an assignment that is gone.
	assignment, _ = w.assignmentOf(client.ObjectID)
	w.do(http.MethodDelete, assignment, nil, nil)
	tenant.says("recover -stack dev -yes -wait=0s", 0, "no operation is pending")
}

// assignmentOf is the path of the one app role assignment that a client has, and
// what makes it.
func (w *world) assignmentOf(principalID string) (path string, body map[string]any) {
	w.t.Helper()
	all, err := w.azure.List(w.t.Context(), "/v1.0/servicePrincipals/"+principalID+"/appRoleAssignments")
	if err != nil || len(all) != 1 {
		w.t.Fatalf("expected one app role assignment, got %v, %v", all, err)
	}
	id, _ := all[0]["id"].(string)
	api, _ := all[0]["resourceId"].(string)
	return "/v1.0/servicePrincipals/" + api + "/appRoleAssignedTo/" + id, map[string]any{"principalId": principalID, "resourceId": api, "appRoleId": all[0]["appRoleId"]}
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
		{http.MethodPost, "/addpassword"},
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
	w.recoversWithoutOperations(tenant)
	w.destroy()
	if left := w.inventory().Minus(before); left != (deployer.Inventory{}) {
		t.Errorf("expected nothing to be left, got\n%s", left)
	}
}
