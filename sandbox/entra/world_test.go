package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/entra"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/store"
)

// newKey returns an RSA key that all tests share and the first one makes:
// making one takes longer than most of them.
func newKey() func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	})
}

// clientKey signs client assertions, strangerKey is nobody's, tokenKeys sign
// tokens.
var (
	clientKey, strangerKey = newKey(), newKey()

	tokenKeys = []func() *rsa.PrivateKey{newKey(), newKey(), newKey()}
)

// A world is two tenants behind a TLS server. Contoso has the orders API (v2
// tokens, assignment required, optional claim idtyp), the legacy API (v1 tokens,
// nothing required) and a client with every kind of credential.
type world struct {
	store   *store.Store
	service *entra.Service
	server  *httptest.Server
	log     *route.Log
	weather *route.Weather

	contoso, fabrikam store.Tenant

	orders, legacy  store.ServicePrincipal
	client          store.ServicePrincipal // holds Orders.Read, Orders.Off and Orders.Human
	clientApp       store.Application
	stranger        store.ServicePrincipal // same secret, holds nothing
	disabled        store.ServicePrincipal // same secret
	assigned        store.ServicePrincipal // user-assigned managed identity with Orders.Read
	unassigned      store.ServicePrincipal // user-assigned managed identity without
	system          store.ServicePrincipal // system-assigned managed identity
	outsider        store.ServicePrincipal // user-assigned managed identity of fabrikam
	fabrikamClient  store.ServicePrincipal
	registeredOnly  store.Application // no service principal
	certificate     *x509.Certificate // of clientKey, registered on the client
	lateCertificate *x509.Certificate // of clientKey, registered but expired
	outside         *outsideIssuer
}

const (
	clientSecret  = "kq8-correct-horse-battery-staple"
	expiredSecret = "kq8-expired-horse-battery-staple"
	ordersURI     = "api://orders.contoso"
	legacyURI     = "https://contoso.sandbox.test/legacy"
	offURI        = "api://off.contoso"
	graphURL      = "https://127.0.0.1:20001"
	armURL        = "https://127.0.0.1:20002"
	aliasURL      = "https://login.alias.test"
	exchangeURI   = "api://AzureADTokenExchange"
	exchangeID    = "fb60f99c-7a34-4190-8149-302f77469936"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{store: s, log: &route.Log{}, weather: &route.Weather{}, outside: newOutsideIssuer(t)}
	w.server = httptest.NewUnstartedServer(nil)
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	var made atomic.Int32
	w.service = entra.New(entra.Config{
		Store: s, BaseURL: "https://" + w.server.Listener.Addr().String(), AuthorityAlias: aliasURL, GraphURL: graphURL, ResourceManagerURL: armURL, Log: w.log, Weather: w.weather,
		HTTPClient: w.outside.Client(),
		NewKey: func() (*rsa.PrivateKey, error) {
			return tokenKeys[int(made.Add(1)-1)%len(tokenKeys)](), nil
		},
	})
	w.server.Config.Handler = w.service.Handler()
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	w.contoso = store.Tenant{ID: uuid.NewString(), DisplayName: "contoso", Domain: "contoso.sandbox.test"}
	w.fabrikam = store.Tenant{ID: uuid.NewString(), DisplayName: "fabrikam", Domain: "fabrikam.sandbox.test"}
	w.certificate = certify(t, "client")
	w.lateCertificate = certify(t, "client, before")
	if err := s.Update(w.fill); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) base() string { return w.service.BaseURL }

func (w *world) issuer() string { return w.base() + "/" + w.contoso.ID + "/v2.0" }

// fill creates the objects of both tenants.
func (w *world) fill(tx *store.Tx) error {
	for _, tenant := range []store.Tenant{w.contoso, w.fabrikam} {
		if err := w.service.AddTenant(tx, tenant); err != nil {
			return err
		}
	}
	role := func(value string, enabled bool, member string) store.AppRole {
		return store.AppRole{ID: uuid.NewString(), Value: value, IsEnabled: enabled, AllowedMemberTypes: []string{member}}
	}
	read := role("Orders.Read", true, "Application")
	off := role("Orders.Off", false, "Application")
	human := role("Orders.Human", true, "User")
	unused := role("Orders.Write", true, "Application")
	w.orders = register(tx, w.contoso.ID, "orders", func(app *store.Application, sp *store.ServicePrincipal) {
		app.IdentifierURIs = []string{ordersURI}
		app.RequestedAccessTokenVersion = 2
		app.AppRoles = []store.AppRole{read, off, human, unused}
		app.AccessTokenClaims = []string{"idtyp"}
		sp.AppRoleAssignmentRequired = true
	})
	w.legacy = register(tx, w.contoso.ID, "legacy", func(app *store.Application, _ *store.ServicePrincipal) {
		app.IdentifierURIs = []string{legacyURI}
	})
	register(tx, w.contoso.ID, "off", func(app *store.Application, sp *store.ServicePrincipal) {
		app.IdentifierURIs = []string{offURI}
		sp.AccountEnabled = false
	})
	w.client = register(tx, w.contoso.ID, "client", func(app *store.Application, _ *store.ServicePrincipal) {
		w.addCredentials(app)
		w.clientApp = *app
	})
	w.stranger = register(tx, w.contoso.ID, "stranger", w.withSecret)
	w.disabled = register(tx, w.contoso.ID, "disabled", func(app *store.Application, sp *store.ServicePrincipal) {
		w.withSecret(app, sp)
		sp.AccountEnabled = false
	})
	w.fabrikamClient = register(tx, w.fabrikam.ID, "client", w.withSecret)
	w.registeredOnly = store.Application{TenantID: w.contoso.ID, ObjectID: uuid.NewString(), ClientID: uuid.NewString()}
	w.withSecret(&w.registeredOnly, nil)
	store.Applications.Put(tx, store.TenantKey(w.contoso.ID, w.registeredOnly.ObjectID), w.registeredOnly)
	w.assigned = identity(tx, w.contoso.ID, "Microsoft.ManagedIdentity/userAssignedIdentities/assigned")
	w.unassigned = identity(tx, w.contoso.ID, "Microsoft.ManagedIdentity/userAssignedIdentities/unassigned")
	w.system = identity(tx, w.contoso.ID, "Microsoft.Web/sites/system")
	w.outsider = identity(tx, w.fabrikam.ID, "Microsoft.ManagedIdentity/userAssignedIdentities/outsider")
	for _, a := range []struct {
		principal store.ServicePrincipal
		role      store.AppRole
	}{{w.client, read}, {w.client, off}, {w.client, human}, {w.assigned, read}} {
		assign(tx, a.principal, w.orders, a.role.ID)
	}
	w.trust(tx)
	return nil
}

// addCredentials gives the client one of each kind, good and expired.
func (w *world) addCredentials(app *store.Application) {
	now := time.Now().UTC()
	secret := func(value string, end time.Time) store.PasswordCredential {
		hash := sha256.Sum256([]byte(value))
		return store.PasswordCredential{KeyID: uuid.NewString(), Hint: value[:3], SecretHash: hash[:], Start: now.AddDate(-1, 0, 0), End: end}
	}
	app.PasswordCredentials = []store.PasswordCredential{
		secret(expiredSecret, now.AddDate(0, 0, -1)),
		secret(clientSecret, now.AddDate(0, 6, 0)),
	}
	key := func(certificate *x509.Certificate, end time.Time) store.KeyCredential {
		return store.KeyCredential{
			KeyID: uuid.NewString(), Type: "AsymmetricX509Cert", Usage: "Verify",
			Certificate: certificate.Raw, Start: now.AddDate(-1, 0, 0), End: end,
		}
	}
	app.KeyCredentials = []store.KeyCredential{
		key(w.lateCertificate, now.AddDate(0, 0, -1)),
		key(w.certificate, now.AddDate(0, 6, 0)),
	}
}

// trust adds federated identity credentials to the client, for tokens of a managed
// identity and of the outside issuer.
func (w *world) trust(tx *store.Tx) {
	federated := func(issuer, subject string) store.FederatedIdentityCredential {
		return store.FederatedIdentityCredential{ID: uuid.NewString(), Issuer: issuer, Subject: subject, Audiences: []string{exchangeURI}}
	}
	w.clientApp.FederatedCredentials = []store.FederatedIdentityCredential{
		federated(w.issuer(), w.assigned.ObjectID),
		federated(w.issuer(), w.system.ObjectID),
		federated(w.issuer(), w.stranger.ObjectID),
		federated(w.base()+"/"+w.fabrikam.ID+"/v2.0", w.outsider.ObjectID),
		federated(w.outside.URL, "workload"),
		federated(w.outside.URL+"/broken", "workload"),
		federated(w.outside.URL+"/other", "workload"),
		federated(w.outside.URL+"/elsewhere", "workload"),
		federated(w.outside.URL+"/redirected", "workload"),
		federated("https://issuer.example.com", "workload"),
	}
	store.Applications.Put(tx, store.TenantKey(w.contoso.ID, w.clientApp.ObjectID), w.clientApp)
}

func (w *world) withSecret(app *store.Application, _ *store.ServicePrincipal) {
	w.addCredentials(app)
	app.KeyCredentials = nil
}

// register stores an app registration and its service principal.
func register(tx *store.Tx, tenantID, name string, edit func(*store.Application, *store.ServicePrincipal)) store.ServicePrincipal {
	app := store.Application{TenantID: tenantID, ObjectID: uuid.NewString(), ClientID: uuid.NewString(), DisplayName: name}
	sp := store.ServicePrincipal{TenantID: tenantID, ObjectID: uuid.NewString(), ClientID: app.ClientID,
		Type: store.ServicePrincipalApplication, DisplayName: name, AccountEnabled: true, AppOwnerTenantID: tenantID}
	edit(&app, &sp)
	store.Applications.Put(tx, store.TenantKey(tenantID, app.ObjectID), app)
	store.ServicePrincipals.Put(tx, store.TenantKey(tenantID, sp.ObjectID), sp)
	return sp
}

func identity(tx *store.Tx, tenantID, resource string) store.ServicePrincipal {
	sp := store.ServicePrincipal{TenantID: tenantID, ObjectID: uuid.NewString(), ClientID: uuid.NewString(),
		DisplayName: resource, ManagedIdentityID: "/subscriptions/1/resourceGroups/g/providers/" + resource}
	store.AddManagedIdentity(tx, sp)
	sp.Type = store.ServicePrincipalManagedIdentity
	return sp
}

func assign(tx *store.Tx, principal, resource store.ServicePrincipal, roleID string) string {
	a := store.AppRoleAssignment{TenantID: principal.TenantID, ID: uuid.NewString(), AppRoleID: roleID,
		PrincipalID: principal.ObjectID, ResourceID: resource.ObjectID}
	store.AppRoleAssignments.Put(tx, store.TenantKey(a.TenantID, a.ID), a)
	return store.TenantKey(a.TenantID, a.ID)
}

// unassign removes every app role assignment of a principal.
func (w *world) unassign(t *testing.T, principal store.ServicePrincipal) {
	t.Helper()
	err := w.store.Update(func(tx *store.Tx) error {
		var gone []string
		for key, a := range store.AppRoleAssignments.All(tx, "") {
			if a.PrincipalID == principal.ObjectID {
				gone = append(gone, key)
			}
		}
		for _, key := range gone {
			store.AppRoleAssignments.Delete(tx, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// certify makes a self-signed certificate of clientKey.
func certify(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, clientKey().Public(), clientKey())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
