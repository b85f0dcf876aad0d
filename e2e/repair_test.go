package e2e_test

import (
	"slices"
	"strings"
)

// unchanged fails the test unless the tenant is as the stack declares, according to
// the audit and to the engine.
func (w *world) unchanged(path, after string) {
	w.t.Helper()
	if found := w.differences(path); found != nil {
		w.t.Errorf("%s: audit finds %q", after, found)
	}
	if _, err := w.try("preview", "--refresh", "--expect-no-changes"); err != nil {
		w.t.Errorf("%s: preview: %v", after, err)
	}
}

// fixesDrift removes what `tenant audit` found and nobody declared, undoes by hand
// what is no thing to remove, and expects nothing to differ.
func (w *world) fixesDrift(path string) {
	w.t.Helper()
	code, stdout, stderr := w.tenantCommand(path, "audit", "-stack", w.stack, "-fix", "-yes")
	if code != 3 || !strings.Contains(stdout, "removed 3, already gone 0, declined 0, not reached 0\n") {
		w.t.Errorf("audit -fix: got exit code %d:\n%s%s", code, stdout, stderr)
	}
	want := []string{"assignmentNotRequired API", "easyAuthOn function app of API", "settingAdded function app of API", "settingChanged function app of client orders-client"}
	if found := w.differences(path); !slices.Equal(found, want) {
		w.t.Errorf("after audit -fix: got\n%q\nwant\n%q", found, want)
	}
	e := w.exports()
	w.do("PATCH", "/v1.0/servicePrincipals/"+w.principalOf(e.APIClientID), map[string]any{"appRoleAssignmentRequired": true}, nil)
	w.do("PUT", e.APISiteID+"/config/authsettingsV2?api-version=2022-09-01", map[string]any{"properties": map[string]any{"platform": map[string]any{"enabled": false}}}, nil)
	w.changeSetting(e.APISiteID, "ORDERS_BLOCKED_CALLERS", "")
	w.changeSetting(e.ClientSites["orders-client"], "ORDERS_SCHEDULE", "0 */10 * * * *")
	w.unchanged(path, "after the rest was undone")
}

// revokes takes a client's access away, does what the command says to make that
// permanent, and expects the tenant and the settings to agree again. The other
// client works all the time.
func (w *world) revokes(path, client string) {
	w.t.Helper()
	code, stdout, stderr := w.tenantCommand(path, "revoke", client, "-stack", w.stack, "-yes")
	if code != 0 || !strings.Contains(stdout, "a call of the client was refused ") || !strings.Contains(stdout, "\ncut off: ") {
		w.t.Fatalf("revoke: got exit code %d:\n%s%s", code, stdout, stderr)
	}
	w.call()
	_, steps, _ := strings.Cut(stdout, "\nto make it permanent")
	for line := range strings.Lines(steps) {
		command, isStep := strings.CutPrefix(strings.TrimSpace(line), "pulumi ")
		switch {
		case strings.HasPrefix(command, "config "):
			w.pulumi(strings.Fields(strings.ReplaceAll(command, "'", ""))...)
		case isStep && strings.HasPrefix(command, "up --refresh "):
			w.up("--refresh")
		case isStep:
			w.t.Errorf("expected a known step, got %q", line)
		}
	}
	for _, access := range w.exports().Access {
		if access.Client == client {
			w.t.Errorf("expected %s to be gone from the exports", client)
		}
	}
	w.call()
	w.unchanged(path, "after the revocation was made permanent")
}
