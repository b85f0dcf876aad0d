package entra_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/store"
)

func (w *world) identityToken(t *testing.T, sp store.ServicePrincipal, resource string) store.CachedToken {
	t.Helper()
	token, err := w.service.ManagedIdentityToken(sp.TenantID, sp.ObjectID, resource)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestManagedIdentityToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.identityToken(t, w.assigned, ordersURI)
	claims := w.verified(t, token.AccessToken)
	for name, want := range map[string]any{
		"ver": "2.0", "iss": w.issuer(), "aud": w.orders.ClientID, "azp": w.assigned.ClientID, "azpacr": "2",
		"oid": w.assigned.ObjectID, "sub": w.assigned.ObjectID, "idtyp": "app", "xms_mirid": w.assigned.ManagedIdentityID,
	} {
		if claims[name] != want {
			t.Errorf("got claim %s %v, want %v", name, claims[name], want)
		}
	}
	if got := stringsOf(claims["roles"]); !slices.Equal(got, []string{"Orders.Read"}) {
		t.Errorf("got roles %q, want Orders.Read", got)
	}
	if got := claims["exp"].(float64) - claims["iat"].(float64); got != 24*3600+300 {
		t.Errorf("got %v s from iat to exp, want 24 hours and 5 minutes", got)
	}
	if got := token.ExpiresAt.Sub(token.IssuedAt); got != 24*time.Hour {
		t.Errorf("got a token kept for %s, want 24h", got)
	}
}

// TestManagedIdentityCache is why an assignment must be there before the first
// token: for 24 hours of the sandbox's clock nothing changes.
func TestManagedIdentityCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.identityToken(t, w.assigned, ordersURI)
	w.unassign(t, w.assigned)
	if err := w.service.RotateKeys(w.contoso.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Advance(23*time.Hour + 59*time.Minute); err != nil {
		t.Fatal(err)
	}
	if second := w.identityToken(t, w.assigned, ordersURI); second.AccessToken != first.AccessToken || !second.ExpiresAt.Equal(first.ExpiresAt) {
		t.Error("got another token within 24 hours, want the one kept")
	}
	w.verified(t, first.AccessToken) // the key before is still published
	if other := w.identityToken(t, w.assigned, legacyURI); other.AccessToken == first.AccessToken {
		t.Error("got the same token for another resource")
	}
	if err := w.store.Advance(2 * time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, ordersURI)
	wantRefusal(t, err, 501051)
	w.update(t, func(tx *store.Tx) {
		app, _ := store.ApplicationByClientID(tx, w.contoso.ID, w.orders.ClientID)
		assign(tx, w.assigned, w.orders, app.AppRoles[3].ID)
	})
	claims := w.verified(t, w.identityToken(t, w.assigned, ordersURI).AccessToken)
	if got := stringsOf(claims["roles"]); !slices.Equal(got, []string{"Orders.Write"}) {
		t.Errorf("got roles %q, want those assigned since", got)
	}
	if exp := time.Unix(int64(claims["exp"].(float64)), 0); exp.After(time.Now().Add(25 * time.Hour)) {
		t.Errorf("got exp %s, want it on the machine's clock", exp)
	}
}

func wantRefusal(t *testing.T, err error, number int) {
	t.Helper()
	var refused *entra.Error
	if !errors.As(err, &refused) || refused.AADSTS != number || refused.Status < 400 || refused.Code == "" || refused.Description != err.Error() {
		t.Errorf("got %v, want the refusal AADSTS%d", err, number)
	}
}

func TestManagedIdentityRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.update(t, func(tx *store.Tx) {
		off := w.system
		off.AccountEnabled = false
		store.ServicePrincipals.Put(tx, store.TenantKey(off.TenantID, off.ObjectID), off)
	})
	for _, tt := range []struct {
		name                string
		tenantID, principal string
		resource            string
		number              int
	}{
		{"not assigned while required", w.contoso.ID, w.unassigned.ObjectID, ordersURI, 501051},
		{"resource with /.default", w.contoso.ID, w.assigned.ObjectID, ordersURI + "/.default", 500011},
		{"unknown resource", w.contoso.ID, w.assigned.ObjectID, "api://nobody", 500011},
		{"no resource", w.contoso.ID, w.assigned.ObjectID, "", 500011},
		{"disabled resource", w.contoso.ID, w.assigned.ObjectID, offURI, 500014},
		{"disabled identity", w.contoso.ID, w.system.ObjectID, legacyURI, 7000112},
		{"unknown identity", w.contoso.ID, uuid.NewString(), ordersURI, 700016},
		{"identity of another tenant", w.contoso.ID, w.outsider.ObjectID, ordersURI, 700016},
		{"client id instead of object id", w.contoso.ID, w.assigned.ClientID, ordersURI, 700016},
		{"service principal of an app registration", w.contoso.ID, w.client.ObjectID, ordersURI, 700016},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := w.service.ManagedIdentityToken(tt.tenantID, tt.principal, tt.resource)
			wantRefusal(t, err, tt.number)
		})
	}
}

func TestRemovedIdentityGetsNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.identityToken(t, w.assigned, ordersURI)
	w.update(t, func(tx *store.Tx) { store.RemovePrincipal(tx, w.contoso.ID, w.assigned.ObjectID) })
	_, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, ordersURI)
	wantRefusal(t, err, 700016)
}

func TestRequestsAtOnceShareOneToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := make([]string, 8)
	var wait sync.WaitGroup
	for i := range tokens {
		wait.Go(func() {
			token, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, ordersURI)
			if err != nil {
				t.Error(err)
			}
			tokens[i] = token.AccessToken
		})
	}
	wait.Wait()
	if slices.ContainsFunc(tokens, func(token string) bool { return token != tokens[0] || token == "" }) {
		t.Error("got different tokens, want the one that was kept first")
	}
}

func TestTenantsAreSeparate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.secretForm()
	form.Set("client_id", w.fabrikamClient.ClientID)
	form.Set("scope", "https://management.azure.com/.default")
	there := w.post(t, "/"+w.fabrikam.ID+"/oauth2/v2.0/token", form).claims(t, w)
	if there["tid"] != w.fabrikam.ID || !strings.HasPrefix(there["iss"].(string), w.base()+"/"+w.fabrikam.ID) {
		t.Errorf("got tid %v and iss %v, want fabrikam's", there["tid"], there["iss"])
	}
	checkRefusal(t, w.post(t, "oauth2/v2.0/token", form), 700016)
	form.Set("scope", ordersURI+"/.default")
	checkRefusal(t, w.post(t, "/"+w.fabrikam.ID+"/oauth2/v2.0/token", form), 500011)
	a, b := w.keySet(t, w.contoso.ID, "discovery/v2.0/keys"), w.keySet(t, w.fabrikam.ID, "discovery/v2.0/keys")
	if a[0]["kid"] == b[0]["kid"] || a[0]["n"] == b[0]["n"] {
		t.Error("both tenants sign with one key")
	}
}

func TestDeployer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var deployer entra.Deployer
	w.update(t, func(tx *store.Tx) {
		var err error
		deployer, err = w.service.AddDeployer(tx, w.contoso.ID, "deployer", "Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All")
		if err != nil {
			t.Fatal(err)
		}
	})
	form := w.secretForm()
	form.Set("client_id", deployer.ClientID)
	form.Set("client_secret", deployer.Secret)
	form.Set("scope", graphURL+"/.default")
	claims := w.post(t, "oauth2/v2.0/token", form).claims(t, w)
	roles := stringsOf(claims["roles"])
	slices.Sort(roles)
	if want := []string{"AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.OwnedBy"}; !slices.Equal(roles, want) || claims["oid"] != deployer.ObjectID || claims["aud"] != graphURL {
		t.Errorf("got roles %q, oid %v and aud %v, want %q and the deployer's token for Microsoft Graph", roles, claims["oid"], claims["aud"], want)
	}
	if deployer.ClientID == deployer.ObjectID || len(deployer.Secret) != 40 || strings.Contains(deployer.String(), deployer.Secret) {
		t.Errorf("got %v with a secret of %d characters, want two ids and 40 characters that are not shown", deployer, len(deployer.Secret))
	}
	err := w.store.Update(func(tx *store.Tx) error {
		_, err := w.service.AddDeployer(tx, w.contoso.ID, "deployer", "Mail.Send")
		return err
	})
	if err == nil {
		t.Error("got no error for a role that the sandbox does not know")
	}
	err = w.store.Update(func(tx *store.Tx) error {
		_, err := w.service.AddDeployer(tx, uuid.NewString(), "deployer")
		return err
	})
	if err == nil {
		t.Error("got no error for a tenant that does not exist")
	}
}

func TestAddTenantRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, id := range map[string]string{
		"known id": w.contoso.ID, "known id in upper case": strings.ToUpper(w.contoso.ID), "name": "contoso", "nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			if err := w.store.Update(func(tx *store.Tx) error { return w.service.AddTenant(tx, store.Tenant{ID: id}) }); err == nil {
				t.Errorf("got no error for tenant id %q", id)
			}
		})
	}
}
