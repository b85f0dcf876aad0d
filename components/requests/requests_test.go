package requests_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"app-to-app/components/requests"
)

const (
	tenantID  = "11111111-0000-4000-8000-000000000001"
	apiID     = "11111111-0000-4000-8000-000000000002"
	apiSP     = "11111111-0000-4000-8000-000000000003"
	principal = "11111111-0000-4000-8000-00000000000A"
	roleID    = "11111111-0000-4000-8000-000000000005"
	granter   = "11111111-0000-4000-8000-000000000006"
)

func file() requests.File {
	return requests.File{
		Schema: requests.Schema, Project: "app-to-app", Stack: "billing-dev", Environment: "dev", TenantID: tenantID,
		API: requests.API{Name: "orders", ClientID: apiID, ServicePrincipalID: apiSP},
		Requests: []requests.Request{{Client: "billing", Identity: "managedIdentity", PrincipalID: principal, PrincipalName: "billing-identity1a2b",
			Roles: []requests.Role{{Value: "Orders.Read", ID: roleID}}}},
	}
}

func TestAFileReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	text, err := file().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := requests.Parse(text)
	if err != nil || !reflect.DeepEqual(got, file()) {
		t.Errorf("got %+v, %v, want %+v", got, err, file())
	}
	if again, _ := got.Encode(); string(again) != string(text) {
		t.Errorf("got\n%s\nthen\n%s", text, again)
	}
}

// TestFilesArePlain: a file shows no letter that a reader could take for another.
func TestFilesArePlain(t *testing.T) {
	t.Parallel()
	f := file()
	f.Requests[0].PrincipalName = "b\u0456lling \u202e \U0001f600 <b> ~"
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range string(text) {
		if r != '\n' && (r < ' ' || r > '~') {
			t.Errorf("got %q in %s", r, text)
		}
	}
	if got, err := requests.Parse(text); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("got %+v, %v, want %+v", got, err, f)
	}
	f.Requests[0].Identity, f.Requests[0].PrincipalName = "existing", ""
	if text, err = f.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := requests.Parse(text); err != nil {
		t.Errorf("an existing principal whose name is not known: got %v", err)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	text, err := file().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"another version", requests.Schema, "app-to-app/requests/v2", `schema: expected "app-to-app/requests/v1", got "app-to-app/requests/v2"`},
		{"a name that is not known", `"stack"`, `"revoke": [], "stack"`, `unknown field "revoke"`},
		{"a name twice", `"stack"`, `"stack": "other", "stack"`, `expected the name "stack" once`},
		{"a name twice, in another case", `"principalId"`, `"PrincipalID": "x", "principalId"`, `expected the name "principalId" once`},
		{"a name in another case", `"requests"`, `"Requests"`, `expected names in the case of the schema and in its letters, got "Requests"`},
		{"a name twice, once with a letter that looks alike", `"requests"`, `"reque\u017fts": [], "requests"`, `expected names in the case of the schema and in its letters, got "reque\u017fts"`},
		{"a stack that writes on the screen", `"billing-dev"`, `"dev\u001b[2J"`, `stack: expected 1 to 100 letters, digits, "_.-", got "dev\x1b[2J"`},
		{"a project that is a command", `"app-to-app",`, `"x; id",`, `project: expected 1 to 100 letters`},
		{"something after the end", "]\n}\n", "]\n}\n{}", "expected nothing after the object"},
		{"no JSON", string(text[:20]), "<html>", "expected JSON"},
		{"no GUID", principal, "billing", `requests[0].principalId: expected a GUID, got "billing"`},
		{"a path for an id", apiSP, apiSP + "/../" + apiSP, "api.servicePrincipalId: expected a GUID"},
		{"no role id", roleID, "", `requests[0].roles[0].id: expected a GUID, got ""`},
		{"no client", `"billing",`, `"",`, `requests[0].client: expected a text`},
		{"a name that fills the screen", "billing-identity1a2b", strings.Repeat("x", 300), "requests[0].principalName: expected a text of at most 256 bytes"},
		{"no name", "billing-identity1a2b", "", "requests[0].principalName: expected a text"},
		{"no tenant", tenantID, "", "tenantId: expected a GUID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(string(text), tt.old, tt.new, 1)
			if changed == string(text) {
				t.Fatal("expected the edit to change something")
			}
			if _, err := requests.Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name string
		edit func(*requests.File)
		want string
	}{
		{"no requests", func(f *requests.File) { f.Requests = nil }, "requests: expected at least one"},
		{"no roles", func(f *requests.File) { f.Requests[0].Roles = nil }, "requests[0].roles: expected at least one"},
		{"a role twice", func(f *requests.File) { f.Requests[0].Roles = append(f.Requests[0].Roles, f.Requests[0].Roles[0]) }, "requests[0].roles[1].id: expected"},
		{"a principal twice", func(f *requests.File) {
			again := f.Requests[0]
			again.PrincipalID = strings.ToLower(again.PrincipalID)
			f.Requests = append(f.Requests, again)
		}, "requests[1].principalId: expected"},
		{"too long", func(f *requests.File) { f.Stack = strings.Repeat("x", 1<<20) }, "expected at most 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := file()
			tt.edit(&f)
			changed, err := f.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := requests.Parse(changed); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFromOutputs(t *testing.T) {
	t.Parallel()
	want := file()
	exported := map[string]any{"environment": "dev", "tenantId": tenantID, "apiName": "orders", "apiClientId": apiID, "apiServicePrincipalId": apiSP,
		"requests": want.Requests, "owners": []string{"x"}}
	encode := func() []byte {
		text, err := json.Marshal(exported)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got, err := requests.FromOutputs(encode(), "app-to-app", "billing-dev"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	exported["apiServicePrincipalId"] = ""
	if _, err := requests.FromOutputs(encode(), "app-to-app", "billing-dev"); err == nil || !strings.Contains(err.Error(), "api.servicePrincipalId: expected a GUID") {
		t.Errorf("without the API's id: got %v", err)
	}
	exported["requests"] = nil
	if _, err := requests.FromOutputs(encode(), "app-to-app", "billing-dev"); !errors.Is(err, requests.ErrNone) {
		t.Errorf("without requests: got %v, want %v", err, requests.ErrNone)
	}
	if _, err := requests.FromOutputs([]byte("no outputs"), "app-to-app", "billing-dev"); err == nil {
		t.Error("expected an error for something that is no JSON, got none")
	}
}

func receipt() requests.Receipt {
	f := file()
	return requests.Receipt{
		Schema: requests.ReceiptSchema, Project: f.Project, Stack: f.Stack, TenantID: tenantID, API: f.API, GrantedBy: granter,
		Assignments: []requests.Assignment{{ID: "a", Client: "billing", PrincipalID: principal, Role: f.Requests[0].Roles[0], CreatedOn: "2026-11-26T12:00:00Z"}},
	}
}

func TestReceipt(t *testing.T) {
	t.Parallel()
	text, err := receipt().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := requests.ParseReceipt(text)
	if err != nil || !reflect.DeepEqual(got, receipt()) {
		t.Fatalf("got %+v, %v, want %+v", got, err, receipt())
	}
	roles := []requests.Role{{Value: "Orders.Read", ID: strings.ToUpper(roleID)}, {Value: "Orders.Export", ID: granter}}
	if missing := got.Held().Missing(strings.ToLower(principal), roles); !reflect.DeepEqual(missing, roles[1:]) {
		t.Errorf("got %v missing, want %v", missing, roles[1:])
	}
	for _, nobody := range []string{"", granter} {
		if missing := got.Held().Missing(nobody, roles); len(missing) != 2 {
			t.Errorf("principal %q: got %v missing, want all", nobody, missing)
		}
	}
	if err := got.CheckFor("app-to-app", "billing-dev", tenantID, apiSP); err != nil {
		t.Errorf("got %v, want the receipt to fit", err)
	}
	for _, tt := range []struct{ name, project, stack, tenant, api, want string }{
		{"another project", "other", "billing-dev", tenantID, apiSP, `project: expected "other", got "app-to-app"`},
		{"another stack", "app-to-app", "prod", tenantID, apiSP, `stack: expected "prod", got "billing-dev"`},
		{"another tenant", "app-to-app", "billing-dev", granter, apiSP, "tenantId: expected"},
		{"another API", "app-to-app", "billing-dev", tenantID, granter, "api.servicePrincipalId: expected"},
	} {
		if err := got.CheckFor(tt.project, tt.stack, tt.tenant, tt.api); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"a file of requests", requests.ReceiptSchema, requests.Schema, "schema: expected"},
		{"a name that is not known", `"stack"`, `"x": 1, "stack"`, `unknown field "x"`},
		{"no principal", principal, "", "assignments[0].principalId: expected a GUID"},
		{"nobody who granted it", granter, "", "grantedBy: expected a GUID"},
	} {
		changed := strings.Replace(string(text), tt.old, tt.new, 1)
		if _, err := requests.ParseReceipt([]byte(changed)); changed == string(text) || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// FuzzParse: what is taken is written as it was read.
func FuzzParse(f *testing.F) {
	text, err := file().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":"app-to-app/requests/v1","requests":[[[]]]}`))
	if text, err = asking().Encode(); err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := requests.Parse(data)
		if err != nil {
			return
		}
		again, err := read.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if reread, err := requests.Parse(again); err != nil || !reflect.DeepEqual(read, reread) {
			t.Errorf("got %+v, then %+v, %v", read, reread, err)
		}
	})
}
