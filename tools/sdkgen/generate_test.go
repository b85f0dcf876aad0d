package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	committedModel = "../../sdks/azure-native/schema.yaml"
	committedSDK   = "../../sdks/azure-native"
)

// TestCommitted generates the SDK again and compares it with the committed
// one, byte for byte.
func TestCommitted(t *testing.T) {
	t.Parallel()
	m, err := readModel(committedModel)
	if err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := run(committedModel, again); err != nil {
		t.Fatal(err)
	}
	want, err := read(again, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(committedSDK, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < len(m.Packages) {
		t.Fatalf("got %d files for %d packages", len(want), len(m.Packages))
	}
	for _, difference := range differences(want, got) {
		t.Errorf("%s; fix: go run . in tools/sdkgen", difference)
	}
}

// TestShape checks parts of the official packages that the generator writes only
// with the right settings.
func TestShape(t *testing.T) {
	t.Parallel()
	m, err := readModel(committedModel)
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ file, want string }{
		{"managedidentity/userAssignedIdentity.go", "package managedidentity\n"},
		{"web/v20240401/webApp.go", "package v20240401\n"},
		{"web/v20240401/webApp.go", `"github.com/pulumi/pulumi-azure-native-sdk/v2/utilities"`},
		{"web/v20240401/webApp.go", `ctx.RegisterResource("azure-native:web/v20240401:WebApp", name, args, &resource, opts...)`},
		{"web/v20240401/webApp.go", "opts = utilities.PkgResourceDefaultOpts(opts)"},
		{"web/v20240401/webApp.go", `Type: pulumi.String("azure-native:web:WebApp")`},
		{"web/v20240401/webApp.go", "return v.Defaults() }).(SiteConfigPtrOutput)"},
		{"web/v20240401/pulumiTypes.go", `tmp.NetFrameworkVersion = pulumi.StringPtr("v4.6")`},
		{"web/v20240401/pulumiTypes.go", "type FunctionsDeploymentResponseStorage struct {"},
		{"web/v20240401/init.go", `"web/v20240401",`},
		{"web/v20240401/listWebAppHostKeys.go", `ctx.Invoke("azure-native:web/v20240401:listWebAppHostKeys"`},
		{"managedidentity/init.go", `"managedidentity",`},
		{"managedidentity/pulumi-plugin.json", `"version": "2.90.0"`},
		{"web/pulumi-plugin.json", `"name": "azure-native"`},
	} {
		t.Run(test.file+" "+test.want, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(files[test.file]), test.want) {
				t.Errorf("%s does not contain %q", test.file, test.want)
			}
		})
	}
	for name := range files {
		if !strings.HasPrefix(name, "web/") && !strings.HasPrefix(name, "managedidentity/") {
			t.Errorf("%s belongs to the official root module", name)
		}
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	want := map[string][]byte{"same": []byte("1"), "changed": []byte("2"), "gone": []byte("3")}
	got := map[string][]byte{"same": []byte("1"), "changed": []byte("4"), "extra": []byte("5")}
	same(t, "differences", differences(want, got), []string{
		"changed: not what the generator makes",
		"extra: not from the model",
		"gone: missing",
	})
	same(t, "differences of equals", differences(want, want), []string(nil))
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := &model{Modules: map[string]module{"web": {}}}
	for name, content := range map[string]string{"web/go.mod": "module x", "web/go.sum": "", "web/old.go": "package web"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir, m, map[string][]byte{"web/v1/new.go": []byte("package v1")}); err != nil {
		t.Fatal(err)
	}
	left, err := read(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "files", slices.Sorted(maps.Keys(left)), []string{"web/v1/new.go"})
	if _, err := os.Stat(filepath.Join(dir, "web", "go.mod")); err != nil {
		t.Errorf("go.mod: %v", err)
	}
}
