package checks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// This file lists the packages of the module for the checks of imports.

// A listed package is a package in the output of `go list -json`.
type listed struct {
	ImportPath                               string
	Imports, TestImports, XTestImports, Deps []string
}

// inTree reports whether a package is pattern or, when that ends in "/...",
// below it.
func inTree(path, pattern string) bool {
	root, isTree := strings.CutSuffix(pattern, "/...")
	return path == root || isTree && strings.HasPrefix(path, root+"/")
}

// inModule reports whether a package belongs to a module other than ours: its
// path starts with a host name. Packages that the standard library vendors start
// with vendor/.
func inModule(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

// listPackages returns every package of the module. -e, so that one that does not
// compile fails its own tests and not these.
func listPackages(t *testing.T) []listed {
	t.Helper()
	packages, err := goList()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	return packages
}

// goList runs once for all tests: it takes seconds. Each package is listed as
// people build it, and again with the tag of the witness proof, which adds files
// that nothing else sees.
var goList = sync.OnceValues(func() ([]listed, error) {
	plain, err := goListTagged("")
	if err != nil {
		return nil, err
	}
	tagged, err := goListTagged("witness")
	return append(plain, tagged...), err
})

func goListTagged(tags string) (packages []listed, err error) {
	command := exec.Command("go", "list", "-e", "-tags="+tags, "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...")
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, problems.Bytes())
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}
