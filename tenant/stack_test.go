package tenant_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"app-to-app/tenant"
)

// This file deploys a stack without the engine: it makes the calls to Graph and
// Resource Manager that the providers make, and builds the exports and the
// state that the engine would keep. An audit cannot tell the difference.

const (
	readRole  = "11111111-aaaa-4000-8000-000000000001"
	writeRole = "11111111-aaaa-4000-8000-000000000002"
	webAPI    = "?api-version=2024-04-01"
)

// outputs are a stack's exports, with their names in JSON.
type outputs struct {
	APIName     string            `json:"apiName"`
	APIStack    string            `json:"apiStack"`
	Registered  string            `json:"apiRegistration"`
	Assignments string            `json:"assignments"`
	APIClientID string            `json:"apiClientId"`
	APIObjectID string            `json:"apiObjectId"`
	APISiteID   string            `json:"apiSiteId"`
	Audience    string            `json:"audience"`
	Environment string            `json:"environment"`
	RoleIDs     map[string]string `json:"roleIds"`
	Owners      []string          `json:"owners"`
	Access      []access          `json:"access"`
	ClientSites map[string]string `json:"clientSites"`
}

type access struct {
	Client              string       `json:"client"`
	Identity            string       `json:"identity"`
	ClientID            string       `json:"clientId"`
	ObjectID            string       `json:"objectId"`
	ApplicationObjectID string       `json:"applicationObjectId"`
	Roles               []string     `json:"roles"`
	SiteID              string       `json:"siteId"`
	Credentials         []credential `json:"credentials"`
	Requested           bool         `json:"requested"`
	Owners              []string     `json:"owners"`
}

type credential struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	ExpiresOn string `json:"expiresOn"`
	Issuer    string `json:"issuer"`
	Subject   string `json:"subject"`
	Audience  string `json:"audience"`
}

// A stack is deployed in the world's tenant.
type stack struct {
	*world
	outputs   outputs
	resources []map[string]any // of the state
	apiSP     string           // object id of the API's service principal
	clients   map[string]*client
}

// A client is one client of a stack, with its credential.
type client struct {
	access
	secret      string
	certificate []byte // DER
	assigned    string // ARM id of its user-assigned identity
	identity    identity
	settings    map[string]string
	assignment  string // id of its app role assignment
}

type identity struct{ ClientID, PrincipalID string }

func (w *world) graph(method, path string, in, out any) {
	w.t.Helper()
	var err error
	switch g := w.session.Graph; method {
	case "GET":
		err = g.Get(w.t.Context(), path, out)
	case "POST":
		err = g.Post(w.t.Context(), path, in, out)
	case "PATCH":
		err = g.Patch(w.t.Context(), path, in)
	case "DELETE":
		err = g.Delete(w.t.Context(), path)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) arm(method, path string, in, out any) {
	w.t.Helper()
	var err error
	switch m := w.session.ResourceManager; method {
	case "GET":
		err = m.Get(w.t.Context(), path, out)
	case "PUT":
		err = m.Put(w.t.Context(), path, in, out)
	case "POST":
		err = m.Post(w.t.Context(), path, in, out)
	case "DELETE":
		err = m.Delete(w.t.Context(), path)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

type object = map[string]any

func (w *world) group() string {
	return "/subscriptions/" + w.tenant.SubscriptionID + "/resourceGroups/rg"
}

// newStack makes an API and a client of each kind of identity in the tenant.
func newStack(w *world) *stack {
	w.t.Helper()
	s := &stack{world: w, clients: make(map[string]*client)}
	s.outputs = outputs{Environment: "test", RoleIDs: map[string]string{"Orders.Read": readRole, "Orders.Write": writeRole},
		Owners: []string{w.tenant.Deployer.ObjectID}, ClientSites: make(map[string]string)}
	w.arm("PUT", w.group()+"?api-version=2022-09-01", object{"location": "westeurope"}, nil)
	s.addAPI()
	s.addIdentityClient()
	s.addSystemClient()
	s.addSecretClient()
	s.addCertificateClient()
	s.addFederatedClient()
	return s
}

func role(id, value string) object {
	return object{"id": id, "value": value, "displayName": value, "description": value, "isEnabled": true, "allowedMemberTypes": []string{"Application"}}
}

func (s *stack) addAPI() {
	s.t.Helper()
	var app struct{ ID, AppID string }
	s.graph("POST", "/v1.0/applications", object{
		"displayName": "orders-api (test)", "signInAudience": "AzureADMyOrg",
		"api":            object{"requestedAccessTokenVersion": 2},
		"optionalClaims": object{"accessToken": []object{{"name": "idtyp", "essential": false, "additionalProperties": []string{}}}},
		"appRoles":       []object{role(readRole, "Orders.Read"), role(writeRole, "Orders.Write")},
	}, &app)
	s.graph("PATCH", "/v1.0/applications/"+app.ID, object{"identifierUris": []string{"api://" + app.AppID}}, nil)
	s.outputs.APIClientID, s.outputs.APIObjectID, s.outputs.Audience = app.AppID, app.ID, app.AppID
	var sp struct{ ID string }
	s.graph("POST", "/v1.0/servicePrincipals", object{"appId": app.AppID, "appRoleAssignmentRequired": true}, &sp)
	s.apiSP = sp.ID
	s.registered("orders-api-application", app.ID, app.AppID)
	s.outputs.APISiteID = s.addSite("orders-api", "UserAssigned")
	s.setSettings(s.outputs.APISiteID, map[string]string{
		"ORDERS_TENANT_ID": s.tenant.ID, "ORDERS_AUTHORITY_HOST": s.sandbox.BaseURL, "ORDERS_AUDIENCE": app.AppID, "ORDERS_ROLE": "Orders.Read",
	})
}

// registered adds an app registration to the state.
func (s *stack) registered(name, objectID, clientID string) {
	s.resources = append(s.resources, object{"urn": "urn:pulumi:test::app-to-app::azuread:index/application:Application::" + name,
		"type": "azuread:index/application:Application", "id": "/applications/" + objectID, "outputs": object{"objectId": objectID, "clientId": clientID}})
}

// addIdentity makes a user-assigned identity.
func (s *stack) addIdentity(name string) (id string, i identity) {
	s.t.Helper()
	id = s.group() + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name
	var made struct{ Properties identity }
	s.arm("PUT", id+"?api-version=2023-01-31", object{"location": "westeurope"}, &made)
	return id, made.Properties
}

// addSite makes a function app with all that it needs.
func (s *stack) addSite(name, identityType string, identities ...string) (siteID string) {
	s.t.Helper()
	host, _ := s.addIdentity(name + "-host")
	account := strings.ReplaceAll(name, "-", "")
	storage := s.group() + "/providers/Microsoft.Storage/storageAccounts/" + account
	s.arm("PUT", storage+"?api-version=2022-09-01", object{"location": "westeurope", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"},
		"properties": object{"allowSharedKeyAccess": false, "allowBlobPublicAccess": false, "minimumTlsVersion": "TLS1_2"}}, nil)
	s.arm("PUT", storage+"/blobServices/default/containers/packages?api-version=2022-09-01", object{}, nil)
	plan := s.group() + "/providers/Microsoft.Web/serverfarms/" + name
	s.arm("PUT", plan+webAPI, object{"location": "westeurope", "kind": "functionapp", "sku": object{"name": "FC1", "tier": "FlexConsumption"}, "properties": object{"reserved": true}}, nil)
	attached := object{}
	all := append([]string{host}, identities...)
	for _, id := range all {
		attached[id] = object{}
	}
	siteID = s.group() + "/providers/Microsoft.Web/sites/" + name
	s.arm("PUT", siteID+webAPI, object{
		"location": "westeurope", "kind": "functionapp,linux",
		"identity": object{"type": identityType, "userAssignedIdentities": attached},
		"properties": object{"serverFarmId": plan, "httpsOnly": true, "reserved": true, "functionAppConfig": object{
			"deployment": object{"storage": object{"type": "blobContainer", "value": s.sandbox.BaseURL + "/blob/" + account + "/packages",
				"authentication": object{"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": host}}},
			"runtime":             object{"name": "custom", "version": "1.0"},
			"scaleAndConcurrency": object{"instanceMemoryMB": 2048, "maximumInstanceCount": 40},
		}},
	}, nil)
	for _, protocol := range []string{"ftp", "scm"} {
		s.arm("PUT", siteID+"/basicPublishingCredentialsPolicies/"+protocol+webAPI, object{"properties": object{"allow": false}}, nil)
	}
	s.resources = append(s.resources, object{"urn": "urn:pulumi:test::app-to-app::azure-native:web/v20240401:WebApp::" + name, "type": "azure-native:web/v20240401:WebApp",
		"id": siteID, "inputs": object{"identity": object{"type": identityType, "userAssignedIdentities": all}}})
	return siteID
}

// setSettings sets the app settings of a site and records them in the state;
// those named are secrets there.
func (s *stack) setSettings(siteID string, values map[string]string, secrets ...string) {
	s.t.Helper()
	s.arm("PUT", siteID+"/config/appsettings"+webAPI, object{"properties": values}, nil)
	inputs := object{}
	for name, value := range values {
		inputs[name] = value
	}
	for _, name := range secrets {
		inputs[name] = object{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:x"}
	}
	s.resources = append(s.resources, object{"urn": "urn:pulumi:test::app-to-app::azure-native:web/v20240401:WebAppApplicationSettings::" + siteID[strings.LastIndex(siteID, "/")+1:],
		"type": "azure-native:web/v20240401:WebAppApplicationSettings", "id": siteID + "/config/appsettings", "inputs": object{"properties": inputs}})
}

func (s *stack) add(c *client) {
	s.t.Helper()
	var made struct{ ID string }
	s.graph("POST", "/v1.0/servicePrincipals/"+s.apiSP+"/appRoleAssignedTo", object{"principalId": c.ObjectID, "resourceId": s.apiSP, "appRoleId": readRole}, &made)
	c.assignment = made.ID
	c.Roles = []string{"Orders.Read"}
	if c.Credentials == nil {
		c.Credentials = []credential{}
	}
	if c.SiteID != "" {
		settings := map[string]string{
			"ORDERS_URL": "https://orders.test/api/orders", "ORDERS_SCOPE": "api://" + s.outputs.APIClientID + "/.default", "ORDERS_TENANT_ID": s.tenant.ID,
			"ORDERS_AUTHORITY_HOST": s.sandbox.BaseURL, "ORDERS_TOKEN_PROVIDERS": "azidentity", "ORDERS_SCHEDULE": "0 */10 * * * *",
		}
		for name, value := range c.settings {
			settings[name] = value
		}
		c.settings = settings
		s.setSettings(c.SiteID, settings)
		s.outputs.ClientSites[c.Client] = c.SiteID
	}
	s.clients[c.Client] = c
	s.outputs.Access = append(s.outputs.Access, c.access)
}

func (s *stack) addIdentityClient() {
	s.t.Helper()
	c := &client{access: access{Client: "assigned", Identity: "managedIdentity"}}
	c.assigned, c.identity = s.addIdentity("assigned")
	c.ClientID, c.ObjectID = c.identity.ClientID, c.identity.PrincipalID
	c.SiteID = s.addSite("orders-assigned", "UserAssigned", c.assigned)
	c.settings = map[string]string{"ORDERS_MANAGED_IDENTITY_CLIENT_ID": c.ClientID}
	s.add(c)
}

func (s *stack) addSystemClient() {
	s.t.Helper()
	c := &client{access: access{Client: "system", Identity: "systemAssigned"}}
	c.SiteID = s.addSite("orders-system", "SystemAssigned, UserAssigned")
	var site struct {
		Identity struct{ PrincipalID string }
	}
	s.arm("GET", c.SiteID+webAPI, nil, &site)
	c.ObjectID = site.Identity.PrincipalID
	s.add(c)
}

// register makes an app registration and its service principal.
func (s *stack) register(name string, a *access) {
	s.t.Helper()
	var app, sp struct{ ID, AppID string }
	s.graph("POST", "/v1.0/applications", object{"displayName": name + " (test)", "signInAudience": "AzureADMyOrg"}, &app)
	s.graph("POST", "/v1.0/servicePrincipals", object{"appId": app.AppID}, &sp)
	a.Client, a.ClientID, a.ApplicationObjectID, a.ObjectID = name, app.AppID, app.ID, sp.ID
	s.registered(name+"-application", app.ID, app.AppID)
}

// addPassword adds a client secret that expires after some days.
func (s *stack) addPassword(applicationID, name string, days int) (keyID, secret, expiresOn string) {
	s.t.Helper()
	var made struct{ KeyID, SecretText, EndDateTime string }
	s.graph("POST", "/v1.0/applications/"+applicationID+"/addPassword", object{"passwordCredential": object{
		"displayName": name, "endDateTime": s.now().AddDate(0, 0, days).UTC().Format(time.RFC3339)}}, &made)
	return made.KeyID, made.SecretText, made.EndDateTime
}

// now is the sandbox's clock.
func (w *world) now() time.Time { return w.sandbox.Store().Now() }

func (s *stack) addSecretClient() {
	s.t.Helper()
	c := &client{access: access{Identity: "clientSecret"}}
	s.register("secret", &c.access)
	keyID, secret, expiresOn := s.addPassword(c.ApplicationObjectID, "slot 1", 90)
	c.secret = secret
	c.Credentials = []credential{{Kind: "clientSecret", ID: keyID, ExpiresOn: expiresOn}}
	c.SiteID = s.addSite("orders-secret", "UserAssigned")
	c.settings = map[string]string{"ORDERS_CLIENT_ID": c.ClientID, "ORDERS_CLIENT_SECRET": secret}
	s.add(c)
}

// clientKey is the key of all certificates: generating one takes longer than a
// test.
var clientKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newCertificate is a self-signed certificate, in DER.
func (w *world) newCertificate(days int) []byte {
	w.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "client"}, NotBefore: w.now().Add(-time.Hour), NotAfter: w.now().AddDate(0, 0, days)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, clientKey().Public(), clientKey())
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

// setCertificate makes a certificate the only one of an app registration.
func (s *stack) setCertificate(applicationID, name string, der []byte) (keyID string) {
	s.t.Helper()
	s.graph("PATCH", "/v1.0/applications/"+applicationID, object{"keyCredentials": []object{{
		"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": name, "key": base64.StdEncoding.EncodeToString(der)}}}, nil)
	var app struct {
		KeyCredentials []struct{ KeyID string }
	}
	s.graph("GET", "/v1.0/applications/"+applicationID, nil, &app)
	return app.KeyCredentials[0].KeyID
}

func (s *stack) addCertificateClient() {
	s.t.Helper()
	c := &client{access: access{Identity: "certificate"}}
	s.register("certificate", &c.access)
	c.certificate = s.newCertificate(90)
	c.Credentials = []credential{{Kind: "certificate", ID: s.setCertificate(c.ApplicationObjectID, "slot 1", c.certificate)}}
	c.SiteID = s.addSite("orders-certificate", "UserAssigned")
	c.settings = map[string]string{"ORDERS_CLIENT_ID": c.ClientID, "ORDERS_CLIENT_CERTIFICATE": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate}))}
	s.add(c)
}

func (s *stack) addFederatedClient() {
	s.t.Helper()
	c := &client{access: access{Identity: "federated"}}
	s.register("federated", &c.access)
	c.assigned, c.identity = s.addIdentity("federated")
	trust := credential{Kind: "federated", Issuer: fmt.Sprintf("%s/%s/v2.0", s.sandbox.BaseURL, s.tenant.ID), Subject: c.identity.PrincipalID, Audience: "api://AzureADTokenExchange"}
	var made struct{ ID string }
	s.graph("POST", "/v1.0/applications/"+c.ApplicationObjectID+"/federatedIdentityCredentials", object{
		"name": "federated", "issuer": trust.Issuer, "subject": trust.Subject, "audiences": []string{trust.Audience}}, &made)
	trust.ID = made.ID
	c.Credentials = []credential{trust}
	c.SiteID = s.addSite("orders-federated", "UserAssigned", c.assigned)
	c.settings = map[string]string{"ORDERS_CLIENT_ID": c.ClientID, "ORDERS_MANAGED_IDENTITY_CLIENT_ID": c.identity.ClientID}
	s.add(c)
}

// declaration is what the stack declares.
func (s *stack) declaration() tenant.Declaration {
	s.t.Helper()
	exported, err := json.Marshal(s.outputs)
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := tenant.ReadOutputs(exported)
	if err != nil {
		s.t.Fatal(err)
	}
	state, err := json.Marshal(object{"version": 3, "deployment": object{"resources": s.resources}})
	if err == nil {
		err = d.ReadState(state)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// audit compares the stack with its tenant.
func (s *stack) audit() tenant.AuditReport {
	s.t.Helper()
	report, err := tenant.Audit(s.t.Context(), s.session, s.declaration(), tenant.Options{Now: s.now(), Expiring: 30 * 24 * time.Hour})
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}
