package diff

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTableKnowsTheProgram: a type that the program registers and the table does
// not know would be "not understood" in every comment on it.
func TestTableKnowsTheProgram(t *testing.T) {
	t.Parallel()
	goldens, err := filepath.Glob(filepath.Join("..", "..", "testdata", "graph-*.golden"))
	if err != nil || len(goldens) < 5 {
		t.Fatalf("expected the golden graphs, got %v, %v", goldens, err)
	}
	seen := make(map[string]bool)
	for _, golden := range goldens {
		text, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 2 || strings.Count(fields[0], ":") < 2 {
				continue
			}
			token := unversioned(fields[0])
			seen[token] = true
			if _, known := kinds[token]; !known && !strings.HasPrefix(token, "pulumi:providers:") {
				t.Errorf("%s: the table does not know it", token)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("got %d types, want all of the program's: has the form of the goldens changed?", len(seen))
	}
}

// TestDecidingKindsAreNeverSilent: whatever happens to a resource of a kind that
// decides about access, nobody reads that nobody's access changes.
func TestDecidingKindsAreNeverSilent(t *testing.T) {
	t.Parallel()
	deciding := 0
	for token, k := range kinds {
		switch {
		case !decides(token):
			continue
		case k.rule != nil && unversioned(token) != siteType:
			t.Errorf("%s decides about access: expected no rule that keeps silent", token)
		}
		deciding++
		urn := "urn:pulumi:dev::p::" + token + "::x"
		side := func(value string) *State { return &State{Inputs: map[string]any{"tags": value, "other": value}} }
		for name, step := range map[string]Step{
			"create":                {Op: "create", URN: urn, New: side("a")},
			"create without inputs": {Op: "create", URN: urn, New: &State{}},
			"update of tags":        {Op: "update", URN: urn, Old: &State{Inputs: map[string]any{"tags": "a"}}, New: &State{Inputs: map[string]any{"tags": "b"}}, DiffReasons: []string{"tags"}},
			"update":                {Op: "update", URN: urn, Old: side("a"), New: side("b"), DiffReasons: []string{"other"}},
			"update of nothing":     {Op: "update", URN: urn, Old: side("a"), New: side("a")},
			"delete":                {Op: "delete", URN: urn, Old: side("a")},
			"replace":               {Op: "replace", URN: urn, Old: side("a"), New: side("b"), DiffReasons: []string{"other"}},
			"import":                {Op: "import", URN: urn, New: side("a")},
			"refresh":               {Op: "refresh", URN: urn, Old: side("a"), New: side("b"), DiffReasons: []string{"other"}},
			"something new":         {Op: "adopt", URN: urn, Old: side("a"), New: side("a")},
		} {
			if token == siteType && name == "update of tags" {
				continue // of a site, only parts decide
			}
			text := Preview{Steps: []Step{step}}.Markdown("dev", Names{})
			if strings.Contains(text, "Nobody's access changes") || strings.Contains(text, "nothing changes") {
				t.Errorf("%s of %s: got:\n%s", name, token, text)
			}
		}
	}
	if deciding < 15 {
		t.Errorf("got %d kinds that decide about access, want more", deciding)
	}
}

// decides reports whether resources of a type decide about access. It is written
// from the words and not from the table: everything of Entra, of
// authorization, managed identities and vaults, and what a site is, admits and
// is published with.
func decides(token string) bool {
	token = strings.ToLower(token)
	for _, prefix := range []string{"azuread:", "azure-native:authorization", "azure-native:managedidentity", "azure-native:keyvault", "azure-native:web:webapp"} {
		if strings.HasPrefix(token, prefix) {
			return true
		}
	}
	return false
}
