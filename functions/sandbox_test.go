package functions_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
)

// This file deploys both function apps to a sandbox as the Pulumi program does,
// but with plain requests to Graph (directory_test.go), ARM and SCM
// (resources_test.go). Without the engine each test can have its own deployment.

// A cloud is one tenant of a sandbox with both function apps in it. The API
// requires the app role, which no client has yet.
type cloud struct {
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
	azure   *deployer.Client
	group   string // resource group: ARM id, as all other ids of resources

	registration registration // of the API
	api          site
	client       site
	identities   []managedIdentity // user-assigned ones, both attached to the client
	system       managedIdentity   // of the client itself

	printed log // by handlers
	answers log // of the functions
}

// A managedIdentity is one of Azure, and its service principal.
type managedIdentity struct {
	id, clientID, objectID string
}

// A site is a function app.
type site struct {
	id, host, scm string // ARM id and the two host names
	settings      map[string]string
}

// url is that of one of the functions.
func (s site) url(path string) string { return "https://" + s.host + path }

const (
	location     = "westeurope"
	webVersion   = "?api-version=2024-04-01"
	resourceRead = "?api-version=2022-09-01"
)

// startCloud starts a sandbox and deploys to its first tenant. The client has the
// settings that every credential needs, but no credential yet.
func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{}
	s := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Output: io.MultiWriter(t.Output(), &c.printed)}})
	c.sandbox, c.tenant = s, s.Tenants()[0]
	var err error
	if c.azure, err = deployer.New(t.Context(), s, c.tenant); err != nil {
		t.Fatal(err)
	}
	c.group = "/subscriptions/" + c.tenant.SubscriptionID + "/resourceGroups/orders"
	c.do(t, "PUT", c.group+resourceRead, object{"location": location}, nil)
	c.registration = c.registerAPI(t)
	c.api = c.createApp(t, "orders-api", object{})
	c.changeSettings(t, &c.api, c.apiSettings())
	c.publish(t, c.api, packageOf(t, "orders-api", filepath.Join(binaries, "orders-api")))

	attached := object{}
	for _, name := range []string{"orders-client-first", "orders-client-second"} {
		identity := c.createIdentity(t, name)
		c.identities = append(c.identities, identity)
		attached[identity.id] = object{}
	}
	c.client = c.createApp(t, "orders-client", attached)
	c.system = c.systemIdentity(t, c.client)
	c.changeSettings(t, &c.client, c.clientSettings())
	c.publish(t, c.client, packageOf(t, "orders-client", filepath.Join(binaries, "orders-client")))
	return c
}

// apiSettings are the API's app settings.
func (c *cloud) apiSettings(more ...string) map[string]string {
	return with(map[string]string{
		"ORDERS_TENANT_ID": c.tenant.ID, "ORDERS_AUTHORITY_HOST": c.sandbox.BaseURL,
		"ORDERS_AUDIENCE": c.registration.clientID, "ORDERS_ROLE": ordersRole,
	}, more...)
}

// clientSettings are the client's app settings without a credential.
func (c *cloud) clientSettings(more ...string) map[string]string {
	return with(map[string]string{
		"ORDERS_URL": c.api.url("/api/orders"), "ORDERS_SCOPE": c.registration.identifierURI + "/.default",
		"ORDERS_TENANT_ID": c.tenant.ID, "ORDERS_AUTHORITY_HOST": c.sandbox.BaseURL,
		"ORDERS_TOKEN_PROVIDERS": "azidentity", "ORDERS_SCHEDULE": "0 0 0 1 1 *",
	}, more...)
}

type object = map[string]any

// do sends a request to Graph or ARM and fails the test when it is refused.
func (c *cloud) do(t testing.TB, method, path string, in, out any) {
	t.Helper()
	if err := c.azure.Do(t.Context(), method, path, in, out); err != nil {
		t.Fatal(err)
	}
}

// changeSettings replaces the app settings of a site's code through ARM and keeps
// those of its host. The site restarts before it answers again.
func (c *cloud) changeSettings(t testing.TB, s *site, settings map[string]string) {
	t.Helper()
	all := maps.Clone(s.settings)
	maps.Copy(all, settings)
	c.do(t, "PUT", s.id+"/config/appsettings"+webVersion, object{"properties": all}, nil)
}

// token is an access token of the deployer for a scope.
func (c *cloud) token(t testing.TB, scope string) string {
	t.Helper()
	return c.tokenOf(t, c.tenant.Deployer.ClientID, c.tenant.Deployer.Secret, scope)
}

// tokenOf is an access token of a client with this secret for a scope.
func (c *cloud) tokenOf(t testing.TB, clientID, secret, scope string) string {
	t.Helper()
	answer, err := c.sandbox.HTTPClient().PostForm(c.sandbox.BaseURL+"/"+c.tenant.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope},
		"client_id": {clientID}, "client_secret": {secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.AccessToken == "" {
		t.Fatalf("expected a token for %q, got status %d, %v", scope, answer.StatusCode, err)
	}
	return body.AccessToken
}

// process calls the client's function with its key. If the answer is not the
// function's, it returns only the status.
func (c *cloud) process(t testing.TB) (status int, answer results) {
	t.Helper()
	key, err := c.azure.HostKey(t.Context(), c.client.id)
	if status := azurecloud.StatusOf(err); status != 0 { // a host that gave up has no keys
		return status, results{}
	} else if err != nil {
		t.Fatal(err)
	}
	response, body := c.get(t, c.client.url("/api/ProcessOrders"), http.Header{"X-Functions-Key": {key}})
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("got %d %s, want JSON", response.StatusCode, body)
		}
	}
	return response.StatusCode, answer
}

// getOrders calls the API with these headers and returns the answer with its
// body.
func (c *cloud) getOrders(t testing.TB, header http.Header) (*http.Response, string) {
	t.Helper()
	return c.get(t, c.api.url("/api/orders"), header)
}

// get calls a function and keeps its answer.
func (c *cloud) get(t testing.TB, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	response, err := c.sandbox.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&c.answers, "%d %v\n%s\n", response.StatusCode, response.Header, body)
	return response, string(body)
}

// logs are what a site's handler printed and its host said.
func (c *cloud) logs(s site) string { return strings.Join(c.sandbox.Apps().Logs(s.id), "\n") }

func TestCloud(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	c.assign(t, c.identities[0].objectID)
	c.changeSettings(t, &c.client, c.clientSettings("ORDERS_MANAGED_IDENTITY_CLIENT_ID", c.identities[0].clientID))
	status, answer := c.process(t)
	if status != 200 || len(answer.Results) != 1 || len(answer.Results[0].Orders) != 5 || answer.Results[0].Caller.ObjectID != c.identities[0].objectID {
		t.Errorf("got %d with %+v, want five orders as the first identity", status, answer)
	}
	if response, body := c.getOrders(t, nil); response.StatusCode != 401 {
		t.Errorf("got %d %s without a token, want 401", response.StatusCode, body)
	}
	if !slices.ContainsFunc(c.sandbox.Apps().Logs(c.api.id), func(line string) bool { return strings.Contains(line, "orders given") }) {
		t.Errorf("got %s, want the API's own log", c.logs(c.api))
	}
}
