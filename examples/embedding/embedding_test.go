package embedding_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/sandbox"
	"app-to-app/sandbox/route"
	"app-to-app/sandbox/sandboxtest"
)

const ordersRead = "11111111-0000-4000-8000-000000000001"

// TestOnlyTheAssignedClientGetsAToken registers an API and a client in a tenant of
// the sandbox. Microsoft's library gets a token for the API as soon as the client is
// assigned, and not before.
func TestOnlyTheAssignedClientGetsAToken(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	d := deployer{t: t, sandbox: s, tenant: s.Tenants()[0]}
	api, apiPrincipal := d.register("stock-api", map[string]any{"api": map[string]any{"requestedAccessTokenVersion": 2}, "appRoles": []any{map[string]any{
		"id": ordersRead, "value": "Stock.Read", "displayName": "Read", "description": "Read the stock", "isEnabled": true, "allowedMemberTypes": []string{"Application"}}}})
	d.graph(http.MethodPatch, "/v1.0/servicePrincipals/"+apiPrincipal, map[string]any{"appRoleAssignmentRequired": true}, nil)
	client, clientPrincipal := d.register("reports", nil)
	var secret struct{ SecretText string }
	d.graph(http.MethodPost, "/v1.0/applications/"+client.ID+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "test"}}, &secret)

	credential := d.credential(client.AppID, secret.SecretText)
	scope := policy.TokenRequestOptions{Scopes: []string{api.AppID + "/.default"}}
	if _, err := credential.GetToken(t.Context(), scope); err == nil || !strings.Contains(err.Error(), "AADSTS501051") {
		t.Errorf("before the assignment: got %v, want AADSTS501051", err)
	}
	d.graph(http.MethodPost, "/v1.0/servicePrincipals/"+apiPrincipal+"/appRoleAssignedTo",
		map[string]any{"principalId": clientPrincipal, "resourceId": apiPrincipal, "appRoleId": ordersRead}, nil)
	if _, err := credential.GetToken(t.Context(), scope); err != nil {
		t.Errorf("after the assignment: %v", err)
	}
}

// TestABusyTokenEndpoint queues a fault: the next request for a token is answered
// with 503. Code that gives up at once would fail here.
func TestABusyTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	d := deployer{t: t, sandbox: s, tenant: s.Tenants()[0]}
	s.Weather().Queue("POST /{tenant}/oauth2/v2.0/token", route.Fault{Status: http.StatusServiceUnavailable})
	credential := d.credential(d.tenant.Deployer.ClientID, d.tenant.Deployer.Secret)
	if _, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{s.GraphURL + "/.default"}}); err != nil {
		t.Errorf("expected the library to ask again, got %v", err)
	}
}

// A deployer prepares the tenant through Microsoft Graph, with the permissions that
// the sandbox's deployer has.
type deployer struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
}

// credential signs in as an application. Instance discovery is off, as for any cloud
// that Microsoft does not list.
func (d deployer) credential(clientID, secret string) azcore.TokenCredential {
	d.t.Helper()
	credential, err := azidentity.NewClientSecretCredential(d.tenant.ID, clientID, secret, &azidentity.ClientSecretCredentialOptions{
		DisableInstanceDiscovery: true,
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: d.sandbox.BaseURL},
			Transport: d.sandbox.HTTPClient(),
			Retry:     policy.RetryOptions{RetryDelay: time.Millisecond},
		},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return credential
}

type registration struct{ ID, AppID string }

// register makes an app registration and its service principal.
func (d deployer) register(name string, more map[string]any) (app registration, principal string) {
	d.t.Helper()
	body := map[string]any{"displayName": name, "signInAudience": "AzureADMyOrg"}
	for key, value := range more {
		body[key] = value
	}
	d.graph(http.MethodPost, "/v1.0/applications", body, &app)
	var made registration
	d.graph(http.MethodPost, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, &made)
	return app, made.ID
}

// graph sends one request to Microsoft Graph.
func (d deployer) graph(method, path string, in, out any) {
	d.t.Helper()
	token, err := d.credential(d.tenant.Deployer.ClientID, d.tenant.Deployer.Secret).
		GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{d.sandbox.GraphURL + "/.default"}})
	if err != nil {
		d.t.Fatal(err)
	}
	content, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.sandbox.GraphURL+path, bytes.NewReader(content))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.sandbox.HTTPClient().Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		d.t.Fatalf("%s %s: got %s", method, path, resp.Status)
	}
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			d.t.Fatal(err)
		}
	}
}
