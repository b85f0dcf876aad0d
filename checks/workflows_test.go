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

// This file checks that nobody but us can use the identities of the workflows.
// The rules are:
//   - a job may sign in to Azure only if it is in signingJobs and runs in a
//     GitHub environment; it may then write nothing on GitHub
//   - expressions reach a script only through its environment variables, because
//     strangers write some of them (a title, a branch's name)
//   - each check is a function over one file, with a table that shows that it
//     can fail

// signingJobs are the jobs that may ask for an identity token, and the GitHub
// environments they run in. The subjects in docs/ci.md name the same ones.
var signingJobs = map[string][]string{
	"preview.yml preview":       {"preview"},
	"copy.yml copy":             {"copy"},
	"deploy.yml dev":            {"dev"},
	"deploy.yml prod-preview":   {"prod-preview"},
	"deploy.yml prod":           {"prod"},
	"deploy-pr.yml test":        {"test"},
	"drift.yml audit":           {"drift-dev", "drift-prod"},
	"repair.yml dev":            {"repair-dev"},
	"repair.yml prod":           {"repair-prod"},
	"teardown.yml pull-request": {"teardown"},
	"teardown.yml expired":      {"teardown"},
}

// A workflow holds the parts of a workflow, or of one of our actions, that the
// checks read.
type workflow struct {
	name        string // of its file
	text        string
	On          yaml.Node
	Permissions yaml.Node
	Env         map[string]string
	Jobs        map[string]job
	Runs        struct{ Steps []step } // of an action
}

type job struct {
	Uses        string
	If          string
	Needs       yaml.Node
	Environment yaml.Node
	Permissions yaml.Node
	Env         map[string]string
	Outputs     map[string]string
	Secrets     yaml.Node // of a job that calls a workflow
	Strategy    struct{ Matrix map[string]yaml.Node }
	Steps       []step
}

type step struct {
	Uses, Run string
	Env       map[string]string
	With      map[string]string
}

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

// branchesOf are the base branches for which a trigger starts the workflow, nil for
// all.
func (w workflow) branchesOf(trigger string) []string {
	for i := 0; w.On.Kind == yaml.MappingNode && i < len(w.On.Content); i += 2 {
		var filter struct{ Branches []string }
		if w.On.Content[i].Value == trigger && w.On.Content[i+1].Decode(&filter) == nil {
			return filter.Branches
		}
	}
	return nil
}

func (w workflow) steps() []step {
	all := slices.Clone(w.Runs.Steps)
	for _, j := range w.Jobs {
		all = append(all, j.Steps...)
	}
	return all
}

// environments are the environments that the job runs in: more than one if the
// name contains a value of the matrix.
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

// grants are the permissions of a block by name; a single word for all of them
// ("write-all") is under "*".
func grants(node yaml.Node) map[string]string {
	all := make(map[string]string)
	if node.Kind == yaml.ScalarNode && node.Value != "" {
		all["*"] = node.Value
	}
	_ = node.Decode(&all) // fails for a single word, which is handled above
	return all
}

func parseWorkflow(name string, content []byte) (workflow, error) {
	w := workflow{name: name, text: string(content)}
	err := yaml.Unmarshal(content, &w)
	return w, err
}

// A workflowCheck returns the problem with a workflow, "" for none.
type workflowCheck func(workflow) string

var workflowChecks = []workflowCheck{
	pullRequestTarget, unpinned, expressionInScript, noPermissions, identityToken, prodFromBranch, wildcardSubject,
	jobSecret, secretForBranch, renderedComment, issueWriter, repairWithoutDigest, prodWithoutPreview,
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// unpinned finds actions whose code can change without a change here. Actions
// of this repository cannot.
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
			return fmt.Sprintf("action %q is not pinned; fix: name the full SHA of a commit", use)
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
			return fmt.Sprintf("an expression in the script %q; fix: pass it in env", strings.SplitN(s.Run, "\n", 2)[0])
		}
	}
	return ""
}

// noPermissions wants a permissions block that allows reading only; jobs ask for
// more themselves.
func noPermissions(w workflow) string {
	if len(w.Jobs) == 0 {
		return "" // an action has the permissions of its job
	}
	if w.Permissions.IsZero() {
		return "no permissions block, so jobs get the repository's default; fix: permissions: {contents: read}"
	}
	for name, level := range grants(w.Permissions) {
		if strings.Contains(level, "write") {
			return fmt.Sprintf("permission %s: %s for every job; fix: give it to the job that needs it", name, level)
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
			return fmt.Sprintf("job %s asks for an identity token; only the jobs in signingJobs may", name)
		}
		if got := j.environments(); !slices.Equal(got, want) {
			return fmt.Sprintf("job %s: expected the environments %q, got %q", name, want, got)
		}
		for permission, level := range granted {
			if level == "write" && permission != "id-token" {
				return fmt.Sprintf("job %s has an identity and may write %s; fix: split the job", name, permission)
			}
		}
	}
	return ""
}

// prodFromBranch finds jobs that would run unmerged code against prod.
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
				return fmt.Sprintf("job %s runs a pull request's code against %s", name, value)
			}
		}
	}
	return ""
}

var subjects = regexp.MustCompile(`repo:[^\s"'` + "`" + `]+`)

// wildcardSubject finds federated credentials that trust more than one
// environment. It searches the text, because the credentials are in commands.
func wildcardSubject(w workflow) string {
	if strings.Contains(w.text, "claimsMatchingExpression") {
		return "a flexible federated identity credential; fix: name one subject"
	}
	for _, subject := range subjects.FindAllString(w.text, -1) {
		if strings.ContainsAny(subject, "*?") {
			return fmt.Sprintf("subject %q has a wildcard", subject)
		}
		if strings.HasSuffix(subject, ":pull_request") || strings.Contains(subject, ":ref:") {
			return fmt.Sprintf("subject %q is not an environment", subject)
		}
	}
	return ""
}

// readWorkflows parses the workflows and our actions.
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
			t.Errorf("signingJobs has %q, which no workflow has", name)
		}
	}
}

// A workflowTest is one check of one file.
type workflowTest struct {
	name string
	look workflowCheck
	file string
	text string
	want string // the problem, "" for none
}

func (test workflowTest) run(t *testing.T) {
	t.Parallel()
	w := workflow{name: test.file, text: test.text}
	if filepath.Ext(test.file) == ".yml" {
		var err error
		if w, err = parseWorkflow(test.file, []byte(test.text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := test.look(w); got != test.want {
		t.Errorf("got %q, want %q", got, test.want)
	}
}

func TestWorkflowChecks(t *testing.T) {
	t.Parallel()
	const steps = "permissions: {contents: read}\njobs:\n  preview:\n    steps:\n      - "
	const signing = "permissions: {contents: read}\njobs:\n  preview:\n    environment: preview\n    permissions: {contents: read, id-token: write}\n"
	const notPinned = " is not pinned; fix: name the full SHA of a commit"
	sha := strings.Repeat("0a", 20)
	for _, test := range []workflowTest{
		{"pinned", unpinned, "a.yml", steps + "uses: actions/checkout@" + sha + " # v5", ""},
		{"a tag", unpinned, "a.yml", steps + "uses: actions/checkout@v5", `action "actions/checkout@v5"` + notPinned},
		{"a short SHA", unpinned, "a.yml", steps + "uses: actions/checkout@" + sha[:12], `action "actions/checkout@0a0a0a0a0a0a"` + notPinned},
		{"an action of ours", unpinned, "a.yml", steps + "uses: ./.github/actions/tools", ""},
		{"an image", unpinned, "a.yml", steps + "uses: docker://alpine:3", `action "docker://alpine:3"` + notPinned},
		{"an unpinned workflow", unpinned, "a.yml", "jobs:\n  a:\n    uses: o/r/.github/workflows/a.yml@main", `action "o/r/.github/workflows/a.yml@main"` + notPinned},
		{"an unpinned action in an action", unpinned, "action.yml", "runs:\n  steps:\n    - uses: actions/setup-go@v6", `action "actions/setup-go@v6"` + notPinned},
		{"a variable", expressionInScript, "a.yml", steps + "run: echo \"$TITLE\"", ""},
		{"a title", expressionInScript, "a.yml", steps + "run: echo ${{ github.event.pull_request.title }}", `an expression in the script "echo ${{ github.event.pull_request.title }}"; fix: pass it in env`},
		{"a branch", expressionInScript, "a.yml", steps + "run: |\n          true\n          git fetch ${{ github.head_ref }}", `an expression in the script "true"; fix: pass it in env`},
		{"an input of an action", expressionInScript, "action.yml", "runs:\n  steps:\n    - run: echo ${{ inputs.a }}", `an expression in the script "echo ${{ inputs.a }}"; fix: pass it in env`},
		{"an expression elsewhere", expressionInScript, "a.yml", steps + "if: ${{ always() }}\n        run: true", ""},
		{"reading", noPermissions, "a.yml", steps + "run: true", ""},
		{"nothing", noPermissions, "a.yml", "permissions: {}\njobs:\n  a: {}", ""},
		{"no block", noPermissions, "a.yml", "jobs:\n  a: {}", "no permissions block, so jobs get the repository's default; fix: permissions: {contents: read}"},
		{"writing for all", noPermissions, "a.yml", "permissions: {contents: write}\njobs:\n  a: {}", "permission contents: write for every job; fix: give it to the job that needs it"},
		{"write-all", noPermissions, "a.yml", "permissions: write-all\njobs:\n  a: {}", "permission *: write-all for every job; fix: give it to the job that needs it"},
		{"an action", noPermissions, "action.yml", "runs: {}", ""},
		{"a job that signs in", identityToken, "preview.yml", signing, ""},
		{"in another workflow", identityToken, "test.yml", signing, "job preview asks for an identity token; only the jobs in signingJobs may"},
		{"under another name", identityToken, "preview.yml", strings.Replace(signing, "  preview:", "  comment:", 1), "job comment asks for an identity token; only the jobs in signingJobs may"},
		{"without an environment", identityToken, "preview.yml", strings.Replace(signing, "    environment: preview\n", "", 1), `job preview: expected the environments ["preview"], got []`},
		{"in another environment", identityToken, "preview.yml", strings.Replace(signing, "environment: preview", "environment: prod", 1), `job preview: expected the environments ["preview"], got ["prod"]`},
		{"in an environment of the matrix", identityToken, "drift.yml", "jobs:\n  audit:\n    strategy: {matrix: {e: [dev, prod]}}\n    environment: {name: 'drift-${{ matrix.e }}'}\n    permissions: {id-token: write}", ""},
		{"in one environment too many", identityToken, "drift.yml", "jobs:\n  audit:\n    strategy: {matrix: {e: [dev, prod, x]}}\n    environment: drift-${{ matrix.e }}\n    permissions: {id-token: write}", `job audit: expected the environments ["drift-dev" "drift-prod"], got ["drift-dev" "drift-prod" "drift-x"]`},
		{"and writes comments", identityToken, "preview.yml", strings.Replace(signing, "contents: read, id", "pull-requests: write, id", 1), "job preview has an identity and may write pull-requests; fix: split the job"},
		{"a job with every permission", identityToken, "test.yml", "jobs:\n  a:\n    permissions: write-all", "job a asks for an identity token; only the jobs in signingJobs may"},
		{"a job that does not sign in", identityToken, "test.yml", "jobs:\n  a:\n    permissions: {contents: read}", ""},
		{"prod from main", prodFromBranch, "a.yml", "on: push\njobs:\n  a:\n    environment: prod", ""},
		{"prod from a branch", prodFromBranch, "a.yml", "on: pull_request\njobs:\n  a:\n    environment: prod", "job a runs a pull request's code against prod"},
		{"prod in the matrix of a branch", prodFromBranch, "a.yml", "on: [pull_request]\njobs:\n  a:\n    strategy: {matrix: {stack: [dev, prod]}}", "job a runs a pull request's code against prod"},
		{"one subject", wildcardSubject, "ci.md", "`repo:ORG/REPO:environment:prod`", ""},
		{"a wildcard", wildcardSubject, "ci.md", "\"subject\": \"repo:ORG/REPO:environment:*\"", `subject "repo:ORG/REPO:environment:*" has a wildcard`},
		{"every pull request", wildcardSubject, "ci.md", "repo:ORG/REPO:pull_request", `subject "repo:ORG/REPO:pull_request" is not an environment`},
		{"a branch as the subject", wildcardSubject, "ci.md", "repo:ORG/REPO:ref:refs/heads/main", `subject "repo:ORG/REPO:ref:refs/heads/main" is not an environment`},
		{"an expression over claims", wildcardSubject, "ci.md", "claimsMatchingExpression", "a flexible federated identity credential; fix: name one subject"},
	} {
		t.Run(test.name, test.run)
	}
}
