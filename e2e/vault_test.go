package e2e_test

import (
	"strings"
	"testing"
)

// TestProtectingVaults protects a stack that has a vault already. Azure refuses
// to change how long it keeps a deleted vault, so `up` leaves that alone and
// turns purge protection on; a vault of a stack that is protected from the start
// is kept for 90 days.
func TestProtectingVaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real engine")
	}
	t.Parallel()
	w := newWorld(t)
	w.pulumi("stack", "init", "dev")
	client := func(name string) fields {
		return fields{"name": name, "identity": "clientSecret", "functionApp": false, "roles": []string{"Orders.Read"}}
	}
	w.set(map[string]any{"clients": []fields{client("early")}})
	w.up()
	if got := w.vaults(); got["early"] != (keptVault{Days: 7}) {
		t.Errorf("unprotected: got %+v, want 7 days", got)
	}
	if got := len(w.diagnosticSettings()); got != 2 {
		t.Errorf("got %d diagnostic settings, want those of the API and of the vault", got)
	}
	w.set(map[string]any{"protect": true, "clients": []fields{client("early"), client("late")}})
	w.up()
	if got, want := w.vaults(), (map[string]keptVault{"early": {7, true}, "late": {90, true}}); got["early"] != want["early"] || got["late"] != want["late"] {
		t.Errorf("protected: got %+v, want %+v", got, want)
	}
	previewsClean(w)
	w.pulumi("state", "unprotect", "--all", "--yes", "--stack", w.stack)
	w.destroy()
}

// A keptVault is how a vault is kept after it is deleted.
type keptVault struct {
	Days           int  `json:"softDeleteRetentionInDays"`
	PurgeProtected bool `json:"enablePurgeProtection"`
}

// vaults are the stack's vaults in Azure, by the client's name.
func (w *world) vaults() map[string]keptVault {
	w.t.Helper()
	var list struct {
		Value []struct {
			Name       string
			Properties keptVault
		}
	}
	path := "/subscriptions/" + w.tenant.SubscriptionID + "/providers/Microsoft.KeyVault/vaults?api-version=2023-02-01"
	if err := w.azure.Do(w.t.Context(), "GET", path, nil, &list); err != nil {
		w.t.Fatal(err)
	}
	found := make(map[string]keptVault)
	for _, v := range list.Value {
		for _, client := range []string{"early", "late"} {
			if strings.HasPrefix(v.Name, client) {
				found[client] = v.Properties
			}
		}
	}
	return found
}
