package diff_test

import (
	"strings"
	"testing"

	"app-to-app/tenant/diff"
)

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
	text := p.Markdown("dev", diff.Names{})
	if strings.Contains(text, secret) || !strings.Contains(text, "displayName") {
		t.Errorf("expected the property's name and not its value, got:\n%s", text)
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
