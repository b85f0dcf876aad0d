package diff

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file judges previews that were recorded from the real engine
// (e2e/previews_test.go): for each change of the settings or of the program, the
// whole report is compared with a golden file that somebody has read.

var update = flag.Bool("update", false, "rewrite the golden reports")

// A recorded is a preview as testdata/previews has it: of the unchanged stack, or
// what differs from that.
type recorded struct {
	name  string // STACK/CASE
	Note  string
	Gone  []string          // URNs that only the unchanged stack has
	Steps []json.RawMessage // those of a case replace all of the same URN
}

// urnOf is the URN of a step.
func urnOf(t testing.TB, step json.RawMessage) string {
	t.Helper()
	var s struct{ URN string }
	if err := json.Unmarshal(step, &s); err != nil {
		t.Fatal(err)
	}
	return s.URN
}

func readRecorded(t testing.TB, path string) (r recorded) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return r
}

// recordings are all recorded cases, with their whole steps.
func recordings(t testing.TB) (all []recorded) {
	t.Helper()
	const folder = "testdata/previews"
	stacks, err := filepath.Glob(folder + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stacks {
		base := readRecorded(t, path)
		stack := strings.TrimSuffix(filepath.Base(path), ".json")
		cases, err := filepath.Glob(filepath.Join(folder, stack, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range cases {
			r := readRecorded(t, path)
			r.name = stack + "/" + strings.TrimSuffix(filepath.Base(path), ".json")
			changed := slices.Clone(r.Gone)
			for _, step := range r.Steps {
				changed = append(changed, urnOf(t, step))
			}
			for _, step := range base.Steps {
				if !slices.Contains(changed, urnOf(t, step)) {
					r.Steps = append(r.Steps, step)
				}
			}
			all = append(all, r)
		}
	}
	return all
}

func (r recorded) stack() string { return strings.Split(r.name, "/")[0] }

// engineOutput is what `pulumi preview --json --show-sames` printed, as far as a
// recording keeps it. A step that changes nothing was stored with one state.
func (r recorded) engineOutput(t testing.TB) []byte {
	t.Helper()
	var steps []json.RawMessage
	for _, text := range r.Steps {
		var step map[string]json.RawMessage
		if err := json.Unmarshal(text, &step); err != nil {
			t.Fatal(err)
		}
		if state, both := step["state"]; both {
			step["oldState"], step["newState"] = state, state
			delete(step, "state")
		}
		whole, err := json.Marshal(step)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, whole)
	}
	output, err := json.Marshal(map[string]any{"steps": steps})
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func (r recorded) preview(t testing.TB) Preview {
	t.Helper()
	p, err := Read(strings.NewReader(string(r.engineOutput(t))))
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return p
}

// report is what a job says that reads the facts of another one.
func (r recorded) report(t testing.TB, by table) string {
	t.Helper()
	return r.reportOf(t, r.preview(t), by)
}

// reportOf is [recorded.report] of a preview that was read before.
func (r recorded) reportOf(t testing.TB, p Preview, by table) string {
	t.Helper()
	names := make(Names)
	for _, id := range p.facts(r.stack(), nil, by).Unnamed() {
		names[id] = recordedNames[id]
	}
	text, err := p.facts(r.stack(), names, by).Encode()
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	f, err := ReadFacts(strings.NewReader(string(text)), r.stack())
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return f.markdown(by, mostBytes)
}

// TestManyClients: all of a stack with 400 clients like one of dev's is handed over
// and read.
func TestManyClients(t *testing.T) {
	t.Parallel()
	dev := readRecorded(t, "testdata/previews/dev.json")
	dev.name = "dev/"
	p := dev.preview(t)
	const clients = 400
	for _, s := range p.Steps {
		if strings.Contains(s.URN, clientType) && strings.Contains(nameOf(s.URN), "orders-client-legacy") {
			for i := range clients - 1 {
				another := s
				another.URN += "-" + strconv.Itoa(i)
				p.Steps = append(p.Steps, another)
			}
		}
	}
	if len(p.Steps) < 25*clients {
		t.Fatalf("got %d steps, want those of %d clients: are they named otherwise now?", len(p.Steps), clients)
	}
	text, err := p.Facts("dev", nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := ReadFacts(bytes.NewReader(text), "dev"); err != nil || len(f.Steps) != len(p.Steps) {
		t.Errorf("got %d steps, want %d: %v", len(f.Steps), len(p.Steps), err)
	}
}

// recordedNames are what the tenant would say of ids that the cases chose.
var recordedNames = Names{
	"11111111-1111-4111-8111-111111111111": {Kind: "service principal", DisplayName: "nightly-export"},
}

func TestRecordedPreviews(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	if len(all) < 60 {
		t.Errorf("got %d recorded previews, want 60 at least", len(all))
	}
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := "<!-- " + r.Note + " -->\n" + r.report(t, kinds)
			golden := filepath.Join("testdata", "previews", filepath.FromSlash(r.name)+".md")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			// The order in which the engine prints its steps says nothing.
			slices.Reverse(r.Steps)
			if again := "<!-- " + r.Note + " -->\n" + r.report(t, kinds); again != got {
				t.Errorf("in another order of steps, got:\n%s\nand:\n%s", got, again)
			}
		})
	}
}

// TestEveryKindIsNeeded takes each kind out of the table, and then makes each one
// harmless: some recorded report must change, or nobody would notice.
func TestEveryKindIsNeeded(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	whole, previews := make(map[string]string), make(map[string]Preview)
	byKind := make(map[string][]recorded) // the cases in which a kind changes
	for _, r := range all {
		previews[r.name] = r.preview(t)
		whole[r.name] = r.reportOf(t, previews[r.name], kinds)
		for _, c := range previews[r.name].Facts(r.stack(), Names{}).changes() {
			token := unversioned(typeOf(c.urn))
			if n := len(byKind[token]); n == 0 || byKind[token][n-1].name != r.name {
				byKind[token] = append(byKind[token], r)
			}
		}
	}
	for token := range kinds {
		if notRecorded[token] != "" {
			if len(byKind[token]) > 0 {
				t.Errorf("%s is recorded, although notRecorded says that it cannot be", token)
			}
			continue
		}
		for mutation, k := range map[string]*kind{"without it": nil, "harmless": {noun: kinds[token].noun, rule: &rule{anything: true}}} {
			if mutation == "harmless" && kinds[token].rule != nil && (kinds[token].rule.anything || !decides(token)) {
				continue // that is what the table says of most of its changes
			}
			mutated := make(table)
			for other, known := range kinds {
				mutated[other] = known
			}
			if delete(mutated, token); k != nil {
				mutated[token] = *k
			}
			noticed := slices.ContainsFunc(byKind[token], func(r recorded) bool { return r.reportOf(t, previews[r.name], mutated) != whole[r.name] })
			if !noticed {
				t.Errorf("%s, %s: no recorded report changes (%d have it)", token, mutation, len(byKind[token]))
			}
		}
	}
}

// notRecorded are kinds that the sandbox cannot preview, and why.
var notRecorded = map[string]string{
	"azuread:index/applicationOwner:ApplicationOwner":                 "the stand-in has no such resource",
	"azuread:index/servicePrincipalPassword:ServicePrincipalPassword": "the stand-in has no such resource",
	"azure-native:managedidentity:FederatedIdentityCredential":        "the generated SDK has it, the program does not use it",
	"azure-native:keyvault:AccessPolicy":                              "the stand-in has no such resource",
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": "only with a new API, or a replaced registration",
	"pulumi:pulumi:Stack":          "only with a new stack",
	"pulumi:pulumi:StackReference": "the recorded stacks have an API of their own",
	apiType:                        "only with a new API",
}
