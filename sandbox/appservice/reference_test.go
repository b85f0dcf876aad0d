package appservice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/keyvault"
	"app-to-app/sandbox/rbac"
	"app-to-app/sandbox/store"
)

const (
	vaultBase = "https://127.0.0.1:8443"
	vaultID   = group + "/providers/Microsoft.KeyVault/vaults/orders"
	byURI     = "@Microsoft.KeyVault(SecretUri=" + vaultBase + "/keyvault/orders/secrets/it)"
	byName    = "@Microsoft.KeyVault(VaultName=orders;SecretName=it)"
)

// addVault stores a vault whose properties are those of one with RBAC and
// more, and lets the host's identity read it.
func (w *world) addVault(more string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		store.Resources.Put(tx, store.ResourceKey(vaultID), store.Resource{ID: vaultID, TenantID: tenantID, Type: keyvault.VaultType, Name: "orders",
			Properties: []byte(fmt.Sprintf(`{"vaultUri":"%s/keyvault/orders/","enableRbacAuthorization":true,"softDeleteRetentionInDays":90%s}`, vaultBase, more))})
		rbac.Assign(tx, store.RoleAssignment{TenantID: tenantID, Name: "1", Scope: vaultID, PrincipalID: hostPrinc, RoleID: "4633458b-17de-408a-b874-0445c86b69e6"})
		return nil
	})
}

// setSecret makes a new version of the secret "it" and returns its id.
func (w *world) setSecret(value string) (version string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		v, err := keyvault.VaultByName(tx, "orders")
		if err != nil {
			return err
		}
		s, err := keyvault.Set(tx, w.store.Now(), v, "it", store.SecretVersion{Value: value, Enabled: true})
		version = s.Latest().ID
		return err
	})
	return version
}

// opener makes the site open vaults with its user-assigned identity.
func (w *world) opener(id string) {
	w.t.Helper()
	w.change(func(properties map[string]any) { properties["keyVaultReferenceIdentity"] = id })
}

func TestReferencesReachTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"BY_URI": byURI, "BY_NAME": byName, "PLAIN": "plain"})
	w.addVault("")
	first := w.setSecret("one")
	w.opener(strings.ToUpper(hostID))
	w.set("PINNED", strings.TrimSuffix(byURI, ")")+"/"+first+")", "PINNED_BY_NAME", strings.TrimSuffix(byName, ")")+";SecretVersion="+first+")")
	w.run(standard(everything))
	expect := func(when, newest string) {
		t.Helper()
		h := w.hear("/api/echo")
		for name, want := range map[string]string{"BY_URI": newest, "BY_NAME": newest, "PINNED": "one", "PINNED_BY_NAME": "one", "PLAIN": "plain"} {
			if got := h.variable(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", when, name, got, want)
			}
		}
	}
	expect("at start", "one")
	for name, ref := range w.service.References(siteID) {
		if ref.Status != "Resolved" || ref.Vault != "orders" || ref.Secret != "it" || ref.IdentityType != "UserAssigned" || (ref.Version == first) != strings.HasPrefix(name, "PINNED") {
			t.Errorf("%s: got %+v, want it resolved", name, ref)
		}
	}
	pid := w.hear("/api/echo").PID
	w.setSecret("two")
	w.advance(24*time.Hour - time.Minute)
	expect("before the day is over", "one")
	w.advance(time.Minute)
	expect("after a day", "two")
	if again := w.hear("/api/echo").PID; again == pid {
		t.Error("got the process that knows the old value, want another")
	}
	pid = w.hear("/api/echo").PID
	w.advance(24 * time.Hour)
	if again := w.hear("/api/echo").PID; again != pid {
		t.Error("got another process for the same value, want the old one")
	}
	w.setSecret("three")
	w.set("OTHER", "setting")
	expect("after a change of settings", "three")
	w.setSecret("four")
	w.service.Restart(siteID)
	expect("after a restart", "four")
	if strings.Contains(w.said.String(), "four") {
		t.Error("got a value in the log, want none")
	}
}

// TestReferencesThatAreNotResolved is the table of what goes wrong: the app gets
// the reference's own text.
func TestReferencesThatAreNotResolved(t *testing.T) {
	t.Parallel()
	const role = vaultID + "/providers/Microsoft.Authorization/roleAssignments/1"
	for _, tt := range []struct {
		name, text, vault string
		edit              func(w *world)
		status            string
	}{
		{name: "not closed", text: strings.TrimSuffix(byName, ")"), status: "InvalidSyntax"},
		{name: "unknown part", text: "@Microsoft.KeyVault(VaultName=orders;SecretName=it;Color=red)", status: "InvalidSyntax"},
		{name: "part given twice", text: "@Microsoft.KeyVault(VaultName=orders;SecretName=it;secretname=it)", status: "InvalidSyntax"},
		{name: "no secret", text: "@Microsoft.KeyVault(VaultName=orders)", status: "InvalidSyntax"},
		{name: "empty", text: "@Microsoft.KeyVault()", status: "InvalidSyntax"},
		{name: "URI and more", text: strings.TrimSuffix(byURI, ")") + ";SecretName=it)", status: "InvalidSyntax"},
		{name: "URI of a key", text: strings.Replace(byURI, "secrets", "keys", 1), status: "InvalidSyntax"},
		{name: "URI without TLS", text: strings.Replace(byURI, "https", "http", 1), status: "InvalidSyntax"},
		{name: "URI of a vault elsewhere", text: "@Microsoft.KeyVault(SecretUri=https://orders.vault.azure.net/secrets/it)", status: "VaultNotFound"},
		{name: "no such vault", text: "@Microsoft.KeyVault(VaultName=other;SecretName=it)", status: "VaultNotFound"},
		{name: "no such secret", text: "@Microsoft.KeyVault(VaultName=orders;SecretName=other)", status: "SecretNotFound"},
		{name: "no such version", text: strings.TrimSuffix(byName, ")") + ";SecretVersion=" + strings.Repeat("0", 32) + ")", status: "SecretVersionNotFound"},
		{name: "no role", text: byName, edit: func(w *world) {
			w.update(func(tx *store.Tx) error { store.RoleAssignments.Delete(tx, store.ResourceKey(role)); return nil })
		}, status: "AccessToKeyVaultDenied"},
		{name: "no public access", text: byName, vault: `,"publicNetworkAccess":"Disabled"`, status: "AccessToKeyVaultDenied"},
		{name: "firewall", text: byName, vault: `,"networkAcls":{"defaultAction":"Deny","bypass":"AzureServices"}`, status: "AccessToKeyVaultDenied"},
		{name: "system-assigned identity that the site does not have", text: byName, edit: func(w *world) { w.opener("SystemAssigned") }, status: "MSINotEnabled"},
		{name: "identity that is not attached", text: byName, edit: func(w *world) { w.opener(hostID + "2") }, status: "MSINotEnabled"},
		{name: "identity that gets no token", text: byName, edit: func(w *world) { w.tokens.err = errors.New("gone") }, status: "OtherReasons"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.addVault(tt.vault)
			w.setSecret("hunter2")
			w.opener(hostID)
			if tt.edit != nil {
				tt.edit(w)
			}
			w.set("SECRET", tt.text)
			if ref := w.service.References(siteID)["SECRET"]; ref.Status != tt.status || ref.Text != tt.text || ref.Details == "" {
				t.Errorf("got %+v, want %s", ref, tt.status)
			}
			w.run(standard(everything))
			if got := w.hear("/api/echo").variable("SECRET"); got != tt.text {
				t.Errorf("got %q, want the text of the reference", got)
			}
			if logs := strings.Join(w.service.Logs(siteID), "\n"); strings.Count(logs, tt.status) != 1 || strings.Contains(logs, "hunter2") {
				t.Errorf("got logs without the reason, or with it several times, or with a value:\n%s", logs)
			}
		})
	}
}

// TestUnresolvedReferencesAreReadAgain shows how a role that came late is
// noticed.
func TestUnresolvedReferencesAreReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"SECRET": byName})
	w.opener(hostID)
	w.run(standard(everything))
	w.addVault("")
	w.setSecret("one")
	if got := w.hear("/api/echo").variable("SECRET"); got != byName {
		t.Errorf("got %q, want nothing noticed yet", got)
	}
	w.advance(24 * time.Hour)
	if got := w.hear("/api/echo").variable("SECRET"); got != "one" {
		t.Errorf("got %q, want it resolved after a day", got)
	}
}
