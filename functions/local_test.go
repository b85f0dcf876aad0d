package functions_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/verify/verifytest"
)

// This file runs handlers as a developer does, without a Functions host, from
// local.settings.json.

const clientSecret = "l0cal+client/secret"

// newTokenEndpoint starts an authority that issues the tenant's tokens for the
// client secret, at both versions of the token endpoint.
func newTokenEndpoint(t *testing.T, tenant *verifytest.Tenant) (authorityHost string) {
	t.Helper()
	base := "/" + verifytest.TenantID
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET "+base+"/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer":                 server.URL + base + "/v2.0",
			"token_endpoint":         server.URL + base + "/oauth2/v2.0/token",
			"authorization_endpoint": server.URL + base + "/oauth2/v2.0/authorize",
		})
	})
	give := func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_id") != verifytest.ClientID || r.PostFormValue("client_secret") != clientSecret {
			t.Errorf("got client %q, or another secret than its", r.PostFormValue("client_id"))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3600,
			"expires_on": time.Now().Add(time.Hour).Unix(), "access_token": tenant.Token(time.Now(), nil)})
	}
	mux.HandleFunc("POST "+base+"/oauth2/v2.0/token", give)
	mux.HandleFunc("POST "+base+"/oauth2/token", give)
	return server.URL
}

// localCommand is a handler in a folder with this file, with these environment
// variables alone.
func localCommand(t *testing.T, name, file string, content []byte, environment ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(filepath.Join(binaries, name))
	command.Dir, command.Env = t.TempDir(), append([]string{}, environment...)
	path := filepath.Join(command.Dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return command
}

// localFile is the content of local.settings.json, for a free port.
func localFile(t *testing.T, values map[string]string) []byte {
	t.Helper()
	content, err := json.Marshal(map[string]any{
		"IsEncrypted": false, "Values": values, "ConnectionStrings": map[string]string{},
		"Host": map[string]any{"LocalHttpPort": 0, "CORS": "*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("\xef\xbb\xbf"), content...)
}

// TestLocalHandlers uses the client secret with all token providers, from the
// module's root and from the function app's folder.
func TestLocalHandlers(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	for name, test := range map[string]struct {
		file        string // FOLDER is the function app's
		environment []string
		providers   []string
	}{
		"module's root":               {"functions/FOLDER/local.settings.json", nil, []string{"adal", "msal", "appauth", "azidentity"}},
		"function app's folder":       {"local.settings.json", nil, []string{"adal", "msal", "appauth", "azidentity"}},
		"the environment goes before": {"local.settings.json", []string{"ORDERS_TOKEN_PROVIDERS=msal"}, []string{"msal"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := func(app string) string { return strings.ReplaceAll(test.file, "FOLDER", app) }
			api := startCommand(t, "orders-api", localCommand(t, "orders-api", file("orders-api"), localFile(t, apiSettings(tenant))))
			client := startCommand(t, "orders-client", localCommand(t, "orders-client", file("orders-client"), localFile(t, map[string]string{
				"SSL_CERT_FILE": tenant.CertificateFile(), "ORDERS_URL": publish(t, api) + "/api/orders",
				"ORDERS_SCOPE": "api://" + verifytest.Audience + "/.default", "ORDERS_TENANT_ID": verifytest.TenantID,
				"ORDERS_AUTHORITY_HOST": newTokenEndpoint(t, tenant), "ORDERS_SCHEDULE": "0 */10 * * * *",
				"ORDERS_TOKEN_PROVIDERS": "adal,msal,appauth,azidentity",
				"ORDERS_CLIENT_ID":       verifytest.ClientID, "ORDERS_CLIENT_SECRET": clientSecret,
				"AzureServicesAuthConnectionString": "RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID + ";AppKey=" + clientSecret,
			}), test.environment...))
			checkProviders(t, client, test.providers)
		})
	}
}

func checkProviders(t *testing.T, client *handler, providers []string) {
	t.Helper()
	response, body := call(t, "GET", client.url+"/api/ProcessOrders", nil, "")
	var answer results
	if err := json.Unmarshal([]byte(body), &answer); err != nil || response.StatusCode != 200 || len(answer.Results) != len(providers) {
		t.Fatalf("got %d %s, want %d results", response.StatusCode, body, len(providers))
	}
	for i, got := range answer.Results {
		if got.TokenProvider != providers[i] || got.Credential != "clientSecret" || got.Status != 200 || len(got.Orders) != 5 || got.TokenSource != "network" {
			t.Errorf("got %+v, want the orders by %s with clientSecret", got, providers[i])
		}
	}
	client.stop()
	log := client.stdout.String()
	if strings.Contains(log+body, clientSecret) || !strings.Contains(log, `"msg":"app settings read"`) {
		t.Errorf("got %s, want the file named and no secret", log)
	}
	warned := strings.Count(log, "adal is deprecated")
	if want := strings.Count(strings.Join(providers, ","), "adal"); warned != want {
		t.Errorf("got %d warnings about adal, want %d", warned, want)
	}
}

func TestLocalSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	tenant := verifytest.NewTenant(t)
	good := string(localFile(t, apiSettings(tenant)))
	for name, test := range map[string]struct {
		content     string
		environment []string
		want        string
	}{
		"no JSON":              {`{"Values":{"ORDERS_ROLE":s3cret}}`, nil, "a syntax error near byte"},
		"value not a string":   {`{"Values":{"ORDERS_ROLE":["s3cret"]}}`, nil, "a value of the wrong type"},
		"port not a number":    {`{"Host":{"LocalHttpPort":"s3cret"}}`, nil, "a value of the wrong type"},
		"encrypted":            {`{"IsEncrypted":true,"Values":{"ORDERS_ROLE":"s3cret"}}`, nil, "func settings decrypt"},
		"without settings":     {`{}`, nil, "ORDERS_TENANT_ID: missing"},
		"in Azure":             {good, []string{"WEBSITE_SITE_NAME=orders"}, "ORDERS_TENANT_ID: missing"},
		"on an Arc machine":    {`{"IsEncrypted":true}`, []string{"IDENTITY_ENDPOINT=http://127.0.0.1:1", "IMDS_ENDPOINT=http://127.0.0.1:1"}, "func settings decrypt"},
		"started by some host": {good, []string{"FUNCTIONS_CUSTOMHANDLER_PORT=0"}, "ORDERS_TENANT_ID: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			prepared := localCommand(t, "orders-api", "local.settings.json", []byte(test.content), test.environment...)
			command := exec.CommandContext(ctx, prepared.Path)
			command.Dir, command.Env = prepared.Dir, prepared.Env
			output, err := command.Output()
			if err == nil || command.ProcessState.ExitCode() != 1 || !strings.Contains(string(output), test.want) || strings.Contains(string(output), "s3cret") {
				t.Errorf("got %v and %s, want exit code 1 with %q and no value", err, output, test.want)
			}
		})
	}
}

// TestExampleSettings: with the committed examples, a handler complains about the
// placeholders and about nothing missing.
func TestExampleSettings(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"orders-api", "orders-client"} {
		t.Run(app, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(app, "local.settings.example.json"))
			if err != nil {
				t.Fatal(err)
			}
			command := localCommand(t, app, "local.settings.json", content)
			output, err := command.Output()
			if err == nil || !strings.Contains(string(output), "ORDERS_TENANT_ID: expected a GUID") || strings.Contains(string(output), "missing") {
				t.Errorf("got %v and %s, want the placeholders refused and nothing missing", err, output)
			}
		})
	}
}
