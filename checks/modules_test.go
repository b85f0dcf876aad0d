package checks_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// This file checks that go.mod groups the direct requirements by the part of the
// repository that needs them, and that each block's comment names that part.

// A consumer is a part of the repository with a block of its own. A module
// belongs in the block of the first consumer that imports it.
type consumer struct {
	comment string   // first line of its block's comment
	trees   []string // its packages
}

var consumers = []consumer{
	{"// The Pulumi program.", []string{"app-to-app", "app-to-app/settings/...", "app-to-app/components/..."}},
	{"// The function apps' handlers.", []string{"app-to-app/functions/..."}},
	{"// The sandbox.", []string{"app-to-app/sandbox/..."}},
	{"// What runs Pulumi in a sandbox.", []string{"app-to-app/pulumilocal/..."}},
	{"// Tests only.", []string{"app-to-app/..."}},
}

// consumerOf is the comment of the first consumer that imports the module. Tests
// and their support packages count only for the last, "Tests only".
func consumerOf(module string, packages []listed) string {
	needs := func(p listed, imports []string) bool {
		return slices.ContainsFunc(imports, func(path string) bool { return inTree(path, module+"/...") })
	}
	for _, c := range consumers[:len(consumers)-1] {
		for _, p := range packages {
			inTrees := slices.ContainsFunc(c.trees, func(tree string) bool { return inTree(p.ImportPath, tree) })
			if inTrees && !strings.HasSuffix(p.ImportPath, "test") && needs(p, p.Imports) {
				return c.comment
			}
		}
	}
	return consumers[len(consumers)-1].comment
}

// misplaced lists the direct requirements of a go.mod that are in the wrong
// block.
func misplaced(goMod string, packages []listed) (problems []string) {
	block := ""
	for line := range strings.Lines(goMod) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "//"):
			if block == "" {
				block = strings.TrimSpace(line)
			}
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, ")"):
			block = ""
		case len(fields) >= 2 && strings.HasPrefix(line, "\t") && strings.HasPrefix(fields[1], "v") && !strings.HasSuffix(strings.TrimSpace(line), "// indirect"):
			if want := consumerOf(fields[0], packages); block != want {
				problems = append(problems, fmt.Sprintf("%s: expected the block %q, got %q", fields[0], want, block))
			}
		}
	}
	return problems
}

func TestModules(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range misplaced(string(content), listPackages(t)) {
		t.Errorf("go.mod: %s", problem)
	}
	for _, c := range consumers {
		if strings.Count(string(content), c.comment) != 1 {
			t.Errorf("go.mod: expected one block %q", c.comment)
		}
	}
}

func TestMisplaced(t *testing.T) {
	t.Parallel()
	packages := []listed{
		{ImportPath: "app-to-app/sandbox/store", Imports: []string{"example.com/store/sub"}},
		{ImportPath: "app-to-app/sandbox", XTestImports: []string{"example.com/oracle"}},
	}
	const good = "// The sandbox.\n// More about it.\nrequire (\n\texample.com/store v1.0.0\n)\n\n// Tests only.\nrequire (\n\texample.com/oracle v1.0.0\n)\n\nrequire (\n\texample.com/deep v1.0.0 // indirect\n)\n"
	for _, test := range []struct {
		name, goMod string
		want        []string
	}{
		{"each in its block", good, nil},
		{"a test's library in the sandbox's block", strings.Replace(good, "store v1.0.0", "store v1.0.0\n\texample.com/oracle v1.0.0", 1),
			[]string{`example.com/oracle: expected the block "// Tests only.", got "// The sandbox."`}},
		{"a block without a comment", strings.Replace(good, "// The sandbox.\n// More about it.\n", "", 1),
			[]string{`example.com/store: expected the block "// The sandbox.", got ""`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := misplaced(test.goMod, packages); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
