package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/azurecloud"
	"app-to-app/azurecloud/endpoints"
	"app-to-app/pulumilocal/provider/cloud"
)

func TestReadDeployer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		config  map[string]any
		environ map[string]string
		method  azurecloud.Method
		secret  string
		tenant  string
	}{
		{"environment", nil, map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "s"}, azurecloud.ClientSecret, "s", "t"},
		{"configuration wins", map[string]any{"tenantId": "mine", "clientSecret": "other"},
			map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "s"}, azurecloud.ClientSecret, "other", "mine"},
		{"secret file", nil, map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET_FILE_PATH": file}, azurecloud.ClientSecret, "from-a-file", "t"},
		{"secret before managed identity", nil, map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "s", "ARM_USE_MSI": "true"}, azurecloud.ClientSecret, "s", "t"},
		{"certificate before secret", nil, map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "s", "ARM_CLIENT_CERTIFICATE_PATH": file}, azurecloud.ClientCertificate, "s", "t"},
		{"OpenID Connect before managed identity", nil, map[string]string{"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "o", "ARM_USE_MSI": "true"}, azurecloud.OIDC, "", "t"},
		{"managed identity without ids", nil, map[string]string{"ARM_USE_MSI": "true"}, azurecloud.ManagedIdentity, "", ""},
		{"nothing but the CLI", nil, nil, azurecloud.AzureCLI, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string {
				if name == "ARM_METADATA_HOSTNAME" {
					return "127.0.0.1:1"
				}
				return test.environ[name]
			}
			got, err := cloud.ReadDeployer(test.config, getenv)
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != test.method || got.Getenv("ARM_CLIENT_SECRET") != test.secret || got.TenantID != test.tenant || got.MetadataHost != "127.0.0.1:1" {
				t.Errorf("got method %q, tenant %q, right secret %v, want %q, %q", got.Method, got.TenantID, got.Getenv("ARM_CLIENT_SECRET") == test.secret, test.method, test.tenant)
			}
		})
	}
}

func TestReadDeployerRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config map[string]any
		want   string
	}{
		{"secret without tenant", map[string]any{"clientId": "c", "clientSecret": "s", "useMsi": true}, "ARM_TENANT_ID: missing"},
		{"secret file that is not there", map[string]any{"clientSecretFilePath": filepath.Join(t.TempDir(), "none")}, "read clientSecretFilePath: "},
		{"endpoint of managed identities", map[string]any{"useMsi": true, "msiEndpoint": "http://127.0.0.1:1"}, "msiEndpoint (ARM_MSI_ENDPOINT) is not emulated"},
		{"text for a flag", map[string]any{"useMsi": "perhaps"}, "ARM_USE_MSI: expected true or false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.config["metadataHost"] = "127.0.0.1:1"
			if _, err := cloud.ReadDeployer(test.config, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	const complete = `{"name":"x","resourceManager":"https://arm/","microsoftGraphResourceId":"https://graph/","authentication":{"loginEndpoint":"https://login/","audiences":["https://a/"]}}`
	for _, test := range []struct {
		name, body string
		status     int
		want       string // of the error
	}{
		{"complete", complete, 200, ""},
		{"byte order mark", "\uFEFF" + complete, 200, ""},
		{"without Graph", strings.Replace(complete, "microsoftGraph", "other", 1), 200, "expected microsoftGraphResourceId"},
		{"not JSON", "<html>", 200, "invalid character"},
		{"refused", "", 503, "expected status 200, got 503"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != "/metadata/endpoints?api-version=2022-09-01" {
					t.Errorf("got %s", r.URL)
				}
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			}))
			t.Cleanup(server.Close)
			got, err := cloud.Deployer{MetadataHost: strings.TrimPrefix(server.URL, "https://")}.Endpoints(t.Context(), server.Client())
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil || got.ResourceManager != "https://arm" || got.Graph != "https://graph" || got.LoginEndpoint != "https://login" || cloud.Scope(got) != "https://a//.default" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	if got, want := cloud.Scope(endpoints.Document{}), "https://management.core.windows.net//.default"; got != want {
		t.Errorf("without audience: got %q, want %q", got, want)
	}
}

func TestOnlyLoopbackIsReached(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	client := cloud.NewHTTPClient()
	if resp, err := client.Get(server.URL); err != nil {
		t.Errorf("this machine: got %v, want an answer", err)
	} else {
		resp.Body.Close()
	}
	for _, address := range []string{"http://192.0.2.1/", "http://[2001:db8::1]/"} { // for documentation, RFC 5737 and RFC 3849
		t.Run("not "+address, func(t *testing.T) {
			t.Parallel()
			if _, err := client.Get(address); err == nil || !strings.Contains(err.Error(), "only works against a sandbox") {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
}
