package graph_test

import (
	"maps"
	"strings"
	"testing"
)

// TestControlInformationComesBack sends objects back with the control
// information that their creation answered.
func TestControlInformationComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	controls := func(r reply) map[string]any {
		kept := maps.Clone(r.body)
		maps.DeleteFunc(kept, func(name string, _ any) bool { return !strings.HasPrefix(name, "@odata.") })
		if len(kept) < 2 {
			t.Fatalf("got control information %v, want more in %s", kept, r.text)
		}
		return kept
	}
	created := w.want(201, "admin", "POST", "/v1.0/applications", `{"displayName":"orders"}`)
	app := "/v1.0/applications/" + created.property("id")
	change := controls(created)
	change["notes"] = "changed"
	w.want(204, "admin", "PATCH", app, change)
	if got := w.get(app).property("notes"); got != "changed" {
		t.Errorf("got notes %q, want changed", got)
	}

	principal := w.want(201, "admin", "POST", "/v1.0/servicePrincipals", map[string]any{"appId": created.property("appId")})
	change = controls(principal)
	change["notes"] = "changed"
	w.want(204, "admin", "PATCH", "/v1.0/servicePrincipals/"+principal.property("id"), change)

	federated := w.want(201, "admin", "POST", app+"/federatedIdentityCredentials",
		`{"name":"first","issuer":"https://a.test","subject":"s","audiences":["api://AzureADTokenExchange"]}`)
	w.want(204, "admin", "PATCH", app+"/federatedIdentityCredentials/first", controls(federated))

	password := w.want(200, "admin", "POST", app+"/addPassword", `{}`)
	w.want(200, "admin", "POST", app+"/addPassword", map[string]any{"passwordCredential": controls(password)})

	// A service principal's own address is a reference to it.
	w.want(204, "admin", "POST", app+"/owners/$ref", controls(principal))
	if got := w.get(app + "/owners").values(); len(got) != 1 || got[0]["id"] != principal.property("id") {
		t.Errorf("got owners %v, want the service principal", got)
	}

	// Another type, other names and other values are not control information.
	for _, body := range []string{
		`{"@odata.type":"#microsoft.graph.group"}`, `{"@odata.id":7}`, `{"@odata.colour":"red"}`, `{"notes@odata.type":"x"}`, `{"@odata.type":7}`,
	} {
		w.want(501, "admin", "PATCH", app, body)
	}
	w.want(501, "admin", "POST", app+"/owners/$ref", map[string]any{"@odata.id": w.base + "/v1.0/servicePrincipals(appId='" + created.property("appId") + "')"})
}
