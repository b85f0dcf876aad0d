package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tenantCommand runs cmd/tenant in the project's folder, as its deployer.
func (w *world) tenantCommand(path string, args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, problems bytes.Buffer
	command := exec.CommandContext(w.t.Context(), path, args...)
	command.Dir, command.Env = w.project.Dir, w.project.Environ
	command.Stdout, command.Stderr = &out, &problems
	err := command.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		w.t.Fatal(err)
	}
	for _, text := range []string{out.String(), problems.String()} {
		_, _ = w.printed.Write([]byte(text)) // for the search for secrets
	}
	return command.ProcessState.ExitCode(), out.String(), problems.String()
}

// differences are what `tenant audit` finds, as "kind subject".
func (w *world) differences(path string) (found []string) {
	w.t.Helper()
	code, stdout, stderr := w.tenantCommand(path, "audit", "-stack", w.stack, "-json")
	var report struct {
		Differences []struct{ Kind, Subject string }
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		w.t.Fatalf("audit: %v; exit code %d:\n%s%s", err, code, stdout, stderr)
	}
	for _, d := range report.Differences {
		found = append(found, d.Kind+" "+d.Subject)
	}
	if want := map[bool]int{true: 0, false: 3}[len(found) == 0]; code != want {
		w.t.Errorf("audit: got exit code %d with %d differences, want %d:\n%s", code, len(found), want, stdout)
	}
	return found
}

// TestDriftIsFoundAndFixed deploys the stack dev, changes things by hand, and expects
// `tenant audit` to report each change, and nothing before them. Then it removes
// what nobody declared, and takes a client's access away for good.
func TestDriftIsFoundAndFixed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	path := buildTenant(t)
	w.pulumi("stack", "init", "dev")
	if code, stdout, stderr := w.tenantCommand(path, "check", "-stack", "dev"); code != 0 {
		t.Errorf("check: got exit code %d:\n%s%s", code, stdout, stderr)
	}
	w.up()
	e := w.exports()
	if found := w.differences(path); found != nil {
		t.Errorf("a fresh stack: got %q, want no difference", found)
	}
	w.explainsWhatIsNew(path)

	stranger := w.newPartner("Stranger")
	api := w.principalOf(e.APIClientID)
	legacy := w.legacy()
	w.do("POST", "/v1.0/servicePrincipals/"+api+"/appRoleAssignedTo", map[string]any{"principalId": stranger.objectID, "resourceId": api, "appRoleId": e.RoleIDs["Orders.Read"]}, nil)
	w.do("PATCH", "/v1.0/servicePrincipals/"+api, map[string]any{"appRoleAssignmentRequired": false}, nil)
	w.do("POST", "/v1.0/applications/"+legacy+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "by hand"}}, nil)
	w.do("POST", "/v1.0/applications/"+e.APIObjectID+"/owners/$ref", map[string]any{"@odata.id": w.sandbox.GraphURL + "/v1.0/directoryObjects/" + stranger.objectID}, nil)
	w.changeSetting(e.APISiteID, "ORDERS_BLOCKED_CALLERS", stranger.clientID)
	w.changeSetting(e.ClientSites["orders-client"], "ORDERS_SCHEDULE", "0 0 0 1 1 *")
	w.do("PUT", e.APISiteID+"/config/authsettingsV2?api-version=2022-09-01", map[string]any{"properties": map[string]any{"platform": map[string]any{"enabled": true}}}, nil)
	want := []string{
		"assignmentNotRequired API", "assignmentUndeclared Stranger", "credentialUndeclared client orders-client-legacy", "easyAuthOn function app of API",
		"ownerUndeclared API, app registration", "settingAdded function app of API", "settingChanged function app of client orders-client",
	}
	if found := w.differences(path); !slices.Equal(found, want) {
		t.Errorf("after changes by hand: got\n%q\nwant\n%q", found, want)
	}
	w.drawsDrift(path)
	w.fixesDrift(path)
	w.revokes(path, "orders-client-legacy")
	nothingLeaked(w)
	w.destroy()
	if code, _, stderr := w.tenantCommand(path, "audit", "-stack", "dev"); code != 1 || !strings.Contains(stderr, `expected the output "apiClientId", got none`) {
		t.Errorf("audit of what is destroyed: got exit code %d: %s", code, stderr)
	}
}

// explainsWhatIsNew runs `tenant why` for clients that were just deployed: nothing
// keeps them out, except perhaps a token that is older than its assignment.
func (w *world) explainsWhatIsNew(path string) {
	w.t.Helper()
	for _, client := range []string{"orders-client", "orders-client-legacy"} {
		code, stdout, stderr := w.tenantCommand(path, "why", client, "-stack", w.stack, "-json")
		var report struct{ Causes, Possible []struct{ Check string } }
		if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 0 || len(report.Causes) != 0 || len(report.Possible) != 1 || report.Possible[0].Check != "tokenAge" {
			w.t.Errorf("why %s: got exit code %d, %v:\n%s%s\nwant tokenAge alone, as possible", client, code, err, stdout, stderr)
		}
	}
}

// principalOf is the object id of an app registration's service principal.
func (w *world) principalOf(clientID string) string {
	w.t.Helper()
	var found struct{ Value []struct{ ID string } }
	w.do("GET", "/v1.0/servicePrincipals?$filter=appId%20eq%20'"+clientID+"'", nil, &found)
	if len(found.Value) != 1 {
		w.t.Fatalf("expected one service principal of %s, got %d", clientID, len(found.Value))
	}
	return found.Value[0].ID
}

// legacy is the object id of the app registration of the client with a secret.
func (w *world) legacy() string {
	w.t.Helper()
	for _, access := range w.exports().Access {
		if access.Client == "orders-client-legacy" {
			return access.ApplicationObjectID
		}
	}
	w.t.Fatal("expected the client orders-client-legacy in the output access, got none")
	return ""
}

// changeSetting changes one app setting by hand, or removes it if the value is
// empty.
func (w *world) changeSetting(site, name, value string) {
	w.t.Helper()
	const version = "?api-version=2022-09-01"
	var kept struct {
		Properties map[string]string `json:"properties"`
	}
	w.do("POST", site+"/config/appsettings/list"+version, nil, &kept)
	if kept.Properties[name] = value; value == "" {
		delete(kept.Properties, name)
	}
	w.do("PUT", site+"/config/appsettings"+version, kept, nil)
}

// drawsDrift draws the drifted tenant, and expects each undeclared thing to be drawn as
// that, and the secret and the deployer where they belong.
func (w *world) drawsDrift(path string) {
	w.t.Helper()
	folder := w.t.TempDir()
	page, drawing := filepath.Join(folder, "page.html"), filepath.Join(folder, "drawing.svg")
	if code, stdout, stderr := w.tenantCommand(path, "audit", "-stack", w.stack, "-html", page, "-svg", drawing); code != 3 {
		w.t.Fatalf("audit -html -svg: got exit code %d:\n%s%s", code, stdout, stderr)
	}
	for name, wants := range map[string][]string{
		page: {
			`(?s)<tr class="look"><th scope="row">Stranger<br>.*?</th>\s*<td class="cell"><span class="undeclared">.*?<b>undeclared</b>`,
			`(?s)<tr role="row" class="look"><th scope="row" role="rowheader">client orders-client-legacy</th><td role="cell">client secret<br>by hand.*?<b class="undeclared">undeclared</b>`,
			`<h3>Stranger <strong class="undeclared">undeclared owner</strong>`,
			`(?s)<th scope="row">orders-client<br>.*?<span class="held">.*?<b>held</b>`,
			`(?s)<td role="cell">client secret<br>orders-client-legacy-secret-\d+.*?<b class="(current|next|kept)">`,
			`<b>AppRoleAssignment.ReadWrite.All</b>`, `<b>Contributor</b>`,
		},
		drawing: {
			`Stranger: Orders\.Read undeclared\.`, `orders-client: Orders\.Read held\.`, `>undeclared owner: Stranger`, `client secret by hand .*: undeclared, ends`,
		},
	} {
		text, err := os.ReadFile(name)
		if err != nil {
			w.t.Fatal(err)
		}
		_, _ = w.printed.Write(text) // for the search for secrets
		for _, want := range append(wants, "assignmentNotRequired", "easyAuthOn", "settingAdded", "settingChanged", "ownerUndeclared", "credentialUndeclared", "assignmentUndeclared") {
			if !regexp.MustCompile(want).Match(text) {
				w.t.Errorf("%s: expected %s in it, got:\n%s", filepath.Base(name), want, text)
			}
		}
	}
}
