package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/components/provenance"
)

// TestMarksComeInPlace takes the marks out of a deployed stack's state and
// tenant, as if a program from before there were marks had deployed it. The next
// update must give each its mark in place: a replacement would revoke live
// credentials and change ids that tokens have.
func TestMarksComeInPlace(t *testing.T) {
	skipUnlessLong(t)
	w := newWorld(t)
	w.pulumi("stack", "init", w.stack)
	w.set(map[string]any{"clients": []fields{
		{"name": "orders-client", "identity": "clientSecret", "roles": []string{"Orders.Read"}},
		{"name": "certificate", "identity": "certificate", "roles": []string{"Orders.Read"}},
		{"name": "federated", "identity": "federated", "roles": []string{"Orders.Read"}},
	}})
	w.up()
	before := w.callAll().Results[0].Caller

	state, stripped := withoutMarks(t, w.export())
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, state, 0o600); err != nil {
		t.Fatal(err)
	}
	w.pulumi("stack", "import", "--stack", w.stack, "--file", path)
	filter := "?$filter=tags/any(t:t%20eq%20'" + provenance.StackTag("app-to-app", w.stack) + "')"
	tagged := func(collection string) (all []struct{ ID string }) {
		var found struct{ Value []struct{ ID string } }
		w.do("GET", "/v1.0/"+collection+filter, nil, &found)
		return found.Value
	}
	for _, collection := range []string{"servicePrincipals", "applications"} {
		all := tagged(collection)
		if len(all) != 4 {
			t.Errorf("got %d %s with the stack's tag, want the API's and three clients'", len(all), collection)
		}
		for _, one := range all {
			w.do("PATCH", "/v1.0/"+collection+"/"+one.ID, map[string]any{"tags": []string{}}, nil)
		}
	}

	outcome := w.up()
	for change, n := range outcome.Changes {
		if change != "same" && change != "update" || change == "update" && n != stripped {
			t.Errorf("got %d × %q, want %d updates and nothing else: %q", n, change, stripped, outcome.Touched)
		}
	}
	for _, collection := range []string{"servicePrincipals", "applications"} {
		if got := len(tagged(collection)); got != 4 {
			t.Errorf("got %d %s with the stack's tag after the update, want 4", got, collection)
		}
	}
	if after := w.callAll().Results[0].Caller; before.ObjectID == "" || after.ObjectID != before.ObjectID {
		t.Errorf("got the caller %q after the update, want %q as before", after.ObjectID, before.ObjectID)
	}
	w.run("refresh", "--yes", "--skip-preview")
	if n := w.run("preview").Changed(); n > 0 {
		t.Errorf("got %d changes after a refresh, want none", n)
	}
}

// withoutMarks takes all marks out of a state, and counts the resources that had
// one.
func withoutMarks(t *testing.T, exported string) (state []byte, n int) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(exported), &all); err != nil {
		t.Fatal(err)
	}
	for _, r := range all["deployment"].(map[string]any)["resources"].([]any) {
		var had bool
		for _, side := range []string{"inputs", "outputs"} {
			properties, _ := r.(map[string]any)[side].(map[string]any)
			switch tags := properties["tags"].(type) {
			case []any: // of Graph
				had = had || len(tags) > 0
				delete(properties, "tags")
			case map[string]any: // of Resource Manager
				had = had || tags[provenance.NameKey] != nil
				delete(tags, provenance.NameKey)
			}
			if text, _ := properties["description"].(string); strings.HasPrefix(text, "Made by Pulumi") {
				had = true
				delete(properties, "description")
			}
		}
		if had {
			n++
		}
	}
	if n < 20 {
		t.Fatalf("got %d resources with a mark, want at least 20", n)
	}
	state, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return state, n
}
