package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/pulumilocal/provider/azuread/stateshape"
)

// stackResource is a resource in an exported state.
type stackResource struct {
	URN  string `json:"urn"`
	Type string `json:"type"`
	ID   string `json:"id"`
	stateshape.Shape
}

// resources are the stack's, as the engine keeps them.
func (w *world) resources() []stackResource {
	w.t.Helper()
	var exported struct {
		Deployment struct{ Resources []stackResource }
	}
	if err := json.Unmarshal([]byte(w.export()), &exported); err != nil {
		w.t.Fatal(err)
	}
	return exported.Deployment.Resources
}

// TestImport imports app registrations and what belongs to them, made by hand,
// into a stack. `pulumi import` itself compares each with what it read.
func TestImport(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	const roleID = "22222222-0000-4000-8000-000000000001"
	var api, client, apiPrincipal, principal, federation, assignment struct{ ID, AppID string }
	w.do("POST", "/v1.0/applications", map[string]any{"displayName": "Orders", "notes": "by hand", "api": map[string]any{"requestedAccessTokenVersion": 2},
		"appRoles": []map[string]any{{"id": roleID, "value": "Orders.Read", "displayName": "Read", "description": "Read orders", "allowedMemberTypes": []string{"Application"}, "isEnabled": true}}}, &api)
	uri := "api://" + api.AppID
	w.do("PATCH", "/v1.0/applications/"+api.ID, map[string]any{"identifierUris": []string{uri}}, nil)
	w.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": api.AppID}, &apiPrincipal)
	w.do("POST", "/v1.0/applications", map[string]any{"displayName": "Client"}, &client)
	w.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": client.AppID}, &principal)
	w.do("POST", "/v1.0/applications/"+client.ID+"/federatedIdentityCredentials", map[string]any{"name": "client", "issuer": w.sandbox.BaseURL + "/" + w.tenant.ID + "/v2.0",
		"subject": principal.ID, "audiences": []string{"api://AzureADTokenExchange"}}, &federation)
	w.do("POST", "/v1.0/servicePrincipals/"+apiPrincipal.ID+"/appRoleAssignedTo", map[string]any{"principalId": principal.ID, "resourceId": apiPrincipal.ID, "appRoleId": roleID}, &assignment)

	var file struct {
		Resources []map[string]string `json:"resources"`
	}
	ids := map[string]string{ // by type and name
		"application:Application api":                                                         "/applications/" + api.ID,
		"application:Application client":                                                      "/applications/" + client.ID,
		"applicationAppRole:ApplicationAppRole role":                                          "/applications/" + api.ID + "/appRoles/" + roleID,
		"applicationIdentifierUri:ApplicationIdentifierUri uri":                               "/applications/" + api.ID + "/identifierUris/" + base64.StdEncoding.EncodeToString([]byte(uri)),
		"servicePrincipal:ServicePrincipal api-principal":                                     apiPrincipal.ID,
		"servicePrincipal:ServicePrincipal client-principal":                                  principal.ID,
		"applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential trust": client.ID + "/federatedIdentityCredential/" + federation.ID,
		"appRoleAssignment:AppRoleAssignment assignment":                                      apiPrincipal.ID + "/appRoleAssignment/" + assignment.ID,
	}
	for _, kind := range slices.Sorted(maps.Keys(ids)) {
		token, name, _ := strings.Cut(kind, " ")
		file.Resources = append(file.Resources, map[string]string{"type": "azuread:index/" + token, "name": name, "id": ids[kind]})
	}
	content, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.project.Dir, "import.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	printed := w.pulumi("import", "--stack", "dev", "--file", path, "--yes", "--skip-preview", "--protect=false")
	for _, text := range []string{"warning", "bug in the", "<nil>"} {
		if strings.Contains(printed, text) {
			t.Errorf("got %q in what import printed, want none", text)
		}
	}
	if !strings.Contains(printed, `// resource role "azuread:index/applicationAppRole:ApplicationAppRole" {`) || !strings.Contains(printed, "Orders.Read") {
		t.Error("got no declaration of the role in what import printed, want one")
	}
	imported := make(map[string]string)
	for _, r := range w.resources() {
		if token, ok := strings.CutPrefix(r.Type, "azuread:index/"); ok {
			imported[token+" "+r.URN[strings.LastIndex(r.URN, ":")+1:]] = r.ID
		}
	}
	for kind, id := range ids {
		if imported[kind] != id {
			t.Errorf("%s: got id %q in the state, want %q", kind, imported[kind], id)
		}
	}
	previous := len(w.printed.String())
	if err := w.project.Pulumi(t.Context(), w.printed, "import", "azuread:index/application:Application", "bare", client.ID, "--stack", "dev", "--yes", "--skip-preview", "--non-interactive"); err == nil {
		t.Error("import by a bare GUID: got no error, want the official plugin's refusal")
	}
	if want := "expected an id like /applications/OBJECTID, got"; !strings.Contains(w.printed.String()[previous:], want) {
		t.Errorf("import by a bare GUID: expected %q", want)
	}
}
