package main_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var wholeReadme = flag.Bool("readme", false, "run every command of the README in a clean clone, and a stack from two checkouts, which takes minutes")

// readmeSections are those whose commands a reader types, in order. The demo is run
// by [TestDemo], and "serve" of "Try it" as a process beside the shell.
var readmeSections = []string{"Try it", "Change something and see it", "Deploy to Azure"}

// prelude is what a reader has that the sandbox's shell has not: a login with the
// Azure CLI, whose place the sandbox's deployer takes, and a hand that answers
// Pulumi's question with yes.
const prelude = `
az() {
	case "$1 $2" in
	"login ") . .sandbox/env ;;
	"account show") . .sandbox/env; echo "$ARM_SUBSCRIPTION_ID" ;;
	*) echo "expected az login or az account show, got az $*" >&2; return 1 ;;
	esac
}
export PULUMI_SKIP_CONFIRMATIONS=true
`

// TestReadmeCommands runs the README's commands as they are written, in a clean
// clone, each section in a shell of its own.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := make(map[string][]string)
	for _, section := range readmeSections {
		if blocks[section] = commandBlocks(string(readme), section); len(blocks[section]) == 0 {
			t.Fatalf("README.md: expected commands under %q, got none", section)
		}
		for _, block := range blocks[section] { // the cheap half: a shell can read them
			if out, err := exec.Command("sh", "-n", "-c", block).CombinedOutput(); err != nil {
				t.Errorf("README.md, %s: %v\n%s", section, err, out)
			}
		}
	}
	const start = "go run ./cmd/sandbox serve\n"
	if blocks["Try it"][0] != start {
		t.Fatalf("README.md: expected %q first under Try it, got %q", start, blocks["Try it"][0])
	}
	if testing.Short() || !*wholeReadme {
		t.Skip("runs the real engine; -readme runs it")
	}
	dir := checkout(t)
	s := serve(t, build(t), dir)
	var printed strings.Builder
	const source = ". .sandbox/env\n"
	for _, section := range readmeSections {
		script := prelude
		if section == "Change something and see it" {
			script += source // the same second shell
		}
		for _, block := range blocks[section] {
			if block != start {
				script += block
			}
		}
		if section == "Change something and see it" {
			script += "pulumi destroy\n" // as the text under it says
		}
		printed.WriteString(shell(t, dir, script))
	}
	for _, want := range []string{
		"orders-client got 5 orders from the API.", "reports got 5 orders from the API.", "no difference from what the stack declares", "nothing is missing: this caller can deploy",
	} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("expected %q in what the README's commands print", want)
		}
	}
	shell(t, dir, source+"bin/tenant teardown -stack dev -yes")
	s.stop()
	if _, err := os.Stat(filepath.Join(dir, ".teardown", "dev.json")); err == nil {
		t.Error("expected no journal after a teardown that left nothing")
	}
}

// commandBlocks are the fenced blocks without a language under a heading.
func commandBlocks(page, heading string) (blocks []string) {
	_, rest, _ := strings.Cut(page, "\n## "+heading+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	var block strings.Builder
	inside, plain := false, false
	for line := range strings.Lines(section) {
		switch {
		case !strings.HasPrefix(line, "```"):
			if plain {
				block.WriteString(line)
			}
		case inside:
			if plain {
				blocks = append(blocks, block.String())
				block.Reset()
			}
			inside, plain = false, false
		default:
			inside, plain = true, line == "```\n"
		}
	}
	return blocks
}
