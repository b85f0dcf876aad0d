package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/blang/semver"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// goSettings make the generator write code like the official SDK's: it uses the
// utilities of the official root module, and has no containers of resources and
// no registration of inputs.
func goSettings() gogen.GoPackageInfo {
	return gogen.GoPackageInfo{
		ImportBasePath:                "github.com/pulumi/pulumi-azure-native-sdk/v2",
		ImportPathPattern:             "github.com/pulumi/pulumi-azure-native-sdk/{module}/v2",
		RootPackageName:               "pulumiazurenativesdk",
		InternalModuleName:            "utilities",
		DisableInputTypeRegistrations: true,
		RespectSchemaVersion:          true,
	}
}

// generate returns the files of the modules, by path below the output folder. It
// leaves out those of the root module, because the official one is used.
func generate(m *model) (map[string][]byte, error) {
	spec, err := expand(m)
	if err != nil {
		return nil, err
	}
	pkg, diagnostics, err := schema.BindSpec(*spec, noLoader{}, schema.ValidationOptions{})
	if err != nil {
		return nil, fmt.Errorf("bind the schema: %w", err)
	}
	if diagnostics.HasErrors() {
		return nil, fmt.Errorf("bind the schema: %w", diagnostics)
	}
	all, err := gogen.GeneratePackage("the Pulumi SDK Generator", pkg, nil)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	files := map[string][]byte{}
	for name, content := range all {
		if _, ok := m.Packages[path.Dir(name)]; ok {
			files[name] = content
		}
	}
	for name := range m.Modules {
		files[name+"/pulumi-plugin.json"] = all["pulumi-plugin.json"]
	}
	return files, nil
}

// A noLoader loads no schema: the model refers to no other package.
type noLoader struct{}

func (noLoader) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	return nil, fmt.Errorf("the model refers to another package, %q", name)
}

func (l noLoader) LoadPackageV2(_ context.Context, d *schema.PackageDescriptor) (*schema.Package, error) {
	return l.LoadPackage(d.Name, nil)
}

// write writes the files below dir and removes older generated ones. It does not
// change go.mod and go.sum.
func write(dir string, m *model, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
	}
	committed, err := read(dir, m)
	if err != nil {
		return err
	}
	for name := range committed {
		if _, ok := files[name]; !ok {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// read returns the generated files below dir.
func read(dir string, m *model) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name := range m.Modules {
		root := filepath.Join(dir, name)
		err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == "go.mod" || entry.Name() == "go.sum" {
				return err
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(dir, file)
			files[filepath.ToSlash(relative)] = content
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// differences lists the files in which two sets differ.
func differences(want, got map[string][]byte) []string {
	var all []string
	for name := range want {
		if content, ok := got[name]; !ok {
			all = append(all, name+": missing")
		} else if !bytes.Equal(content, want[name]) {
			all = append(all, name+": not what the generator makes")
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			all = append(all, name+": not from the model")
		}
	}
	slices.Sort(all)
	return all
}
