package checks_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// This file checks what the workflows hand to code that nobody has reviewed. The
// rules are:
//   - a secret is in the environment of the step that needs it, and of no other
//   - a job that runs a pull request's code has no secret and no real state
//   - a comment is rendered by the base branch from facts, never by a branch
//   - pull_request_target, which has the rights of the default branch, runs that
//     branch's code alone
//   - prod applies a plan that was made before its approval

// defaultBranch and baseCommit are the only two refs of trusted code.
const (
	defaultBranch = "${{ github.event.repository.default_branch }}"
	baseCommit    = "${{ github.event.pull_request.base.sha }}"
)

var secretContext = regexp.MustCompile(`\$\{\{.*\bsecrets\b`)

// jobSecret finds secrets that every step of a job gets, also those of others.
func jobSecret(w workflow) string {
	if key := withSecret(w.Env); key != "" {
		return fmt.Sprintf("%s: a secret for every job; fix: give it to the step that needs it", key)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		switch key := withSecret(j.Env); {
		case key != "":
			return fmt.Sprintf("job %s: %s: a secret for every step; fix: give it to the step that needs it", name, key)
		case withSecret(j.Outputs) != "":
			return fmt.Sprintf("job %s: a secret in its outputs", name)
		case !j.Secrets.IsZero():
			return fmt.Sprintf("job %s: secrets for another workflow", name)
		}
		for _, s := range j.Steps {
			if key := withSecret(s.With); key != "" {
				return fmt.Sprintf("job %s: %s: a secret for the action %s", name, key, s.Uses)
			}
		}
	}
	return ""
}

func withSecret(values map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if secretContext.MatchString(values[key]) {
			return key
		}
	}
	return ""
}

// secretForBranch finds what the code of a pull request could become somebody
// with: a secret, and the state that it decrypts.
func secretForBranch(w workflow) string {
	if !slices.Contains(w.triggers(), "pull_request") {
		return ""
	}
	for _, line := range strings.Split(w.text, "\n") {
		line, _, _ = strings.Cut(line, " #")
		switch {
		case secretContext.MatchString(line):
			return fmt.Sprintf("a branch's code gets a secret: %q", strings.TrimSpace(line))
		case strings.Contains(line, "vars.PULUMI_BACKEND_URL"):
			return "a branch's code gets the real state; fix: tenant stage, from a copy"
		}
	}
	return ""
}

// commentingActions are what a job that writes to pull requests may use.
var commentingActions = []string{"actions/checkout", "actions/download-artifact", "./.github/actions/tools"}

// renderedComment finds comments whose text a branch could have written.
func renderedComment(w workflow) string {
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		for _, s := range j.Steps {
			for line := range strings.Lines(s.Run) {
				if strings.Contains(line, "-comment") && !facts.MatchString(strings.TrimSpace(line)) {
					return fmt.Sprintf("job %s: expected a comment to be made of facts (tenant diff … -from FILE -comment …), got %q", name, strings.TrimSpace(line))
				}
			}
		}
		if granted := grants(j.Permissions); granted["pull-requests"] != "write" && (granted["issues"] != "write" || !startedByPulls(w)) && granted["*"] != "write-all" {
			continue
		}
		if branches := w.branchesOf("pull_request"); slices.Contains(w.triggers(), "pull_request") && !slices.Equal(branches, []string{"main"}) {
			return fmt.Sprintf("job %s comments with the base branch's code: expected branches: [main], got %q", name, branches)
		}
		if problem := j.writesOtherwise("may write to pull requests", "tenant diff", baseCommit); problem != "" {
			return "job " + name + " " + problem
		}
	}
	return ""
}

// writesOtherwise finds a step of a job that may write, which could write something
// else than a verb does with the code at ref.
func (j job) writesOtherwise(may, verb, ref string) string {
	for _, s := range j.Steps {
		action, _, _ := strings.Cut(s.Uses, "@")
		switch {
		case s.Uses != "" && !slices.Contains(commentingActions, action):
			return fmt.Sprintf("%s and uses %s", may, action)
		case action == "actions/checkout" && s.With["ref"] != ref:
			return fmt.Sprintf("%s: expected the code of %s, got %q", may, ref, s.With["ref"])
		case otherWriter.MatchString(s.Run):
			return fmt.Sprintf("%s by other means than %s: %q", may, verb, otherWriter.FindString(s.Run))
		}
	}
	return ""
}

var (
	facts       = regexp.MustCompile(`^bin/tenant diff -stack "\$STACK" -from "[^"|]+" -comment "[^"|]+"$`)
	otherWriter = regexp.MustCompile(`\b(gh|curl|wget)\b`)
)

// pullRequestTarget finds workflows that a stranger's pull request starts with
// the rights of the default branch, unless nothing of the pull request but its
// number gets in.
// https://docs.github.com/en/actions/reference/security/securely-using-pull_request_target
func pullRequestTarget(w workflow) string {
	triggers := w.triggers()
	if slices.Contains(triggers, "workflow_run") {
		return "started by workflow_run, which gives any pull request the rights of the default branch; fix: use pull_request"
	}
	if !slices.Contains(triggers, "pull_request_target") {
		return ""
	}
	const where = "with pull_request_target, "
	if branches := w.branchesOf("pull_request_target"); !slices.Equal(branches, []string{"main"}) {
		return fmt.Sprintf("%sexpected branches: [main], since GitHub runs the base branch's copy of the workflow, got %q", where, branches)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		granted := grants(j.Permissions)
		for _, permission := range slices.Sorted(maps.Keys(granted)) {
			if level := granted[permission]; level != "read" && level != "none" && permission != "id-token" {
				return fmt.Sprintf("%sjob %s may write %s", where, name, permission)
			}
		}
		if granted["id-token"] == "write" && !slices.Equal(j.environments(), []string{"teardown"}) {
			return fmt.Sprintf("%sjob %s: expected the environment teardown, which accepts main only, got %q", where, name, j.environments())
		}
		if j.Uses != "" {
			return fmt.Sprintf("%sjob %s calls another workflow", where, name)
		}
		for _, s := range j.Steps {
			action, _, _ := strings.Cut(s.Uses, "@")
			if action == "actions/checkout" && s.With["ref"] != defaultBranch {
				return fmt.Sprintf("%sjob %s: expected a checkout of %s, got %q", where, name, defaultBranch, s.With["ref"])
			}
			if action == "actions/checkout" && s.With["repository"] != "" {
				return fmt.Sprintf("%sjob %s checks out another repository", where, name)
			}
			if action == "actions/download-artifact" {
				return fmt.Sprintf("%sjob %s reads an artifact", where, name)
			}
		}
	}
	if got := ofBranch.FindString(strings.ReplaceAll(w.text, "github.event.pull_request.head.repo.full_name == github.repository", "")); got != "" {
		return where + "the pull request chooses a value: " + got
	}
	return ""
}

// ofBranch is what the author of a pull request writes, and ways to its code.
var ofBranch = regexp.MustCompile(`github\.event\.pull_request\.(?:head|title|body|user|merge_commit_sha|labels)[\w.]*|github\.head_ref|toJSON\(github|refs/pull|\bgh pr\b|\bgit (?:fetch|pull|clone|checkout)\b`)

// prodWithoutPreview finds a deployment of prod that was not previewed before
// its approval, or applies something else.
func prodWithoutPreview(w workflow) string {
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		if !slices.Contains(j.environments(), "prod") {
			continue
		}
		if len(j.environments()) > 1 {
			return fmt.Sprintf("job %s deploys prod in a matrix, and so without a preview before its approval", name)
		}
		if needed := previewOf(w, j); needed == "" {
			return fmt.Sprintf("job %s deploys prod: expected it to need a job of the environment prod-preview that runs tenant plan, got none", name)
		}
		scripts := j.scripts()
		if !strings.Contains(scripts, "bin/tenant apply ") || otherUpdate.MatchString(scripts) {
			return fmt.Sprintf("job %s deploys prod: expected tenant apply with the plan, and no other update", name)
		}
	}
	return ""
}

var otherUpdate = regexp.MustCompile(`\bpulumi (?:up|update|destroy|refresh|import|state|stack)\b`)

// previewOf is the job that made the plan that a job applies.
func previewOf(w workflow, j job) string {
	needs := []string{j.Needs.Value}
	if j.Needs.Kind == yaml.SequenceNode {
		needs = nil
		for _, node := range j.Needs.Content {
			needs = append(needs, node.Value)
		}
	}
	for _, name := range needs {
		needed := w.Jobs[name]
		if slices.Equal(needed.environments(), []string{"prod-preview"}) && strings.Contains(needed.scripts(), "bin/tenant plan ") {
			return name
		}
	}
	return ""
}

func (j job) scripts() string {
	var text strings.Builder
	for _, s := range j.Steps {
		text.WriteString(s.Run + "\n")
	}
	return text.String()
}

func TestWorkflowTrust(t *testing.T) {
	t.Parallel()
	const (
		steps   = "jobs:\n  a:\n    steps:\n      - run: true\n"
		branch  = "on: pull_request\n"
		comment = "jobs:\n  a:\n    permissions: {pull-requests: write}\n    steps:\n" +
			"      - uses: actions/checkout@0\n        with: {ref: '" + baseCommit + "'}\n" +
			"      - uses: actions/download-artifact@0\n" +
			"      - run: bin/tenant diff -stack \"$STACK\" -from \"$facts\" -comment \"$GITHUB_REPOSITORY#$NUMBER\"\n"
		target = "on:\n  pull_request_target:\n    types: [closed]\n    branches: [main]\njobs:\n  a:\n" +
			"    if: github.event.pull_request.head.repo.full_name == github.repository\n" +
			"    environment: teardown\n    permissions: {contents: read, id-token: write}\n" +
			"    env: {STACK: 'pr-${{ github.event.pull_request.number }}'}\n    steps:\n" +
			"      - uses: actions/checkout@0\n        with: {ref: '" + defaultBranch + "'}\n      - run: bin/tenant teardown\n"
		prod = "jobs:\n  look:\n    environment: prod-preview\n    steps: [{run: bin/tenant plan -out x}]\n" +
			"  prod:\n    needs: [dev, look]\n    environment: prod\n    steps: [{run: bin/tenant apply -plan x}]\n"
		from = "job a: expected a comment to be made of facts (tenant diff … -from FILE -comment …), got "
	)
	without := func(text, old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("expected %q in the planted workflow, got none", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for _, test := range []workflowTest{
		{"a step's secret", jobSecret, "a.yml", steps + "        env: {P: '${{ secrets.P }}'}\n", ""},
		{"a job's secret", jobSecret, "a.yml", steps + "    env: {P: '${{ secrets.P }}'}\n", "job a: P: a secret for every step; fix: give it to the step that needs it"},
		{"a job's secret in a text", jobSecret, "a.yml", steps + "    env: {P: 'x${{ format(''{0}'', secrets[''P'']) }}'}\n", "job a: P: a secret for every step; fix: give it to the step that needs it"},
		{"all of a job's secrets", jobSecret, "a.yml", steps + "    env: {P: '${{ toJSON(secrets) }}'}\n", "job a: P: a secret for every step; fix: give it to the step that needs it"},
		{"a workflow's secret", jobSecret, "a.yml", "env: {P: '${{ secrets.P }}'}\n" + steps, "P: a secret for every job; fix: give it to the step that needs it"},
		{"a job's output", jobSecret, "a.yml", steps + "    outputs: {P: '${{ secrets.P }}'}\n", "job a: a secret in its outputs"},
		{"secrets that are inherited", jobSecret, "a.yml", "jobs:\n  a:\n    uses: ./.github/workflows/b.yml\n    secrets: inherit\n", "job a: secrets for another workflow"},
		{"an action's secret", jobSecret, "a.yml", "jobs:\n  a:\n    steps:\n      - uses: x\n        with: {token: '${{ secrets.T }}'}\n", "job a: token: a secret for the action x"},

		{"a preview without secrets", secretForBranch, "a.yml", branch + steps + "        env: {PULUMI_CONFIG_PASSPHRASE: known}\n", ""},
		{"a preview with the passphrase", secretForBranch, "a.yml", branch + steps + "        env: {PULUMI_CONFIG_PASSPHRASE: '${{ secrets.PULUMI_CONFIG_PASSPHRASE }}'}\n",
			`a branch's code gets a secret: "env: {PULUMI_CONFIG_PASSPHRASE: '${{ secrets.PULUMI_CONFIG_PASSPHRASE }}'}"`},
		{"a preview of the real state", secretForBranch, "a.yml", branch + steps + "    env: {PULUMI_BACKEND_URL: '${{ vars.PULUMI_BACKEND_URL }}'}\n",
			"a branch's code gets the real state; fix: tenant stage, from a copy"},
		{"main with its state", secretForBranch, "a.yml", "on: push\n" + steps + "    env: {PULUMI_BACKEND_URL: '${{ vars.PULUMI_BACKEND_URL }}'}\n", ""},

		{"a comment from facts", renderedComment, "a.yml", comment, ""},
		{"a comment from standard input", renderedComment, "a.yml", without(comment, `-from "$facts"`, "-rendered"), from + `"bin/tenant diff -stack \"$STACK\" -rendered -comment \"$GITHUB_REPOSITORY#$NUMBER\""`},
		{"a comment from a pipe", renderedComment, "a.yml", without(comment, "run: bin", "run: cat x | bin"), from + `"cat x | bin/tenant diff -stack \"$STACK\" -from \"$facts\" -comment \"$GITHUB_REPOSITORY#$NUMBER\""`},
		{"a comment from a preview", renderedComment, "a.yml", without(comment, `-from "$facts"`, `-preview "$facts"`), from + `"bin/tenant diff -stack \"$STACK\" -preview \"$facts\" -comment \"$GITHUB_REPOSITORY#$NUMBER\""`},
		{"a comment by other means", renderedComment, "a.yml", comment + "      - run: gh pr comment 1 -F facts.md\n", `job a may write to pull requests by other means than tenant diff: "gh"`},
		{"a comment by an action", renderedComment, "a.yml", comment + "      - uses: o/sticky@0\n", "job a may write to pull requests and uses o/sticky"},
		{"a comment by the branch's code", renderedComment, "a.yml", without(comment, baseCommit, "${{ github.head_ref }}"),
			"job a may write to pull requests: expected the code of " + baseCommit + `, got "${{ github.head_ref }}"`},

		{"pull_request", pullRequestTarget, "a.yml", "on: pull_request", ""},
		{"workflow_run", pullRequestTarget, "a.yml", "on:\n  workflow_run:", "started by workflow_run, which gives any pull request the rights of the default branch; fix: use pull_request"},
		{"pull_request_target with the default branch", pullRequestTarget, "a.yml", target, ""},
		{"pull_request_target in a list", pullRequestTarget, "a.yml", "on: {push: , pull_request_target: {branches: [main]}}\njobs:\n  a:\n    permissions: write-all", "with pull_request_target, job a may write *"},
		{"for any base branch", pullRequestTarget, "a.yml", without(target, "\n    branches: [main]", ""), "with pull_request_target, expected branches: [main], since GitHub runs the base branch's copy of the workflow, got []"},
		{"for another base branch too", pullRequestTarget, "a.yml", without(target, "branches: [main]", "branches: [main, 'dev/**']"), `with pull_request_target, expected branches: [main], since GitHub runs the base branch's copy of the workflow, got ["main" "dev/**"]`},
		{"that checks out the merge", pullRequestTarget, "a.yml", without(target, "\n        with: {ref: '"+defaultBranch+"'}", ""), "with pull_request_target, job a: expected a checkout of " + defaultBranch + `, got ""`},
		{"that checks out the branch", pullRequestTarget, "a.yml", without(target, defaultBranch, "${{ github.event.pull_request.head.sha }}"),
			"with pull_request_target, job a: expected a checkout of " + defaultBranch + `, got "${{ github.event.pull_request.head.sha }}"`},
		{"that checks out a fork", pullRequestTarget, "a.yml", without(target, "with: {ref", "with: {repository: x/y, ref"), "with pull_request_target, job a checks out another repository"},
		{"that fetches the branch", pullRequestTarget, "a.yml", target + "      - run: git fetch origin x\n", "with pull_request_target, the pull request chooses a value: git fetch"},
		{"that names the branch", pullRequestTarget, "a.yml", target + "      - run: true\n        env: {B: '${{ github.head_ref }}'}\n", "with pull_request_target, the pull request chooses a value: github.head_ref"},
		{"that reads the title", pullRequestTarget, "a.yml", target + "      - run: true\n        env: {B: '${{ github.event.pull_request.title }}'}\n", "with pull_request_target, the pull request chooses a value: github.event.pull_request.title"},
		{"that writes", pullRequestTarget, "a.yml", without(target, "contents: read", "contents: write"), "with pull_request_target, job a may write contents"},
		{"in another environment", pullRequestTarget, "a.yml", without(target, "environment: teardown", "environment: test"), `with pull_request_target, job a: expected the environment teardown, which accepts main only, got ["test"]`},
		{"that reads an artifact", pullRequestTarget, "a.yml", target + "      - uses: actions/download-artifact@0\n", "with pull_request_target, job a reads an artifact"},
		{"that calls a workflow", pullRequestTarget, "a.yml", "on: {pull_request_target: {branches: [main]}}\njobs:\n  a: {uses: ./b.yml}", "with pull_request_target, job a calls another workflow"},

		{"prod with its preview", prodWithoutPreview, "a.yml", prod, ""},
		{"prod without a preview", prodWithoutPreview, "a.yml", without(prod, "needs: [dev, look]", "needs: dev"),
			"job prod deploys prod: expected it to need a job of the environment prod-preview that runs tenant plan, got none"},
		{"a preview that is behind the approval too", prodWithoutPreview, "a.yml", without(prod, "environment: prod-preview", "environment: prod-approval"),
			"job prod deploys prod: expected it to need a job of the environment prod-preview that runs tenant plan, got none"},
		{"a preview without a plan", prodWithoutPreview, "a.yml", without(prod, "tenant plan", "tenant diff"),
			"job prod deploys prod: expected it to need a job of the environment prod-preview that runs tenant plan, got none"},
		{"prod without the plan", prodWithoutPreview, "a.yml", without(prod, "bin/tenant apply -plan x", "pulumi up --yes"), "job prod deploys prod: expected tenant apply with the plan, and no other update"},
		{"prod with more than the plan", prodWithoutPreview, "a.yml", without(prod, "bin/tenant apply -plan x", "bin/tenant apply -plan x && pulumi up --yes"), "job prod deploys prod: expected tenant apply with the plan, and no other update"},
		{"prod in a matrix", prodWithoutPreview, "a.yml", "jobs:\n  a:\n    strategy: {matrix: {e: [dev, prod]}}\n    environment: ${{ matrix.e }}", "job a deploys prod in a matrix, and so without a preview before its approval"},
	} {
		t.Run(test.name, test.run)
	}
}
