package recover

import (
	"slices"
	"strings"
	"testing"

	"app-to-app/components/provenance"
)

// TestUnrecorded has things in the tenant that the next update would create: what
// is the stack's beyond doubt is adopted.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	in := func(w *whole, kind string) object {
		made := w.entries[kind]
		delete(made, "id")
		return made
	}
	for _, tt := range []struct {
		name    string
		kind    string // of what the state lacks
		change  func(w *whole, made object)
		actions []string
	}{
		{"an assignment that another tool made", assignmentType, nil, []string{Adopt}},
		{"one of another role", assignmentType, func(_ *whole, made object) { made["inputs"].(object)["appRoleId"] = writeID }, nil},
		{"a role", appRoleType, nil, []string{Adopt}},
		{"a URI", uriType, nil, []string{Adopt}},
		{"a federated credential", federationType, nil, []string{Adopt}},
		{"a service principal", servicePrincipalType, nil, []string{Adopt}},
		{"a secret, which cannot be adopted", passwordType, nil, []string{Remove}},
		{"a secret that ends at another time", passwordType, func(_ *whole, made object) { made["inputs"].(object)["endDate"] = "2027-01-01T00:00:00Z" }, nil},
		{"an app registration in use", applicationType, nil, nil},
		{"what depends on something unknown", federationType, func(_ *whole, made object) { made["inputs"].(object)["subject"] = unknown }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t)
			delete(w.entries, certificateType)
			made := in(w, tt.kind)
			delete(made, "outputs")
			if tt.change != nil {
				tt.change(w, made)
			}
			var entries []object
			for kind, e := range w.entries {
				if kind != tt.kind {
					entries = append(entries, e)
				}
			}
			w.record(entries...)
			w.preview = previewOf(made)
			confirm := w.options.Confirm
			w.options.Confirm = func(p Plan) error {
				w.preview = ""
				if slices.Equal(tt.actions, []string{Remove}) && !strings.Contains(p.String(), "cannot until pulumi up has made another") {
					t.Errorf("expected the plan to say what removing it does, got %s", p)
				}
				return confirm(p)
			}
			w.run(tt.actions...)
			adopted := strings.Contains(string(w.state), `"urn":"`+made["urn"].(string)+`"`)
			if want := len(tt.actions) == 1 && tt.actions[0] == Adopt; adopted != want || (len(w.refresh) == 1) != want {
				t.Errorf("adopted: %v and read %q, want %v", adopted, w.refresh, want)
			}
		})
	}
}

// TestUnrecordedRegistration: one with the mark and nothing else is adopted, with
// its parent and its provider, if the state is older than these.
func TestUnrecordedRegistration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		twins    int
		provider string
		listed   bool // in the preview, which leaves out the providers that the engine starts
		want     []string
	}{
		{"one", 1, "default", true, []string{Adopt}},
		{"one, with a provider that the preview leaves out", 1, "default_5_53_5", false, []string{Adopt}},
		{"two", 2, "default", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newRecorded(t)
			lost := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "lost-application"}
			var app application
			for range tt.twins {
				app = s.register(lost)
			}
			made := entry(applicationType, lost.Name, "", object{"displayName": app.DisplayName})
			parent := object{"urn": urnOf("app-to-app:components:Client", "lost"), "type": "app-to-app:components:Client", "custom": false}
			provider := object{"urn": urnOf("pulumi:providers:azuread", tt.provider), "type": "pulumi:providers:azuread", "custom": true, "inputs": object{"version": "5.53.5"}}
			made["parent"], made["provider"] = parent["urn"], provider["urn"].(string)+"::"+unknown
			made["dependencies"] = []any{urnOf(appRoleType, "to be made"), urnOf(applicationType, ours.Name)}
			s.preview = previewOf(parent, made)
			if tt.listed {
				s.preview = previewOf(provider, parent, made)
			}
			s.options.Confirm = func(Plan) error { s.preview = ""; return nil }
			s.run(tt.want...)
			now, err := readState(s.state)
			if err != nil {
				t.Fatal(err)
			}
			adopted, ok := now.find(made["urn"].(string))
			if ok != (tt.want != nil) {
				t.Fatalf("adopted: %v; got the state %s", ok, s.state)
			}
			if !ok {
				return
			}
			if got, _ := adopted.object["dependencies"].([]any); len(got) != 1 || got[0] != urnOf(applicationType, ours.Name) {
				t.Errorf("got the dependencies %v, want those that the state has", got)
			}
			configured, _ := now.find(provider["urn"].(string))
			version, _ := configured.object["inputs"].(object)
			if _, ok := now.find(parent["urn"].(string)); !ok || configured.id() == "" || version["version"] != "5.53.5" || text(adopted.object, "provider") != configured.urn()+"::"+configured.id() || adopted.id() != "/applications/"+app.ID {
				t.Errorf("got the state %s, want it with its parent and its provider", s.state)
			}
		})
	}
}

// TestNoPreview: a program that cannot be previewed does not keep the rest from
// being done, and is no clean answer.
func TestNoPreview(t *testing.T) {
	t.Parallel()
	s := newRecorded(t)
	for _, preview := range []string{"no JSON", `{"diagnostics":[{"severity":"error","message":"a setting is missing"}],"steps":[]}`} {
		s.addSecret(s.app, secretLabel, secretEnd)
		s.preview = preview
		if report := s.run(Remove); report.Unasked == "" {
			t.Errorf("%s: got %+v, want it to say that something was not looked for", preview, report)
		}
	}
	if _, err := readCreations([]byte(`{"steps":[],"diagnostics":[{"severity":"error","message":"x "}]}`)); err == nil || err.Error() != "x" {
		t.Errorf("got %v, want the diagnostic", err)
	}
}

// TestUnrecordedInAzure: what carries the mark of a resource whose name the provider
// generates, in the resource group of the stack, is adopted under the name that it
// has.
func TestUnrecordedInAzure(t *testing.T) {
	t.Parallel()
	const vaultType = "azure-native:keyvault:Vault"
	s := newRecorded(t)
	caller, err := s.options.Session.Graph.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put := func(path, version string, mark provenance.Mark, properties object) string {
		t.Helper()
		id := "/subscriptions/" + s.options.Session.SubscriptionID + path
		body := object{"location": "westeurope", "tags": mark.ARMTags()}
		if properties != nil {
			body["properties"] = properties
		}
		if err := s.options.Session.ResourceManager.Put(t.Context(), id+"?api-version="+version, body, nil); err != nil {
			t.Fatal(err)
		}
		return id
	}
	group := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "app-to-app"}
	vault := object{"tenantId": caller.TenantID, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true}
	mark := provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "ordersclient"}
	for _, name := range []string{"/resourceGroups/mine", "/resourceGroups/others"} {
		put(name, "2022-09-01", group, nil)
	}
	made := entry(vaultType, mark.Name, "", object{"resourceGroupName": "mine", "vaultName": "ordersclient00000000", "tags": object{"name": mark.Name}})
	look := func(actions ...string) {
		t.Helper()
		s.preview = previewOf(made)
		s.options.Confirm = func(Plan) error { s.preview = ""; return nil }
		s.run(actions...)
	}
	put("/resourceGroups/others/providers/Microsoft.KeyVault/vaults/elsewhere1", "2023-07-01", mark, vault)
	put("/resourceGroups/mine/providers/Microsoft.KeyVault/vaults/nameless1", "2023-07-01", group, vault)
	look()
	id := put("/resourceGroups/mine/providers/Microsoft.KeyVault/vaults/ordersclient1", "2023-07-01", mark, vault)
	look(Adopt)
	now, err := readState(s.state)
	if err != nil {
		t.Fatal(err)
	}
	if adopted, ok := now.find(made["urn"].(string)); !ok || adopted.id() != id || adopted.input("vaultName") != "ordersclient1" {
		t.Errorf("got %+v, want the vault under its name", adopted)
	}
	made["urn"] = urnOf(vaultType, "ordersclient2")
	put("/resourceGroups/mine/providers/Microsoft.KeyVault/vaults/twin1", "2023-07-01", provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "ordersclient2"}, vault)
	put("/resourceGroups/mine/providers/Microsoft.KeyVault/vaults/twin2", "2023-07-01", provenance.Mark{Project: "app-to-app", Stack: "dev", Name: "ordersclient2"}, vault)
	look()
	if !strings.Contains(s.logged.String(), "expected one with its mark") {
		t.Errorf("got the log %q, want both named", &s.logged)
	}
	whole := entry(groupType, "app-to-app", "", object{"resourceGroupName": "app-to-app00000000"})
	made = whole
	look()
	if !strings.Contains(s.logged.String(), "got 2") {
		t.Errorf("got the log %q, want two resource groups named", &s.logged)
	}
	if err := s.options.Session.ResourceManager.Delete(t.Context(), "/subscriptions/"+s.options.Session.SubscriptionID+"/resourceGroups/others?api-version=2022-09-01"); err != nil {
		t.Fatal(err)
	}
	look()
	if !strings.Contains(s.logged.String(), "/resourceGroups/mine carries its mark and is in use") {
		t.Errorf("got the log %q, want the group in use named", &s.logged)
	}
}
