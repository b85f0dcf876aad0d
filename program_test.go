package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/componentstest"
	"app-to-app/components/credentials"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// The ids of the mocked Azure and of its caller.
const (
	tenantID       = componentstest.TenantID
	subscriptionID = componentstest.SubscriptionID
	callerID       = componentstest.CallerID
	partnerID      = componentstest.PartnerID
)

// today is in the third quarter of a 90-day rotation period.
var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// signedIn is a mocked engine and Azure, with the caller signed in.
func signedIn() *componentstest.Recorder { return &componentstest.Recorder{Caller: callerID} }

// configuration is the configuration of a committed stack, with a test's edits.
func configuration(t *testing.T, stack string, edits map[string]string) map[string]string {
	t.Helper()
	return settingstest.Configuration(t, ".", stack, edits)
}

// programOf is the program with only a configuration in its environment, as the
// engine sets it.
func programOf(t *testing.T, config map[string]string, folder string) program {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return program{folder: folder, httpClient: http.DefaultClient, now: func() time.Time { return today }, getenv: func(name string) string {
		switch name {
		case pulumi.EnvConfig:
			return string(encoded)
		case pulumi.EnvConfigSecretKeys:
			return `["app-to-app:certificates"]`
		}
		return ""
	}}
}

// deployed runs the program with a configuration and returns what it registers.
func deployed(t *testing.T, m *componentstest.Recorder, config map[string]string, folder string) *componentstest.Recorder {
	t.Helper()
	if err := m.Run(config, programOf(t, config, folder).deploy); err != nil {
		t.Fatal(err)
	}
	return m
}

// newProject writes a project whose function apps are a few lines, so that they
// build quickly.
func newProject(t *testing.T) string {
	t.Helper()
	return newProjectOf(t, map[string]string{"orders-api": "orders", "orders-client": "ProcessOrders"})
}

// newProjectOf is a project with function apps, each with the route of its HTTP
// function.
func newProjectOf(t *testing.T, apps map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	files := map[string]string{"go.mod": "module app-to-app\n\ngo 1.26\n\ntoolchain " + strings.Fields(runtime.Version())[0] + "\n"}
	for name, route := range apps {
		app := "functions/" + name + "/"
		files[app+"main.go"] = fmt.Sprintf("package main\n\nfunc main() { println(%q) }\n", name)
		files[app+"host.json"] = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`
		files[app+"Run/function.json"] = fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","route":%q}]}`, route)
	}
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestRefusedSettingsRegisterNothing: problems are reported before anything is
// registered.
func TestRefusedSettingsRegisterNothing(t *testing.T) {
	t.Parallel()
	m := signedIn()
	config := configuration(t, "dev", map[string]string{"app-to-app:tenent": "x", "azure-native:location": ""})
	err := m.Run(config, programOf(t, config, ".").deploy)
	for _, want := range []string{`settings of stack "dev": 2 problems, nothing was changed`, "app-to-app:tenent: ", "azure-native:location: missing; every resource is created there; next: pulumi config set azure-native:location REGION"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if got := m.Resources(); len(got) > 0 {
		t.Errorf("expected nothing to be registered, got %v", got)
	}
}

// TestLastClient: the settings must say so before all clients lose their access.
func TestLastClient(t *testing.T) {
	t.Parallel()
	had := []granted{{Client: "orders-client"}, {Client: "by-secret"}}
	one := []settings.Client{{Name: "orders-client"}}
	for _, tt := range []struct {
		name string
		last []granted
		s    settings.Settings
		want string
	}{
		{"the first update", nil, settings.Settings{}, ""},
		{"one is left", had, settings.Settings{Clients: one}, ""},
		{"none is left", had, settings.Settings{}, "app-to-app:clients: expected at least one client, because all that the stack has would be deleted: orders-client, by-secret; next: pulumi config rm app-to-app:clients"},
		{"none is left, as meant", had, settings.Settings{WithoutClients: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := refuseLastClient(tt.last, tt.s)
			if text := fmt.Sprint(got.Err("dev")); tt.want != "" && !strings.Contains(text, tt.want) || tt.want == "" && got != nil {
				t.Errorf("got %v, want %q", got, tt.want)
			}
		})
	}
}

// TestBlockingACallerOfAnotherAPI: only the API's stack can refuse a caller.
func TestBlockingACallerOfAnotherAPI(t *testing.T) {
	t.Parallel()
	last := []granted{{Client: "billing", Identity: "managedIdentity", ObjectID: partnerID, Roles: []string{"Orders.Read"}}}
	s := settings.Settings{API: settings.API{Stack: "o/p/api"}, Clients: []settings.Client{{Name: "billing", Identity: settings.Identity{Kind: "managedIdentity"}}}}
	got := changes(last, s, today)
	if want := "pulumi config set --path 'app-to-app:blockedCallers[0]' " + partnerID + " --stack o/p/api"; len(got) != 1 || !strings.HasSuffix(got[0], want) {
		t.Errorf("got %q, want %q at its end", got, want)
	}
}

// TestARegistrationIsNotDeletedInUse: a client whose app registration the stack made
// cannot ask for another one, because its own would be deleted.
func TestARegistrationIsNotDeletedInUse(t *testing.T) {
	t.Parallel()
	client := []settings.Client{{Name: "returns", Identity: settings.Identity{Kind: "federated"}}}
	own := granted{Client: "returns", Identity: "federated", ObjectID: partnerID, ApplicationObjectID: callerID}
	requested := own
	requested.Requested = true
	for _, tt := range []struct {
		name, assignments string
		last              []granted
		want              string
	}{
		{"the first update", "requested", nil, ""},
		{"made on request", "requested", []granted{requested}, ""},
		{"made by the stack, as before", "made", []granted{own}, ""},
		{"made by the stack, asked for now", "requested", []granted{own}, "app-to-app:clients[0].identity: expected a client without an app registration of the stack's own, because somebody else makes app registrations from now on, and " + callerID + " would be deleted while the client signs in with it; next: add a client of another name"},
	} {
		got := refuseHandover(lastExports{Access: tt.last}, settings.Settings{Assignments: tt.assignments, Clients: client})
		if text := fmt.Sprint(got); (len(got) > 0) != (tt.want != "") || !strings.Contains(text, tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, got, tt.want)
		}
	}
	texts := strings.Join(handedOver(lastExports{Access: []granted{requested}, Assignments: "requested"}, settings.Settings{Assignments: "made", Clients: client}), "\n")
	if !strings.Contains(texts, `client "returns" gets an app registration of the stack's own, with another client id; the one that was made for it stays until somebody removes it: az ad app delete --id `+callerID) {
		t.Errorf("made by the stack from now on: got %q", texts)
	}
}

// TestHandingOver warns of what changes with who assigns app roles.
func TestHandingOver(t *testing.T) {
	t.Parallel()
	had := []granted{{Client: "billing"}}
	for _, tt := range []struct {
		name string
		last lastExports
		now  string
		want string
	}{
		{"the first update", lastExports{}, "requested", ""},
		{"no change", lastExports{Access: had, Assignments: "requested"}, "requested", ""},
		{"without clients", lastExports{Assignments: "made"}, "requested", ""},
		{"to another team", lastExports{Access: had, Assignments: "made"}, "requested", "this removes the assignments that the stack has made"},
		{"from another team", lastExports{Access: had, Assignments: "requested"}, "made", "Microsoft Graph refuses to make assignments that somebody has made already"},
	} {
		got := strings.Join(handedOver(tt.last, settings.Settings{Assignments: tt.now}), "\n")
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	client := func(kind string, roles ...string) []settings.Client {
		return []settings.Client{{Name: "orders-client", Identity: settings.Identity{Kind: kind}, Roles: roles}}
	}
	was := func(kind string, roles ...string) granted {
		return granted{Client: "orders-client", Identity: kind, ObjectID: partnerID, Roles: roles}
	}
	expiring := func(days int) granted {
		g := was("clientSecret", "Orders.Read")
		g.Credentials = append(g.Credentials, struct{ Kind, ID, ExpiresOn string }{"clientSecret", "key-1", today.AddDate(0, 0, days).Format(time.RFC3339)})
		return g
	}
	rotating := func(days int) []settings.Client {
		clients := client("clientSecret", "Orders.Read")
		rotation, err := credentials.RotationAt(today, time.Duration(days)*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		clients[0].Identity.Rotation = rotation
		return clients
	}
	for _, tt := range []struct {
		name    string
		last    []granted
		clients []settings.Client
		want    []string // one for each warning
	}{
		{"the first update", nil, client("managedIdentity", "Orders.Read"), nil},
		{"no change", []granted{was("managedIdentity", "Orders.Read")}, client("managedIdentity", "Orders.Read"), nil},
		{"a role added", []granted{was("managedIdentity")}, client("managedIdentity", "Orders.Read"), []string{"is given Orders.Read: its managed identity may hold a token without the role for up to 24 hours"}},
		{"a role removed", []granted{was("systemAssigned", "Orders.Read")}, client("systemAssigned"), []string{"loses Orders.Read", "app-to-app:blockedCallers[0]' " + partnerID}},
		{"a role added and one removed", []granted{was("managedIdentity", "A")}, client("managedIdentity", "B"), []string{"is given B", "loses A"}},
		{"an app registration gets new tokens within the hour", []granted{was("clientSecret")}, client("clientSecret", "Orders.Read"), nil},
		{"a new identity has no old tokens", []granted{was("clientSecret")}, client("managedIdentity", "Orders.Read"), nil},
		{"a client that is removed", []granted{was("managedIdentity", "Orders.Read")}, nil, nil},
		{"a secret with time left", []granted{expiring(31)}, client("clientSecret", "Orders.Read"), nil},
		{"a secret that expires", []granted{expiring(30)}, client("clientSecret", "Orders.Read"), []string{"its clientSecret key-1 expires on 2026-12-25"}},
		{"a secret with a short rotation period, not due yet", []granted{expiring(5)}, rotating(8), nil},
		{"a secret with a short rotation period, overdue", []granted{expiring(4)}, rotating(8), []string{"its clientSecret key-1 expires on 2026-11-29"}},
		{"a secret with a long rotation period", []granted{expiring(31)}, rotating(90), nil},
		{"a secret that expired", []granted{expiring(0)}, client("clientSecret", "Orders.Read"), []string{"its clientSecret key-1 expired on 2026-11-25"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := changes(tt.last, settings.Settings{Clients: tt.clients}, today)
			if len(tt.want) == 0 && len(got) > 0 {
				t.Errorf("got %q, want none", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(strings.Join(got, "\n"), want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}
		})
	}
}

func TestDisabledRoles(t *testing.T) {
	t.Parallel()
	roles := []azuread.GetApplicationAppRoleType{{Value: "Orders.Read", Enabled: true}, {Value: "Orders.Export"}}
	got := ofDisabled(roles, "prod")
	if len(got) != 1 || !strings.Contains(got[0], "Orders.Export is disabled") || !strings.Contains(got[0], "fix: tenant recover -enable-roles -stack prod") {
		t.Errorf("got %q, want the disabled role with its fix", got)
	}
	if got := ofDisabled(roles[:1], "prod"); len(got) > 0 {
		t.Errorf("got %q, want none", got)
	}
}
