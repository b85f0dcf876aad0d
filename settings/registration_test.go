package settings_test

import (
	"net/http"
	"strings"
	"testing"

	"app-to-app/settings"
)

// TestExistingRegistration: each thing that is wrong with a registration made
// elsewhere is one problem, or a warning, with the request for its owner.
func TestExistingRegistration(t *testing.T) {
	t.Parallel()
	const owner = `ask an owner of the app registration "Sales" (client id ` + registrationID + `) to `
	principal, object := registrationID[:35]+"c", registrationID[:35]+"b"
	for _, tt := range []struct {
		name, stack string
		edit        func(*settings.Registration)
		want        []string // in the one problem; nil means none
		warning     string
	}{
		{"nothing wrong", "prod", func(*settings.Registration) {}, nil, ""},
		{"version 1", "dev", func(r *settings.Registration) { r.TokenVersion = 1 }, []string{"app-to-app:api.clientId: expected tokens of version 2, got version 1",
			owner + `run: az rest --method patch --url https://graph.microsoft.com/v1.0/applications/` + object + ` --body '{"api":{"requestedAccessTokenVersion":2}}'`}, ""},
		{"no version", "dev", func(r *settings.Registration) { r.TokenVersion = 0 }, []string{"expected tokens of version 2, got version 1"}, ""},
		{"a disabled service principal", "dev", func(r *settings.Registration) { r.Enabled = false },
			[]string{"expected an enabled service principal", owner + "run: az ad sp update --id " + principal + " --set accountEnabled=true"}, ""},
		{"no assignment required in prod", "prod", func(r *settings.Registration) { r.AssignmentRequired = false },
			[]string{"expected assignment to be required", owner + "run: az ad sp update --id " + principal + " --set appRoleAssignmentRequired=true"}, ""},
		{"no assignment required in dev", "dev", func(r *settings.Registration) { r.AssignmentRequired = false }, nil,
			"expected assignment to be required: without it every application of the tenant gets a token for the API; " + owner},
		{"a disabled role", "dev", func(r *settings.Registration) { r.Roles[0].Enabled = false },
			[]string{`app-to-app:roles[0].value: expected an enabled app role: tokens do not carry the disabled "Orders.Read"`, owner + "enable the app role " + registrationID[:35] + "d"}, ""},
		{"a role for people", "dev", func(r *settings.Registration) { r.Roles[0].ForApplications = false },
			[]string{`app-to-app:roles[0].value: expected an app role for applications, got "Orders.Read"`, owner + "allow applications as members"}, ""},
		{"no such role", "dev", func(r *settings.Registration) { r.Roles[0].Value = "Sales.Read" },
			[]string{`app-to-app:roles[0].value: expected an app role of the registration (Sales.Read), got "Orders.Read"`, owner + `add the app role "Orders.Read" for applications`}, ""},
		{"no roles", "dev", func(r *settings.Registration) { r.Roles = nil }, []string{`expected an app role of the registration (it has none), got "Orders.Read"`}, ""},
		{"another registration", "dev", func(r *settings.Registration) { r.ClientID = callerID },
			[]string{"app-to-app:api.clientId: expected an app registration with a service principal: expected one object", "az ad sp create --id " + registrationID}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := registration()
			tt.edit(r)
			config := configuration(t, tt.stack, map[string]string{"app-to-app:api": `{"registration":"existing","clientId":"` + registrationID + `"}`,
				"app-to-app:tenantId": tenantID, "app-to-app:subscriptionId": subscriptionID})
			got, warnings, problems := settings.Load(t.Context(), config, today, settings.Sources{Providers: &fakeProviders{registration: r}, HTTPClient: http.DefaultClient})
			if wanted := min(1, len(tt.want)); len(problems) != wanted {
				t.Fatalf("got problems %v, want %d", problems, wanted)
			}
			for _, want := range tt.want {
				if text := problems[0].Error(); !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant %q in it", text, want)
				}
			}
			if text := strings.Join(warnings, "\n"); (text != "") != (tt.warning != "") || !strings.Contains(text, tt.warning) {
				t.Errorf("got warnings %q, want %q", text, tt.warning)
			}
			if len(tt.want) == 0 && (got.Registration == nil || got.Registration.Resource() != "api://sales" || got.Registration.RoleID("Orders.Read") != registrationID[:35]+"d") {
				t.Errorf("got registration %+v", got.Registration)
			}
		})
	}
	if got := (settings.Registration{ClientID: "c"}).Resource(); got != "c" {
		t.Errorf("without an identifier URI: got %q, want the client id", got)
	}
}
