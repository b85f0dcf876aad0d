package e2e_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox/sandboxtest"
)

// TestOwnAPI runs the commands of docs/own-api.md in a clean clone of the repository:
// an API and a client are made, tested, deployed and called, and destroyed.
func TestOwnAPI(t *testing.T) {
	skipUnlessLong(t)
	clone := cloneTree(t)
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	azure, err := deployer.New(t.Context(), s, s.Tenants()[0])
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, sandbox: s, tenant: s.Tenants()[0], stack: "mine", azure: azure, printed: &printed{to: t.Output()}, leaks: &sandboxtest.Leaks{}, outputs: &exports{},
		project: engine.Project{Dir: clone, Environ: s.Overlay(os.Environ(), s.Environ(s.Tenants()[0])...)}}
	before := w.inventory()
	wanted := map[string][]string{ // what commands print, by how they begin
		"go run ./cmd/new api":     {"functions/stock-api is made"},
		"go run ./cmd/new client":  {"functions/stock-client is made"},
		"go test":                  {"ok  \tapp-to-app/functions/stock-api", "ok  \tapp-to-app/functions/stock-client"},
		"go run ./cmd/tenant call": {"stock-client got an answer from the API", `"name": "first"`, "the API verified a token", "Stock.Read"},
		"pulumi destroy":           {"deleted"},
	}
	for _, command := range commandsOf(t, filepath.Join(clone, "docs", "own-api.md")) {
		output := w.shell(command)
		for begin, texts := range wanted {
			if !strings.HasPrefix(command, begin) {
				continue
			}
			delete(wanted, begin)
			for _, text := range texts {
				if !strings.Contains(output, text) {
					t.Fatalf("%s: expected %q, got:\n%s", command, text, output)
				}
			}
		}
		if strings.HasPrefix(command, "pulumi up") {
			w.ownAPIRefuses()
		}
	}
	for begin := range wanted {
		t.Errorf("docs/own-api.md: expected a command that begins with %q", begin)
	}
	if got := w.inventory().Minus(before); got != (deployer.Inventory{}) {
		t.Errorf("expected destroy to leave nothing behind, got:\n%s", got)
	}
}

// cloneTree clones the repository as it is committed. Where that is not what would be
// tested, it copies the files as they are, and says so.
func cloneTree(t *testing.T) (folder string) {
	t.Helper()
	changed, err := exec.CommandContext(t.Context(), "git", "status", "--porcelain").Output()
	if err != nil || len(changed) > 0 {
		t.Logf("in a copy of the files and not in a clone: git status: %v; not committed:\n%s", err, changed)
		return copyTree(t)
	}
	folder = filepath.Join(t.TempDir(), "clone")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "--quiet", ".", folder).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	return folder
}

// ownAPIRefuses calls the API as a stranger.
func (w *world) ownAPIRefuses() {
	w.t.Helper()
	e := w.exports()
	response, err := w.sandbox.HTTPClient().Get(e.APIURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized || !strings.HasSuffix(e.APIURL, "/api/stock") {
		w.t.Errorf("%s without a token: got %d, want 401", e.APIURL, response.StatusCode)
	}
}

// commandsOf are the commands in the blocks of a document that are marked as sh.
func commandsOf(t *testing.T, path string) (commands []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside:
			commands = append(commands, line)
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s: expected commands, got none", path)
	}
	return commands
}

// shell runs a command as somebody would who sourced the sandbox's env file, and
// fails the test when it fails.
func (w *world) shell(line string) string {
	w.t.Helper()
	var out bytes.Buffer
	command := exec.CommandContext(w.t.Context(), "sh", "-c", line)
	command.Dir, command.Env = w.project.Dir, append(w.project.Environ, "PULUMI_SKIP_UPDATE_CHECK=true")
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	_, _ = w.printed.Write(out.Bytes())
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out.String())
	}
	return out.String()
}
