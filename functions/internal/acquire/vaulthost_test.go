package acquire_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/verify/verifytest"
)

// This file tests where the token for Key Vault may go.

func fromVault(identifier string) acquire.Secret {
	return acquire.NewSecret("RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID + ";KeyVaultCertificateSecretIdentifier=" + identifier)
}

func TestVaultHosts(t *testing.T) {
	t.Parallel()
	const (
		public, usGov, china = "https://login.microsoftonline.com", "https://login.microsoftonline.us", "https://login.chinacloudapi.cn"
		bleu, private        = "https://login.sovcloud-identity.fr", "https://login.example:8443"
		version              = "/0123456789abcdef0123456789abcdef"
	)
	for _, test := range []struct {
		authority, identifier string
		want                  string // of the refusal; "" for none
	}{
		{public, "https://orders.vault.azure.net/secrets/client", ""},
		{public, "https://orders.vault.azure.net/secrets/client" + version, ""},
		{public, "https://ORDERS.Vault.Azure.Net/secrets/client", ""},
		{usGov, "https://orders.vault.usgovcloudapi.net/secrets/client", ""},
		{china, "https://orders.vault.azure.cn/secrets/client", ""},
		{private, "https://login.example/secrets/client", ""},
		{private, "https://login.example:9443/keyvault/orders/secrets/client" + version, ""},

		{public, "https://orders.vault.azure.cn/secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.usgovcloudapi.net/secrets/client", "NAME.vault.azure.net"},
		{usGov, "https://orders.vault.azure.net/secrets/client", "NAME.vault.usgovcloudapi.net"},
		{china, "https://orders.vault.azure.net/secrets/client", "NAME.vault.azure.cn"},
		{bleu, "https://orders.vault.azure.net/secrets/client", "not known here"},
		{private, "https://orders.vault.azure.net/secrets/client", "https://login.example/"},
		{private, "https://login.example.attacker.test/secrets/client", "https://login.example/"},
		{private, "https://login.example/a/../secrets/client", "https://login.example/"},
		{private, "https://login.example/%2e%2e/secrets/client", "https://login.example/"},
		{public, "https://attacker.test/secrets/client", "NAME.vault.azure.net"},
		{public, "https://vault.azure.net/secrets/client", "NAME.vault.azure.net"},
		{public, "https://.vault.azure.net/secrets/client", "NAME.vault.azure.net"},
		{public, "https://a.b.vault.azure.net/secrets/client", "NAME.vault.azure.net"},
		{public, "https://evilvault.azure.net/secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net.attacker.test/secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net./secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net:8443/secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net@attacker.test/secrets/client", "NAME.vault.azure.net"},
		{public, "https://attacker.test#.vault.azure.net/secrets/client", "NAME.vault.azure.net"},
		{public, `https://attacker.test\.vault.azure.net/secrets/client`, "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net/keyvault/secrets/client", "NAME.vault.azure.net"},
		{public, "https://orders.vault.azure.net/secrets/client?", "NAME.vault.azure.net"},
		{public, "http://orders.vault.azure.net/secrets/client", "NAME.vault.azure.net"},
	} {
		t.Run(test.authority+" "+test.identifier, func(t *testing.T) {
			t.Parallel()
			asked := &http.Client{Transport: refuseAll{t}} // refused before anything is asked for
			_, err := acquire.NewTokenProviders([]string{"appauth"}, acquire.ProviderConfig{
				Scope: "api://orders/.default", TenantID: verifytest.TenantID, AuthorityHost: test.authority,
				ConnectionString: fromVault(test.identifier), HTTPClient: asked, ManagedIdentityClientID: vaultID,
			})
			if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "attacker") {
				t.Errorf("got the identifier in %q", err)
			}
		})
	}
}

// refuseAll fails the test when anything is asked for.
type refuseAll struct{ t *testing.T }

func (r refuseAll) RoundTrip(request *http.Request) (*http.Response, error) {
	r.t.Errorf("%s was asked", request.URL.Host)
	return nil, http.ErrNotSupported
}

// TestVaultScopeFollowsTheCloud: the managed identity is asked for a token for the
// vaults of the client's cloud.
func TestVaultScopeFollowsTheCloud(t *testing.T) {
	t.Parallel()
	for i, test := range []struct{ authority, suffix string }{
		{"https://login.microsoftonline.com", "vault.azure.net"},
		{"https://login.microsoftonline.us", "vault.usgovcloudapi.net"},
		{"https://login.partner.microsoftonline.cn", "vault.azure.cn"},
	} {
		t.Run(test.suffix, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cell{settings: func(*world, *testing.T) {}}, "")
			cloud := anyCloud{make(chan string, 5)}
			w.config.AuthorityHost, w.config.HTTPClient = test.authority, &http.Client{Transport: cloud}
			w.config.ConnectionString = fromVault("https://orders." + test.suffix + "/secrets/client")
			w.config.ManagedIdentityClientID = fmt.Sprintf("44444444-0000-4000-9000-%012d", i)
			if _, err := w.provider(t, cell{provider: "appauth"}).Acquire(t.Context()); err == nil || !strings.Contains(err.Error(), "Key Vault") {
				t.Fatalf("got %v, want the vault's answer refused: it is no secret", err)
			}
			select {
			case got := <-cloud.resources:
				if got != "https://"+test.suffix {
					t.Errorf("got the identity asked for %q, want %q", got, "https://"+test.suffix)
				}
			default:
				t.Error("expected the identity to be asked")
			}
		})
	}
}

// TestVaultRedirectIsNotFollowed: a vault that points elsewhere does not get the
// token sent there, even on its own host name, where [http.Client] would keep it.
func TestVaultRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with a token: %v", r.Header.Get("Authorization") != "")
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			c := cell{"appauth", acquire.Certificate, "", func(w *world, t *testing.T) {
				w.config.ManagedIdentityClientID = vaultID
				w.config.ConnectionString = fromVault(newVault(t, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
				}))
			}}
			w := newWorld(t, c, "")
			if _, err := w.provider(t, c).Acquire(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("expected status 200, got %d", status)) {
				t.Errorf("got %v, want the redirect refused", err)
			}
		})
	}
}
