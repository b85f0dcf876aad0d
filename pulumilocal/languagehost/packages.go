package languagehost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// This file finds the providers that a program needs.

// A required is one provider that the program needs.
type required struct{ Name, Version, Server string }

// requiredPackages are the providers that the program in dir needs. For an
// unchanged program they are read from its last build.
func requiredPackages(ctx context.Context, dir, entryPoint string) ([]*pulumirpc.PackageDependency, error) {
	var found []required
	p, err := programOf(filepath.Join(dir, entryPoint))
	kept, ok := build{}, false
	if err == nil { // there may be no cache directory, with the options `binary` and `buildTarget`
		kept, ok = p.kept()
	}
	if ok {
		found = kept.Packages
	} else {
		packages, err := listPackages(ctx, dir)
		if err != nil {
			return nil, err
		}
		if found, err = requiredBy(packages); err != nil {
			return nil, err
		}
	}
	dependencies := make([]*pulumirpc.PackageDependency, len(found))
	for i, r := range found {
		dependencies[i] = &pulumirpc.PackageDependency{Kind: "resource", Name: r.Name, Version: r.Version, Server: r.Server}
	}
	return dependencies, nil
}

// requiredBy finds the providers of the imported SDKs: each SDK has a
// pulumi-plugin.json in the package's folder or in one above.
func requiredBy(packages []goPackage) ([]required, error) {
	folders := make(map[string]bool)
	for _, p := range packages {
		for folder := p.Dir; len(folder) >= len(p.Module.Dir) && !folders[folder]; folder = filepath.Dir(folder) {
			folders[folder] = true
		}
	}
	found := make(map[string]required)
	for folder := range folders {
		r, ok, err := pluginOf(folder)
		if err != nil {
			return nil, err
		}
		if ok {
			found[r.Name+"@"+r.Version] = r
		}
	}
	all := make([]required, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[key])
	}
	return all, nil
}

// pluginOf reads the pulumi-plugin.json of a folder, if it has one.
func pluginOf(folder string) (r required, ok bool, err error) {
	data, err := os.ReadFile(filepath.Join(folder, "pulumi-plugin.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return required{}, false, nil
	}
	var plugin struct {
		Resource bool   `json:"resource"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Server   string `json:"server"`
	}
	if err == nil {
		err = json.Unmarshal(data, &plugin)
	}
	if err != nil {
		return required{}, false, fmt.Errorf("read the plugin of %q: %w", folder, err)
	}
	return required{plugin.Name, strings.TrimPrefix(plugin.Version, "v"), plugin.Server}, plugin.Resource && plugin.Name != "", nil
}

// A goPackage is one package in the output of `go list -json`.
type goPackage struct {
	Dir           string
	EmbedPatterns []string
	Module        *struct {
		Dir, Version string
		Main         bool
		Replace      *struct{ Version string }
	}
}

// listPackages lists the program in dir and all packages that it imports.
func listPackages(ctx context.Context, dir string) ([]goPackage, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,EmbedPatterns,Module", ".")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the program's packages in %q: %w", dir, withStderr(err))
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("list the program's packages in %q: %w", dir, err)
		}
		if p.Module != nil { // the standard library changes only with the go command
			packages = append(packages, p)
		}
	}
	return packages, nil
}
