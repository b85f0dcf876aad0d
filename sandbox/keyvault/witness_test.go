package keyvault_test

import (
	"strings"
	"testing"

	"app-to-app/sandbox/route/routetest"
	"app-to-app/sandbox/store"
)

// TestWitness asks every route: for its status, for a member that the reference
// documents (as [routetest.Shows] takes it), and for what follows from a change.
func TestWitness(t *testing.T) {
	t.Parallel()
	const (
		it, bin = "rbac/secrets/it", "rbac/deletedsecrets"
		base    = baseURL + "/keyvault/"
		erase   = "DELETE " + it
	)
	for _, tt := range []struct {
		name, first, call, body string
		status                  int
		member                  string
		then                    string // to call afterwards
		left                    int    // its status
	}{
		{name: "list", call: "GET rbac/secrets", status: 200, member: "value.id=" + base + it},
		{name: "get", call: "GET " + it, status: 200, member: "value=hunter2"},
		{name: "get the newest version", call: "GET " + it + "/", status: 200, member: "value=hunter2"},
		{name: "get a version", call: "GET " + it + "/VERSION", status: 200, member: "id=" + base + it + "/VERSION"},
		{name: "list versions", call: "GET " + it + "/versions", status: 200, member: "value.id=" + base + it + "/VERSION"},
		{name: "set", call: "PUT rbac/secrets/new", body: `{"value":"x"}`, status: 200, member: "value=x",
			then: "GET rbac/secrets/new", left: 200},
		{name: "delete", call: erase, status: 200, member: "recoveryId=" + base + bin + "/it", then: "GET " + it, left: 404},
		{name: "list deleted", first: erase, call: "GET " + bin, status: 200, member: "value.recoveryId=" + base + bin + "/it"},
		{name: "get deleted", first: erase, call: "GET " + bin + "/it", status: 200, member: "recoveryId=" + base + bin + "/it"},
		{name: "purge", first: erase, call: "DELETE " + bin + "/it", status: 204, then: "GET " + bin + "/it", left: 404},
		{name: "recover", first: erase, call: "POST " + bin + "/it/recover", status: 200, member: "id=" + base + it + "/VERSION",
			then: "GET " + it, left: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var secret store.VaultSecret
			w.update(func(tx *store.Tx) { secret, _ = store.VaultSecrets.Get(tx, store.VaultSecretKey("rbac", "it")) })
			version := func(text string) string { return strings.ReplaceAll(text, "VERSION", secret.Latest().ID) }
			if tt.first != "" {
				w.must(officer, tt.first, "")
			}
			got := w.ask(tenant+" "+officer, version(tt.call), tt.body)
			if got.Code != tt.status {
				t.Fatalf("got %d %s, want %d", got.Code, got.Body, tt.status)
			}
			if tt.member != "" {
				routetest.Shows(t, got.Body.Bytes(), version(tt.member))
			}
			if tt.then == "" {
				return
			}
			if left := w.ask(tenant+" "+officer, tt.then, ""); left.Code != tt.left {
				t.Errorf("afterwards: got %d %s, want %d", left.Code, left.Body, tt.left)
			}
		})
	}
}
