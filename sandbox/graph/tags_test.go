package graph_test

import (
	"net/http"
	"testing"
)

// TestFindsByTag: live and deleted applications and service principals are found
// by a tag, and only those that have it. An application's tags are its service
// principal's too.
func TestFindsByTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{"tags": []string{"stack:dev", "name:api"}})
	w.newApplication(map[string]any{"tags": []string{"stack:dev2"}})
	w.want(http.StatusCreated, "deployer", http.MethodPost, "/v1.0/servicePrincipals", map[string]any{"appId": client, "tags": []string{"stack:dev"}})
	expect := func(live, deleted int) {
		t.Helper()
		for path, want := range map[string]int{
			"/v1.0/applications": live, "/v1.0/servicePrincipals": live,
			"/v1.0/directory/deletedItems/microsoft.graph.application":      deleted,
			"/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal": deleted,
		} {
			found := w.get(filtered(path, "tags/any(t:t eq 'stack:dev')")).values()
			if len(found) != want {
				t.Errorf("%s: got %d objects with the tag, want %d", path, len(found), want)
			}
			for _, one := range found {
				if tags, _ := one["tags"].([]any); len(tags) != 2 {
					t.Errorf("%s: got tags %v, want the application's two", path, tags)
				}
			}
		}
	}
	expect(1, 0)
	w.want(http.StatusNoContent, "deployer", http.MethodDelete, "/v1.0/applications/"+app, nil)
	expect(0, 1)
}
