package acquire_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/functions/internal/acquire"
	"app-to-app/functions/internal/verify/verifytest"
)

// refused checks that the providers cannot be made, and that the one error has
// all the texts wanted and no secret.
func refused(t *testing.T, names string, config acquire.ProviderConfig, want ...string) {
	t.Helper()
	config.Scope, config.TenantID, config.AuthorityHost = "api://orders/.default", verifytest.TenantID, "https://127.0.0.1:1"
	err := acquire.CheckTokenProviders(strings.Split(names, ","), config)
	if err == nil {
		t.Fatalf("%s: got no error, want %q", names, want)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %q, want it to contain %q", names, err, text)
		}
	}
	if text := err.Error(); strings.Contains(text, sentinel) || strings.Contains(text, "PRIVATE KEY") {
		t.Errorf("%s: got a secret in %q", names, text)
	}
	if providers, again := acquire.NewTokenProviders(strings.Split(names, ","), config); again == nil || providers != nil {
		t.Errorf("%s: got %d providers and %v, want none and an error", names, len(providers), again)
	}
}

// sentinel is part of every secret in these tables.
const sentinel = "sent1nel"

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	secret := acquire.NewSecret(sentinel)
	good, other := newCertificate(t), certify(t, verifytest.Key(t, "other", 2048).Private, "orders-client", time.Now(), time.Now().Add(time.Hour))
	keyOf := func(c clientCertificate) string { return c.pem[:strings.Index(c.pem, "-----BEGIN CERT")] }
	for _, test := range []struct {
		name, providers string
		config          acquire.ProviderConfig
		want            []string
	}{
		{"secret and certificate", "azidentity", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientSecret: secret, ClientCertificate: acquire.NewSecret(good.pem)},
			[]string{"ORDERS_CLIENT_SECRET and ORDERS_CLIENT_CERTIFICATE: expected one of them, got both"}},
		{"secret without client ID", "msal", acquire.ProviderConfig{ClientSecret: secret}, []string{"ORDERS_CLIENT_ID: missing"}},
		{"certificate without client ID", "adal", acquire.ProviderConfig{ClientCertificate: acquire.NewSecret(good.pem)}, []string{"ORDERS_CLIENT_ID: missing"}},
		{"federated on a developer's machine", "azidentity", acquire.ProviderConfig{ClientID: verifytest.ClientID, Local: true},
			[]string{"ORDERS_CLIENT_ID: expected ORDERS_CLIENT_SECRET or ORDERS_CLIENT_CERTIFICATE"}},
		{"no certificate", "msal", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: secret},
			[]string{"ORDERS_CLIENT_CERTIFICATE: expected one certificate and its private key"}},
		{"key without certificate", "msal", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(keyOf(good))}, []string{"ORDERS_CLIENT_CERTIFICATE: expected"}},
		{"certificate without key", "adal", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(strings.TrimPrefix(good.pem, keyOf(good)))},
			[]string{"ORDERS_CLIENT_CERTIFICATE: expected"}},
		{"certificate of another key", "azidentity", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(keyOf(good) + strings.TrimPrefix(other.pem, keyOf(other)))},
			[]string{"ORDERS_CLIENT_CERTIFICATE: expected the certificate of the private key"}},
		{"small key", "azidentity", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(certify(t, verifytest.Key(t, "small", 1024).Private, "x", time.Now(), time.Now()).pem)},
			[]string{"ORDERS_CLIENT_CERTIFICATE: expected an RSA key of at least 2048 bits, got 1024"}},
		{"other kind of key", "azidentity", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(ellipticCertificate(t))},
			[]string{"ORDERS_CLIENT_CERTIFICATE: expected an RSA private key"}},
		{"adal with managed identities", "adal", acquire.ProviderConfig{}, []string{`"adal" cannot use the credential systemAssigned`, "ORDERS_CLIENT_SECRET", "msal"}},
		{"adal with a user-assigned one", "adal", acquire.ProviderConfig{ManagedIdentityClientID: identityClientID}, []string{`"adal" cannot use the credential userAssigned`}},
		{"adal federated", "adal", acquire.ProviderConfig{ClientID: verifytest.ClientID}, []string{`"adal" cannot use the credential federated`}},
		{"adal with the Azure CLI", "adal", acquire.ProviderConfig{Local: true}, []string{`"adal" cannot use the credential azureCli`}},
		{"appauth federated", "appauth", acquire.ProviderConfig{ClientID: verifytest.ClientID, ManagedIdentityClientID: identityClientID}, []string{`"appauth" cannot use the credential federated`, "use azidentity or msal"}},
		{"appauth with another's secret", "appauth", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientSecret: secret}, []string{"AzureServicesAuthConnectionString: missing; ORDERS_CLIENT_ID is set"}},
		{"appauth with another's certificate", "appauth", acquire.ProviderConfig{ClientID: verifytest.ClientID, ClientCertificate: acquire.NewSecret(good.pem)}, []string{"AzureServicesAuthConnectionString: missing"}},
		{"msal with the Azure CLI", "msal", acquire.ProviderConfig{Local: true}, []string{`"msal" cannot use the credential azureCli`, "azidentity"}},
		{"all at once", "adal,kerberos,msal,appauth,msal", acquire.ProviderConfig{ClientSecret: secret, ClientCertificate: secret, ConnectionString: acquire.NewSecret("RunAs=CurrentUser")},
			[]string{"got both", "ORDERS_CLIENT_ID: missing", "ORDERS_CLIENT_CERTIFICATE: expected", `"kerberos" is not built in; there are: adal, appauth, azidentity, msal`,
				`"msal": expected once`, "RunAs=CurrentUser"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, test.providers, test.config, test.want...)
		})
	}
}

func ellipticCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestConnectionStringsThatAreRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	expired := certify(t, verifytest.Key(t, "other", 2048).Private, "expired", now.Add(-2*time.Hour), now.Add(-time.Hour))
	dir := writeFiles(t, map[string]string{"expired.pem": expired.pem, sentinel[:4] + ".pfx": "broken"})
	const app = "RunAs=App;AppId=" + verifytest.ClientID + ";TenantId=" + verifytest.TenantID
	for connection, want := range map[string][]string{
		"RunAs=CurrentUser":                                        {"RunAs=CurrentUser", "DeveloperTool=AzureCli"},
		"RunAs=Developer;DeveloperTool=VisualStudio":               {"DeveloperTool=VisualStudio", "DeveloperTool=AzureCli", "az login"},
		"RunAs=Developer;DeveloperTool=" + sentinel:                {"DeveloperTool: expected AzureCli"},
		"RunAs=Developer":                                          {"DeveloperTool: missing"},
		"RunAs=Developer;DeveloperTool=AzureCli":                   {"which App Service does not have", "use RunAs=App"},
		"RunAs=Developer;DeveloperTool=AzureCli;AppId=" + sentinel: {"AppId: not expected"},
		"RunAs=" + sentinel:                                        {"RunAs: expected App or Developer"},
		"AppId=" + verifytest.ClientID:                             {"RunAs: expected App or Developer"},
		";":                                                        {"RunAs: expected App or Developer"},
		sentinel:                                                   {"part 1: expected one of the names RunAs"},
		"RunAs=App;" + sentinel + "=x":                             {"part 2: expected one of the names"},
		app + ";AppKey=x;" + sentinel:                              {"part 5"},
		"RunAs=App;RunAs=App":                                      {"RunAs: expected once"},
		"RunAs=App;runas=Developer":                                {"RunAs: expected once"},
		"RunAs=App;AppId=":                                         {"AppId: expected a value"},
		"RunAs=App;AppId=" + sentinel:                              {"AppId: expected a GUID"},
		"RunAs=App;TenantId=" + verifytest.TenantID:                {"got none of these forms"},
		app:                            {"got none of these forms", "AppKey"},
		"RunAs=App;AppKey=" + sentinel: {"AppId: missing", "TenantId: missing"},
		"RunAs=App;AppId=x;TenantId=a/b;AppKey=" + sentinel:                                               {"AppId: expected a GUID", "TenantId: expected"},
		app + ";AppKey=" + sentinel + ";CertificateThumbprint=x":                                          {"CertificateThumbprint: not expected with RunAs=App"},
		app + ";CertificateThumbprint=ab;CertificateSubjectName=x":                                        {"CertificateSubjectName: not expected", "CertificateStoreLocation: missing"},
		app + ";CertificateThumbprint=" + expired.thumbprint():                                            {"CertificateStoreLocation: missing"},
		app + ";CertificateSubjectName=x;CertificateStoreLocation=Here":                                   {"CertificateStoreLocation: expected CurrentUser or LocalMachine"},
		app + ";CertificateThumbprint=xyz;CertificateStoreLocation=CurrentUser":                           {"CertificateThumbprint: expected the 40 hexadecimal digits"},
		app + ";CertificateSubjectName=CN=nobody;CertificateStoreLocation=CurrentUser":                    {"CertificateSubjectName: no file with such a certificate", "sent.pfx"},
		app + ";CertificateThumbprint=" + expired.thumbprint() + ";CertificateStoreLocation=LocalMachine": {"expected a certificate that is valid now"},
		app + ";KeyVaultCertificateSecretIdentifier=http://v/secrets/x":                                   {"KeyVaultCertificateSecretIdentifier: expected https://127.0.0.1/…/secrets/NAME, on the host of ORDERS_AUTHORITY_HOST"},
		app + ";KeyVaultCertificateSecretIdentifier=https://v/keys/" + sentinel:                           {"KeyVaultCertificateSecretIdentifier: expected"},
		app + ";KeyVaultCertificateSecretIdentifier=https://v/secrets/x?sig=" + sentinel:                  {"KeyVaultCertificateSecretIdentifier: expected"},
		"RunAs=App;KeyVaultCertificateSecretIdentifier=https://v/secrets/x":                               {"AppId: missing"},
	} {
		t.Run(connection, func(t *testing.T) {
			t.Parallel()
			refused(t, "appauth", acquire.ProviderConfig{ConnectionString: acquire.NewSecret(connection), CertificateDir: dir},
				append(want, "AzureServicesAuthConnectionString: ")...)
		})
	}
	t.Run("without a directory", func(t *testing.T) {
		t.Parallel()
		connection := acquire.NewSecret(app + ";CertificateSubjectName=x;CertificateStoreLocation=CurrentUser")
		refused(t, "appauth", acquire.ProviderConfig{ConnectionString: connection}, "ORDERS_CERTIFICATE_DIR: missing")
		refused(t, "appauth", acquire.ProviderConfig{ConnectionString: connection, CertificateDir: filepath.Join(dir, "none")}, "ORDERS_CERTIFICATE_DIR: ")
	})
}
