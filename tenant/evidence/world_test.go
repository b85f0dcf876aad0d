package evidence_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"app-to-app/azurecloud"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
	"app-to-app/tenant"
	"app-to-app/tenant/evidence"
	"app-to-app/tenant/tenanttest"
)

const (
	readRole   = "0d0e0f00-0000-4000-8000-000000000001"
	exportRole = "0d0e0f00-0000-4000-8000-000000000002"
)

type object = map[string]any

// A world is an API with clients in a tenant. The API's function app is only a
// resource with a diagnostic setting: the test prints in its stead.
type world struct {
	*testing.T
	sandbox  *sandbox.Sandbox
	tenant   sandbox.Tenant
	deployer *azurecloud.Session
	auditor  *azurecloud.Session // may read logs and the directory, and nothing else
	siteID   string

	api     app
	clients map[string]*client
	access  []object
	state   []object          // resources of the stack's state
	names   map[string]string // of credentials, by id
}

// An app is an app registration with its service principal.
type app struct{ ObjectID, ClientID, PrincipalID string }

// A client is one of the API's.
type client struct {
	app
	secret    string
	secretID  string
	federated string // id of the credential
	identity  string // object id of the managed identity, its own or the one it uses
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	w := &world{T: t, sandbox: s, tenant: s.Tenants()[0], clients: make(map[string]*client), names: make(map[string]string)}
	w.deployer = tenanttest.SignIn(t, s, w.tenant, nil)
	w.auditor = w.signIn("AuditLog.Read.All", "Application.Read.All")
	group := "/subscriptions/" + w.tenant.SubscriptionID + "/resourceGroups/rg"
	w.siteID = group + "/providers/Microsoft.Web/sites/orders-api"
	workspace := group + "/providers/Microsoft.OperationalInsights/workspaces/logs"
	setting := w.siteID + "/providers/Microsoft.Insights/diagnosticSettings/logs"
	w.update(func(tx *store.Tx) {
		for id, kind := range map[string]string{group: "Microsoft.Resources/resourceGroups", w.siteID: "Microsoft.Web/sites", workspace: "Microsoft.OperationalInsights/workspaces"} {
			store.Resources.Put(tx, store.ResourceKey(id), store.Resource{ID: id, TenantID: w.tenant.ID, SubscriptionID: w.tenant.SubscriptionID, ResourceGroup: "rg",
				Type: kind, Name: id[strings.LastIndex(id, "/")+1:], Location: "westeurope", Properties: json.RawMessage(`{"provisioningState":"Succeeded","retentionInDays":90}`)})
		}
		store.DiagnosticSettings.Put(tx, store.ResourceKey(setting), store.DiagnosticSetting{ID: setting, Name: "logs",
			Properties: json.RawMessage(`{"workspaceId":"` + workspace + `","logs":[{"category":"FunctionAppLogs","enabled":true}]}`)})
	})
	role := func(id, value string) object {
		return object{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": true, "allowedMemberTypes": []string{"Application"}}
	}
	w.api = w.register("orders-api", object{"api": object{"requestedAccessTokenVersion": 2}, "appRoles": []object{role(readRole, "Orders.Read"), role(exportRole, "Orders.Export")}})
	w.must(w.deployer.Graph.Patch(t.Context(), "/v1.0/applications/"+w.api.ObjectID, object{"identifierUris": []string{"api://" + w.api.ClientID}}))
	w.must(w.deployer.Graph.Patch(t.Context(), "/v1.0/servicePrincipals/"+w.api.PrincipalID, object{"appRoleAssignmentRequired": true}))
	return w
}

// signIn signs in as another service principal of the tenant, a Reader of its
// subscription, with these permissions of Graph.
func (w *world) signIn(permissions ...string) *azurecloud.Session {
	w.Helper()
	in, err := w.sandbox.AddDeployer(w.tenant, "auditor", permissions, []string{"Reader"})
	w.must(err)
	return tenanttest.SignIn(w.T, w.sandbox, in, nil)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(change func(*store.Tx)) {
	w.Helper()
	w.must(w.sandbox.Store().Update(func(tx *store.Tx) error { change(tx); return nil }))
}

func (w *world) post(path string, in, out any) {
	w.Helper()
	w.must(w.deployer.Graph.Post(w.Context(), path, in, out))
}

// register makes an app registration and its service principal.
func (w *world) register(name string, more object) app {
	w.Helper()
	body := object{"displayName": name, "signInAudience": "AzureADMyOrg"}
	for key, value := range more {
		body[key] = value
	}
	var made, principal struct{ ID, AppID string }
	w.post("/v1.0/applications", body, &made)
	w.post("/v1.0/servicePrincipals", object{"appId": made.AppID}, &principal)
	return app{made.ID, made.AppID, principal.ID}
}

// assign gives a principal a role of the API.
func (w *world) assign(principalID, roleID string) {
	w.Helper()
	w.post("/v1.0/servicePrincipals/"+w.api.PrincipalID+"/appRoleAssignedTo", object{"principalId": principalID, "resourceId": w.api.PrincipalID, "appRoleId": roleID}, nil)
}

// declare adds a client to what the stack declares, and assigns its roles.
func (w *world) declare(name, identity string, c *client, credentials []object, roles ...string) *client {
	w.Helper()
	for _, role := range roles {
		w.assign(c.PrincipalID, map[string]string{"Orders.Read": readRole, "Orders.Export": exportRole}[role])
	}
	w.access = append(w.access, object{"client": name, "identity": identity, "clientId": c.ClientID, "objectId": c.PrincipalID, "applicationObjectId": c.ObjectID, "roles": roles, "credentials": credentials})
	w.clients[name] = c
	return c
}

// addSecret adds a client secret for two years.
func (w *world) addSecret(applicationID string) (keyID, secret string) {
	w.Helper()
	var made struct{ KeyID, SecretText string }
	w.post("/v1.0/applications/"+applicationID+"/addPassword", object{"passwordCredential": object{"displayName": "slot"}}, &made)
	return made.KeyID, made.SecretText
}

func (w *world) secretClient(name string, roles ...string) *client {
	w.Helper()
	c := &client{app: w.register(name, nil)}
	c.secretID, c.secret = w.addSecret(c.ObjectID)
	w.names[c.secretID] = "credential"
	return w.declare(name, "clientSecret", c, []object{{"kind": "clientSecret", "id": c.secretID}}, roles...)
}

// newIdentity makes a user-assigned managed identity.
func (w *world) newIdentity(name string) (clientID, objectID string) {
	w.Helper()
	sp := store.ServicePrincipal{TenantID: w.tenant.ID, ObjectID: uuid.NewString(), ClientID: uuid.NewString(), DisplayName: name, CreatedAt: w.now(),
		ManagedIdentityID: "/subscriptions/" + w.tenant.SubscriptionID + "/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name}
	w.update(func(tx *store.Tx) { store.AddManagedIdentity(tx, sp) })
	return sp.ClientID, sp.ObjectID
}

func (w *world) identityClient(name string, roles ...string) *client {
	w.Helper()
	clientID, objectID := w.newIdentity(name)
	return w.declare(name, "managedIdentity", &client{app: app{ClientID: clientID, PrincipalID: objectID}, identity: objectID}, []object{}, roles...)
}

// federatedClient signs in with a managed identity's token.
func (w *world) federatedClient(name string, roles ...string) *client {
	w.Helper()
	c := &client{app: w.register(name, nil)}
	_, c.identity = w.newIdentity(name + "-identity")
	c.federated = w.trust(c.ObjectID, "used", c.identity)
	w.names[c.federated] = "credential"
	return w.declare(name, "federated", c, []object{{"kind": "federated", "id": c.federated}}, roles...)
}

// trust adds a federated identity credential.
func (w *world) trust(applicationID, name, subject string) string {
	w.Helper()
	var made struct{ ID string }
	w.post("/v1.0/applications/"+applicationID+"/federatedIdentityCredentials", object{
		"name": name, "issuer": w.sandbox.BaseURL + "/" + w.tenant.ID + "/v2.0", "subject": subject, "audiences": []string{"api://AzureADTokenExchange"}}, &made)
	return made.ID
}

// recorded notes in the stack's state when a federated identity credential was made.
func (w *world) recorded(id string) {
	w.state = append(w.state, object{"urn": "urn:pulumi:test::app-to-app::azuread:index/x::x", "created": w.now().UTC(),
		"type": "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential", "outputs": object{"credentialId": id}})
}

// declaration is what the stack declares.
func (w *world) declaration(owners ...string) tenant.Declaration {
	w.Helper()
	outputs, err := json.Marshal(object{"apiClientId": w.api.ClientID, "apiObjectId": w.api.ObjectID, "apiSiteId": w.siteID, "owners": owners,
		"roleIds": object{"Orders.Read": readRole, "Orders.Export": exportRole}, "access": w.access})
	w.must(err)
	declared, err := tenant.ReadOutputs(outputs)
	w.must(err)
	state, err := json.Marshal(object{"version": 3, "deployment": object{"resources": w.state}})
	w.must(err)
	w.must(declared.ReadState(state))
	return declared
}

func (w *world) now() time.Time { return w.sandbox.Store().Now() }

func (w *world) advance(d time.Duration) {
	w.Helper()
	w.must(w.sandbox.Advance(d))
}

// reader reads the logs as a caller.
func (w *world) reader(session *azurecloud.Session) evidence.Reader {
	return evidence.Reader{Session: session, SiteID: w.siteID, APIClientID: w.api.ClientID, Now: w.now()}
}

// An answer of the token endpoint.
type answer struct {
	Status        int
	AccessToken   string `json:"access_token"`
	CorrelationID string `json:"correlation_id"`
	TraceID       string `json:"trace_id"`
	Codes         []int  `json:"error_codes"`
}

// ask asks for a token for the API as a client, with edits of the form.
func (w *world) ask(name string, edit func(url.Values)) answer {
	w.Helper()
	c := w.clients[name]
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "scope": {"api://" + w.api.ClientID + "/.default"}}
	switch {
	case c.secret != "":
		form.Set("client_secret", c.secret)
	case c.federated != "":
		cached, err := w.sandbox.Entra().ManagedIdentityToken(w.tenant.ID, c.identity, "api://AzureADTokenExchange")
		w.must(err)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", cached.AccessToken)
	}
	if edit != nil {
		edit(form)
	}
	response, err := w.sandbox.HTTPClient().PostForm(w.sandbox.BaseURL+"/"+w.tenant.ID+"/oauth2/v2.0/token", form)
	w.must(err)
	defer response.Body.Close()
	got := answer{Status: response.StatusCode}
	w.must(json.NewDecoder(response.Body).Decode(&got))
	return got
}

// token gets a client's token, and returns its id.
func (w *world) token(name string) (tokenID string) {
	w.Helper()
	c := w.clients[name]
	if c.secret == "" && c.federated == "" {
		_, err := w.sandbox.Entra().ManagedIdentityToken(w.tenant.ID, c.identity, "api://"+w.api.ClientID)
		w.must(err)
	} else if got := w.ask(name, nil); got.Status != http.StatusOK {
		w.Fatalf("%s: got %+v", name, got)
	}
	w.must(w.sandbox.Store().View(func(tx *store.Tx) error {
		for _, s := range store.SignIns.All(tx, store.TenantKey(w.tenant.ID, "")) {
			if s.ServicePrincipalID == c.PrincipalID && s.Code == 0 {
				tokenID = s.TokenID
				return nil
			}
		}
		return nil
	}))
	return tokenID
}

// calls gets a token and calls the API, which admits the client for a role.
func (w *world) calls(name, role string) {
	w.Helper()
	w.prints(object{"msg": "orders given", "decision": "admitted", "role": role, "caller": w.caller(name, w.token(name), role)})
}

// caller is a client as the API logs it.
func (w *world) caller(name, tokenID string, roles ...string) object {
	c := w.clients[name]
	return object{"clientId": c.ClientID, "objectId": c.PrincipalID, "roles": roles, "uti": tokenID}
}

// prints writes a line as the API's handler does.
func (w *world) prints(line object) {
	w.Helper()
	text, err := json.Marshal(line)
	w.must(err)
	w.sandbox.Logs().Printed(w.siteID, "Information", string(text))
}

// id is a made-up id of a request.
func id(n int) string { return fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", n) }

// signInAs signs in as a deployer that the test made.
func signInAs(w *world, in sandbox.Tenant) *azurecloud.Session {
	w.Helper()
	return tenanttest.SignIn(w.T, w.sandbox, in, nil)
}
