package settings_test

import (
	"strings"
	"testing"

	"app-to-app/settings"
)

// TestLoginAmongOwners signs in with pinned owners.
func TestLoginAmongOwners(t *testing.T) {
	t.Parallel()
	const other = "bbbbbbbb-0000-4000-8000-000000000001"
	const ownedBy = "Application.ReadWrite.OwnedBy"
	const graph = "https://graph.microsoft.com"
	refusal := `app-to-app:owners: expected the signed-in "` + callerID + `" among the owners, `
	warning := `app-to-app:owners does not list the signed-in "` + callerID + `", `
	for _, tt := range []struct {
		name        string
		owner       string
		permissions []string
		problem     string // start of the one problem
		warning     string // likewise
		asked       string // where the permissions were asked for
	}{
		{"may write what it owns", other, []string{ownedBy, "Application.Read.All"}, refusal, "", graph},
		{"may write what it owns, and is listed", callerID, []string{ownedBy}, "", "", ""},
		{"may write all app registrations", other, []string{ownedBy, "Application.ReadWrite.All"}, "", warning, graph},
		{"may write the directory", other, []string{ownedBy, "Directory.ReadWrite.All"}, "", warning, graph},
		{"a person, whose token has no permissions", other, nil, "", warning, graph},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			providers := &fakeProviders{permissions: tt.permissions}
			config := configuration(t, "dev", map[string]string{"app-to-app:owners": `["` + tt.owner + `"]`})
			_, warnings, problems := settings.Load(t.Context(), config, today, settings.Sources{Providers: providers})
			var problem, fix string
			if len(problems) > 0 {
				problem, fix = problems[0].Error(), problems[0].Fix
			}
			if len(problems) > 1 || !begins(problem, tt.problem) {
				t.Errorf("got problems %v, want %q", problems, tt.problem)
			}
			if want := "pulumi config set --path 'app-to-app:owners[1]' " + callerID; problem != "" && fix != want {
				t.Errorf("got fix %q, want %q", fix, want)
			}
			if got := strings.Join(warnings, "\n"); !begins(got, tt.warning) {
				t.Errorf("got warnings %q, want %q", got, tt.warning)
			}
			if providers.askedForPermissions != tt.asked {
				t.Errorf("got permissions asked for at %q, want %q", providers.askedForPermissions, tt.asked)
			}
		})
	}
}

// begins reports whether a text has a beginning; with an empty beginning, the
// text must be empty too.
func begins(text, beginning string) bool {
	return strings.HasPrefix(text, beginning) && (beginning != "" || text == "")
}
