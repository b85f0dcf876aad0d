package graph_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"testing"
)

func TestNamesOfBothVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, client := w.newApplication(map[string]any{"displayName": "orders", "appRoles": []any{role("5c1b7f3a-8f6e-4c7e-9a0b-0f5f0c0e3a11", "Orders.Read", true)}})
	sp := w.newServicePrincipal(client)
	role := map[string]any{"appRoleId": "5c1b7f3a-8f6e-4c7e-9a0b-0f5f0c0e3a11", "principalId": sp, "resourceId": sp}
	w.want(http.StatusCreated, "deployer", "POST", "/v1.0/servicePrincipals/"+sp+"/appRoleAssignedTo", role)
	for _, tt := range []struct{ version, permissions, other, created, otherCreated string }{
		{"/v1.0", "delegatedPermissionIds", "permissionIds", "createdDateTime", "creationTimestamp"},
		{"/beta", "permissionIds", "delegatedPermissionIds", "creationTimestamp", "createdDateTime"},
	} {
		authorize := func(name string) map[string]any {
			clients := []any{map[string]any{"appId": client, name: []any{"3b1a6a1e-9f0a-4d63-8d3b-3d1c7a5a2f10"}}}
			return map[string]any{"api": map[string]any{"preAuthorizedApplications": clients}}
		}
		address := tt.version + "/applications/" + app
		w.want(http.StatusNoContent, "deployer", "PATCH", address, authorize(tt.permissions))
		shown := w.get(address).body
		preAuthorized := shown["api"].(map[string]any)["preAuthorizedApplications"].([]any)[0].(map[string]any)
		if preAuthorized[tt.permissions] == nil || preAuthorized[tt.other] != nil {
			t.Errorf("%s: got %v, want %s alone", tt.version, preAuthorized, tt.permissions)
		}
		if _, restricted := shown["signInAudienceRestrictions"]; restricted != (tt.version == "/beta") {
			t.Errorf("%s: got signInAudienceRestrictions %v", tt.version, shown["signInAudienceRestrictions"])
		}
		if shown["managerApplications"] == nil || shown["web"].(map[string]any)["redirectUriSettings"] == nil {
			t.Errorf("%s: got managerApplications %v and web %v, want lists: neither is nullable", tt.version, shown["managerApplications"], shown["web"])
		}
		w.want(http.StatusNotImplemented, "deployer", "PATCH", address, authorize(tt.other))
		principal := tt.version + "/servicePrincipals/" + sp
		if shown, ok := w.get(principal).body["createdDateTime"]; ok != (tt.version == "/beta") {
			t.Errorf("%s: got createdDateTime %v of a service principal, which only beta has", tt.version, shown)
		}
		assignment := w.get(principal + "/appRoleAssignedTo").values()[0]
		if assignment[tt.created] == nil || assignment[tt.otherCreated] != nil {
			t.Errorf("%s: got %v, want %s alone", tt.version, assignment, tt.created)
		}
	}
}

func TestCompressedBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, _ := w.newApplication(map[string]any{"displayName": "orders"})
	compressed := gzipped(t, []byte(`{"displayName":"renamed"}`))
	patch := func(coding string, body []byte) reply {
		r, err := http.NewRequestWithContext(t.Context(), "PATCH", w.base+"/v1.0/applications/"+app, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer deployer")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", coding)
		return w.do(r)
	}
	if got := patch("gzip", []byte("{}")); got.status != http.StatusBadRequest {
		t.Errorf("a body that is not compressed: got %d, want 400", got.status)
	}
	if got := patch("br", compressed); got.status != http.StatusNotImplemented {
		t.Errorf("another coding: got %d, want 501", got.status)
	}
	bomb := gzipped(t, bytes.Repeat([]byte(" "), 2<<20))
	if got := patch("gzip", bomb); got.status != http.StatusBadRequest {
		t.Errorf("a body of 2 MiB in %d bytes: got %d, want 400", len(bomb), got.status)
	}
	if got := patch("gzip", compressed); got.status != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", got.status, got.message())
	}
	if got := w.get("/v1.0/applications/" + app).property("displayName"); got != "renamed" {
		t.Errorf("got displayName %q, want renamed", got)
	}
}

func gzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
