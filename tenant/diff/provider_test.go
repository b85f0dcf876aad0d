package diff

import (
	"strings"
	"testing"
)

// TestProviderNames: a change by a provider that may be signed in to another tenant
// is not understood, whatever the provider is called.
func TestProviderNames(t *testing.T) {
	t.Parallel()
	const (
		start   = "urn:pulumi:dev::p::"
		stack   = start + "pulumi:pulumi:Stack::p-dev"
		group   = "azure-native:resources:ResourceGroup"
		beyond  = "- `~` `" + group + "` `x`: `provider`"
		current = "default_2_90_0"
	)
	for _, test := range []struct {
		name, op, was, is, want string
	}{
		{"the same", "update", current, current, ""},
		{"another version", "update", current, "default_3_0_0", ""},
		{"a version where there was none", "update", "default", current, ""},
		{"a pre-release", "update", current, "default_3_0_0_alpha_1", beyond},
		{"a name that looks like a default one", "update", current, "default_x", beyond},
		{"half a version", "update", current, "default_2_90", beyond},
		{"more than a version", "update", current, "default_2_90_0x", beyond},
		{"a name that begins with default", "update", current, "defaults", beyond},
		{"another name", "update", current, "theirs", beyond},
		{"back from another one", "update", "theirs", current, beyond},
		{"its own, as before", "update", "theirs", "theirs", ""},
		{"a new resource", "create", "", current, ""},
		{"a new resource of another one", "create", "", "default_x", "- `+` `" + group + "` `x`: `provider`"},
		{"a resource that is handed over", "same", current, "default_x", "- `?` `same` `" + group + "` `x`: `provider`"},
		{"a resource that is the same", "same", current, "default_3_0_0", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			state := func(provider, tag string) *State {
				return &State{Parent: stack, Provider: start + "pulumi:providers:azure-native::" + provider + "::00000000-0000-4000-8000-000000000001", Inputs: map[string]any{"tags": map[string]any{"a": tag}}}
			}
			step := Step{Op: test.op, URN: start + group + "::x", Old: state(test.was, "1"), New: state(test.is, "1")}
			switch test.op {
			case "create":
				step.Old = nil
			case "update":
				step.New = state(test.is, "2")
			}
			got := Preview{Steps: []Step{{Op: "same", URN: stack, Old: &State{}, New: &State{}}, step}}.Markdown("dev", Names{})
			clear := strings.Contains(got, "\nNobody's access changes.") || strings.Contains(got, ": nothing changes.")
			if clear != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("want %q, got:\n%s", test.want, got)
			}
		})
	}
}
