package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"app-to-app/azurecloud"
)

// TestPageCommands types the commands of the pages about what exists already, as they
// are written: a client gets rid of its secret while somebody watches it, an identity
// made by hand becomes a client, and an app registration made by hand is imported.
func TestPageCommands(t *testing.T) {
	t.Parallel()
	secret := blocksOf(t, "from-secret-to-none.md", 3)
	adopt := blocksOf(t, "adopt.md", 4)
	if testing.Short() || !*wholeReadme {
		t.Skip("runs the real engine; -readme runs it")
	}
	dir := checkout(t)
	s := serve(t, build(t), dir)
	// source is first in each shell of a reader.
	const source = ". .sandbox/env\n"
	shell(t, dir, prelude+source+"pulumi stack init local-dev\npulumi up\n")
	graph := deployer(t, dir).Graph

	watched := watch(t, dir, secret[0])
	changed := shell(t, dir, prelude+secret[1])
	watched.waitFor(t, "userAssigned, azidentity")
	ended := shell(t, dir, prelude+source+secret[2])
	for printed, want := range map[string]string{changed: "**gains** `Orders.Read` on `orders-api`", ended: "no difference from what the stack declares"} {
		if !strings.Contains(printed, want) {
			t.Errorf("from-secret-to-none.md: expected %q in what its commands print", want)
		}
	}
	if lines := watched.end(); !strings.Contains(lines, "clientSecret, adal") || strings.Count(lines, "5 orders") != strings.Count(lines, "\n") {
		t.Errorf("expected orders in each line, with the secret and without, got:\n%s", lines)
	}

	batch := newPrincipal(t, graph, map[string]any{"displayName": "nightly-batch"})
	shell(t, dir, prelude+source+strings.ReplaceAll(adopt[0], "OBJECT-ID", batch.principal))
	if access := shell(t, dir, source+"pulumi stack output access --stack local-dev\n"); !strings.Contains(access, batch.principal) {
		t.Errorf("expected the identity among those with access, got:\n%s", access)
	}

	const roleID = "22222222-0000-4000-8000-000000000001"
	api := newPrincipal(t, graph, map[string]any{"displayName": "Orders", "signInAudience": "AzureADMyOrg", "api": map[string]any{"requestedAccessTokenVersion": 2},
		"appRoles": []map[string]any{{"id": roleID, "value": "Orders.Read", "displayName": "Read", "description": "Read orders", "allowedMemberTypes": []string{"Application"}, "isEnabled": true}}})
	shell(t, dir, prelude+source+"pulumi stack init local-test\n"+adopt[1])
	fillIn(t, filepath.Join(dir, "import.json"), map[string]string{
		"azuread:index/application:Application":           "/applications/" + api.application,
		"azuread:index/servicePrincipal:ServicePrincipal": api.principal,
	})
	if printed := shell(t, dir, prelude+source+adopt[2]); strings.Contains(printed, "replace") || !strings.Contains(printed, "5 unchanged") {
		t.Error("expected what is imported to be kept by the preview")
	}
	shell(t, dir, prelude+source+adopt[3])
	for _, tt := range []struct{ command, want string }{
		{"go run ./cmd/tenant call orders-client -stack local-test", "orders-client got 5 orders from the API."},
		{"pulumi stack output apiClientId", api.client},
		{"go run ./cmd/tenant audit -stack local-test || echo it differs", "has the app role Orders.Read (" + roleID + "), which the stack does not declare"},
		{"pulumi destroy", "The resources in the stack have been deleted"},
	} {
		if printed := shell(t, dir, prelude+source+"pulumi stack select local-test\n"+tt.command+"\n"); !strings.Contains(printed, tt.want) {
			t.Errorf("expected %q", tt.want)
		}
	}
	s.stop()
}

// blocksOf are the blocks of commands of a page in docs, which a shell can read.
func blocksOf(t *testing.T, page string, count int) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split("\n## begin\n"+string(text), "\n## ")[1:] {
		heading, _, _ := strings.Cut(section, "\n")
		blocks = append(blocks, commandBlocks("\n## "+section, heading)...)
	}
	if len(blocks) != count {
		t.Fatalf("%s: expected %d blocks of commands, got %q", page, count, blocks)
	}
	for _, block := range blocks {
		if out, err := exec.Command("sh", "-n", "-c", block).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", page, err, out)
		}
	}
	return blocks
}

// A watching is a command that runs beside the shell until it is interrupted.
type watching struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	said  strings.Builder
}

// watch starts it in a process group, since go run runs another process.
func watch(t *testing.T, dir, script string) *watching {
	t.Helper()
	w := &watching{cmd: exec.Command("sh", "-e", "-c", script)}
	w.cmd.Dir, w.cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setpgid: true}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.cmd.Stderr = w.cmd.Stdout
	w.lines = bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) }) // unless it has ended
	w.waitFor(t, "clientSecret, adal")
	return w
}

// waitFor returns when a line has the text.
func (w *watching) waitFor(t *testing.T, text string) {
	t.Helper()
	for w.lines.Scan() {
		w.said.WriteString(w.lines.Text() + "\n")
		if strings.Contains(w.lines.Text(), text) {
			return
		}
	}
	t.Fatalf("expected a line with %q, got:\n%s", text, &w.said)
}

// end interrupts it, and returns all lines.
func (w *watching) end() string {
	syscall.Kill(-w.cmd.Process.Pid, syscall.SIGINT)
	for w.lines.Scan() {
		w.said.WriteString(w.lines.Text() + "\n")
	}
	w.cmd.Wait() // interrupted
	return w.said.String()
}

// deployer is signed in as the shell of a sandbox is.
func deployer(t *testing.T, dir string) *azurecloud.Session {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", ". .sandbox/env; env")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	environ := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		environ[name] = value
	}
	trusted, err := os.ReadFile(environ["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	httpClient := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	session, err := azurecloud.SignIn(t.Context(), azurecloud.Options{Getenv: func(name string) string { return environ[name] }, HTTP: httpClient})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// A handMade app registration has a service principal.
type handMade struct{ application, client, principal string }

func newPrincipal(t *testing.T, graph *azurecloud.Client, registration map[string]any) handMade {
	t.Helper()
	var application, principal struct{ ID, AppID string }
	if err := graph.Post(t.Context(), "/v1.0/applications", registration, &application); err != nil {
		t.Fatal(err)
	}
	if err := graph.Post(t.Context(), "/v1.0/servicePrincipals", map[string]any{"appId": application.AppID}, &principal); err != nil {
		t.Fatal(err)
	}
	return handMade{application.ID, application.AppID, principal.ID}
}

// fillIn does with an import file what adopt.md says: it fills in the ids of what
// exists, by type, and takes out what then has a placeholder.
func fillIn(t *testing.T, path string, ids map[string]string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Resources []map[string]any `json:"resources"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	filled := 0
	file.Resources = slices.DeleteFunc(file.Resources, func(resource map[string]any) bool {
		if id, exists := ids[resource["type"].(string)]; exists {
			resource["id"] = id
			filled++
		}
		return resource["id"] == "<PLACEHOLDER>"
	})
	if filled != len(ids) {
		t.Fatalf("expected each of %v in the import file once, got %d", ids, filled)
	}
	if content, err = json.Marshal(file); err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
