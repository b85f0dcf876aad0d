package checks_test

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file checks what the pages say against what there is. The rules are:
//   - a link leads to a file, and its anchor to a heading
//   - verbs, flags, settings, outputs, exit codes, tests and folders that a page
//     names exist, and each verb and output is named by a page
//   - each check is a function over a page, with a table that shows that it can fail
//
// docs/commands.md is what the commands say of themselves (cmd/tenant), and
// docs/wrong-inputs.md has wrong commands on purpose.

// What there is to name.
type names struct {
	verbs    map[string][]string // flags by verb of cmd/tenant
	sandbox  string              // usage of cmd/sandbox
	settings []string
	outputs  []string
	tests    map[string]bool
	headings map[string][]string // anchors by page
	exists   func(path string) bool
}

// A pageCheck returns the problems of a page.
type pageCheck func(names, string, string) []string

var pageChecks = []pageCheck{brokenLinks, unknownVerbs, unknownSettings, unknownOutputs, unknownTests, unknownFolders, unknownExitCodes}

func TestPages(t *testing.T) {
	t.Parallel()
	files := treeFiles(t)
	known := gather(t, files)
	seen := 0
	for _, name := range files {
		if path.Ext(name) != ".md" {
			continue
		}
		seen++
		page := read(t, name)
		for _, look := range pageChecks {
			for _, problem := range look(known, name, page) {
				t.Errorf("%s: %s", name, problem)
			}
		}
	}
	if seen < 10 {
		t.Errorf("got %d pages, want all of them", seen)
	}
	readme, operations := read(t, "README.md"), read(t, "docs/operations.md")
	for verb := range known.verbs {
		if !strings.Contains(readme, "`"+verb+"`") {
			t.Errorf("README.md: expected the verb `%s` of cmd/tenant, got none", verb)
		}
	}
	for _, output := range known.outputs {
		if !strings.Contains(operations, "`"+output+"`") {
			t.Errorf("docs/operations.md: expected the output `%s`, got none", output)
		}
	}
	if rows := strings.Count(read(t, "docs/wrong-inputs.md"), "\n| ") - 3; rows < 190 {
		t.Errorf("docs/wrong-inputs.md: got %d wrong inputs, want 190 or more", rows)
	}
}

// gather reads what there is from the files that define it.
func gather(t *testing.T, files []string) names {
	t.Helper()
	known := names{verbs: make(map[string][]string), tests: make(map[string]bool), headings: make(map[string][]string),
		exists: func(name string) bool { _, err := os.Stat(name); return err == nil }, sandbox: read(t, "cmd/sandbox/main.go")}
	for _, section := range strings.Split(read(t, "docs/commands.md"), "\n## ")[1:] {
		verb, text, _ := strings.Cut(section, "\n")
		known.verbs[verb] = append(firsts(regexp.MustCompile(`(?m)^  -([a-z-]+)`), text), "h")
	}
	known.settings = firsts(regexp.MustCompile(`(?m)^  (app-to-app:\w+):`), read(t, "Pulumi.yaml"))
	known.outputs = firsts(regexp.MustCompile(`ctx\.Export\("(\w+)"`), read(t, "exports.go"))
	for _, name := range files {
		switch {
		case strings.HasSuffix(name, "_test.go"):
			for _, test := range firsts(regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`), read(t, name)) {
				known.tests[test] = true
			}
		case path.Ext(name) == ".md":
			known.headings[name] = anchors(read(t, name))
		}
	}
	if len(known.verbs) < 10 || len(known.settings) < 10 || len(known.outputs) < 5 || len(known.tests) < 100 {
		t.Fatalf("got %d verbs, %d settings, %d outputs and %d tests, want more: has the form of their files changed?",
			len(known.verbs), len(known.settings), len(known.outputs), len(known.tests))
	}
	return known
}

// read is a file of the tree; "" if it was deleted and git does not know it yet.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(content)
}

// firsts are the first groups of all matches.
func firsts(pattern *regexp.Regexp, text string) (found []string) {
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// fenced are blocks of code, code the spans and blocks of a page.
var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchors are those that GitHub makes of the headings.
func anchors(page string) (found []string) {
	for _, text := range firsts(heading, fenced.ReplaceAllString(page, "")) {
		text = strings.ToLower(strings.ReplaceAll(text, "`", ""))
		text = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(text, "")
		found = append(found, strings.ReplaceAll(text, " ", "-"))
	}
	return found
}

// code is what a page shows as code, a line each.
func code(page string) (lines []string) {
	for _, block := range fenced.FindAllString(page, -1) {
		lines = append(lines, strings.Split(block, "\n")...)
	}
	return append(lines, firsts(codeSpan, fenced.ReplaceAllString(page, ""))...)
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func brokenLinks(known names, name, page string) (problems []string) {
	for _, target := range firsts(link, fenced.ReplaceAllString(page, "")) {
		if strings.Contains(target, "://") {
			continue
		}
		file, anchor, _ := strings.Cut(target, "#")
		if file = path.Join(path.Dir(name), file); strings.HasPrefix(target, "#") {
			file = name
		}
		switch {
		case !known.exists(file):
			problems = append(problems, fmt.Sprintf("the link %q leads nowhere", target))
		case anchor != "" && !slices.Contains(known.headings[file], anchor):
			problems = append(problems, fmt.Sprintf("the link %q: expected one of the headings %s", target, strings.Join(known.headings[file], ", ")))
		}
	}
	return problems
}

// asked are the lines that a reader may type: not those that a command prints, and
// not the pages that are made by commands.
func asked(name, page string) []string {
	if name == "docs/commands.md" || name == "docs/wrong-inputs.md" {
		return nil
	}
	return code(page)
}

var (
	tenantTyped  = regexp.MustCompile(`(?:^|[^\w./-])(?:bin/tenant|go run \./cmd/tenant|tenant) ([a-z]+)([^|&;)]*)`)
	sandboxTyped = regexp.MustCompile(`(?:go run \./cmd/sandbox|^sandbox) ([a-z]+)([^|&;)]*)`)
	flagOf       = regexp.MustCompile(`(?:^|\s)-([a-z][a-z-]*)`)
)

func unknownVerbs(known names, name, page string) (problems []string) {
	for _, line := range asked(name, page) {
		for _, call := range tenantTyped.FindAllStringSubmatch(line, -1) {
			flags, isVerb := known.verbs[call[1]]
			if !isVerb {
				problems = append(problems, fmt.Sprintf("%q: cmd/tenant has no verb %q", line, call[1]))
				continue
			}
			for _, given := range firsts(flagOf, call[2]) {
				if !slices.Contains(flags, given) {
					problems = append(problems, fmt.Sprintf("%q: tenant %s has no flag -%s", line, call[1], given))
				}
			}
		}
		for _, call := range sandboxTyped.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(known.sandbox, "case \""+call[1]+"\":") {
				problems = append(problems, fmt.Sprintf("%q: cmd/sandbox has no verb %q", line, call[1]))
			}
			for _, given := range firsts(flagOf, call[2]) {
				if !strings.Contains(known.sandbox, "[-"+given) {
					problems = append(problems, fmt.Sprintf("%q: sandbox %s has no flag -%s", line, call[1], given))
				}
			}
		}
	}
	return problems
}

var settingKey = regexp.MustCompile(`(app-to-app:[a-z]\w+)`)

func unknownSettings(known names, name, page string) (problems []string) {
	if name == "docs/wrong-inputs.md" {
		return nil
	}
	for _, key := range firsts(settingKey, page) {
		// Types of components and the names of stacks have the same beginning.
		if !slices.Contains(known.settings, key) && key != "app-to-app:components" {
			problems = append(problems, fmt.Sprintf("there is no setting %s", key))
		}
	}
	return problems
}

var outputName = regexp.MustCompile(`pulumi stack output ([A-Za-z]+)`)

func unknownOutputs(known names, name, page string) (problems []string) {
	for _, line := range code(page) {
		for _, output := range firsts(outputName, line) {
			if !slices.Contains(known.outputs, output) {
				problems = append(problems, fmt.Sprintf("%q: the stack has no output %q", line, output))
			}
		}
	}
	return problems
}

// A goBlock is Go code that a page shows: its tests are the reader's.
var goBlock = regexp.MustCompile("(?ms)^```go$.*?^```")

var testName = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)[A-Z]\w+)`)

func unknownTests(known names, _, page string) (problems []string) {
	for _, test := range firsts(testName, goBlock.ReplaceAllString(page, "")) {
		found := known.tests[test]
		for other := range known.tests { // -run takes the beginning of a name
			found = found || strings.HasPrefix(other, test)
		}
		if !found {
			problems = append(problems, fmt.Sprintf("there is no %s", test))
		}
	}
	return problems
}

// A newApp is a command that makes a function app, which the page then uses.
var newApp = regexp.MustCompile(`(?m)^go run \./cmd/new (api|client) ([a-z-]+)$`)

func unknownFolders(known names, name, page string) (problems []string) {
	var made []string
	for _, app := range newApp.FindAllStringSubmatch(page, -1) {
		made = append(made, "functions/"+app[2]+"-"+app[1])
	}
	for _, line := range asked(name, page) {
		for _, folder := range firsts(regexp.MustCompile(`(?:^| )\./([\w/-]+)`), line) {
			folder = strings.TrimSuffix(folder, "/")
			if strings.HasPrefix(strings.TrimSpace(line), "go ") && !known.exists(folder) && !slices.Contains(made, folder) {
				problems = append(problems, fmt.Sprintf("%q: there is no folder %s", line, folder))
			}
		}
	}
	return problems
}

var exitCode = regexp.MustCompile(`[Ee]xit codes? (\d+)`)

func unknownExitCodes(_ names, _, page string) (problems []string) {
	for _, exit := range firsts(exitCode, page) {
		if !slices.Contains([]string{"0", "1", "2", "3"}, exit) {
			problems = append(problems, fmt.Sprintf("no command ends with exit code %s", exit))
		}
	}
	return problems
}

func TestPageChecks(t *testing.T) {
	t.Parallel()
	known := names{
		verbs: map[string][]string{"call": {"stack", "watch"}}, sandbox: "case \"serve\":\nusage [-dir DIR]", settings: []string{"app-to-app:clients"}, outputs: []string{"apiUrl"},
		tests: map[string]bool{"TestStory": true}, headings: map[string][]string{"docs/a.md": {"who-may-call"}},
		exists: func(name string) bool { return name == "docs/a.md" || name == "README.md" || name == "cmd/tenant" },
	}
	for _, tt := range []struct {
		name string
		look pageCheck
		page string
		want []string
	}{
		{"links", brokenLinks, "[a](a.md) [b](../README.md) [c](https://x.test/y) [d](#who-may-call) [e](a.md#who-may-call)", nil},
		{"a link to nothing", brokenLinks, "[a](b.md)", []string{`the link "b.md" leads nowhere`}},
		{"an anchor that is not there", brokenLinks, "[a](a.md#who)", []string{`the link "a.md#who": expected one of the headings who-may-call`}},
		{"a verb with its flags", unknownVerbs, "`tenant call X -stack dev` and\n```\nbin/tenant call X -stack dev -watch\n```\n", nil},
		{"no such verb", unknownVerbs, "`bin/tenant phone X`", []string{`"bin/tenant phone X": cmd/tenant has no verb "phone"`}},
		{"no such flag", unknownVerbs, "```\ngo run ./cmd/tenant call X -loud\n```\n", []string{`"go run ./cmd/tenant call X -loud": tenant call has no flag -loud`}},
		{"the sandbox", unknownVerbs, "`go run ./cmd/sandbox serve -dir x`", nil},
		{"the sandbox's flag", unknownVerbs, "`sandbox serve -port 1`", []string{`"sandbox serve -port 1": sandbox serve has no flag -port`}},
		{"a setting", unknownSettings, "`app-to-app:clients[0]`", nil},
		{"no such setting", unknownSettings, "app-to-app:client", []string{"there is no setting app-to-app:client"}},
		{"an output", unknownOutputs, "`pulumi stack output apiUrl`, `pulumi stack output --json`", nil},
		{"no such output", unknownOutputs, "`pulumi stack output url`", []string{`"pulumi stack output url": the stack has no output "url"`}},
		{"a test", unknownTests, "TestStory, TestSto", nil},
		{"no such test", unknownTests, "TestNovel", []string{"there is no TestNovel"}},
		{"a folder", unknownFolders, "`go run ./cmd/tenant check`", nil},
		{"a folder that the page makes", unknownFolders, "```sh\ngo run ./cmd/new api stock\n```\nand `go test ./functions/stock-api`", []string{`"go run ./cmd/new api stock": there is no folder cmd/new`}},
		{"no such folder", unknownFolders, "`go test ./nowhere -run X`", []string{`"go test ./nowhere -run X": there is no folder nowhere`}},
		{"an exit code", unknownExitCodes, "exit code 3", nil},
		{"no such exit code", unknownExitCodes, "Exit code 4", []string{"no command ends with exit code 4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.look(known, "docs/a.md", tt.page); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
