package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/provider/azuread/stateshape"
)

// set writes settings into the stack's file, as an editor would.
func (w *world) set(values map[string]any) {
	w.t.Helper()
	path := filepath.Join(w.project.Dir, "Pulumi."+w.stack+".yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(content, &file); err != nil {
		w.t.Fatal(err)
	}
	config, _ := file["config"].(map[string]any)
	for name, value := range values {
		key := "app-to-app:" + name
		if config[key] = value; value == nil {
			delete(config, key)
		}
	}
	if content, err = yaml.Marshal(file); err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// fields are the settings of a client.
type fields = map[string]any

// A partner is a client that another team made: an app registration with a
// secret, and its service principal.
type partner struct{ clientID, objectID, secret string }

func (w *world) newPartner(displayName string) partner {
	w.t.Helper()
	var application, principal struct{ ID, AppID string }
	w.do("POST", "/v1.0/applications", map[string]any{"displayName": displayName}, &application)
	w.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": application.AppID}, &principal)
	var password struct{ SecretText string }
	w.do("POST", "/v1.0/applications/"+application.ID+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "by hand"}}, &password)
	return partner{application.AppID, principal.ID, password.SecretText}
}

// calls calls the API as the partner, and returns the status.
func (w *world) calls(p partner, e exports) int {
	w.t.Helper()
	return w.get(e.APIURL, "Authorization", "Bearer "+w.tokenOf(p, e)).StatusCode
}

// tokenOf is the partner's access token for the API.
func (w *world) tokenOf(p partner, e exports) string {
	w.t.Helper()
	resp, err := w.sandbox.HTTPClient().PostForm(w.sandbox.BaseURL+"/"+w.tenant.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.clientID}, "client_secret": {p.secret}, "scope": {"api://" + e.APIClientID + "/.default"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.AccessToken == "" {
		w.t.Fatalf("expected a token for the partner, got %v: %s", err, body.Description)
	}
	return body.AccessToken
}

// everyKind are clients of each kind of identity, and their roles.
func everyKind() []fields {
	return []fields{
		{"name": "by-identity", "identity": "managedIdentity", "roles": []string{"Orders.Read", "Orders.Write"}},
		{"name": "by-site", "identity": "systemAssigned", "roles": []string{"Orders.Write"}, "tokenProviders": []string{"azidentity", "msal", "appauth"}},
		{"name": "by-secret", "identity": "clientSecret", "roles": []string{"Orders.Read"}, "tokenProviders": []string{"azidentity", "msal", "appauth", "adal"}},
		{"name": "by-certificate", "identity": "certificate", "roles": []string{"Orders.Read", "Orders.Audit"}, "tokenProviders": []string{"azidentity", "msal", "appauth", "adal"}},
		{"name": "by-federation", "identity": "federated", "roles": []string{"Orders.Audit"}, "tokenProviders": []string{"azidentity", "msal"}},
		{"name": "partner", "identity": "existing", "displayName": "Partner", "roles": []string{"Orders.Write", "Orders.Audit"}},
	}
}

var threeRoles = []fields{
	{"value": "Orders.Read", "displayName": "Read orders"}, {"value": "Orders.Write", "displayName": "Write orders"}, {"value": "Orders.Audit", "displayName": "Audit orders"},
}

// TestEveryKindOfIdentity deploys a client of each kind and calls the API as
// each of them, while the API demands one role after the other. Who gets the
// orders must be who the settings allow.
func TestEveryKindOfIdentity(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	guest := w.newPartner("Partner")
	before := w.inventory()
	w.pulumi("stack", "init", "dev")
	clients := everyKind()
	w.set(map[string]any{"roles": threeRoles, "clients": clients})
	w.up()
	previewsClean(w)
	statesAreOfficial(w)
	w.run("refresh", "--yes", "--skip-preview")
	previewsClean(w)
	want := make(map[string]map[string]int)
	for _, client := range clients {
		row := make(map[string]int)
		for _, role := range threeRoles {
			row[role["value"].(string)] = http.StatusForbidden
		}
		for _, role := range client["roles"].([]string) {
			row[role] = http.StatusOK
		}
		want[client["name"].(string)] = row
	}
	got := w.accessMatrix(guest)
	t.Logf("client × role:\n%s", matrixText(got))
	if !maps.EqualFunc(got, want, maps.Equal) {
		t.Errorf("got access\n%s\nwant\n%s", matrixText(got), matrixText(want))
	}
	nothingLeaked(w)
	w.destroy()
	if left := w.inventory().Minus(before); left != (deployer.Inventory{}) {
		t.Errorf("expected destroy to leave nothing behind, got:\n%s", left)
	}
}

// statesAreOfficial compares every member of the azuread types in the stack's
// state with the official plugin's.
func statesAreOfficial(w *world) {
	w.t.Helper()
	found := make(map[string]bool)
	for _, r := range w.resources() {
		if !strings.HasPrefix(r.Type, "azuread:") {
			continue
		}
		name := r.URN[strings.LastIndex(r.URN, ":")+1:]
		kind := stateshape.Kind(r.Type, name)
		found[kind] = true
		for _, difference := range stateshape.Differences(kind, r.Shape) {
			w.t.Errorf("%s: %s", name, difference)
		}
	}
	if got, want := slices.Sorted(maps.Keys(found)), stateshape.Kinds(); !slices.Equal(got, want) {
		w.t.Errorf("got states of the kinds %q, want of all, %q", got, want)
	}
}

// accessMatrix calls the API as each client, while the API demands each role in
// turn, and returns the statuses by client and role. It changes the API's app
// setting through Resource Manager and restores it.
func (w *world) accessMatrix(guest partner) map[string]map[string]int {
	w.t.Helper()
	e := w.exports()
	settings := e.APISiteID + "/config/appsettings"
	var kept struct {
		Properties map[string]string `json:"properties"`
	}
	w.do("POST", settings+"/list?api-version=2022-09-01", nil, &kept)
	defer func() { w.do("PUT", settings+"?api-version=2022-09-01", kept, nil) }()
	matrix := map[string]map[string]int{"partner": {}}
	for _, role := range threeRoles {
		value := role["value"].(string)
		changed := maps.Clone(kept.Properties)
		changed["ORDERS_ROLE"] = value
		w.do("PUT", settings+"?api-version=2022-09-01", map[string]any{"properties": changed}, nil)
		for name, site := range e.ClientSites {
			if matrix[name] == nil {
				matrix[name] = make(map[string]int)
			}
			matrix[name][value] = w.statusOf(name, site, e.ClientURLs[name])
		}
		matrix["partner"][value] = w.calls(guest, e)
	}
	return matrix
}

// statusOf calls a client and returns the API's status, on which all its token
// providers must agree.
func (w *world) statusOf(name, site, address string) int {
	w.t.Helper()
	key, err := w.azure.HostKey(w.t.Context(), site)
	if err != nil {
		w.t.Fatal(err)
	}
	var a answer
	resp := w.get(address, "x-functions-key", key)
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || len(a.Results) == 0 {
		w.t.Fatalf("%s: expected results with status %d, got %v", name, resp.StatusCode, err)
	}
	for _, r := range a.Results {
		if r.Status != a.Results[0].Status || r.Status == 0 {
			w.t.Errorf("%s: got status %d through %s and %d through %s: %s", name, a.Results[0].Status, a.Results[0].TokenProvider, r.Status, r.TokenProvider, r.Error)
		}
	}
	return a.Results[0].Status
}

func matrixText(matrix map[string]map[string]int) string {
	var text strings.Builder
	for _, client := range slices.Sorted(maps.Keys(matrix)) {
		fmt.Fprintf(&text, "%-16s", client)
		for _, role := range slices.Sorted(maps.Keys(matrix[client])) {
			fmt.Fprintf(&text, "  %s %d", role, matrix[client][role])
		}
		text.WriteByte('\n')
	}
	return text.String()
}
