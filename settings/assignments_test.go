package settings_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"app-to-app/components/requests"
	"app-to-app/settings"
	"app-to-app/settings/settingstest"
)

// assignmentRefusals are wrong values of the settings about who assigns app roles,
// one problem each.
var assignmentRefusals = []struct {
	name  string
	edits map[string]string
	want  []string // in the one problem
}{
	{"assignments mistyped", map[string]string{"app-to-app:assignments": "request"},
		[]string{`app-to-app:assignments: expected one of made, requested, got "request"; fix: pulumi config set app-to-app:assignments requested`}},
	{"assignments that mean nothing", map[string]string{"app-to-app:assignments": "none"},
		[]string{`app-to-app:assignments: expected one of made, requested, got "none"; next: pulumi config set app-to-app:assignments made|requested`}},
	{"assignments as a truth", map[string]string{"app-to-app:assignments": "true"}, []string{`expected one of made, requested, got "true"`}},
	{"a receipt of assignments that are made", map[string]string{"app-to-app:assignmentsReceipt": "receipt.json"},
		[]string{"app-to-app:assignmentsReceipt: expected none for app roles that this stack assigns; next: pulumi config set app-to-app:assignments requested"}},
	{"a receipt by its full path", map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "/home/me/receipt.json"},
		[]string{`app-to-app:assignmentsReceipt: expected a path from the project's folder, got "/home/me/receipt.json"; next: put the file into the project's folder`}},
	{"a receipt outside", map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "../receipt.json"},
		[]string{`expected a path from the project's folder, got "../receipt.json"; next: `}},
	{"a receipt with backslashes", map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": `grants\receipt.json`},
		[]string{"expected a path from the project's folder"}},
	{"the folder as the receipt", map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "."},
		[]string{`expected a path from the project's folder, got "."`}},
	{"a receipt with a dot", map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": "./grants/receipt.json"},
		[]string{`expected a path from the project's folder, got "./grants/receipt.json"; fix: pulumi config set app-to-app:assignmentsReceipt grants/receipt.json`}},
	{"a move to another identity", map[string]string{"app-to-app:assignments": "requested", "app-to-app:clients": settingstest.Clients(`"previousIdentity":"systemAssigned"`)},
		[]string{"app-to-app:clients[0].previousIdentity: expected none while somebody else assigns app roles", "; next: add a client of another name"}},
	{"a secret that somebody would have to hand over", map[string]string{"app-to-app:environment": "dev", "app-to-app:assignments": "requested", "app-to-app:protect": "true", "app-to-app:clients": settingstest.Clients(`"identity":"clientSecret"`)},
		[]string{"app-to-app:clients[0].identity: expected an identity without a secret while somebody else makes app registrations (managedIdentity, systemAssigned, federated or existing), got clientSecret: whoever made it would have to hand it over; fix: pulumi config set --path 'app-to-app:clients[0].identity' federated"}},
	{"a certificate that somebody would have to hand over", map[string]string{"app-to-app:environment": "dev", "app-to-app:assignments": "requested", "app-to-app:protect": "true", "app-to-app:clients": settingstest.Clients(`"identity":"certificate","tokenProviders":["adal"]`)},
		[]string{"app-to-app:clients[0].identity: expected an identity without a secret", "got certificate: whoever made it would have to hand it over; fix: pulumi config set --path 'app-to-app:clients[0].identity' federated"}},
	{"roles of another stack's API", map[string]string{"app-to-app:api": `{"stack":"o/p/s"}`, "app-to-app:roles": `[{"value":"Orders.Read"}]`},
		[]string{"app-to-app:roles: expected none for an API of another stack, which has its own: set it in o/p/s; fix: pulumi config rm app-to-app:roles"}},
	{"a secret without an app of another stack's API", map[string]string{"app-to-app:environment": "dev", "app-to-app:protect": "true", "app-to-app:api": `{"stack":"o/p/s"}`, "app-to-app:clients": settingstest.Clients(`"identity":"clientSecret","functionApp":false`)},
		[]string{"app-to-app:clients[0].functionApp: expected a function app for a client with a secret of an API of another stack", "; next: pulumi config set --path 'app-to-app:clients[0].functionApp' true"}},
	{"blocked callers of another stack's API", map[string]string{"app-to-app:api": `{"stack":"o/p/s"}`, "app-to-app:blockedCallers": `["` + partnerID + `"]`},
		[]string{"app-to-app:blockedCallers: expected none for an API of another stack", "fix: pulumi config rm app-to-app:blockedCallers"}},
}

func TestAssignmentRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range assignmentRefusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, "prod", tt.edits)
			if len(problems) != 1 {
				t.Fatalf("got %v, want one problem", problems)
			}
			for _, want := range tt.want {
				if got := problems[0].Error(); !strings.Contains(got, want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}
		})
	}
}

// A failing file system has a receipt that cannot be read.
type failing struct {
	fs.FS
	path string
}

func (f failing) Open(name string) (fs.File, error) {
	if name == f.path {
		return nil, errors.New("input/output error")
	}
	return f.FS.Open(name)
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	receipt := requests.Receipt{Schema: requests.ReceiptSchema, Project: "app-to-app", Stack: "dev", TenantID: tenantID, GrantedBy: callerID,
		API: requests.API{Name: "orders", ClientID: partnerID, ServicePrincipalID: partnerID}}
	text, err := receipt.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const path = "grants/dev.receipt.json"
	requested := map[string]string{"app-to-app:assignments": "requested", "app-to-app:assignmentsReceipt": path}
	project := func(receipt []byte) fs.FS {
		files := fstest.MapFS{"functions/orders-api/host.json": {}, "functions/orders-client/host.json": {}}
		if receipt != nil {
			files[path] = &fstest.MapFile{Data: receipt}
		}
		return files
	}
	for _, tt := range []struct {
		name    string
		project fs.FS
		edits   map[string]string
		read    bool
		warning string
		problem string
	}{
		{"a receipt", project(text), requested, true, "", ""},
		{"none yet", project(nil), requested, false, "there is no receipt in " + path + " yet", ""},
		{"a folder that is not looked at", nil, requested, false, "", ""},
		{"without the setting", project(text), map[string]string{"app-to-app:assignments": "requested"}, false, "", ""},
		{"the requests", project([]byte(strings.Replace(string(text), "receipt/v1", "requests/v1", 1))), requested, false, "",
			`app-to-app:assignmentsReceipt: read the receipt: schema: expected "app-to-app/receipt/v1", got "app-to-app/requests/v1"; next: let tenant grant write it again to ` + path},
		{"no JSON", project([]byte("granted")), requested, false, "", "expected JSON"},
		{"a file that is no receipt", project(make([]byte, 2<<20)), requested, false, "", "expected at most 1048576 bytes, got 2097152"},
		{"a folder that cannot be read", failing{project(nil), path}, requested, false, "", "input/output error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, warnings, problems := settings.Load(t.Context(), configuration(t, "prod", tt.edits), today, settings.Sources{Providers: &fakeProviders{}, Project: tt.project})
			if (s.Receipt != nil) != tt.read {
				t.Errorf("got the receipt %+v, want one: %t", s.Receipt, tt.read)
			}
			if shown := strings.Join(warnings, "\n"); !strings.Contains(shown, tt.warning) || tt.warning == "" && strings.Contains(shown, "receipt") {
				t.Errorf("got the warnings %q, want %q", warnings, tt.warning)
			}
			if tt.problem == "" && len(problems) > 0 || tt.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), tt.problem)) {
				t.Errorf("got %v, want %q", problems, tt.problem)
			}
			if s.Graph != "https://graph.microsoft.com" {
				t.Errorf("got Graph at %q", s.Graph)
			}
		})
	}
}

// TestAnExistingClientWithoutARightToLook: a stack that may not read the tenant
// takes an object id as it is, because whoever grants looks it up. A name it cannot
// take.
func TestAnExistingClientWithoutARightToLook(t *testing.T) {
	t.Parallel()
	const unknown = "dddddddd-0000-4000-8000-000000000009"
	existing := func(field, value string) string {
		return settingstest.Clients(`"identity":"existing","` + field + `":"` + value + `"`)
	}
	for _, tt := range []struct {
		name, assignments, client string
		warnings, problems        int
	}{
		{"an object id, requested", "requested", existing("objectId", unknown), 1, 0},
		{"an object id, made", "made", existing("objectId", unknown), 0, 1},
		{"a name, requested", "requested", existing("displayName", "Nobody"), 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, warnings, problems := settings.Load(t.Context(), configuration(t, "dev", map[string]string{"app-to-app:assignments": tt.assignments, "app-to-app:clients": tt.client}), today,
				settings.Sources{Providers: &fakeProviders{}})
			if len(warnings) != tt.warnings || len(problems) != tt.problems {
				t.Errorf("got %q and %v, want %d and %d", warnings, problems, tt.warnings, tt.problems)
			}
			if tt.warnings > 0 && (s.Clients[0].Identity.ObjectID != unknown || !strings.Contains(warnings[0], unknown+" was not looked up")) {
				t.Errorf("got %+v and %q", s.Clients[0].Identity, warnings)
			}
		})
	}
}
