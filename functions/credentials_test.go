package functions_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// This file is the table of credentials and token providers, end to end: the
// client deployed in a sandbox, with app settings that are changed through ARM,
// and no engine. README.md shows the same table.

// A cell is a credential with a token provider. Each way that works and each
// refusal is a test.
type cell struct {
	credential, provider string
	says                 string // in the README
	ways                 []way  // in App Service
	refused              []refusal
}

// A way is app settings with which a cell works.
type way struct {
	name      string // tells those of one cell apart
	configure func(*clients) (settings []string, objectID string)
}

// A refusal is app settings with which the client does not start, and its error.
type refusal struct {
	name      string
	configure func(*clients) (settings []string)
	text      string
}

// cells are in the order of the README: by credential, then by provider.
var cells = []cell{
	{"userAssigned", "azidentity", "works", []way{{"", asUserAssigned}}, nil},
	{"userAssigned", "msal", "works", []way{{"", asUserAssigned}}, nil},
	{"userAssigned", "appauth", "works: `RunAs=App;AppId=…`", []way{{"", connectedUserAssigned}}, nil},
	{"userAssigned", "adal", saysRefused("userAssigned"), nil, []refusal{{"", settingsOf(asUserAssigned), refuses("userAssigned")}}},

	{"systemAssigned", "azidentity", "works", []way{{"", asSystemAssigned("")}}, nil},
	{"systemAssigned", "msal", "works", []way{{"", asSystemAssigned("")}}, nil},
	{"systemAssigned", "appauth", "works: `RunAs=App`, or empty", []way{{"named", asSystemAssigned("RunAs=App")}, {"empty", asSystemAssigned("")}}, nil},
	{"systemAssigned", "adal", saysRefused("systemAssigned"), nil, []refusal{{"", settingsOf(asSystemAssigned("")), refuses("systemAssigned")}}},

	{"clientSecret", "azidentity", "works", []way{{"", withSecret}}, nil},
	{"clientSecret", "msal", "works", []way{{"", withSecret}}, nil},
	{"clientSecret", "appauth", "works: `AppKey=…`", []way{{"", connectedSecret}}, []refusal{
		{"settings of another provider", settingsOf(withSecret), "AzureServicesAuthConnectionString: missing"}}},
	{"clientSecret", "adal", "works", []way{{"", withSecret}}, nil},

	{"certificate", "azidentity", "works", []way{{"", withCertificate}}, nil},
	{"certificate", "msal", "works", []way{{"", withCertificate}}, nil},
	{"certificate", "appauth", "works: `CertificateThumbprint=…`, `CertificateSubjectName=…`, `KeyVaultCertificateSecretIdentifier=…`", []way{
		{"thumbprint of a PEM file", connectedCertificate("CertificateThumbprint=THUMBPRINT", "client.pem")},
		{"thumbprint of a PFX file", connectedCertificate("CertificateThumbprint=THUMBPRINT", "client.pfx")},
		{"subject", connectedCertificate("CertificateSubjectName=CN=orders-client, O=Orders", "client.pem")},
		{"Key Vault, PEM", connectedVault("client-pem")},
		{"Key Vault, PFX", connectedVault("client-pfx")},
	}, []refusal{
		{"another thumbprint", settingsOf(connectedCertificate("CertificateThumbprint="+strings.Repeat("0", 40), "client.pem")), "CertificateThumbprint: no file with such a certificate"},
	}},
	{"certificate", "adal", "works", []way{{"", withCertificate}}, nil},

	{"federated", "azidentity", "works", []way{{"", federated}}, nil},
	{"federated", "msal", "works", []way{{"", federated}}, nil},
	{"federated", "appauth", saysRefused("federated"), nil, []refusal{{"", settingsOf(federated), refuses("federated")}}},
	{"federated", "adal", saysRefused("federated"), nil, []refusal{{"", settingsOf(federated), refuses("federated")}}},

	// App Service has no Azure CLI; localsandbox_test.go has the cases that work.
	{"azureCli", "azidentity", "works", nil, nil},
	{"azureCli", "msal", saysRefused("azureCli"), nil, nil},
	{"azureCli", "appauth", "works: `RunAs=Developer;DeveloperTool=AzureCli`, or empty", nil, []refusal{
		{"in App Service", connectedCLI, "which App Service does not have"}}},
	{"azureCli", "adal", saysRefused("azureCli"), nil, nil},
}

// refuses is a provider's error for a credential that it does not support.
func refuses(credential string) string { return "cannot use the credential " + credential }

func saysRefused(credential string) string { return "refused: " + refuses(credential) }

func settingsOf(configure func(*clients) ([]string, string)) func(*clients) []string {
	return func(c *clients) []string { settings, _ := configure(c); return settings }
}

// The ways. A way without ORDERS_CLIENT_ID uses a managed identity.

func asUserAssigned(c *clients) ([]string, string) {
	return []string{"ORDERS_MANAGED_IDENTITY_CLIENT_ID", c.identities[0].clientID}, c.identities[0].objectID
}

func connectedUserAssigned(c *clients) ([]string, string) {
	return []string{connection, "RunAs=App;AppId=" + c.identities[0].clientID}, c.identities[0].objectID
}

func asSystemAssigned(connected string) func(*clients) ([]string, string) {
	return func(c *clients) ([]string, string) { return []string{connection, connected}, c.system.objectID }
}

func withSecret(c *clients) ([]string, string) {
	return []string{"ORDERS_CLIENT_ID", c.bySecret.clientID, "ORDERS_CLIENT_SECRET", c.secret}, c.bySecret.objectID
}

func connectedSecret(c *clients) ([]string, string) {
	return []string{connection, c.connectionOf(c.bySecret) + "AppKey=" + c.secret}, c.bySecret.objectID
}

func withCertificate(c *clients) ([]string, string) {
	return []string{"ORDERS_CLIENT_ID", c.byCertificate.clientID, "ORDERS_CLIENT_CERTIFICATE", c.certificate.pem}, c.byCertificate.objectID
}

// connectedCertificate finds the certificate in a directory with this file.
func connectedCertificate(part, file string) func(*clients) ([]string, string) {
	return func(c *clients) ([]string, string) {
		text := c.connectionOf(c.byCertificate) + strings.ReplaceAll(part, "THUMBPRINT", c.certificate.thumbprint()) + ";CertificateStoreLocation=CurrentUser"
		return []string{connection, text, "ORDERS_CERTIFICATE_DIR", filepath.Join(c.directory, file)}, c.byCertificate.objectID
	}
}

// connectedVault gets the certificate from Key Vault. The second user-assigned
// identity reads it; that identity does not have the API's role.
func connectedVault(name string) func(*clients) ([]string, string) {
	return func(c *clients) ([]string, string) {
		text := c.connectionOf(c.byCertificate) + "KeyVaultCertificateSecretIdentifier=" + c.vaultSecrets[name]
		return []string{connection, text, "ORDERS_MANAGED_IDENTITY_CLIENT_ID", c.identities[1].clientID}, c.byCertificate.objectID
	}
}

// federated is an app registration that trusts the second user-assigned
// identity, which does not have the role.
func federated(c *clients) ([]string, string) {
	return []string{"ORDERS_CLIENT_ID", c.byFederation.clientID, "ORDERS_MANAGED_IDENTITY_CLIENT_ID", c.identities[1].clientID}, c.byFederation.objectID
}

func connectedCLI(*clients) []string {
	return []string{connection, "RunAs=Developer;DeveloperTool=AzureCli"}
}

const connection = "AzureServicesAuthConnectionString"

// clients are a cloud in which a client of each kind has the role.
type clients struct {
	*cloud
	bySecret, byCertificate, byFederation registration

	secret       string
	certificate  certificate
	directory    string            // one folder for each form of the certificate
	vaultSecrets map[string]string // identifiers by name
}

func startClients(t *testing.T) *clients {
	t.Helper()
	c := &clients{cloud: startCloud(t), directory: t.TempDir(), certificate: newCertificate(t)}
	c.bySecret, c.byCertificate, c.byFederation = c.register(t, "by-secret"), c.register(t, "by-certificate"), c.register(t, "by-federation")
	c.secret = c.addSecret(t, c.bySecret)
	c.addCertificates(t, c.byCertificate, c.certificate.Certificate)
	c.addFederated(t, c.byFederation, c.identities[1])
	for _, principal := range []string{c.identities[0].objectID, c.system.objectID, c.bySecret.objectID, c.byCertificate.objectID, c.byFederation.objectID} {
		c.assign(t, principal)
	}
	pfx, err := pkcs12.Modern2023.Encode(c.certificate.key, c.certificate.Certificate, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"client.pem": []byte(c.certificate.pem), "client.pfx": pfx} {
		folder := filepath.Join(c.directory, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.vaultSecrets = c.createVault(t, c.identities[1], []object{
		{"name": "client-pem", "contentType": "application/x-pem-file", "value": c.certificate.pem},
		{"name": "client-pfx", "contentType": "application/x-pkcs12", "value": base64.StdEncoding.EncodeToString(pfx)},
	})
	return c
}

// connectionOf is the start of a connection string for an app registration.
func (c *clients) connectionOf(r registration) string {
	return "RunAs=App;AppId=" + r.clientID + ";TenantId=" + c.tenant.ID + ";"
}

// configure sets the client's app settings: those that every credential needs,
// and these.
func (c *clients) configure(t testing.TB, providers string, settings []string) {
	t.Helper()
	c.changeSettings(t, &c.client, c.clientSettings(append(settings, "ORDERS_TOKEN_PROVIDERS", providers)...))
}

// A certificate has its key, and both as PEM.
type certificate struct {
	*x509.Certificate
	key *rsa.PrivateKey
	pem string
}

func newCertificate(t testing.TB) certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "orders-client", Organization: []string{"Orders"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certificate{parsed, key, text}
}

func (c certificate) thumbprint() string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	for _, cell := range cells {
		for _, way := range cell.ways {
			t.Run(strings.TrimSpace(cell.credential+" "+cell.provider+" "+way.name), func(t *testing.T) {
				settings, objectID := way.configure(c)
				c.configure(t, cell.provider, settings)
				for _, source := range []string{"network", "cache"} {
					status, answer := c.process(t)
					if status != http.StatusOK || len(answer.Results) != 1 {
						t.Fatalf("got %d with %+v, want one result: %s", status, answer, c.logs(c.client))
					}
					got := answer.Results[0]
					if got.TokenProvider != cell.provider || got.Credential != cell.credential || got.Status != http.StatusOK || len(got.Orders) != 5 || got.TokenSource != source {
						t.Errorf("got %+v, want five orders by %s with %s and a token from %s", got, cell.provider, cell.credential, source)
					}
					if got.Caller == nil || got.Caller.ObjectID != objectID || strings.Join(got.Caller.Roles, " ") != ordersRole {
						t.Errorf("got caller %+v, want %s with %s", got.Caller, objectID, ordersRole)
					}
				}
			})
		}
	}
}

// TestCredentialsThatAreRefused: the handler exits with an error before it
// listens, so the function fails.
func TestCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	for _, cell := range cells {
		for _, refusal := range cell.refused {
			t.Run(strings.TrimSpace(cell.credential+" "+cell.provider+" "+refusal.name), func(t *testing.T) {
				before := len(c.sandbox.Apps().Logs(c.client.id))
				c.configure(t, cell.provider, refusal.configure(c))
				if status, answer := c.process(t); status < 500 || answer.Results != nil {
					t.Errorf("got %d with %+v, want the function failing", status, answer)
				}
				log := strings.Join(c.sandbox.Apps().Logs(c.client.id)[before:], "\n")
				if !strings.Contains(log, `token provider \"`+cell.provider+`\"`) || !strings.Contains(log, refusal.text) {
					t.Errorf("got %s, want %s refused with %q", log, cell.provider, refusal.text)
				}
			})
		}
	}
}

// TestOneProviderFails: its secret is wrong, the others' is right.
func TestOneProviderFails(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	const providers = "adal,msal,appauth,azidentity"
	right, objectID := withSecret(c)
	wrong := []string{connection, c.connectionOf(c.bySecret) + "AppKey=" + wrongSecret}
	c.configure(t, providers, append(right, wrong...))
	status, answer := c.process(t)
	if status != http.StatusOK || len(answer.Results) != 4 {
		t.Fatalf("got %d with %+v, want 200 with four results", status, answer)
	}
	for i, provider := range strings.Split(providers, ",") {
		got := answer.Results[i]
		switch {
		case got.TokenProvider != provider:
			t.Errorf("got result %d of %q, want %q", i, got.TokenProvider, provider)
		case provider == "appauth":
			if got.Status != 0 || got.Orders != nil || got.Caller != nil || !strings.Contains(got.Error, "AADSTS7000215") {
				t.Errorf("got %+v, want the wrong secret refused", got)
			}
		case got.Status != http.StatusOK || len(got.Orders) != 5 || got.Caller.ObjectID != objectID || got.Error != "":
			t.Errorf("got %+v, want five orders as %s", got, objectID)
		}
	}

	c.configure(t, providers, append(wrong, "ORDERS_CLIENT_ID", c.bySecret.clientID, "ORDERS_CLIENT_SECRET", wrongSecret))
	status, answer = c.process(t)
	if status != http.StatusBadGateway || len(answer.Results) != 4 {
		t.Fatalf("got %d with %+v, want 502 with four results", status, answer)
	}
	for _, got := range answer.Results {
		if got.Status != 0 || got.Orders != nil || got.Caller != nil || !strings.Contains(got.Error, "AADSTS7000215") {
			t.Errorf("got %+v, want the wrong secret refused", got)
		}
	}
}

const wrongSecret = "wr0ng-client/secret+"

// TestFederatedNeedsAUserAssignedIdentity: Entra takes no other managed
// identity's token for an assertion
// (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
func TestFederatedNeedsAUserAssignedIdentity(t *testing.T) {
	t.Parallel()
	c := startClients(t)
	c.addFederated(t, c.bySecret, c.system)
	c.configure(t, "azidentity,msal", []string{"ORDERS_CLIENT_ID", c.bySecret.clientID})
	status, answer := c.process(t)
	if status != http.StatusBadGateway || len(answer.Results) != 2 {
		t.Fatalf("got %d with %+v, want 502 with two results", status, answer)
	}
	for _, got := range answer.Results {
		if got.Credential != "federated" || got.Orders != nil || !strings.Contains(got.Error, "AADSTS700226") {
			t.Errorf("got %+v, want the system-assigned identity refused", got)
		}
	}
}
