package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/sandbox"
	"app-to-app/sandbox/sandboxtest"
	"app-to-app/sandbox/store"
)

var challenge = regexp.MustCompile(`^Bearer authorization="https://[^"/]+/([0-9a-f-]{36})", resource="(https://vault\.azure\.net)"$`)

// TestVaultChallenge does what Microsoft's clients do: the first request has
// no token, and the challenge in the answer says where to get one and for which
// resource.
func TestVaultChallenge(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.Options{})
	tenant := s.Tenants()[0]
	client, err := deployer.New(t.Context(), s, tenant)
	if err != nil {
		t.Fatal(err)
	}
	group := "/subscriptions/" + tenant.SubscriptionID + "/resourceGroups/rg"
	vault := group + "/providers/Microsoft.KeyVault/vaults/orders"
	arm := func(path, version, body string, out any) {
		t.Helper()
		if err := client.Do(t.Context(), http.MethodPut, path+"?api-version="+version, json.RawMessage(body), out); err != nil {
			t.Fatal(err)
		}
	}
	arm(group, "2022-09-01", `{"location":"westeurope"}`, nil)
	arm(vault, "2023-02-01", `{"location":"westeurope","properties":{"tenantId":"`+tenant.ID+`","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":true}}`, nil)
	var secret struct {
		Properties struct{ SecretURI, SecretURIWithVersion string }
	}
	arm(vault+"/secrets/it", "2023-02-01", `{"properties":{"value":"hunter2"}}`, &secret)

	status, header, _ := getSecret(t, s, secret.Properties.SecretURI, "")
	m := challenge.FindStringSubmatch(header.Get("WWW-Authenticate"))
	if status != 401 || m == nil || m[1] != tenant.ID {
		t.Fatalf("got %d and challenge %q, want 401 and the tenant", status, header.Get("WWW-Authenticate"))
	}
	token := tokenFor(t, s, tenant, m[2]+"/.default")
	if status, _, body := getSecret(t, s, secret.Properties.SecretURI, token); status != 403 || !strings.Contains(body, "ForbiddenByRbac") {
		t.Errorf("without a data role: got %d %s, want 403", status, body)
	}
	arm(vault+"/providers/Microsoft.Authorization/roleAssignments/99999999-0000-4000-8000-000000000001", "2022-04-01",
		`{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6","principalId":"`+tenant.Deployer.ObjectID+`"}}`, nil)
	for _, uri := range []string{secret.Properties.SecretURI, secret.Properties.SecretURIWithVersion} {
		if status, _, body := getSecret(t, s, uri, token); status != 200 || !strings.Contains(body, `"value":"hunter2"`) {
			t.Errorf("got %d %s, want the value", status, body)
		}
	}
	if status, _, _ := getSecret(t, s, secret.Properties.SecretURI, tokenFor(t, s, tenant, "https://management.azure.com/.default")); status != 401 {
		t.Errorf("token for ARM: got %d, want 401", status)
	}
	other := s.Tenants()[1]
	if status, _, _ := getSecret(t, s, secret.Properties.SecretURI, tokenFor(t, s, other, m[2]+"/.default")); status != 401 {
		t.Errorf("token of another tenant: got %d, want 401", status)
	}
	for _, entry := range s.History() {
		if data, err := json.Marshal(entry); err != nil || strings.Contains(string(data), "hunter2") {
			t.Errorf("got the value in the history, want none (%v)", err)
		}
	}
}

// TestAnOlderSandboxGetsKeyVault restarts a sandbox from before Key Vault was
// added.
func TestAnOlderSandboxGetsKeyVault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	tenant := first.Tenants()[0]
	err := first.Store().Update(func(tx *store.Tx) error {
		sp, ok := store.ServicePrincipalByClientID(tx, tenant.ID, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093")
		if !ok {
			t.Error("got no service principal of Key Vault, want one")
		}
		store.ServicePrincipals.Delete(tx, store.TenantKey(tenant.ID, sp.ObjectID))
		return nil
	})
	if err := errors.Join(err, first.Close()); err != nil {
		t.Fatal(err)
	}
	second := sandboxtest.Start(t, sandboxtest.Options{Options: sandbox.Options{Dir: dir}})
	tokenFor(t, second, tenant, "https://vault.azure.net/.default")
}

func tokenFor(t *testing.T, s *sandbox.Sandbox, tenant sandbox.Tenant, scope string) string {
	t.Helper()
	credential, err := azidentity.NewClientSecretCredential(tenant.ID, tenant.Deployer.ClientID, tenant.Deployer.Secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.BaseURL}, Transport: s.HTTPClient()},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		t.Fatal(err)
	}
	return token.Token
}

func getSecret(t *testing.T, s *sandbox.Sandbox, uri, token string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri+"?"+url.Values{"api-version": {"7.4"}}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := s.HTTPClient()
	client.Timeout = time.Minute
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}
