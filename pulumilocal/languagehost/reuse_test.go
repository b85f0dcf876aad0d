package languagehost

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReuse changes one thing after a build: if the go command would build again,
// the executable must not be reused.
func TestReuse(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program in each row")
	}
	old := time.Now().Add(-time.Hour)
	put := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		change func(t *testing.T, module string)
		reused bool
	}{
		{"nothing changed", func(*testing.T, string) {}, true},
		{"a file that is not a source", func(t *testing.T, module string) { put(t, filepath.Join(module, "Pulumi.dev.yaml"), "config: {}\n") }, true},
		{"a changed file", func(t *testing.T, module string) {
			put(t, filepath.Join(module, "main.go"), "package main\n\nfunc main() { println() }\n")
		}, false},
		{"a touched file of the same size", func(t *testing.T, module string) {
			if err := os.Chtimes(filepath.Join(module, "main.go"), time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a new file", func(t *testing.T, module string) { put(t, filepath.Join(module, "more.go"), "package main\n") }, false},
		{"a file gone", func(t *testing.T, module string) {
			if err := os.Remove(filepath.Join(module, "leaf", "leaf.go")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a changed package", func(t *testing.T, module string) {
			put(t, filepath.Join(module, "leaf", "leaf.go"), "package leaf\n\nconst X = 1\n")
		}, false},
		{"what a symbolic link leads to", func(t *testing.T, module string) {
			put(t, filepath.Join(module, "..", "linked.go"), "package main\n\nconst Linked = 12\n")
		}, false},
		{"a plugin that a module requires", func(t *testing.T, module string) { put(t, filepath.Join(module, "pulumi-plugin.json"), "{}\n") }, false},
		{"a workspace above the module", func(t *testing.T, module string) {
			put(t, filepath.Join(module, "..", "go.work"), "go 1.26\n\nuse ./module\n")
		}, false},
		{"a changed go.sum", func(t *testing.T, module string) { put(t, filepath.Join(module, "go.sum"), "x\n") }, false},
		{"a module in between", func(t *testing.T, module string) { put(t, filepath.Join(module, "leaf", "go.mod"), "module other\n") }, false},
		{"a variable of the go command", func(t *testing.T, _ string) { t.Setenv("GOFLAGS", "-tags=other") }, false},
		{"another go command", func(t *testing.T, module string) {
			put(t, filepath.Join(module, "bin", "go"), "#!/bin/sh\n")
			if err := os.Chmod(filepath.Join(module, "bin", "go"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", filepath.Join(module, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
		}, false},
		{"the executable gone", func(t *testing.T, module string) {
			p, err := programOf(module)
			if err == nil {
				err = os.Remove(p.target)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			module := filepath.Join(t.TempDir(), "module")
			ownPrograms(t)
			put(t, filepath.Join(module, "go.mod"), "module it\n\ngo 1.26\n")
			put(t, filepath.Join(module, "main.go"), "package main\n\nimport _ \"it/leaf\"\n\nfunc main() {}\n")
			put(t, filepath.Join(module, "leaf", "leaf.go"), "package leaf\n")
			put(t, filepath.Join(module, "..", "linked.go"), "package main\n\nconst Linked = 1\n")
			if err := os.Symlink(filepath.Join("..", "linked.go"), filepath.Join(module, "linked.go")); err != nil {
				t.Fatal(err)
			}
			path, done, err := buildCached(t.Context(), module)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("expected the run's own link to the executable: %v", err)
			}
			done()
			test.change(t, module)
			p, err := programOf(module)
			if err != nil {
				t.Fatal(err)
			}
			if _, got := p.kept(); got != test.reused {
				t.Errorf("got reused %t, want %t", got, test.reused)
			}
		})
	}
}

// TestKilledRunsLeaveNothing: the link of a language host that was killed goes with
// the next run, and that of one that lives stays.
func TestKilledRunsLeaveNothing(t *testing.T) {
	folder := t.TempDir()
	ended := exec.Command("go", "version")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	p := program{target: filepath.Join(folder, "program")}
	killed, living := fmt.Sprintf("%s-%d-1", p.target, ended.Process.Pid), fmt.Sprintf("%s-%d-1", p.target, os.Getpid())
	for _, path := range []string{p.target, p.target + ".build", killed, living} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.removeEnded(); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		left = append(left, filepath.Join(folder, entry.Name()))
	}
	if want := []string{p.target, living, p.target + ".build"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("got %q, %v, want %q", left, err, want)
	}
}

// ownPrograms keeps the test's programs apart from the user's, but not what the go
// command has compiled.
func ownPrograms(t *testing.T) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

// TestFreshSourcesAreNotTrusted: a file that has just changed may change again and
// keep its time, so the program is built again.
func TestFreshSourcesAreNotTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it.build")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	state, newest, err := stateOf([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	b := build{Watched: []string{folder}, State: state}
	if err := b.write(path, newest.Add(racy/2)); err != nil {
		t.Fatal(err)
	}
	if _, ok := readBuild(path); ok {
		t.Error("expected a build of fresh sources not to be kept")
	}
	if err := b.write(path, newest.Add(racy)); err != nil {
		t.Fatal(err)
	}
	if _, ok := readBuild(path); !ok {
		t.Error("expected a build of settled sources to be kept")
	}
}

// TestInDoubt has what is not watched, so that the go command must be asked.
func TestInDoubt(t *testing.T) {
	module := t.TempDir()
	list := func(edit func(p map[string]any)) []goPackage {
		p := map[string]any{"Dir": module, "Module": map[string]any{"Dir": module, "Main": true}}
		edit(p)
		data, err := json.Marshal([]any{p})
		if err != nil {
			t.Fatal(err)
		}
		var packages []goPackage
		if err := json.Unmarshal(data, &packages); err != nil {
			t.Fatal(err)
		}
		return packages
	}
	plain := func(map[string]any) {}
	for _, test := range []struct {
		name  string
		setUp func(t *testing.T)
		edit  func(p map[string]any)
		all   bool
	}{
		{"sources alone", func(*testing.T) {}, plain, true},
		{"embedded files", func(*testing.T) {}, func(p map[string]any) { p["EmbedPatterns"] = []string{"*.txt"} }, false},
		{"an overlay", func(t *testing.T) { t.Setenv("GOFLAGS", "-overlay=x.json") }, plain, false},
		{"another workspace", func(t *testing.T) { t.Setenv("GOWORK", "/elsewhere/go.work") }, plain, false},
		{"a vendor folder", func(t *testing.T) {
			if err := os.Mkdir(filepath.Join(module, "vendor"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, plain, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.setUp(t)
			if _, all := watchedOf(list(test.edit)); all != test.all {
				t.Errorf("got all %t, want %t", all, test.all)
			}
		})
	}
}
