package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox/layout"
)

// A project is a Pulumi project in its own folder, with the CLI to run it.
type project struct {
	t       *testing.T
	dir     string
	environ []string
	pulumi  string
}

func newProject(t *testing.T, program string) *project {
	t.Helper()
	dir := t.TempDir()
	cli, standIn := built(t, dir)
	return newProjectIn(t, dir, program, cli, standIn)
}

// built finds or builds what a sandbox in dir needs.
func built(t *testing.T, dir string) (cli engine.CLI, standIn string) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	cli, err := engine.Find(t.Context(), ".", dir, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if standIn, err = engine.BuildStandIn(t.Context(), ".", t.Output()); err != nil {
		t.Fatal(err)
	}
	return cli, standIn
}

// newProjectIn is newProject with a CLI of the test's choice.
func newProjectIn(t *testing.T, dir, program string, cli engine.CLI, standIn string) *project {
	t.Helper()
	if err := engine.Install(t.Context(), dir, cli, standIn); err != nil {
		t.Fatal(err)
	}
	scratch := filepath.Join(dir, "project")
	source, err := filepath.Abs(filepath.Join("testdata", program))
	if err != nil {
		t.Fatal(err)
	}
	main, err := filepath.Rel(scratch, source)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(scratch, "Pulumi.yaml"), "name: "+program+"\nruntime: go\nmain: "+main+"\n")
	state := filepath.Join(dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	pulumi := filepath.Join(layout.Bin(dir), "pulumi")
	if cli.Official {
		pulumi = cli.Path
	}
	return &project{t: t, dir: scratch, pulumi: pulumi, environ: append(os.Environ(),
		"PATH="+layout.Bin(dir)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PULUMI_HOME="+layout.PulumiHome(dir),
		"PULUMI_BACKEND_URL=file://"+state,
		"PULUMI_CONFIG_PASSPHRASE=not a secret",
		"PULUMI_SKIP_UPDATE_CHECK=true",
	)}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs the CLI and returns all it prints.
func (p *project) run(args ...string) (string, error) {
	p.t.Helper()
	cmd := exec.Command(p.pulumi, append(args, "--non-interactive")...)
	cmd.Dir, cmd.Env = p.dir, p.environ
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *project) must(args ...string) string {
	p.t.Helper()
	out, err := p.run(args...)
	if err != nil {
		p.t.Fatalf("pulumi %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestEmptyStack(t *testing.T) {
	t.Parallel()
	p := newProject(t, "empty")
	p.must("stack", "init", "one")
	out := p.must("up", "--yes", "--skip-preview")
	if strings.Contains(out, "warning") {
		t.Errorf("expected no warning, got:\n%s", out)
	}
	if got, want := strings.TrimSpace(p.must("stack", "output", "greeting")), "hello from one"; got != want {
		t.Errorf("got output %q, want %q", got, want)
	}
	p.must("preview", "--expect-no-changes")
	p.must("destroy", "--yes", "--skip-preview")
}

func TestFailingProgramIsReportedOnce(t *testing.T) {
	t.Parallel()
	p := newProject(t, "failing")
	p.must("stack", "init", "one")
	out, err := p.run("up", "--yes", "--skip-preview")
	if err == nil {
		t.Fatalf("expected up to fail, got:\n%s", out)
	}
	if got := strings.Count(out, "expected better weather"); got != 1 {
		t.Errorf("expected the program's error once, got it %d times:\n%s", got, out)
	}
}

func TestRuntimeOptions(t *testing.T) {
	t.Parallel()
	p := newProject(t, "empty")
	p.must("stack", "init", "one")
	settings, err := os.ReadFile(filepath.Join(p.dir, "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	with := func(options string) {
		text := strings.Replace(string(settings), "runtime: go", "runtime:\n  name: go\n  options:\n"+options, 1)
		write(t, filepath.Join(p.dir, "Pulumi.yaml"), text)
	}
	target := filepath.Join(p.dir, "built")

	with("    buildTarget: built\n")
	p.must("preview")
	if _, err := os.Stat(target); err != nil {
		t.Errorf("expected buildTarget to be built: %v", err)
	}
	with("    binary: built\n")
	p.must("preview")
	with("    binary: built\n    buildTarget: built\n")
	if out, err := p.run("preview"); err == nil || !strings.Contains(out, "got both") {
		t.Errorf("expected both options together to be refused, got %v:\n%s", err, out)
	}
	with("    binary: absent\n")
	if out, err := p.run("preview"); err == nil || !strings.Contains(out, "option `binary`") {
		t.Errorf("expected a missing binary to be named, got %v:\n%s", err, out)
	}
}
