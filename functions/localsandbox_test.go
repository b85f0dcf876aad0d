package functions_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// This file runs handlers as a developer does against a sandbox, with a client
// secret or the login of the Azure CLI.

var (
	cliProviders = []string{"azidentity", "appauth"} // that can use the Azure CLI's login
	cliRefused   = []string{"msal", "adal"}          // that cannot
)

// localClient is the client's command in a folder with a local.settings.json of
// these settings, and the Azure CLI on the PATH when there is one.
func (c *cloud) localClient(t *testing.T, cli, ordersURL string, more ...string) *exec.Cmd {
	t.Helper()
	settings := c.clientSettings(append(more, "ORDERS_URL", ordersURL)...)
	return localCommand(t, "orders-client", "functions/orders-client/local.settings.json", localFile(t, settings), c.trust(t), "PATH="+cli+":/usr/bin:/bin")
}

// trust is the variable that makes a process trust the sandbox, as a shell has
// it after sourcing the sandbox's env file.
func (c *cloud) trust(t testing.TB) string {
	t.Helper()
	environ := c.sandbox.Environ(c.tenant)
	i := slices.IndexFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, "SSL_CERT_FILE=") })
	if i < 0 {
		t.Fatalf("expected SSL_CERT_FILE in the environment of clients")
	}
	return environ[i]
}

// startLocalAPI starts the API on this machine and returns the URL of its
// orders, plain http as with Functions Core Tools.
func (c *cloud) startLocalAPI(t *testing.T) string {
	t.Helper()
	settings := c.apiSettings("SSL_CERT_FILE", strings.TrimPrefix(c.trust(t), "SSL_CERT_FILE="))
	api := startCommand(t, "orders-api", localCommand(t, "orders-api", "functions/orders-api/local.settings.json", localFile(t, settings)))
	return api.url + "/api/orders"
}

// installCLI makes a folder with an Azure CLI that is signed in as the deployer:
// it answers as `az account get-access-token` does, with a token of the sandbox
// for the API.
func (c *cloud) installCLI(t testing.TB) (folder string) {
	t.Helper()
	token := c.token(t, c.registration.identifierURI+"/.default")
	answer, err := json.Marshal(object{
		"accessToken": token, "expires_on": time.Now().Add(time.Hour).Unix(), "subscription": c.tenant.SubscriptionID,
		"tenant": c.tenant.ID, "tokenType": "Bearer",
	})
	if err != nil {
		t.Fatal(err)
	}
	const script = `#!/bin/sh
case "$* " in
"account get-access-token "*"--resource RESOURCE "*) cat "${0%/*}/answer.json" ;;
*) echo "ERROR: got az $*" >&2; exit 2 ;;
esac
`
	folder = t.TempDir()
	for name, content := range map[string]string{"az": strings.ReplaceAll(script, "RESOURCE", c.registration.identifierURI), "answer.json": string(answer)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestLocalHandlersInSandbox(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	c.assign(t, c.tenant.Deployer.ObjectID)
	cli := c.installCLI(t)
	local, deployed := c.startLocalAPI(t), c.api.url("/api/orders")
	secret, secretID := withSecret(c)
	all := []string{"adal", "msal", "appauth", "azidentity"}
	for _, test := range []struct {
		name, credential, objectID, api string
		providers, settings             []string
	}{
		{"client secret and local API", "clientSecret", secretID, local, all, append(secret, connection, c.connectionOf(c.bySecret)+"AppKey="+c.secret)},
		{"client secret and deployed API", "clientSecret", secretID, deployed, all, append(secret, connection, c.connectionOf(c.bySecret)+"AppKey="+c.secret)},
		{"Azure CLI and local API", "azureCli", c.tenant.Deployer.ObjectID, local, cliProviders, nil},
		{"Azure CLI and deployed API", "azureCli", c.tenant.Deployer.ObjectID, deployed, cliProviders, []string{connection, "RunAs=Developer;DeveloperTool=AzureCli"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := startCommand(t, "orders-client", c.localClient(t, cli, test.api, append(test.settings, "ORDERS_TOKEN_PROVIDERS", strings.Join(test.providers, ","))...))
			for _, source := range []string{"network", "cache"} {
				response, body := call(t, "GET", client.url+"/api/ProcessOrders", nil, "")
				var answer results
				if err := json.Unmarshal([]byte(body), &answer); err != nil || response.StatusCode != http.StatusOK || len(answer.Results) != len(test.providers) {
					t.Fatalf("got %d %s, want %d results", response.StatusCode, body, len(test.providers))
				}
				for i, got := range answer.Results {
					if got.TokenProvider != test.providers[i] || got.Credential != test.credential || len(got.Orders) != 5 || got.TokenSource != source {
						t.Errorf("got %+v, want five orders by %s with %s and a token from %s", got, test.providers[i], test.credential, source)
					} else if got.Caller.ObjectID != test.objectID {
						t.Errorf("got caller %+v, want %s", got.Caller, test.objectID)
					}
				}
			}
			client.stop()
			if log := client.stdout.String(); strings.Contains(log, c.secret) {
				t.Errorf("got the client secret in %s", log)
			}
		})
	}
	for _, provider := range cliRefused {
		t.Run("Azure CLI refused by "+provider, func(t *testing.T) {
			t.Parallel()
			output, err := c.localClient(t, cli, deployed, "ORDERS_TOKEN_PROVIDERS", provider).Output()
			if err == nil || !strings.Contains(string(output), refuses("azureCli")) {
				t.Errorf("got %v and %s, want %q", err, output, refuses("azureCli"))
			}
		})
	}
}
