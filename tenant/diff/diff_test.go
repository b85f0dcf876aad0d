package diff_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

var update = flag.Bool("update", false, "rewrite the golden comments")

func read(t *testing.T, name string) diff.Preview {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := diff.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestComments compares comments with committed ones. The previews are real
// ones of the program, cut to what is read.
func TestComments(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) < 5 {
		t.Fatalf("expected previews, got %v, %v", names, err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(filepath.Base(name), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := read(t, name)
			got := p.Markdown("dev")
			slices.Reverse(p.Steps)
			if again := p.Markdown("dev"); again != got {
				t.Errorf("expected the same for another order of steps, got:\n%s\nand:\n%s", got, again)
			}
			golden := filepath.Join("testdata", name+".md")
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
		})
	}
}

func TestNoValueIsShown(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	urn := func(kind, name string) string { return "urn:pulumi:dev::app-to-app::" + kind + "::" + name }
	stack := urn("pulumi:pulumi:Stack", "app-to-app-dev")
	p := diff.Preview{Steps: []diff.Step{
		{Op: "same", URN: stack, Old: &diff.State{}, New: &diff.State{}},
		{
			Op: "update", URN: urn("azuread:index/applicationPassword:ApplicationPassword", "a"), DiffReasons: []string{"displayName"},
			Old: &diff.State{Parent: stack, Inputs: map[string]any{"displayName": secret, "value": secret}},
			New: &diff.State{Parent: stack, Inputs: map[string]any{"displayName": secret + secret, "value": secret}},
		},
	}}
	text := p.Markdown("dev")
	if strings.Contains(text, secret) || !strings.Contains(text, "displayName") {
		t.Errorf("expected the property's name and not its value, got:\n%s", text)
	}
}

// TestNamesAreNotMarkdown gives a client a name that would notify people, end
// the hidden marker, or add HTML.
func TestNamesAreNotMarkdown(t *testing.T) {
	t.Parallel()
	const name = "`@everyone` --> <img src=x>\n# heading"
	p := diff.Preview{Steps: []diff.Step{{
		Op: "create", URN: "urn:pulumi:dev::app-to-app::app-to-app:components:Client::" + name, New: &diff.State{},
	}}}
	text := p.Markdown("a--b")
	if !strings.Contains(text, "client `@everyone -- img src=x# heading` is **new**") {
		t.Errorf("expected one code span, got:\n%s", text)
	}
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(first, "--") != 2 {
		t.Errorf("expected one HTML comment, got %q", first)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const parent = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
	for _, test := range []struct{ name, text, want string }{
		{"no JSON", "error: no stack", "expected the output of pulumi preview --json"},
		{"nothing", "", "expected the output of pulumi preview --json"},
		{"no steps", "{}", "expected steps, got none"},
		{"a failed preview", `{"steps":[{"op":"same","urn":"` + parent + `"}],"diagnostics":[{"severity":"warning","message":"old"},{"severity":"error","message":"error: no such role\n"}]}`,
			`expected one that succeeded, got "error: no such role"; fix: run pulumi preview`},
		{"a failed preview without a message", `{"steps":[{"op":"same","urn":"` + parent + `"}],"diagnostics":[{"severity":"error"}]}`, "expected one that succeeded"},
		{"no URN", `{"steps":[{"op":"create","urn":"x"}]}`, "expected an operation and a URN"},
		{"without what is the same", `{"steps":[{"op":"create","urn":"urn:pulumi:dev::p::t::n","newState":{"parent":"` + parent + `"}}]}`, "--show-sames"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := diff.Read(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestLongCommentsAreCut(t *testing.T) {
	t.Parallel()
	var p diff.Preview
	for i := range 3000 {
		p.Steps = append(p.Steps, diff.Step{Op: "create", URN: "urn:pulumi:dev::p::some:type:Name::" + strings.Repeat("n", i%50+20), New: &diff.State{}})
		p.Steps[i].URN += string(rune('a'+i%26)) + strings.Repeat("x", i/26)
	}
	text := p.Markdown("dev")
	if len(text) > 65536 || !strings.Contains(text, "more; see the log") || !strings.HasSuffix(text, "</details>\n") {
		t.Errorf("expected a comment that GitHub takes, got %d bytes ending in %q", len(text), text[len(text)-80:])
	}
}
