package checks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file compares the workflows and docs/ci.md with the rest of the tree: the
// jobs' environments, the roles that components assign, the verbs of cmd/tenant.

// TestSubjects expects docs/ci.md to create a federated credential for each
// environment of the jobs that sign in.
func TestSubjects(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	if problem := wildcardSubject(workflow{text: string(page)}); problem != "" {
		t.Errorf("docs/ci.md: %s", problem)
	}
	for job, environments := range signingJobs {
		for _, environment := range environments {
			if !strings.Contains(string(page), "repo:ORG/REPO:environment:"+environment+"`") {
				t.Errorf("%s signs in from the environment %s; docs/ci.md has no subject for it", job, environment)
			}
		}
	}
}

var (
	guid         = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	assignedRole = regexp.MustCompile(`builtInRole\{"[^"]*", "(` + guid.String() + `)"\}`)
	roleList     = regexp.MustCompile(`RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals \{([^}]*)\}`)
)

// TestConditionAllowsTheRoles compares the condition on the deployer's right to
// assign roles with the roles that components assign.
func TestConditionAllowsTheRoles(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	lists := roleList.FindAllStringSubmatch(string(page), -1)
	if len(lists) != 2 || lists[0][1] != lists[1][1] {
		t.Fatalf("expected one list for writing and the same for deleting, got %q", lists)
	}
	allowed := guid.FindAllString(lists[0][1], -1)
	sources, err := filepath.Glob("components/*.go")
	if err != nil {
		t.Fatal(err)
	}
	assigned := 0
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range assignedRole.FindAllStringSubmatch(string(source), -1) {
			assigned++
			if !slices.Contains(allowed, role[1]) {
				t.Errorf("%s assigns %s, which the condition in docs/ci.md does not allow", name, role[1])
			}
		}
	}
	if assigned == 0 {
		t.Error("expected roles in components, got none")
	}
}

var (
	tenantCall = regexp.MustCompile(`bin/tenant ([a-z]+)([^|>\n]*)`)
	aFlag      = regexp.MustCompile(`(?:^| )-([a-z]+)`)
)

// TestWorkflowVerbs asks the built command whether it knows the verbs and flags
// that the workflows use.
func TestWorkflowVerbs(t *testing.T) {
	t.Parallel()
	path := buildCommand(t, ".", "./cmd/tenant")
	calls := 0
	for _, w := range readWorkflows(t) {
		for _, s := range w.steps() {
			for _, call := range tenantCall.FindAllStringSubmatch(s.Run, -1) {
				calls++
				usage, err := exec.Command(path, call[1], "-h").CombinedOutput()
				if err != nil || !strings.HasPrefix(string(usage), "usage: tenant "+call[1]) {
					t.Errorf("%s: tenant %s: %v\n%s", w.name, call[1], err, usage)
				}
				for _, flag := range aFlag.FindAllStringSubmatch(call[2], -1) {
					if !strings.Contains(string(usage), "\n  -"+flag[1]) {
						t.Errorf("%s: tenant %s has no flag -%s", w.name, call[1], flag[1])
					}
				}
			}
		}
	}
	if calls < 10 {
		t.Errorf("expected the workflows to call the command, found %d calls", calls)
	}
}

// TestDiffsNamePrincipals: every workflow that shows an access diff asks who the ids
// are; what reads another job's facts has the names in them.
func TestDiffsNamePrincipals(t *testing.T) {
	t.Parallel()
	diffs := 0
	for _, w := range readWorkflows(t) {
		for _, s := range w.steps() {
			for line := range strings.Lines(s.Run) {
				if !strings.Contains(line, "bin/tenant diff ") || strings.Contains(line, " -from ") {
					continue
				}
				if diffs++; !strings.Contains(line, " -names ") {
					t.Errorf("%s: expected tenant diff with -names, got %q", w.name, strings.TrimSpace(line))
				}
			}
		}
	}
	if diffs < 3 {
		t.Errorf("got %d access diffs, want those of preview.yml and deploy.yml", diffs)
	}
}

// TestActionlint builds and runs the release that tools/lint pins.
func TestActionlint(t *testing.T) {
	t.Parallel()
	linter := buildCommand(t, "tools/lint", "github.com/rhysd/actionlint/cmd/actionlint")
	wrong := filepath.Join(t.TempDir(), "wrong.yml")
	if err := os.WriteFile(wrong, []byte("on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ nothing.here }}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Off, because actionlint runs these linters only where they are installed.
	if problems := toolProblems(".", linter, "-shellcheck=", "-pyflakes=", wrong); !strings.Contains(problems, "undefined variable") {
		t.Errorf("on a workflow with a mistake: got %q, want a complaint about it", problems)
	}
	files, err := filepath.Glob(".github/workflows/*")
	if err != nil {
		t.Fatal(err)
	}
	if problems := toolProblems(".", linter, append([]string{"-shellcheck=", "-pyflakes="}, files...)...); problems != "" {
		t.Error(problems)
	}
}
