package checks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// This file keeps the workflows from giving away what their identities may.
// The rules are:
//   - a job signs in only if it is in signingJobs, behind an environment of
//     GitHub, and may then write nothing on GitHub
//   - what a stranger can write (a title, a branch's name) reaches a script by
//     its environment only; so do all other expressions
//   - each check is a function over one file, with a table that shows that it
//     can fail

// signingJobs are the jobs that may ask for an identity token, and the
// environments they run in, which the subjects of docs/ci.md name.
var signingJobs = map[string][]string{
	"preview.yml preview":       {"preview"},
	"deploy.yml deploy":         {"dev", "prod"},
	"deploy.yml test":           {"test"},
	"drift.yml audit":           {"drift-dev", "drift-prod"},
	"teardown.yml pull-request": {"teardown"},
	"teardown.yml expired":      {"teardown"},
}

// A workflow is what the checks look at of a workflow or of an action of ours.
type workflow struct {
	name        string // of its file
	text        string
	On          yaml.Node
	Permissions yaml.Node
	Jobs        map[string]job
	Runs        struct{ Steps []step } // of an action
}

type job struct {
	Uses        string
	Environment yaml.Node
	Permissions yaml.Node
	Strategy    struct{ Matrix map[string]yaml.Node }
	Steps       []step
}

type step struct{ Uses, Run string }

// triggers are the events that start a workflow.
func (w workflow) triggers() (names []string) {
	switch w.On.Kind {
	case yaml.ScalarNode:
		return []string{w.On.Value}
	case yaml.MappingNode:
		for i := 0; i < len(w.On.Content); i += 2 {
			names = append(names, w.On.Content[i].Value)
		}
	case yaml.SequenceNode:
		for _, node := range w.On.Content {
			names = append(names, node.Value)
		}
	}
	return names
}

func (w workflow) steps() []step {
	all := slices.Clone(w.Runs.Steps)
	for _, j := range w.Jobs {
		all = append(all, j.Steps...)
	}
	return all
}

// environments are the names of the job's environment, one for each value of
// the matrix that it mentions.
func (j job) environments() []string {
	name := j.Environment.Value
	if j.Environment.Kind == yaml.MappingNode {
		var named struct{ Name string }
		_ = j.Environment.Decode(&named) // without a name it is empty, which is a problem
		name = named.Name
	}
	if name == "" {
		return nil
	}
	for key, values := range j.Strategy.Matrix {
		expression := "${{ matrix." + key + " }}"
		if strings.Contains(name, expression) {
			var names []string
			for _, value := range values.Content {
				names = append(names, strings.ReplaceAll(name, expression, value.Value))
			}
			return names
		}
	}
	return []string{name}
}

// grants are the permissions of a block, by name; "*" for a word that covers
// all of them.
func grants(node yaml.Node) map[string]string {
	all := make(map[string]string)
	if node.Kind == yaml.ScalarNode && node.Value != "" {
		all["*"] = node.Value
	}
	_ = node.Decode(&all) // a word is not a map, and was looked at above
	return all
}

func parseWorkflow(name string, content []byte) (workflow, error) {
	w := workflow{name: name, text: string(content)}
	err := yaml.Unmarshal(content, &w)
	return w, err
}

// A workflowCheck says what is wrong with a workflow, or nothing.
type workflowCheck func(workflow) string

var workflowChecks = []workflowCheck{pullRequestTarget, unpinned, expressionInScript, noPermissions, identityToken, prodFromBranch, wildcardSubject}

// pullRequestTarget runs with the base's secrets on an event that a stranger
// makes; it is one checkout away from running their code.
func pullRequestTarget(w workflow) string {
	for _, trigger := range w.triggers() {
		if trigger == "pull_request_target" || trigger == "workflow_run" {
			return "started by " + trigger + ", which runs with the base's rights for a branch; use pull_request"
		}
	}
	return ""
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// unpinned finds actions whose code can change under the same name. An action
// of this repository comes with the tree.
func unpinned(w workflow) string {
	var uses []string
	for _, s := range w.steps() {
		uses = append(uses, s.Uses)
	}
	for _, j := range w.Jobs {
		uses = append(uses, j.Uses)
	}
	for _, use := range uses {
		if use != "" && !strings.HasPrefix(use, "./.github/") && !pinned.MatchString(use) {
			return fmt.Sprintf("action %q is not pinned; name the full SHA of a commit", use)
		}
	}
	return ""
}

// expressionInScript finds values that GitHub pastes into a script before a
// shell reads it.
// https://docs.github.com/en/actions/reference/security/secure-use
func expressionInScript(w workflow) string {
	for _, s := range w.steps() {
		if strings.Contains(s.Run, "${{") {
			return fmt.Sprintf("an expression in the script %q; hand it over in env", strings.SplitN(s.Run, "\n", 2)[0])
		}
	}
	return ""
}

// noPermissions wants a block that gives nothing but reading; jobs add theirs.
func noPermissions(w workflow) string {
	if len(w.Jobs) == 0 {
		return "" // an action has its job's
	}
	if w.Permissions.IsZero() {
		return "no permissions block; without one a job gets the repository's default"
	}
	for name, level := range grants(w.Permissions) {
		if strings.Contains(level, "write") {
			return fmt.Sprintf("permission %s: %s for every job; give it to the job that needs it", name, level)
		}
	}
	return ""
}

func identityToken(w workflow) string {
	for name, j := range w.Jobs {
		granted := grants(j.Permissions)
		if granted["id-token"] != "write" && granted["*"] != "write-all" {
			continue
		}
		want, ok := signingJobs[w.name+" "+name]
		if !ok {
			return fmt.Sprintf("job %s gets an identity token; only these may: %v", name, signingJobs)
		}
		if got := j.environments(); !slices.Equal(got, want) {
			return fmt.Sprintf("job %s: expected the environments %q, got %q", name, want, got)
		}
		for permission, level := range granted {
			if level == "write" && permission != "id-token" {
				return fmt.Sprintf("job %s has an identity and may write %s; split it", name, permission)
			}
		}
	}
	return ""
}

// prodFromBranch keeps code that nobody has merged away from prod.
func prodFromBranch(w workflow) string {
	if !slices.Contains(w.triggers(), "pull_request") {
		return ""
	}
	for name, j := range w.Jobs {
		values := j.environments()
		for _, list := range j.Strategy.Matrix {
			for _, value := range list.Content {
				values = append(values, value.Value)
			}
		}
		for _, value := range values {
			if strings.Contains(value, "prod") {
				return fmt.Sprintf("job %s takes a pull request to %s", name, value)
			}
		}
	}
	return ""
}

var subjects = regexp.MustCompile(`repo:[^\s"'` + "`" + `]+`)

// wildcardSubject finds federated credentials that trust more than one
// environment. It reads text, because they stand in commands.
func wildcardSubject(w workflow) string {
	if strings.Contains(w.text, "claimsMatchingExpression") {
		return "a flexible federated identity credential; name one subject"
	}
	for _, subject := range subjects.FindAllString(w.text, -1) {
		if strings.ContainsAny(subject, "*?") {
			return fmt.Sprintf("subject %q has a wildcard", subject)
		}
		if strings.HasSuffix(subject, ":pull_request") || strings.Contains(subject, ":ref:") {
			return fmt.Sprintf("subject %q is no environment", subject)
		}
	}
	return ""
}

// readWorkflows reads the workflows and our actions.
func readWorkflows(t *testing.T) (all []workflow) {
	t.Helper()
	for _, pattern := range []string{".github/workflows/*", ".github/actions/*/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("expected files at %s, got %v, %v", pattern, names, err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			w, err := parseWorkflow(filepath.Base(name), content)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, w)
		}
	}
	return all
}

func TestWorkflows(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, w := range readWorkflows(t) {
		for _, look := range workflowChecks {
			if problem := look(w); problem != "" {
				t.Errorf("%s: %s", w.name, problem)
			}
		}
		for name := range w.Jobs {
			seen[w.name+" "+name] = true
		}
	}
	for name := range signingJobs {
		if !seen[name] {
			t.Errorf("signingJobs has %q, and no workflow does", name)
		}
	}
}

func TestWorkflowChecks(t *testing.T) {
	t.Parallel()
	const steps = "permissions: {contents: read}\njobs:\n  preview:\n    steps:\n      - "
	const signing = "permissions: {contents: read}\njobs:\n  preview:\n    environment: preview\n    permissions: {contents: read, id-token: write}\n"
	sha := strings.Repeat("0a", 20)
	for _, test := range []struct {
		name string
		look workflowCheck
		file string
		text string
		bad  bool
	}{
		{"pull_request", pullRequestTarget, "a.yml", "on: pull_request", false},
		{"pull_request_target", pullRequestTarget, "a.yml", "on: pull_request_target", true},
		{"pull_request_target in a list", pullRequestTarget, "a.yml", "on: [push, pull_request_target]", true},
		{"pull_request_target in a map", pullRequestTarget, "a.yml", "on:\n  push:\n  pull_request_target:\n    types: [opened]", true},
		{"workflow_run", pullRequestTarget, "a.yml", "on:\n  workflow_run:", true},
		{"pinned", unpinned, "a.yml", steps + "uses: actions/checkout@" + sha + " # v5", false},
		{"a tag", unpinned, "a.yml", steps + "uses: actions/checkout@v5", true},
		{"a short SHA", unpinned, "a.yml", steps + "uses: actions/checkout@" + sha[:12], true},
		{"an action of ours", unpinned, "a.yml", steps + "uses: ./.github/actions/tools", false},
		{"an image", unpinned, "a.yml", steps + "uses: docker://alpine:3", true},
		{"an unpinned workflow", unpinned, "a.yml", "jobs:\n  a:\n    uses: o/r/.github/workflows/a.yml@main", true},
		{"an unpinned action in an action", unpinned, "action.yml", "runs:\n  steps:\n    - uses: actions/setup-go@v6", true},
		{"a variable", expressionInScript, "a.yml", steps + "run: echo \"$TITLE\"", false},
		{"a title", expressionInScript, "a.yml", steps + "run: echo ${{ github.event.pull_request.title }}", true},
		{"a branch", expressionInScript, "a.yml", steps + "run: |\n          true\n          git fetch ${{ github.head_ref }}", true},
		{"an input of an action", expressionInScript, "action.yml", "runs:\n  steps:\n    - run: echo ${{ inputs.a }}", true},
		{"an expression elsewhere", expressionInScript, "a.yml", steps + "if: ${{ always() }}\n        run: true", false},
		{"reading", noPermissions, "a.yml", steps + "run: true", false},
		{"nothing", noPermissions, "a.yml", "permissions: {}\njobs:\n  a: {}", false},
		{"no block", noPermissions, "a.yml", "jobs:\n  a: {}", true},
		{"writing for all", noPermissions, "a.yml", "permissions: {contents: write}\njobs:\n  a: {}", true},
		{"write-all", noPermissions, "a.yml", "permissions: write-all\njobs:\n  a: {}", true},
		{"an action", noPermissions, "action.yml", "runs: {}", false},
		{"a job that signs in", identityToken, "preview.yml", signing, false},
		{"in another workflow", identityToken, "test.yml", signing, true},
		{"under another name", identityToken, "preview.yml", strings.Replace(signing, "  preview:", "  comment:", 1), true},
		{"without an environment", identityToken, "preview.yml", strings.Replace(signing, "    environment: preview\n", "", 1), true},
		{"in another environment", identityToken, "preview.yml", strings.Replace(signing, "environment: preview", "environment: prod", 1), true},
		{"in an environment of the matrix", identityToken, "drift.yml", "jobs:\n  audit:\n    strategy: {matrix: {e: [dev, prod]}}\n    environment: {name: 'drift-${{ matrix.e }}'}\n    permissions: {id-token: write}", false},
		{"in one environment too many", identityToken, "drift.yml", "jobs:\n  audit:\n    strategy: {matrix: {e: [dev, prod, x]}}\n    environment: drift-${{ matrix.e }}\n    permissions: {id-token: write}", true},
		{"and writes comments", identityToken, "preview.yml", strings.Replace(signing, "contents: read, id", "pull-requests: write, id", 1), true},
		{"a job with every permission", identityToken, "test.yml", "jobs:\n  a:\n    permissions: write-all", true},
		{"a job that does not sign in", identityToken, "test.yml", "jobs:\n  a:\n    permissions: {contents: read}", false},
		{"prod from main", prodFromBranch, "a.yml", "on: push\njobs:\n  a:\n    environment: prod", false},
		{"prod from a branch", prodFromBranch, "a.yml", "on: pull_request\njobs:\n  a:\n    environment: prod", true},
		{"prod in the matrix of a branch", prodFromBranch, "a.yml", "on: [pull_request]\njobs:\n  a:\n    strategy: {matrix: {stack: [dev, prod]}}", true},
		{"one subject", wildcardSubject, "ci.md", "`repo:ORG/REPO:environment:prod`", false},
		{"a wildcard", wildcardSubject, "ci.md", "\"subject\": \"repo:ORG/REPO:environment:*\"", true},
		{"every pull request", wildcardSubject, "ci.md", "repo:ORG/REPO:pull_request", true},
		{"a branch as the subject", wildcardSubject, "ci.md", "repo:ORG/REPO:ref:refs/heads/main", true},
		{"an expression over claims", wildcardSubject, "ci.md", "claimsMatchingExpression", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := workflow{name: test.file, text: test.text}
			if filepath.Ext(test.file) == ".yml" {
				var err error
				if w, err = parseWorkflow(test.file, []byte(test.text)); err != nil {
					t.Fatal(err)
				}
			}
			if problem := test.look(w); (problem != "") != test.bad {
				t.Errorf("got %q, want a problem: %v", problem, test.bad)
			}
		})
	}
}
