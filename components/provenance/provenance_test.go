package provenance_test

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/components/provenance"
)

var longest = provenance.Mark{Project: strings.Repeat("p", 100), Stack: strings.Repeat("s", 100), Name: strings.Repeat("n", 200)}

func TestMarksAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, mark := range []provenance.Mark{
		{Project: "app-to-app", Stack: "dev", Name: "orders-api-application"},
		{Project: "a.b_c-D", Stack: "local-dev.1_2", Name: "odd/name:with?signs"},
		longest,
	} {
		if got, ok := provenance.ParseTags(append([]string{"HideApp"}, mark.Tags()...)); !ok || got != mark {
			t.Errorf("tags: got %+v, %v, want %+v", got, ok, mark)
		}
		arm := mark.ARMTags()
		arm["environment"] = "test"
		if got, ok := provenance.ParseARMTags(arm); !ok || got != mark {
			t.Errorf("tags of Resource Manager: got %+v, %v, want %+v", got, ok, mark)
		}
		if got, ok := provenance.ParseText(mark.Text()); !ok || got != mark {
			t.Errorf("text: got %+v, %v, want %+v", got, ok, mark)
		}
		if !slices.Contains(mark.Tags(), provenance.StackTag(mark.Project, mark.Stack)) {
			t.Errorf("got tags %q, want the stack's among them", mark.Tags())
		}
		if !mark.Of(mark.Project, mark.Stack) || mark.Of(mark.Project, mark.Stack+"2") || mark.Of("other", mark.Stack) {
			t.Errorf("%+v: expected it to be of its own stack only", mark)
		}
	}
}

// TestLongestMarkFits compares with the limits in the comment of maxName.
func TestLongestMarkFits(t *testing.T) {
	t.Parallel()
	for _, tag := range longest.Tags() {
		if len(tag) > 256 {
			t.Errorf("tag: got %d characters, want at most 256", len(tag))
		}
	}
	if len(longest.Text()) > 600 {
		t.Errorf("text: got %d characters, want at most 600", len(longest.Text()))
	}
}

func TestWhatIsNoMark(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]string{
		nil,
		{"HideApp", "WindowsAzureActiveDirectoryIntegratedApp"},
		{"pulumi-stack:app-to-app/dev"},
		{"pulumi-name:a"},
		{"pulumi-stack:app-to-app", "pulumi-name:a"},
		{"pulumi-stack:/dev", "pulumi-name:a"},
		{"pulumi-stack:app-to-app/", "pulumi-name:a"},
		{"pulumi-stack:app-to-app/dev/more", "pulumi-name:a"},
		{"pulumi-stack:app-to-app/dev", "pulumi-stack:app-to-app/test", "pulumi-name:a"},
		{"pulumi-stack:app-to-app/dev", "pulumi-name:a", "pulumi-name:b"},
		{"pulumi-stack:app-to-app/dev", "pulumi-name:a b"},
		{"Pulumi-stack:app-to-app/dev", "pulumi-name:a"},
	} {
		if got, ok := provenance.ParseTags(tags); ok {
			t.Errorf("tags %q: got %+v, want no mark", tags, got)
		}
	}
	for _, tags := range []map[string]string{
		nil,
		{"project": "app-to-app", "stack": "dev"},
		{"project": "app-to-app", "stack": "dev", "name": ""},
		{"project": "app to app", "stack": "dev", "name": "a"},
	} {
		if got, ok := provenance.ParseARMTags(tags); ok {
			t.Errorf("tags %q of Resource Manager: got %+v, want no mark", tags, got)
		}
	}
	for _, text := range []string{
		"", "app-to-app/dev a", "Made by Pulumi: ", "Made by Pulumi: app-to-app/dev", "Made by Pulumi: app-to-app a", "Made by Pulumi: app-to-app/dev a b",
		" Made by Pulumi: app-to-app/dev a", "Made by Pulumi: app-to-app/dev a\n", "Made by Pulumi: app-to-app/dev/x a",
	} {
		if got, ok := provenance.ParseText(text); ok {
			t.Errorf("text %q: got %+v, want no mark", text, got)
		}
	}
}

func TestUnreadableMarksAreRefused(t *testing.T) {
	t.Parallel()
	for _, mark := range []provenance.Mark{
		{},
		{Project: "a/b", Stack: "dev", Name: "a"},
		{Project: "app-to-app", Stack: strings.Repeat("s", 101), Name: "a"},
		{Project: "app-to-app", Stack: "dev", Name: strings.Repeat("n", 201)},
		{Project: "app-to-app", Stack: "dev", Name: "two words"},
	} {
		if mark.Check() == nil {
			t.Errorf("%+v: expected an error, got none", mark)
		}
	}
}
