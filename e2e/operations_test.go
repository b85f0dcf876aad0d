package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
)

// TestOperations deploys an API with two app roles, and calls each of its
// operations as clients of other teams that have one of them, the other, or both.
func TestOperations(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	roles := map[string][]string{"Reader": {"Orders.Read"}, "Exporter": {"Orders.Export"}, "Both": {"Orders.Read", "Orders.Export"}}
	guests := make(map[string]partner)
	var clients []fields
	for _, name := range []string{"Reader", "Exporter", "Both"} {
		guests[name] = w.newPartner(name)
		clients = append(clients, fields{"name": "team-" + string(name[0]|0x20), "identity": "existing", "displayName": name, "roles": roles[name]})
	}
	w.set(map[string]any{"roles": []fields{{"value": "Orders.Read"}, {"value": "Orders.Export"}}, "clients": clients})
	w.up()
	e := w.exports()
	export, err := url.JoinPath(e.APIURL, "export")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{
		"Reader":   {"orders": http.StatusOK, "export as CSV": http.StatusForbidden, "export as HTML": http.StatusForbidden},
		"Exporter": {"orders": http.StatusForbidden, "export as CSV": http.StatusOK, "export as HTML": http.StatusNotAcceptable},
		"Both":     {"orders": http.StatusOK, "export as CSV": http.StatusOK, "export as HTML": http.StatusNotAcceptable},
	}
	got := make(map[string]map[string]int)
	for name, guest := range guests {
		token := "Bearer " + w.tokenOf(guest, e)
		got[name] = map[string]int{
			"orders":         w.get(e.APIURL, "Authorization", token).StatusCode,
			"export as CSV":  w.get(export, "Authorization", token, "Accept", "text/csv").StatusCode,
			"export as HTML": w.get(export, "Authorization", token, "Accept", "text/html").StatusCode,
		}
	}
	t.Logf("client × operation:\n%s", matrixText(got))
	if !maps.EqualFunc(got, want, maps.Equal) {
		t.Errorf("got access\n%s\nwant\n%s", matrixText(got), matrixText(want))
	}
	w.destroy()
}
