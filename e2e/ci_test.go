package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/components/credentials"
	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/settings/settingstest"
)

// This file runs what the GitHub workflows run, on the real engine: the copy of a
// stack for a branch's preview, the plan that is approved before it is applied,
// and the teardown of a state that would run somebody else's code.
func TestWorkflowsOnTheEngine(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	w := worldOf(t, s, s.Tenants()[0], "test", "pr-8")
	w.pulumi("stack", "init", w.stack)
	w.set(map[string]any{"expiresOn": "2099-01-01", "clients": secretClients(false)})
	pair := settingstest.Pairs()[0].PEM()
	w.pulumi("config", "set-all", "--stack", w.stack, "--path", "--secret", "app-to-app:certificates.brought="+pair)
	w.up()
	tenant := newCommand(w)
	w.row("a copy without secrets previews clean", func(w *world) { previewsCopy(w, tenant, pair) })
	w.row("a plan is applied as it was approved", func(w *world) { appliesPlan(w, tenant) })
	w.row("a teardown runs no other command", func(w *world) { refusesCommand(w, tenant) })
}

// secretClients are clients whose credentials are secrets of every origin. The
// change is one that a preview must show.
func secretClients(changed bool) []fields {
	all := []fields{
		{"name": "by-secret", "identity": "clientSecret", "tokenProviders": []string{"azidentity", "appauth"}},
		{"name": "by-certificate", "identity": "certificate", "tokenProviders": []string{"azidentity", "appauth"}},
		{"name": "brought", "identity": "certificate", "tokenProviders": []string{"azidentity", "appauth"}},
	}
	if changed {
		all[0]["schedule"] = "0 */20 * * * *"
	}
	return all
}

// secretsOf are the secrets of the stack: those of its state that can sign in,
// and the key of its settings.
func secretsOf(w *world, pair string) (all []string) {
	w.t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(w.export("--show-secrets")), &state); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range state.Deployment.Resources {
		for _, name := range []string{"value", "privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"} {
			envelope, ok := r.Outputs[name].(map[string]any)
			if !ok || strings.HasSuffix(r.Type, ":ApplicationCertificate") {
				continue
			}
			var text string
			if err := json.Unmarshal([]byte(envelope["plaintext"].(string)), &text); err != nil {
				w.t.Fatal(err)
			}
			all = append(all, text)
		}
	}
	parsed, err := credentials.ParseKeyPair(pair)
	if err != nil || len(all) < 4 {
		w.t.Fatalf("expected the secrets of three clients, got %d, %v", len(all), err)
	}
	return append(all, parsed.PrivateKey())
}

// finds reports which of the secrets is in a text, also line by line in JSON.
func finds(secrets []string, text string) (n int) {
	for _, secret := range secrets {
		quoted, _ := json.Marshal(secret) // a string always has a form in JSON
		if strings.Contains(text, secret) || strings.Contains(text, strings.Trim(string(quoted), `"`)) {
			n++
		}
	}
	return n
}

func previewsCopy(w *world, tenant command, pair string) {
	w.t.Helper()
	secrets := secretsOf(w, pair)
	if got := finds(secrets, strings.ReplaceAll(w.export("--show-secrets"), `\\`, `\`)); got < 4 {
		w.t.Fatalf("expected to find the secrets in the state itself, found %d", got)
	}
	file := filepath.Join(w.t.TempDir(), "pr-8.json")
	tenant.says("redact -stack pr-8 -commit abc -out "+file, 0)
	copied, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := finds(secrets, strings.ReplaceAll(string(copied), `\\`, `\`)); got != 0 {
		w.t.Errorf("found %d secrets in the copy, want none", got)
	}
	// As a branch's job has it: another backend, and a passphrase that is known.
	repository, err := os.Getwd()
	if err != nil {
		w.t.Fatal(err)
	}
	branch := *w
	branch.outputs, branch.project.Dir = &exports{}, filepath.Join(w.t.TempDir(), "project")
	if err := engine.NewScratch(repository, branch.project.Dir, "test", w.stack); err != nil {
		w.t.Fatal(err)
	}
	branch.set(map[string]any{"expiresOn": "2099-01-01", "clients": secretClients(false)})
	branch.project.Environ = append(w.project.Environ[:len(w.project.Environ):len(w.project.Environ)],
		"PULUMI_BACKEND_URL=file://"+w.t.TempDir(), "PULUMI_CONFIG_PASSPHRASE=public", "PULUMI_CONFIG_PASSPHRASE_FILE=")
	command{&branch, tenant.path}.says("stage -stack pr-8 -from "+file, 0, "pr-8 as of ", "when main was at abc")
	if outcome := branch.run("preview"); outcome.Changed() != 0 {
		w.t.Errorf("expected the preview of the copy to be empty, got %v", outcome.Touched)
	}
	if got := finds(secrets, strings.ReplaceAll(branch.export("--show-secrets"), `\\`, `\`)); got != 0 {
		w.t.Errorf("found %d secrets in the branch's state, want none", got)
	}
	branch.set(map[string]any{"clients": secretClients(true)})
	if outcome := branch.run("preview"); outcome.Changed() != 1 {
		w.t.Errorf("expected one change of the program to be shown, got %v", outcome.Touched)
	}
	if _, err := branch.try("up", "--yes", "--skip-preview"); err == nil || !strings.Contains(w.printed.String(), "got a placeholder, which is good for a preview only") {
		w.t.Errorf("expected an update with placeholders to be refused, got %v", err)
	}
}

func appliesPlan(w *world, tenant command) {
	w.t.Helper()
	folder := filepath.Join(w.t.TempDir(), "plan")
	w.set(map[string]any{"clients": secretClients(true)})
	tenant.says("plan -stack pr-8 -commit abc -out "+folder, 0)
	plan, err := os.ReadFile(filepath.Join(folder, "plan.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(string(plan), `"plaintext"`) || strings.Contains(string(plan), "PRIVATE KEY") {
		w.t.Error("expected the secrets in the plan to be encrypted, got one in the clear")
	}
	tenant.says("apply -stack pr-8 -commit abd -plan "+folder, 1, `expected commit "abc"`)
	tenant.says("apply -stack pr-8 -commit abc -plan "+folder, 0, "1 updated")
	tenant.says("apply -stack pr-8 -commit abc -plan "+folder, 1, "which has changed since")
	tenant.says("plan -stack pr-8 -commit abc -out "+folder, 0)
	w.set(map[string]any{"clients": secretClients(false)})
	tenant.says("apply -stack pr-8 -commit abc -plan "+folder, 1, "violates plan")
	w.set(map[string]any{"clients": secretClients(true)})
}

// refusesCommand adds a command to the state that makes a file when it is
// deleted, as a branch's program could.
func refusesCommand(w *world, tenant command) {
	w.t.Helper()
	var state map[string]any
	if err := json.Unmarshal([]byte(w.export()), &state); err != nil {
		w.t.Fatal(err)
	}
	deployment := state["deployment"].(map[string]any)
	made := filepath.Join(w.t.TempDir(), "made")
	for _, r := range deployment["resources"].([]any) {
		if r := r.(map[string]any); r["type"] == "command:local:Command" {
			added := maps.Clone(r)
			added["urn"] = strings.Replace(r["urn"].(string), "-publish", "-touch", 1)
			for _, properties := range []string{"inputs", "outputs"} {
				added[properties] = map[string]any{"create": "go run ./cmd/publish", "delete": "touch " + made}
			}
			deployment["resources"] = append(deployment["resources"].([]any), added)
			break
		}
	}
	file := filepath.Join(w.t.TempDir(), "state.json")
	data, err := json.Marshal(state)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	absent := func() {
		w.t.Helper()
		if _, err := os.Stat(made); !os.IsNotExist(err) {
			w.t.Errorf("expected the command not to run, got its file, %v", err)
		}
	}
	// The command does run if somebody deletes it.
	w.pulumi("stack", "import", "--stack", w.stack, "--file", file)
	w.run("destroy", "--yes", "--skip-preview", "--target", "**-touch")
	if err := os.Remove(made); err != nil {
		w.t.Errorf("expected the command to make a file in a plain destroy, got %v", err)
	}
	w.pulumi("stack", "import", "--stack", w.stack, "--file", file)
	tenant.says("teardown -stack pr-8 -yes", 1, "orders-api-touch: it is another command than the one that publishes a package", "nothing was deleted", "-forget-foreign")
	absent()
	tenant.says("teardown -stack pr-8 -yes -forget-foreign", 0, "forgetting what the program does not make", "left of pr-8")
	absent()
}
