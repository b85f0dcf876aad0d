package checks_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file checks the workflows that show what differs in a tenant, and remove it.
// The rules are:
//   - a job that writes issues runs the default branch's code, and writes them with
//     tenant drift alone, from facts
//   - a job of an environment repair-* is started by hand, and does nothing but
//     remove the findings with the digest that somebody gave

// startedByPulls says whether a pull request starts the workflow.
func startedByPulls(w workflow) bool {
	return slices.ContainsFunc(w.triggers(), func(trigger string) bool { return strings.HasPrefix(trigger, "pull_request") })
}

var issueFromFacts = regexp.MustCompile(`^bin/tenant drift -stack "\$STACK" -from "[^"|]+" -issue "\$GITHUB_REPOSITORY"(?: \|\| code=\$\?)?$`)

// issueWriter finds issues whose text somebody else could have written.
func issueWriter(w workflow) string {
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		for line := range strings.Lines(j.scripts()) {
			if strings.Contains(line, " -issue") && !issueFromFacts.MatchString(strings.TrimSpace(line)) {
				return fmt.Sprintf("job %s: expected an issue to be made of facts (tenant drift … -from FILE -issue …), got %q", name, strings.TrimSpace(line))
			}
		}
		if granted := grants(j.Permissions); granted["issues"] != "write" {
			continue
		}
		if startedByPulls(w) {
			return fmt.Sprintf("job %s may write issues, and a pull request starts it", name)
		}
		if problem := j.writesOtherwise("may write issues", "tenant drift", defaultBranch); problem != "" {
			return "job " + name + " " + problem
		}
	}
	return ""
}

var (
	shownFix   = regexp.MustCompile(`^bin/tenant audit -stack "\$STACK" -fix -yes -digest "\$DIGEST" > "\$RUNNER_TEMP/repair\.txt" \|\| code=\$\?$`)
	onlyMain   = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
	tenantVerb = regexp.MustCompile(`\bbin/tenant (\S+)`)
)

// repairWithoutDigest finds a removal of something that nobody was shown.
func repairWithoutDigest(w workflow) string {
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		repairs := slices.ContainsFunc(j.environments(), func(e string) bool { return strings.HasPrefix(e, "repair-") })
		fixes := 0
		for line := range strings.Lines(j.scripts()) {
			if !strings.Contains(line, " -fix") {
				continue
			}
			if fixes++; !repairs || !shownFix.MatchString(strings.TrimSpace(line)) {
				return fmt.Sprintf("job %s: expected tenant audit -fix in an environment repair-* alone, with the digest that was shown, got %q", name, strings.TrimSpace(line))
			}
		}
		if !repairs {
			continue
		}
		if triggers := w.triggers(); !slices.Equal(triggers, []string{"workflow_dispatch"}) {
			return fmt.Sprintf("job %s removes what was shown: expected it to be started by hand alone, got %q", name, triggers)
		}
		if fixes != 1 || strings.Contains(j.scripts(), "pulumi ") {
			return fmt.Sprintf("job %s: expected one tenant audit -fix and no pulumi, got %d", name, fixes)
		}
		for _, verb := range tenantVerb.FindAllStringSubmatch(j.scripts(), -1) {
			if verb[1] != "idtoken" && verb[1] != "audit" {
				return fmt.Sprintf("job %s removes what was shown: expected no other verb, got %q", name, verb[1])
			}
		}
		if !strings.Contains(j.If, onlyMain) || j.stepEnv("DIGEST") != "${{ inputs.digest }}" {
			return fmt.Sprintf("job %s: expected the default branch alone, and the digest of the input, got %q", name, j.stepEnv("DIGEST"))
		}
	}
	return ""
}

// stepEnv is the value of a variable in the step that has it.
func (j job) stepEnv(name string) string {
	for _, s := range j.Steps {
		if value, ok := s.Env[name]; ok {
			return value
		}
	}
	return ""
}

func TestDriftWorkflows(t *testing.T) {
	t.Parallel()
	const (
		issue = "on: {schedule: [{cron: x}]}\njobs:\n  a:\n    permissions: {issues: write}\n    steps:\n" +
			"      - uses: actions/checkout@0\n        with: {ref: '" + defaultBranch + "'}\n" +
			"      - uses: actions/download-artifact@0\n" +
			"      - run: bin/tenant drift -stack \"$STACK\" -from \"$facts\" -issue \"$GITHUB_REPOSITORY\"\n"
		repair = "on:\n  workflow_dispatch: {}\njobs:\n  dev:\n    if: github.ref == format('refs/heads/{0}', github.event.repository.default_branch)\n    environment: repair-dev\n    steps:\n" +
			"      - env: {DIGEST: '${{ inputs.digest }}'}\n        run: |\n          bin/tenant idtoken x\n" +
			"          bin/tenant audit -stack \"$STACK\" -fix -yes -digest \"$DIGEST\" > \"$RUNNER_TEMP/repair.txt\" || code=$?\n"
		alone = "job dev: expected tenant audit -fix in an environment repair-* alone, with the digest that was shown, got "
	)
	without := func(text, old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("expected %q in the planted workflow, got none", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for _, test := range []workflowTest{
		{"an issue from facts", issueWriter, "a.yml", issue, ""},
		{"which is no comment", renderedComment, "a.yml", issue, ""},
		{"an issue from a pipe", issueWriter, "a.yml", without(issue, "run: bin", "run: cat x | bin"), `job a: expected an issue to be made of facts (tenant drift … -from FILE -issue …), got "cat x | bin/tenant drift -stack \"$STACK\" -from \"$facts\" -issue \"$GITHUB_REPOSITORY\""`},
		{"an issue elsewhere", issueWriter, "a.yml", without(issue, "$GITHUB_REPOSITORY", "o/r"), `job a: expected an issue to be made of facts (tenant drift … -from FILE -issue …), got "bin/tenant drift -stack \"$STACK\" -from \"$facts\" -issue \"o/r\""`},
		{"an issue by other means", issueWriter, "a.yml", issue + "      - run: gh issue create\n", `job a may write issues by other means than tenant drift: "gh"`},
		{"an issue by an action", issueWriter, "a.yml", issue + "      - uses: o/sticky@0\n", "job a may write issues and uses o/sticky"},
		{"an issue by another branch's code", issueWriter, "a.yml", without(issue, "\n        with: {ref: '"+defaultBranch+"'}", ""), "job a may write issues: expected the code of " + defaultBranch + `, got ""`},
		{"an issue by a pull request", issueWriter, "a.yml", without(issue, "{schedule: [{cron: x}]}", "pull_request"), "job a may write issues, and a pull request starts it"},
		{"a comment with the permission for issues", renderedComment, "a.yml", "on: pull_request\n" + strings.Join(strings.Split(issue, "\n")[1:], "\n"), `job a comments with the base branch's code: expected branches: [main], got []`},

		{"what was shown", repairWithoutDigest, "a.yml", repair, ""},
		{"whatever is found", repairWithoutDigest, "a.yml", without(repair, ` -digest "$DIGEST"`, ""), alone + `"bin/tenant audit -stack \"$STACK\" -fix -yes > \"$RUNNER_TEMP/repair.txt\" || code=$?"`},
		{"in another environment", repairWithoutDigest, "a.yml", without(repair, "repair-dev", "dev"), alone + `"bin/tenant audit -stack \"$STACK\" -fix -yes -digest \"$DIGEST\" > \"$RUNNER_TEMP/repair.txt\" || code=$?"`},
		{"at night", repairWithoutDigest, "a.yml", without(repair, "workflow_dispatch: {}", "schedule: [{cron: x}]"), `job dev removes what was shown: expected it to be started by hand alone, got ["schedule"]`},
		{"and an update", repairWithoutDigest, "a.yml", repair + "          pulumi up --yes\n", "job dev: expected one tenant audit -fix and no pulumi, got 1"},
		{"and another verb", repairWithoutDigest, "a.yml", repair + "          bin/tenant revoke x -yes\n", `job dev removes what was shown: expected no other verb, got "revoke"`},
		{"a digest of its own", repairWithoutDigest, "a.yml", without(repair, "${{ inputs.digest }}", "${{ vars.DIGEST }}"), `job dev: expected the default branch alone, and the digest of the input, got "${{ vars.DIGEST }}"`},
		{"a branch's copy", repairWithoutDigest, "a.yml", without(repair, "    if: "+onlyMain+"\n", ""), `job dev: expected the default branch alone, and the digest of the input, got "${{ inputs.digest }}"`},
		{"nothing", repairWithoutDigest, "a.yml", without(repair, " -fix -yes", ""), "job dev: expected one tenant audit -fix and no pulumi, got 0"},
	} {
		t.Run(test.name, test.run)
	}
}
