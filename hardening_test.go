package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/components/componentstest"
	"app-to-app/components/componentstest/hardening"
	"app-to-app/settings/settingstest"
)

// hardeningStacks are the committed stacks, one stack for each kind of identity,
// and those that only some rules are about.
func hardeningStacks(t *testing.T) map[string]hardening.Graph {
	t.Helper()
	folder := newProject(t)
	recorded := func(stack string, edits map[string]string) hardening.Graph {
		m := signedIn()
		m.Stack = stack
		return hardening.Graph(deployed(t, m, configuration(t, stack, edits), folder).Resources())
	}
	stacks := map[string]hardening.Graph{
		"dev": recorded("dev", nil), "test": recorded("test", nil), "prod": recorded("prod", nil),
		"protected": recorded("dev", map[string]string{"app-to-app:protect": "true"}),
		"elsewhere": recorded("dev", map[string]string{"app-to-app:clients": settingstest.Clients(`"identity":"clientSecret","functionApp":false`)}),
	}
	for name, edits := range identityStacks(t) {
		stacks[name] = recorded("dev", edits)
	}
	return stacks
}

// TestHardening checks every rule in every stack. A rule that nothing in any
// stack is about would hold for no reason.
func TestHardening(t *testing.T) {
	t.Parallel()
	stacks := hardeningStacks(t)
	for _, rule := range hardening.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			looked := 0
			for stack, g := range stacks {
				for _, finding := range rule.Look(g) {
					looked++
					if !finding.OK {
						t.Errorf("%s: %s: got it otherwise, want: %s", stack, finding.Of, rule.Text)
					}
				}
			}
			if looked == 0 {
				t.Error("expected the rule to be about something in a stack, got nothing")
			}
		})
	}
}

// TestHardeningNotices breaks each rule at each resource in turn, and expects
// the rule to notice every time.
func TestHardeningNotices(t *testing.T) {
	t.Parallel()
	stacks := hardeningStacks(t)
	for _, rule := range hardening.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			for _, b := range rule.Breaks() {
				applied := 0
				for stack, g := range stacks {
					for _, broken := range b.Apply(g, rule) {
						applied++
						if !slices.ContainsFunc(rule.Look(broken), func(f hardening.Finding) bool { return !f.OK }) {
							t.Errorf("%s: %v: expected it to be noticed", stack, b)
						}
					}
				}
				if applied == 0 {
					t.Errorf("%v: expected it to apply somewhere, got nowhere", b)
				}
			}
			if len(rule.Breaks()) == 0 {
				t.Error("expected a way to break the rule, got none")
			}
		})
	}
}

// TestHardeningTable compares the table in docs with the rules.
func TestHardeningTable(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	seen := make(map[string]bool)
	for _, state := range []hardening.State{hardening.Held, hardening.NotStated, hardening.Open} {
		for _, r := range hardening.Rules {
			if r.State != state {
				continue
			}
			if seen[r.ID] || r.ID == "" || r.Source == "" || r.Page == "" || r.Text == "" || (state != hardening.Held && r.Because == "") {
				t.Errorf("%q: expected an id of its own, a source, a page, a text, and a reason if it is not held", r.ID)
			}
			seen[r.ID] = true
			says := string(state)
			if r.Because != "" {
				says += ": " + r.Because
			}
			fmt.Fprintf(&table, "| %s | [%s](%s) | %s | %s |\n", r.ID, r.Source, r.Page, r.Text, says)
		}
	}
	const path, begin, end = "docs/hardening.md", "|---|---|---|---|\n", "\n## "
	content, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, more := strings.Cut(rest, end)
	if !found || !more {
		t.Fatalf("%s: expected a table, and a heading after it", path)
	}
	componentstest.CompareGolden(t, filepath.FromSlash(path), before+begin+table.String()+end+after, *update)
}
