package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"app-to-app/sandbox/sandboxtest"
)

// TestWritingAPI deploys the example that writes, with an app registration that was
// made by hand: the stack makes nothing in the tenant but the assignments.
func TestWritingAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	install(t, s)
	w := worldOf(t, s, s.Tenants()[0], "dev", "dev")
	registration := w.registrationByHand()
	writer, reader := w.newPartner("Writer"), w.newPartner("Reader")
	w.pulumi("stack", "init", "dev")
	w.set(map[string]any{
		"api":   fields{"name": "notes", "container": true, "registration": "existing", "clientId": registration.clientID},
		"roles": []fields{{"value": "Notes.Read", "displayName": "Read notes"}, {"value": "Notes.Write", "displayName": "Write notes"}},
		"clients": []fields{
			{"name": "writer", "identity": "existing", "objectId": writer.objectID, "roles": []string{"Notes.Read", "Notes.Write"}},
			{"name": "reader", "identity": "existing", "objectId": reader.objectID, "roles": []string{"Notes.Read"}},
		},
	})
	w.row("a registration with tokens of version 1 is refused before anything is made", (*world).refusesVersion1)
	w.do("PATCH", "/v1.0/applications/"+registration.objectID, map[string]any{"api": map[string]any{"requestedAccessTokenVersion": 2}}, nil)
	before := len(s.History())
	w.up()
	for _, entry := range s.History()[before:] {
		if entry.Method != http.MethodGet && strings.Contains(entry.Route, "/v1.0/applications") || strings.Contains(entry.Route, "/beta/applications") && entry.Method != http.MethodGet {
			t.Errorf("got %s %s, want no write of an app registration", entry.Method, entry.Route)
		}
	}
	e := w.exports()
	if e.APIClientID != registration.clientID || e.APIObjectID != registration.objectID {
		t.Errorf("got the API %s (%s), want the one made by hand", e.APIClientID, e.APIObjectID)
	}
	tokens := map[string]string{"writer": w.tokenOf(writer, e), "reader": w.tokenOf(reader, e), "nobody": ""}
	const note, other = `{"text":"hello"}`, `{"text":"bye"}`
	for _, tt := range []struct {
		name, caller, method, key, content string
		want                               int
	}{
		{"a note", "writer", "POST", "key-00001", note, 201},
		{"the same note again", "writer", "POST", "key-00001", note, 201},
		{"another note under its key", "writer", "POST", "key-00001", other, 409},
		{"without a key", "writer", "POST", "", note, 400},
		{"no note", "writer", "POST", "key-00002", `[]`, 400},
		{"without the app role", "reader", "POST", "key-00003", note, 403},
		{"without a token", "nobody", "POST", "key-00004", note, 401},
		{"its own note", "writer", "GET", "key-00001", "", 200},
		{"the note of another caller", "reader", "GET", "key-00001", "", 404},
	} {
		w.row(tt.name, func(w *world) {
			address := e.APIURL
			if tt.method == http.MethodGet {
				address += "/" + tt.key
			}
			request, err := http.NewRequestWithContext(w.t.Context(), tt.method, address, strings.NewReader(tt.content))
			if err != nil {
				w.t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Idempotency-Key", tt.key)
			if tokens[tt.caller] != "" {
				request.Header.Set("Authorization", "Bearer "+tokens[tt.caller])
			}
			response, err := s.HTTPClient().Do(request)
			if err != nil {
				w.t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != tt.want {
				w.t.Errorf("got %d %s, want %d", response.StatusCode, body, tt.want)
			}
			if tt.want == http.StatusOK && strings.TrimSpace(string(body)) != note {
				w.t.Errorf("got %s, want %s", body, note)
			}
		})
	}
	w.destroy()
	var kept struct{ ID string }
	w.do("GET", "/v1.0/applications/"+registration.objectID, nil, &kept)
	if kept.ID != registration.objectID {
		t.Errorf("expected destroy to leave the registration, got %q", kept.ID)
	}
}

// registrationByHand is an app registration with both app roles, and tokens of
// version 1 as Microsoft Graph makes them without another wish.
func (w *world) registrationByHand() partner {
	w.t.Helper()
	role := func(id, value string) map[string]any {
		return map[string]any{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": true, "allowedMemberTypes": []string{"Application"}}
	}
	var application, principal struct{ ID, AppID string }
	w.do("POST", "/v1.0/applications", map[string]any{"displayName": "Notes", "appRoles": []any{
		role("11111111-0000-4000-8000-000000000001", "Notes.Read"), role("11111111-0000-4000-8000-000000000002", "Notes.Write")}}, &application)
	w.do("PATCH", "/v1.0/applications/"+application.ID, map[string]any{"identifierUris": []string{"api://" + application.AppID}}, nil)
	w.do("POST", "/v1.0/servicePrincipals", map[string]any{"appId": application.AppID, "appRoleAssignmentRequired": true}, &principal)
	return partner{clientID: application.AppID, objectID: application.ID}
}

// refusesVersion1 previews, and expects the request for the owner.
func (w *world) refusesVersion1() {
	before := len(w.printed.String())
	if _, err := w.try("preview"); err == nil {
		w.t.Fatal("expected the preview to be refused")
	}
	text := w.printed.String()[before:]
	for _, want := range []string{"app-to-app:api.clientId: expected tokens of version 2, got version 1", "ask an owner of the app registration", "requestedAccessTokenVersion"} {
		if !strings.Contains(text, want) {
			w.t.Errorf("expected %q, got:\n%s", want, text)
		}
	}
}
