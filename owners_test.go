package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/componentstest"
)

// TestStrangers signs in as somebody who is not among the pinned owners.
func TestStrangers(t *testing.T) {
	t.Parallel()
	const other = "bbbbbbbb-0000-4000-8000-000000000001"
	for _, tt := range []struct {
		name        string
		owners      string
		permissions []string
		refused     bool
	}{
		{"may write what it owns", other, []string{"Application.ReadWrite.OwnedBy", "Application.Read.All"}, true},
		{"may write what it owns, and is listed", callerID, []string{"Application.ReadWrite.OwnedBy"}, false},
		{"may write all", other, []string{"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"}, false},
		{"may write the directory", other, []string{"Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All"}, false},
		{"a person, whose token has no permissions", other, nil, false},
	} {
		config := configuration(t, "dev", map[string]string{"app-to-app:owners": `["` + tt.owners + `"]`})
		m := &componentstest.Recorder{Caller: callerID, Permissions: tt.permissions}
		err := m.Run(config, func(ctx *pulumi.Context) error {
			_, err := loadSettings(ctx, machineOf(t, config, "."))
			return err
		})
		if (err != nil) != tt.refused {
			t.Errorf("%s: got %v, want refused %v", tt.name, err, tt.refused)
		}
		if err != nil && (!strings.Contains(err.Error(), "1 to mend") || !strings.Contains(err.Error(), `pulumi config set --path 'app-to-app:owners[1]' `+callerID)) {
			t.Errorf("%s: got %v, want the command that lists the caller", tt.name, err)
		}
		if asked := slices.ContainsFunc(m.Calls(), func(c componentstest.Call) bool { return c.Token == "azure-native:authorization:getClientToken" }); asked != (tt.owners == other) {
			t.Errorf("%s: got a token asked for: %v, want it only of a stranger", tt.name, asked)
		}
	}
}
