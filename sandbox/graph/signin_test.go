package graph_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

const (
	workerKinds  = "(signInEventTypes/any(t: t eq 'servicePrincipal') or signInEventTypes/any(t:t eq 'managedIdentity'))"
	signInPath   = "/beta/auditLogs/signIns"
	clientReport = "/beta/reports/servicePrincipalSignInActivities"
	keyReport    = "/beta/reports/appCredentialSignInActivities"
)

// newSignInWorld has a caller who may read logs, and an app registration with a
// secret, whose client signs in at each of the given ages with it. The identity
// signs in once, an hour ago; a stranger of no tenant's fails an hour ago.
func newSignInWorld(t *testing.T, ages ...time.Duration) (w *world, clientID, keyID string) {
	t.Helper()
	w = newWorld(t)
	w.caller("auditor", contoso, "AuditLog.Read.All")
	id, clientID := w.newApplication(map[string]any{"displayName": "orders-client"})
	principal := w.newServicePrincipal(clientID)
	keyID = w.want(200, "admin", "POST", "/v1.0/applications/"+id+"/addPassword", `{}`).property("keyId")
	now := w.store.Now()
	base := store.SignIn{TenantID: contoso, Kind: store.SignInServicePrincipal, ClientID: clientID, ServicePrincipalID: principal, ServicePrincipal: "orders-client",
		ResourceID: ordersRead, ResourcePrincipalID: graphPrincipal, Resource: "orders-api", Credential: store.Credential{Kind: store.SecretCredentialKind, ID: keyID}}
	w.update(func(tx *store.Tx) {
		for i, age := range ages {
			s := base
			s.ID, s.At, s.TokenID, s.CorrelationID = fmt.Sprintf("client-%d", i), now.Add(-age), fmt.Sprintf("uti-%d", i), fmt.Sprintf("correlation-%d", i)
			store.KeepSignIn(tx, s)
		}
		identity := base
		identity.ID, identity.At, identity.Kind, identity.ClientID, identity.Credential = "identity", now.Add(-time.Hour), store.SignInManagedIdentity, "identity-client", store.Credential{Kind: store.ManagedIdentityKind}
		identity.ManagedIdentityID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"
		store.KeepSignIn(tx, identity)
		stranger := store.SignIn{TenantID: contoso, Kind: store.SignInServicePrincipal, ID: "stranger", At: now.Add(-time.Hour), ClientID: "nobody", Code: 700016, Reason: "AADSTS700016: no such client"}
		store.KeepSignIn(tx, stranger)
	})
	return w, clientID, keyID
}

// ids are the ids of a page's entries, in its order.
func ids(got reply) []string {
	var all []string
	for _, entry := range got.values() {
		all = append(all, entry["id"].(string))
	}
	return all
}

func TestSignIns(t *testing.T) {
	t.Parallel()
	w, clientID, _ := newSignInWorld(t, 2*time.Hour, 24*time.Hour)
	at := w.store.Now().Add(-2 * time.Hour).Format(time.RFC3339)
	for _, tt := range []struct {
		name, filter, more string
		want               string
	}{
		{name: "without a kind: interactive users", want: ""},
		{name: "service principals", filter: "signInEventTypes/any(t: t eq 'servicePrincipal')", want: "stranger client-0 client-1"},
		{name: "managed identities", filter: "signInEventTypes/any(t: t eq 'managedIdentity')", want: "identity"},
		{name: "client", filter: workerKinds + " and appId eq '" + strings.ToUpper(clientID) + "'", want: "client-0 client-1"},
		{name: "correlation id", filter: workerKinds + " and correlationId eq 'correlation-1'", want: "client-1"},
		{name: "id", filter: workerKinds + " and id eq 'client-1'", want: "client-1"},
		{name: "resource", filter: workerKinds + " and resourceId eq '" + ordersRead + "'", want: "identity client-0 client-1"},
		{name: "since", filter: workerKinds + " and createdDateTime ge " + at, want: "identity stranger client-0"},
		{name: "until", filter: workerKinds + " and createdDateTime le " + at, want: "client-0 client-1"},
		{name: "refused", filter: workerKinds + " and status/errorCode eq 700016", want: "stranger"},
		{name: "answered", filter: workerKinds + " and status/errorCode eq 0", want: "identity client-0 client-1"},
		{name: "start of a name", filter: workerKinds + " and startsWith(servicePrincipalName,'ORDERS')", want: "identity client-0 client-1"},
		{name: "oldest first", filter: workerKinds, more: "&$orderby=createdDateTime%20asc", want: "client-1 client-0 identity stranger"},
		{name: "newest first", filter: workerKinds, more: "&$orderby=createdDateTime%20desc", want: "identity stranger client-0 client-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ids(w.want(200, "auditor", "GET", signInPath+"?$filter="+url.QueryEscape(tt.filter)+tt.more, nil))
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	got := w.want(200, "auditor", "GET", signInPath+"?$filter="+url.QueryEscape(workerKinds+" and id eq 'client-0'"), nil).values()[0]
	status, _ := got["status"].(map[string]any)
	if got["uniqueTokenIdentifier"] != "uti-0" || got["clientCredentialType"] != "clientSecret" || status["errorCode"] != 0.0 || got["resourceServicePrincipalId"] != graphPrincipal {
		t.Errorf("got %v", got)
	}
}

func TestSignInPages(t *testing.T) {
	t.Parallel()
	w, _, _ := newSignInWorld(t, 3*time.Hour, 2*time.Hour, 2*time.Hour, time.Hour)
	for order, want := range map[string]string{"desc": "client-3 identity stranger client-1 client-2 client-0", "asc": "client-0 client-1 client-2 client-3 identity stranger"} {
		next := signInPath + "?$top=2&$orderby=" + url.QueryEscape("createdDateTime "+order) + "&$filter=" + url.QueryEscape(workerKinds)
		var all []string
		for pages := 0; next != ""; pages++ {
			got := w.want(200, "auditor", "GET", next, nil)
			if all = append(all, ids(got)...); len(got.values()) > 2 || pages > 3 {
				t.Fatalf("%s: got a page of %d, %d pages before it", order, len(got.values()), pages)
			}
			next, _ = got.body["@odata.nextLink"].(string)
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s: got %q, want %q", order, got, want)
		}
	}
}

// TestSignInsRefused: without the permission, without the licence, and what the
// sandbox does not know.
func TestSignInsRefused(t *testing.T) {
	t.Parallel()
	w, _, _ := newSignInWorld(t, time.Hour)
	for _, path := range []string{signInPath, clientReport, keyReport} {
		if got := w.send("deployer", "GET", path, nil); got.status != 403 || got.code() != no {
			t.Errorf("%s: got %d %s without the permission", path, got.status, got.code())
		}
		if got := w.send("auditor", "GET", strings.Replace(path, "/beta/", "/v1.0/", 1), nil); got.status != 501 {
			t.Errorf("%s: got %d from v1.0, want 501", path, got.status)
		}
	}
	for _, filter := range []string{
		"uniqueTokenIdentifier eq 'uti-0'", // no filter by it is documented
		"createdDateTime gt 2026-01-01T00:00:00Z", "createdDateTime ge 'yesterday'", "status/errorCode eq 'x'", "status/reason eq 0", "appId ge 'x'", "status/any(t:t eq 'x')",
	} {
		if got := w.send("auditor", "GET", signInPath+"?$filter="+url.QueryEscape(filter), nil); got.status != 501 {
			t.Errorf("%s: got %d, want 501", filter, got.status)
		}
	}
	if got := w.send("auditor", "GET", signInPath+"?$top=1001", nil); got.status != 400 {
		t.Errorf("got %d for a page of 1001, want 400", got.status)
	}
	w.update(func(tx *store.Tx) {
		tenant, _ := store.Tenants.Get(tx, contoso)
		tenant.NoPremium = true
		store.Tenants.Put(tx, contoso, tenant)
	})
	for _, path := range []string{signInPath, clientReport, keyReport} {
		if got := w.send("auditor", "GET", path, nil); got.status != 403 || got.code() != "Authentication_RequestFromNonPremiumTenantOrB2CTenant" {
			t.Errorf("%s: got %d %s without a licence", path, got.status, got.code())
		}
	}
}

func TestSignInActivities(t *testing.T) {
	t.Parallel()
	w, clientID, keyID := newSignInWorld(t, 40*24*time.Hour, 24*time.Hour)
	read := func(path, filter string) []map[string]any {
		return w.want(200, "auditor", "GET", path+"?$filter="+url.QueryEscape(filter), nil).values()
	}
	last := w.store.Now().Add(-24 * time.Hour).Format("2006-01-02T15:04:05Z")
	got := read(clientReport, "appId eq '"+clientID+"'")
	if len(got) != 1 || got[0]["lastSignInActivity"].(map[string]any)["lastSignInDateTime"] != last ||
		got[0]["applicationAuthenticationClientSignInActivity"].(map[string]any)["lastSignInRequestId"] != "client-1" || got[0]["applicationAuthenticationResourceSignInActivity"] != nil {
		t.Errorf("client: got %v", got)
	}
	if got := read(clientReport, "appId eq 'identity-client'"); len(got) != 0 {
		t.Errorf("a managed identity: got %v, want it in the log alone", got)
	}
	if got := read(clientReport, "appId eq 'nobody'"); len(got) != 0 {
		t.Errorf("a refused client: got %v", got)
	}
	got = read(keyReport, "keyId eq '"+keyID+"'")
	if len(got) != 1 || got[0]["keyType"] != "clientSecret" || got[0]["credentialOrigin"] != "application" || got[0]["resourceId"] != ordersRead ||
		got[0]["signInActivity"].(map[string]any)["lastSignInDateTime"] != last {
		t.Errorf("credential: got %v", got)
	}
}

// TestSignInLag: an entry appears after the lag, and the log forgets it after a
// month, when the reports still know it.
func TestSignInLag(t *testing.T) {
	t.Parallel()
	w, clientID, _ := newSignInWorld(t, 0)
	list := func() int {
		return len(ids(w.want(200, "auditor", "GET", signInPath+"?$filter="+url.QueryEscape(workerKinds+" and appId eq '"+clientID+"'"), nil)))
	}
	report := func() int {
		return len(w.want(200, "auditor", "GET", clientReport+"?$filter="+url.QueryEscape("appId eq '"+clientID+"'"), nil).values())
	}
	w.weather.SetLag(route.Lag{SignInLog: 5 * time.Minute})
	if list() != 0 || report() != 0 {
		t.Errorf("got %d entries and %d clients at once, want none", list(), report())
	}
	for _, step := range []struct {
		by   time.Duration
		want int
	}{{5*time.Minute - time.Second, 0}, {time.Second, 1}, {store.SignInRetention - 5*time.Minute, 1}, {time.Second, 0}} {
		if err := w.store.Advance(step.by); err != nil {
			t.Fatal(err)
		}
		if got := list(); got != step.want {
			t.Errorf("%s later: got %d entries, want %d", step.by, got, step.want)
		}
	}
	if report() != 1 {
		t.Error("the report has forgotten the client with the log")
	}
	w.update(func(tx *store.Tx) {
		store.KeepSignIn(tx, store.SignIn{TenantID: contoso, ID: "later", At: w.store.Now(), Code: 700016})
		n := 0
		for range store.SignIns.All(tx, store.TenantKey(contoso, "")) {
			n++
		}
		if n != 1 {
			t.Errorf("got %d entries stored, want what is too old to be removed", n)
		}
	})
}
