package e2e_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/pulumilocal/engine"
)

// The language host for YAML takes minutes to build, so CI does not.
var withYAML = flag.Bool("yaml", false, "deploy examples/yaml, which builds Pulumi's language host for YAML first")

// TestYAML deploys the program in examples/yaml: in its place, and as a copy
// outside of this repository, beside function apps of its own.
func TestYAML(t *testing.T) {
	if !*withYAML {
		t.Skip("takes -yaml")
	}
	w := newWorld(t)
	if err := engine.InstallYAML(t.Context(), ".", w.sandbox.Dir, t.Output()); err != nil {
		t.Fatal(err)
	}
	repository, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(repository, "cmd", "pulumi-resource-app-to-app")
	w.row("the schema of the plugin's folder", func(w *world) {
		var schema struct {
			Name      string
			Resources map[string]any
		}
		if err := json.Unmarshal([]byte(w.pulumi("package", "get-schema", plugin)), &schema); err != nil || schema.Name != "app-to-app" || len(schema.Resources) != 3 {
			w.t.Errorf("got %q with %d resources and %v, want app-to-app with 3", schema.Name, len(schema.Resources), err)
		}
	})
	w.row("the committed example", func(w *world) {
		w.project.Dir = copied(w, filepath.Join(repository, "examples", "yaml"), filepath.Join(repository, "examples", "yaml-"+filepath.Base(filepath.Dir(w.t.TempDir()))))
		w.deploysYAML()
	})
	w.row("a copy outside of the repository", func(w *world) {
		w.project.Dir = outside(w, repository)
		w.pulumi("package", "add", plugin)
		w.deploysYAML()
	})
}

// copied is a copy of a project, which is removed with the test.
func copied(w *world, from, to string) string {
	w.t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { os.RemoveAll(to) })
	return to
}

// outside is a module of somebody else's with the program and two function apps.
func outside(w *world, repository string) string {
	w.t.Helper()
	folder := w.t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			w.t.Fatal(err)
		}
		return string(text)
	}
	program := strings.ReplaceAll(read("examples/yaml/Pulumi.yaml"), "../../functions/", "apps/")
	before, after, ok := strings.Cut(program, "packages:\n")
	if !ok {
		w.t.Fatal("expected the example to have packages")
	}
	_, after, _ = strings.Cut(after, "\n")
	write("deploy/Pulumi.yaml", before+after)
	module := strings.NewReplacer("module app-to-app\n", "module shop.test\n", "=> ./", "=> "+repository+"/").Replace(read("go.mod"))
	write("deploy/go.mod", module+"\nrequire app-to-app v0.0.0\n\nreplace app-to-app => "+repository+"\n")
	write("deploy/go.sum", read("go.sum"))
	for _, app := range []string{"orders-api", "orders-client"} {
		from := filepath.Join(repository, "functions", app)
		err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
			name, _ := filepath.Rel(from, path)
			if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".json") && !strings.HasPrefix(name, "local") {
				write(filepath.Join("deploy", "apps", app, name), read(filepath.Join("functions", app, name)))
			}
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
		write(filepath.Join("deploy", "apps", app, "main.go"), ownHandler)
	}
	return filepath.Join(folder, "deploy")
}

// ownHandler answers every call of the Functions host.
const ownHandler = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "{}") })
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
`

// deploysYAML deploys the program, previews it, and destroys it.
func (w *world) deploysYAML() {
	w.t.Helper()
	before := w.inventory()
	w.stack = "yaml"
	w.pulumi("stack", "init", w.stack)
	w.up()
	if outcome := w.run("preview"); outcome.Changed() != 0 {
		w.t.Errorf("expected no changes, got %v", outcome.Touched)
	}
	var outputs struct{ APIURL, ClientURL, ClientSiteID string }
	if err := w.project.Outputs(w.t.Context(), w.stack, &outputs); err != nil {
		w.t.Fatal(err)
	}
	var got answer
	if err := w.azure.Call(w.t.Context(), outputs.ClientSiteID, outputs.ClientURL, &got); err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(w.project.Dir, "examples") && (len(got.Results) != 1 || len(got.Results[0].Orders) != 5) {
		w.t.Errorf("expected five orders, got %+v", got)
	}
	if state := w.export(); strings.Contains(state, w.project.Dir) {
		w.t.Error("expected no path of this machine in the state")
	}
	w.destroy()
	w.pulumi("stack", "rm", w.stack, "--yes")
	if left := w.inventory().Minus(before); left.ResourceGroups != 0 || left.Applications != 0 {
		w.t.Errorf("expected nothing to be left, got\n%s", left)
	}
}
