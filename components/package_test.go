package components_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"app-to-app/components"
)

const goodHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`

// newProject writes a project with one function app, and files on top; a file
// without content is left out.
func newProject(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"go.mod":                         "module example.test/project\n\ngo 1.26\n\ntoolchain " + strings.Fields(runtime.Version())[0] + "\n",
		"functions/app/main.go":          "package main\n\nfunc main() { println(\"orders\") }\n",
		"functions/app/host.json":        goodHost,
		"functions/app/B/function.json":  `{"bindings":[]}`,
		"functions/app/AB/function.json": `{"bindings":[]}`,
	}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if content != "" {
			write(t, filepath.Join(root, filepath.FromSlash(name)), content)
		}
	}
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, root string) components.Package {
	t.Helper()
	built, err := buildApp(t, root)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// buildApp builds the package of the function app "app" of a project.
func buildApp(t testing.TB, root string) (components.Package, error) {
	built, err := components.BuildPackages(t.Context(), root, components.AzurePlatform, "app")
	return built["app"], err
}

func TestPackage(t *testing.T) {
	t.Parallel()
	root := newProject(t, nil)
	built := build(t, root)
	content, err := os.ReadFile(filepath.Join(root, built.Path))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(content); built.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("got SHA-256 %s, want %x", built.SHA256, sum)
	}
	if want := ".packages/app-" + built.SHA256[:16] + ".zip"; built.Path != want {
		t.Errorf("got path %q, want %q", built.Path, want)
	}
	archive, err := zip.OpenReader(filepath.Join(root, built.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var got []string
	for _, file := range archive.File {
		got = append(got, file.Mode().String()+" "+file.Name)
		if want := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !file.Modified.Equal(want) {
			t.Errorf("%s: got time %v, want %v", file.Name, file.Modified, want)
		}
		if unix := uint16(3); file.CreatorVersion>>8 != unix { // APPNOTE.TXT 4.4.2
			t.Errorf("%s: expected modes of Unix, got creator %d", file.Name, file.CreatorVersion>>8)
		}
	}
	want := []string{"-rw-r--r-- AB/function.json", "-rw-r--r-- B/function.json", "-rwxr-xr-x handler", "-rw-r--r-- host.json"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	left := tree(t, filepath.Join(root, ".packages"))
	if len(left) != 2 || !slices.Contains(left, filepath.Base(built.Path)) {
		t.Errorf("expected the package and its handler in their folder, got %q", left)
	}
}

func tree(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && path != root {
			name, _ := filepath.Rel(root, path)
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestSameSourceSameBytes builds in other folders, one of them with files that
// an editor, a desktop or git leaves behind.
func TestSameSourceSameBytes(t *testing.T) {
	t.Parallel()
	want := build(t, newProject(t, nil))
	for name, files := range map[string]map[string]string{
		"another folder": nil,
		"a dirty tree": {
			"functions/app/host.json~":          "{",
			"functions/app/.DS_Store":           "x",
			"functions/app/local.settings.json": `{"Values":{"SECRET":"x"}}`,
			"functions/app/main_test.go":        "package main\n",
			"functions/app/B/notes.txt":         "x",
			"functions/app/AB/function.json~":   "{",
			".git/HEAD":                         "ref: refs/heads/main\n",
			"go.work":                           "go 1.26\n\nuse ./nowhere\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := build(t, newProject(t, files)); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestRebuilds builds again where a package was built before, from the same and
// from other source, and where the kept handler is corrupted.
func TestRebuilds(t *testing.T) {
	t.Parallel()
	root := newProject(t, nil)
	first := build(t, root)
	if again := build(t, root); !reflect.DeepEqual(again, first) {
		t.Errorf("got %v, want %v", again, first)
	}
	source := filepath.Join(root, "functions", "app", "main.go")
	write(t, source, "package main\n\nfunc main() { println(\"other\") }\n")
	if other := build(t, root); other.SHA256 == first.SHA256 {
		t.Error("other source: expected other bytes, got the same")
	}
	write(t, source, "package main\n\nfunc main() { println(\"orders\") }\n")
	if again := build(t, root); !reflect.DeepEqual(again, first) {
		t.Errorf("the first source again: got %v, want %v", again, first)
	}
	handlers, err := filepath.Glob(filepath.Join(root, ".packages", "*.handler"))
	if err != nil || len(handlers) != 2 {
		t.Fatalf("expected two kept handlers, got %q, %v", handlers, err)
	}
	for _, handler := range handlers {
		content, err := os.ReadFile(handler)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		write(t, handler, string(content))
	}
	if again := build(t, root); !reflect.DeepEqual(again, first) {
		t.Errorf("with corrupted handlers: got %v, want %v", again, first)
	}
}

func TestOtherSourceOtherBytes(t *testing.T) {
	t.Parallel()
	first := build(t, newProject(t, nil))
	for _, tt := range []struct{ name, path, content string }{
		{"other code", "functions/app/main.go", "package main\n\nfunc main() { println(\"order\") }\n"},
		{"other host.json", "functions/app/host.json", goodHost + "\n"},
		{"other function.json", "functions/app/B/function.json", `{"bindings":[],"disabled":true}`},
		{"another function", "functions/app/C/function.json", `{"bindings":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := build(t, newProject(t, map[string]string{tt.path: tt.content})); got.SHA256 == first.SHA256 {
				t.Error("expected other bytes, got the same")
			}
		})
	}
}

// TestBuildIgnoresTheShell sets what would change a build in a shell. It cannot
// run in parallel with others.
func TestBuildIgnoresTheShell(t *testing.T) {
	root := newProject(t, nil)
	want := build(t, root)
	for name, value := range map[string]string{
		"GOFLAGS": "-tags=other -ldflags=-X=main.x=y", "GOOS": "windows", "GOARCH": "arm64", "GOAMD64": "v3",
		"CGO_ENABLED": "1", "GOEXPERIMENT": "jsonv2", "GOWORK": filepath.Join(root, "none"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if got, err := buildApp(t, root); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// TestPlatforms reads from the headers of the handlers what they were built for.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	root := newProject(t, nil)
	for platform, want := range map[components.Platform]elf.Machine{"": elf.EM_X86_64, "linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64} {
		t.Run(string(platform), func(t *testing.T) {
			built, err := components.BuildPackages(t.Context(), root, platform, "app")
			if err != nil {
				t.Fatal(err)
			}
			file, err := elf.NewFile(bytes.NewReader(handlerOf(t, filepath.Join(root, built["app"].Path))))
			if err != nil || file.Machine != want {
				t.Errorf("got a handler for %v, %v, want %v", file, err, want)
			}
		})
	}
	for _, unknown := range []components.Platform{"linux", "linux/amd64/v3", "windows/amd64", "linux/amd64 GOFLAGS=-x"} {
		if _, err := components.BuildPackages(t.Context(), root, unknown, "app"); err == nil || !strings.Contains(err.Error(), "expected the platform of the function apps to be one of [linux/amd64 ") {
			t.Errorf("%s: got %v, want a refusal that names the platforms", unknown, err)
		}
	}
}

func handlerOf(t *testing.T, path string) []byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	content, err := fs.ReadFile(archive, "handler")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestConcurrentBuilds(t *testing.T) {
	t.Parallel()
	root := newProject(t, nil)
	var wait sync.WaitGroup
	builds := make([]components.Package, 4)
	for i := range builds {
		wait.Go(func() {
			built, err := buildApp(t, root)
			if err != nil {
				t.Error(err)
			}
			builds[i] = built
			if content, err := os.ReadFile(filepath.Join(root, built.Path)); err != nil {
				t.Error(err)
			} else if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != built.SHA256 {
				t.Error("expected a whole package, got part of one")
			}
		})
	}
	wait.Wait()
	for _, built := range builds[1:] {
		if !reflect.DeepEqual(built, builds[0]) {
			t.Errorf("got %v, want %v", built, builds[0])
		}
	}
}

func TestOldPackagesAreRemoved(t *testing.T) {
	t.Parallel()
	root := newProject(t, nil)
	folder := filepath.Join(root, ".packages")
	const old, other, fresh = "app-0123456789abcdef.zip", "app-two-0123456789abcdef.zip", "app-fedcba9876543210.zip"
	const oldHandler = "app-0123456789abcdef.handler" // and it is not what its name says
	for _, name := range []string{old, oldHandler, other, "notes.txt", "build-1/handler", fresh} {
		write(t, filepath.Join(folder, name), "x")
	}
	longAgo := time.Now().Add(-25 * time.Hour)
	for _, name := range []string{old, oldHandler, other, "notes.txt", "build-1"} {
		if err := os.Chtimes(filepath.Join(folder, name), longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
	}
	built := build(t, root)
	want := []string{filepath.Base(built.Path), other, fresh, "notes.txt"}
	got := slices.DeleteFunc(tree(t, folder), func(name string) bool { return strings.HasSuffix(name, ".handler") && name != oldHandler })
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefusedPackages(t *testing.T) {
	t.Parallel()
	// One go command builds all handlers, so only the compiler's own message names
	// the app.
	const ofApp, ofAll = `build package "app": `, "build packages: "
	for _, tt := range []struct {
		name   string
		files  map[string]string
		prefix string
		want   string
	}{
		{"no host.json", map[string]string{"functions/app/host.json": ""}, ofApp, "host.json: no such file"},
		{"host.json that is no JSON", map[string]string{"functions/app/host.json": "{"}, ofApp, "read host.json: unexpected end of JSON input"},
		{"another executable", map[string]string{"functions/app/host.json": strings.Replace(goodHost, `"handler"`, `"app"`, 1)}, ofApp,
			`read host.json: expected customHandler.description.defaultExecutablePath "handler", got "app"`},
		{"no function", map[string]string{"functions/app/AB/function.json": "", "functions/app/B/function.json": ""}, ofApp, "expected at least one function.json"},
		{"function.json that is no JSON", map[string]string{"functions/app/B/function.json": "{"}, ofApp, "read B/function.json: expected JSON"},
		{"code that does not compile", map[string]string{"functions/app/main.go": "package main\n\nfunc main() { nothing() }\n"}, ofAll,
			"go build: exit status 1\n# example.test/project/functions/app\nfunctions/app/main.go:3:15: undefined: nothing"},
		{"no pinned toolchain", map[string]string{"go.mod": "module example.test/project\n\ngo 1.26\n"}, ofAll,
			"find the pinned toolchain: expected a toolchain line in go.mod, got none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := newProject(t, tt.files)
			_, err := buildApp(t, root)
			switch {
			case err == nil:
				t.Errorf("got success, want %q", tt.prefix+tt.want)
			case tt.prefix == ofAll && err.Error() != tt.prefix+tt.want:
				t.Errorf("got %q, want %q", err, tt.prefix+tt.want)
			case !strings.HasPrefix(err.Error(), tt.prefix), !strings.Contains(err.Error(), tt.want):
				t.Errorf("got %q, want %q, then %q in it", err, tt.prefix, tt.want)
			}
			if _, err := os.Stat(filepath.Join(root, ".packages")); err == nil {
				if left := tree(t, filepath.Join(root, ".packages")); len(left) > 0 {
					t.Errorf("expected nothing to be left, got %q", left)
				}
			}
		})
	}
}
