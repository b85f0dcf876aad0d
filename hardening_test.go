package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"app-to-app/components/componentstest"
	"app-to-app/settings/settingstest"
)

// hardeningStacks are the committed stacks, one stack for each kind of identity,
// and those that only some rules are about.
func hardeningStacks(t *testing.T) map[string]graph {
	t.Helper()
	folder := newProject(t)
	recorded := func(stack string, edits map[string]string) graph {
		m := signedIn()
		m.Stack = stack
		return graph(deployed(t, m, configuration(t, stack, edits), folder).Resources())
	}
	stacks := map[string]graph{
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
	for _, rule := range hardeningRules {
		t.Run(rule.id, func(t *testing.T) {
			t.Parallel()
			looked := 0
			for stack, g := range stacks {
				for _, finding := range rule.look(g) {
					looked++
					if !finding.ok {
						t.Errorf("%s: %s: got it otherwise, want: %s", stack, finding.of, rule.text)
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
	for _, rule := range hardeningRules {
		t.Run(rule.id, func(t *testing.T) {
			t.Parallel()
			for _, b := range rule.breaks {
				applied := 0
				for stack, g := range stacks {
					for _, broken := range b.apply(g, rule) {
						applied++
						if !slices.ContainsFunc(rule.look(broken), func(f finding) bool { return !f.ok }) {
							t.Errorf("%s: %v: expected it to be noticed", stack, b)
						}
					}
				}
				if applied == 0 {
					t.Errorf("%v: expected it to apply somewhere, got nowhere", b)
				}
			}
			if len(rule.breaks) == 0 {
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
	for _, state := range []state{held, notStated, open} {
		for _, r := range hardeningRules {
			if r.state != state {
				continue
			}
			if seen[r.id] || r.id == "" || r.source == "" || r.page == "" || r.text == "" || (state != held && r.because == "") {
				t.Errorf("%q: expected an id of its own, a source, a page, a text, and a reason if it is not held", r.id)
			}
			seen[r.id] = true
			says := string(state)
			if r.because != "" {
				says += ": " + r.because
			}
			fmt.Fprintf(&table, "| %s | [%s](%s) | %s | %s |\n", r.id, r.source, r.page, r.text, says)
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

// A graph is what one stack registers.
type graph []componentstest.Resource

// A finding is one thing that a rule is about, and whether it is as the rule
// wants.
type finding struct {
	of string
	ok bool
}

// A breakage is a change of one resource that breaks a rule: without a path the
// resource is missing, or is there if add is set; without a value the property is
// missing.
type breakage struct {
	of, path string
	value    any
	add      bool
}

func (b breakage) String() string {
	return fmt.Sprintf("%s %s = %v (add %v)", b.of, b.path, b.value, b.add)
}

// apply breaks a copy of the graph at each resource that the breakage is about,
// and the rule too.
func (b breakage) apply(g graph, rule hardeningRule) []graph {
	if b.add {
		if len(rule.look(g)) == 0 {
			return nil // the rule is not about this stack
		}
		return []graph{append(slices.Clone(g), componentstest.Resource{TypeToken: b.of, Name: "added", Inputs: resource.PropertyMap{}})}
	}
	var broken []graph
	for i, r := range g {
		if r.TypeToken != b.of || rule.when != nil && !rule.when(g, r) {
			continue
		}
		changed := slices.Clone(g)
		if b.path == "" {
			changed = slices.Delete(changed, i, i+1)
		} else if changed[i].Inputs = with(r.Inputs, strings.Split(b.path, "."), b.value); reflect.DeepEqual(changed[i].Inputs, r.Inputs) {
			continue // it is not there
		}
		broken = append(broken, changed)
	}
	return broken
}

// with is a copy of inputs in which a property is changed, or missing if value
// is nil.
func with(inputs resource.PropertyMap, path []string, value any) resource.PropertyMap {
	changed, key := inputs.Copy(), resource.PropertyKey(path[0])
	switch {
	case len(path) > 1:
		inner := resource.PropertyMap{}
		if changed[key].IsObject() {
			inner = changed[key].ObjectValue()
		}
		changed[key] = resource.NewProperty(with(inner, path[1:], value))
	case value == nil:
		delete(changed, key)
	default:
		changed[key] = resource.NewPropertyValue(value)
	}
	return changed
}
