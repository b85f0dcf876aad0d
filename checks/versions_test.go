package checks_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// This file checks that the Pulumi CLI is built with the versions of modules that
// the program is. A first run compiles both, and one other version of a module that
// much is built on, such as grpc, makes it compile hundreds of packages twice.

// required are the modules that a go.mod requires, with their versions.
func required(goMod string) map[string]string {
	versions := make(map[string]string)
	for line := range strings.Lines(goMod) {
		if fields := strings.Fields(strings.TrimPrefix(line, "require ")); len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			versions[fields[0]] = fields[1]
		}
	}
	return versions
}

// differing lists the modules that two go.mod files require in two versions.
func differing(program, cli string) (problems []string) {
	ours, theirs := required(program), required(cli)
	for module, version := range ours {
		if other := theirs[module]; other != "" && other != version {
			problems = append(problems, fmt.Sprintf("%s: expected one version, got %s and %s; next, whichever is higher: go -C tools/pulumi get %s@%s or go get %s@%s", module, version, other, module, version, module, other))
		}
	}
	slices.Sort(problems)
	return problems
}

func TestTheCLISharesModules(t *testing.T) {
	t.Parallel()
	var files [2]string
	for i, name := range []string{"go.mod", "tools/pulumi/go.mod"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = string(content)
	}
	shared := 0
	for module := range required(files[0]) {
		if required(files[1])[module] != "" {
			shared++
		}
	}
	if shared < 100 {
		t.Errorf("got %d modules that both require, want at least 100: are the files read?", shared)
	}
	for _, problem := range differing(files[0], files[1]) {
		t.Error(problem)
	}
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	const program = "require (\n\texample.com/grpc v1.0.0\n\texample.com/ours v1.0.0\n\texample.com/same v1.0.0 // indirect\n)\n"
	const cli = "require example.com/grpc v1.1.0 // indirect\n\nrequire (\n\texample.com/same v1.0.0 // indirect\n\texample.com/theirs v1.0.0\n)\n"
	want := []string{"example.com/grpc: expected one version, got v1.0.0 and v1.1.0; next, whichever is higher: go -C tools/pulumi get example.com/grpc@v1.0.0 or go get example.com/grpc@v1.1.0"}
	if got := differing(program, cli); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
