package checks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostForeignModules is how many modules, besides this one, a program may link
// that only starts a sandbox.
const mostForeignModules = 10

// TestEmbedding builds a test in another module that only calls
// sandboxtest.Start, and counts the modules that it links.
func TestEmbedding(t *testing.T) {
	t.Parallel()
	dir := outsideModule(t)
	foreign := foreignModules(t, dir)
	if len(foreign) == 0 || len(foreign) > mostForeignModules {
		t.Errorf("expected 1 to %d foreign modules, got %d: %s", mostForeignModules, len(foreign), strings.Join(foreign, " "))
	}
	if testing.Short() {
		return
	}
	out := filepath.Join(dir, "outside.test")
	outsideGo(t, dir, "test", "-c", "-ldflags=-s -w", "-o", out, ".")
	if problems := toolProblems(dir, out, "-test.run", "TestStart"); problems != "" {
		t.Error(problems)
	}
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d foreign modules: %s; stripped test binary: %.1f MB", len(foreign), strings.Join(foreign, " "), float64(info.Size())/1e6)
}

// outsideModule writes a module that requires only this one.
func outsideModule(t *testing.T) (dir string) {
	t.Helper()
	repository, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module outside.test\n\ngo 1.26\n\nrequire app-to-app v0.0.0\n\nreplace app-to-app => " + repository + "\n",
		"go.sum": string(sums),
		"outside_test.go": `package outside_test

import (
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

func TestStart(t *testing.T) {
	if s := sandboxtest.Start(t, sandboxtest.Options{}); len(s.Tenants()) == 0 {
		t.Error("got a sandbox without tenants")
	}
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// foreignModules are the modules that the tests in dir link, other than their own
// and this one.
func foreignModules(t *testing.T, dir string) (found []string) {
	t.Helper()
	list := outsideGo(t, dir, "list", "-deps", "-test", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	for _, module := range strings.Fields(list) {
		if module != "outside.test" && module != "app-to-app" && !slices.Contains(found, module) {
			found = append(found, module)
		}
	}
	slices.Sort(found)
	return found
}

// outsideGo runs the go command in the other module. -mod=mod, because that
// module's go.mod does not list what this one requires.
func outsideGo(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderrOf(err))
	}
	return string(out)
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
