package engine_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/pulumilocal/engine"
	"app-to-app/pulumilocal/executable"
	"app-to-app/sandbox/layout"
)

// machine has folders for PATH, a CLI that was built before, and a sandbox.
type machine struct {
	t        *testing.T
	dir, bin string // of the sandbox
	standIn  string
}

func newMachine(t *testing.T) *machine {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	m := &machine{t: t, dir: filepath.Join(dir, "sandbox"), standIn: filepath.Join(dir, "stand-in")}
	m.bin = layout.Bin(m.dir)
	m.put("../cache/app-to-app/pulumi-"+engine.Version, "pulumi")
	write(t, m.standIn, "stand-in")
	return m
}

// put makes executables in a folder beside the sandbox and returns the folder.
func (m *machine) put(folder string, names ...string) string {
	m.t.Helper()
	folder = filepath.Join(m.dir, folder)
	for _, name := range names {
		path := filepath.Join(folder, name)
		write(m.t, path, "of "+folder)
		if err := os.Chmod(path, 0o700); err != nil {
			m.t.Fatal(err)
		}
	}
	return folder
}

// link makes a folder with a link to pulumi in another one.
func (m *machine) link(folder, to string) string {
	m.t.Helper()
	folder = m.put(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(to, "pulumi"), filepath.Join(folder, "pulumi")); err != nil {
		m.t.Fatal(err)
	}
	return folder
}

// served installs the CLI that was built before in a sandbox directory, as a
// `serve` without an installation does, and returns its bin folder.
func (m *machine) served(dir string) string {
	m.t.Helper()
	cli := engine.CLI{Path: filepath.Join(m.dir, "..", "cache", "app-to-app", "pulumi-"+engine.Version, "pulumi")}
	if err := engine.Install(m.t.Context(), dir, cli, m.standIn); err != nil {
		m.t.Fatal(err)
	}
	return layout.Bin(dir)
}

// TestFind sets the environment, so it cannot run beside others.
func TestFind(t *testing.T) {
	real := os.Getenv("PATH")
	for _, tt := range []struct {
		name string
		path func(m *machine) []string
		want string // the folder of the official CLI; empty for the built one
	}{
		{"nothing installed", func(m *machine) []string { return nil }, ""},
		{"installed", func(m *machine) []string { return []string{m.put("official", "pulumi", engine.LanguageHost)} }, "official"},
		{"installed in two folders", func(m *machine) []string {
			return []string{m.put("official", "pulumi"), m.put("hosts", engine.LanguageHost)}
		}, "official"},
		{"a link on PATH", func(m *machine) []string {
			return []string{m.link("links", m.put("official", "pulumi", engine.LanguageHost))}
		}, "links"},
		{"no language host", func(m *machine) []string { return []string{m.put("official", "pulumi")} }, ""},
		{"a language host that is no executable", func(m *machine) []string {
			folder := m.put("official", "pulumi")
			write(m.t, filepath.Join(folder, engine.LanguageHost), "text")
			return []string{folder}
		}, ""},
		{"an earlier serve of this directory, and then installed", func(m *machine) []string {
			return []string{m.served(m.dir), m.put("official", "pulumi", engine.LanguageHost)}
		}, "official"},
		{"an earlier serve, and a CLI whose language host is the stand-in", func(m *machine) []string {
			return []string{m.served(m.dir), m.put("official", "pulumi")}
		}, ""},
		{"a link to what an earlier serve left", func(m *machine) []string {
			return []string{m.link("links", m.served(m.dir))}
		}, ""},
		{"the env file of another sandbox is sourced", func(m *machine) []string {
			return []string{m.served(filepath.Join(m.dir, "..", "other")), m.put("official", "pulumi", engine.LanguageHost)}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			t.Setenv("PATH", strings.Join(append(tt.path(m), realWithoutPulumi(real)), string(os.PathListSeparator)))
			cli, err := engine.Find(t.Context(), ".", m.dir, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			want := engine.CLI{Path: filepath.Join(m.dir, "..", "cache", "app-to-app", "pulumi-"+engine.Version, "pulumi")}
			if tt.want != "" {
				want = engine.CLI{Path: filepath.Join(m.dir, tt.want, "pulumi"), Official: true}
			}
			if cli != want {
				t.Errorf("got %+v, want %+v", cli, want)
			}
		})
	}
}

// realWithoutPulumi is PATH without the folders that have a pulumi.
func realWithoutPulumi(path string) string {
	var kept []string
	for _, folder := range filepath.SplitList(path) {
		if _, err := os.Stat(filepath.Join(folder, "pulumi")); err != nil {
			kept = append(kept, folder)
		}
	}
	return strings.Join(kept, string(os.PathListSeparator))
}

// TestAnOfficialInstallation runs the engine with an installation behind a link,
// after a serve without one. The CLI and the language host are the built ones, in
// the places where an installation has them.
func TestAnOfficialInstallation(t *testing.T) {
	dir := t.TempDir()
	cli, standIn := built(t, dir)
	newProjectIn(t, dir, "empty", cli, standIn)
	bin := layout.Bin(dir)

	official, links := filepath.Join(dir, "official"), filepath.Join(dir, "links")
	for _, folder := range []string{official, links} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []error{
		executable.Link(cli.Path, filepath.Join(official, "pulumi")),
		executable.Copy(standIn, filepath.Join(official, engine.LanguageHost)),
		os.Symlink(filepath.Join(official, "pulumi"), filepath.Join(links, "pulumi")),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	list := strings.Join([]string{bin, links, os.Getenv("PATH")}, string(os.PathListSeparator))
	t.Setenv("PATH", list)
	cli, err := engine.Find(t.Context(), ".", dir, t.Output())
	if want := (engine.CLI{Path: filepath.Join(links, "pulumi"), Official: true}); err != nil || cli != want {
		t.Fatalf("got %+v, %v; want %+v", cli, err, want)
	}
	p := newProjectIn(t, dir, "empty", cli, standIn)
	if left, err := os.ReadDir(bin); err != nil || len(left) > 0 {
		t.Errorf("first on PATH: got %v, %v; want nothing", left, err)
	}
	p.must("stack", "init", "one")
	if out := p.must("up", "--yes", "--skip-preview"); strings.Contains(out, "warning") {
		t.Errorf("expected no warning, got:\n%s", out)
	}
	p.must("preview", "--expect-no-changes")
}
