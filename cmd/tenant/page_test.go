package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const commandsPage = "../../docs/commands.md"

// TestCommandsPage compares docs/commands.md with what each verb says of itself;
// -update writes it.
func TestCommandsPage(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var page strings.Builder
	fmt.Fprintf(&page, "# A team's commands\n\nBuild them with `go build -o bin/tenant ./cmd/tenant`. They sign in as Pulumi's providers do, by the `ARM_*` variables or the Azure CLI.\n\n"+
		"| exit code | means |\n|---|---|\n| %d | all is as it should be |\n| %d | could not tell, or failed |\n| %d | wrong usage |\n| %d | something differs |\n\n| verb | what it does |\n|---|---|\n",
		exitSame, exitFailed, exitUsage, exitDiffers)
	for _, v := range verbs {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |\n", v.name, v.name, strings.ReplaceAll(v.summary, "|", `\|`))
	}
	for _, v := range verbs {
		if code := h.run(v.name, "-h"); code != exitSame {
			t.Fatalf("tenant %s -h: got exit code %d", v.name, code)
		}
		fmt.Fprintf(&page, "\n## %s\n\n```text\n%s\n```\n", v.name, strings.TrimSpace(strings.ReplaceAll(h.stdout.String(), "\t", "    ")))
	}
	kept, err := os.ReadFile(commandsPage)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if string(kept) == page.String() {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the verbs say; fix: go test ./cmd/tenant -run TestCommandsPage -update", commandsPage)
	}
	if err := os.WriteFile(commandsPage, []byte(page.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
