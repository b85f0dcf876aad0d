package azurecloud_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app-to-app/azurecloud"
)

// newCertificate is a certificate with its private key, in PEM.
func newCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "deployer"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	const assertion = "assertion-of-the-ci-system"
	folder := t.TempDir()
	certificate := newCertificate(t)
	certificatePath, tokenPath := filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "token")
	for path, content := range map[string][]byte{certificatePath: certificate, tokenPath: []byte(assertion + "\n")} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer request-token" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" || r.URL.Query().Get("run") != "7" {
			t.Errorf("got an OIDC request %s", r.URL)
		}
		writeJSON(rw, http.StatusOK, map[string]string{"value": assertion})
	}))
	t.Cleanup(issuer.Close)
	for _, tt := range []struct {
		name      string
		environ   map[string]string
		assertion string // "*": any JWT
	}{
		{name: "client secret"},
		{name: "certificate in a file", environ: map[string]string{"ARM_CLIENT_CERTIFICATE_PATH": certificatePath}, assertion: "*"},
		{name: "certificate inline", environ: map[string]string{"ARM_CLIENT_CERTIFICATE": base64.StdEncoding.EncodeToString(certificate)}, assertion: "*"},
		{name: "OIDC token", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": assertion}, assertion: assertion},
		{name: "OIDC token that has run out", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": expiring("2001-09-09"), "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.URL + "/?run=7", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token"}, assertion: assertion},
		{name: "OIDC token that has not", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": expiring("2100-01-01"), "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.URL + "/?run=7", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token"}, assertion: expiring("2100-01-01")},
		{name: "OIDC token that has run out, and nobody to ask", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": expiring("2001-09-09")}, assertion: expiring("2001-09-09")},
		{name: "OIDC token file", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": tokenPath}, assertion: assertion},
		{name: "OIDC request", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "1", "ARM_OIDC_REQUEST_URL": issuer.URL + "/?run=7", "ARM_OIDC_REQUEST_TOKEN": "request-token"}, assertion: assertion},
		{name: "OIDC request of GitHub", environ: map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.URL + "/?run=7", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token"}, assertion: assertion},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newFakeCloud(t)
			for name, value := range tt.environ {
				c.environ[name] = value
			}
			if err := c.ask(); err != nil {
				t.Fatal(err)
			}
			form := c.forms[0]
			switch {
			case tt.assertion == "" && form.Get("client_secret") != clientSecret:
				t.Error("expected the client's secret")
			case tt.assertion == "*" && strings.Count(form.Get("client_assertion"), ".") != 2:
				t.Error("expected an assertion that is a JWT")
			case tt.assertion != "" && tt.assertion != "*" && form.Get("client_assertion") != tt.assertion:
				t.Errorf("got assertion %q, want %q", form.Get("client_assertion"), tt.assertion)
			}
		})
	}
}

// expiring is a token that runs out on a day.
func expiring(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, at.Unix())) + ".c2ln"
}

func TestManagedIdentitySignIn(t *testing.T) {
	c := newFakeCloud(t)
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != "header" || r.URL.Query().Get("client_id") != clientID || r.URL.Query().Get("resource") != audience {
			t.Errorf("got a request for a managed identity's token %s", r.URL)
		}
		writeJSON(rw, http.StatusOK, map[string]any{"access_token": accessToken, "expires_on": "4102444800", "resource": audience, "token_type": "Bearer"})
	}))
	t.Cleanup(endpoint.Close)
	t.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	t.Setenv("IDENTITY_HEADER", "header")
	c.environ["ARM_CLIENT_SECRET"], c.environ["ARM_USE_MSI"] = "", "true"
	if err := c.ask(); err != nil {
		t.Fatal(err)
	}
}

func TestAzureCLISignIn(t *testing.T) {
	c := newFakeCloud(t)
	folder := t.TempDir()
	script := "#!/bin/sh\ncase \"$*\" in\n*" + tenantID + "*) echo '{\"accessToken\":\"" + accessToken + "\",\"expires_on\":4102444800,\"expiresOn\":\"2100-01-01 00:00:00\"}' ;;\n*) exit 1 ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	c.environ["ARM_CLIENT_SECRET"] = ""
	if err := c.ask(); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	notAKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: make([]byte, 8)})
	for _, tt := range []struct {
		name    string
		environ map[string]string
		want    string
	}{
		{"wrong secret", map[string]string{"ARM_CLIENT_SECRET": "other"}, "sign in: AADSTS7000215: Invalid client secret provided. Trace ID: x"},
		{"ids missing", map[string]string{"ARM_TENANT_ID": "", "ARM_CLIENT_ID": ""}, "sign in: ARM_TENANT_ID: missing\nARM_CLIENT_ID: missing"},
		{"no OIDC token", map[string]string{"ARM_CLIENT_SECRET": "", "ARM_USE_OIDC": "true"}, "sign in: ARM_USE_OIDC: expected ARM_OIDC_TOKEN, "},
		{"no certificate", map[string]string{"ARM_CLIENT_CERTIFICATE_PATH": "none.pem"}, "sign in: read the client certificate: open none.pem"},
		{"certificate without a key", map[string]string{"ARM_CLIENT_CERTIFICATE": base64.StdEncoding.EncodeToString(notAKey)}, "sign in: read the client certificate: expected PKCS#12 or PEM with a private key"},
		{"unknown cloud", map[string]string{"ARM_METADATA_HOSTNAME": "", "ARM_ENVIRONMENT": "moon"}, `ARM_ENVIRONMENT: expected public, usgovernment or china, got "moon"`},
		{"an address for a host", map[string]string{"ARM_METADATA_HOSTNAME": "https://127.0.0.1:1/"}, "ARM_METADATA_HOSTNAME=https://127.0.0.1:1/: expected a host without https://, such as 127.0.0.1:1"},
		{"unreachable cloud", map[string]string{"ARM_METADATA_HOSTNAME": "127.0.0.1:1"}, "read the endpoints of ARM_METADATA_HOSTNAME=127.0.0.1:1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newFakeCloud(t)
			for name, value := range tt.environ {
				c.environ[name] = value
			}
			if err := c.ask(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if len(c.requests) > 0 {
				t.Errorf("expected no request, got %q", c.requests)
			}
		})
	}
}

// TestCloudsByName: the cloud of ARM_ENVIRONMENT, usually none.
func TestCloudsByName(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]string{
		"": "https://login.microsoftonline.com", "public": "https://login.microsoftonline.com",
		"usgovernment": "https://login.microsoftonline.us", "China": "https://login.partner.microsoftonline.cn",
	} {
		t.Run("ARM_ENVIRONMENT="+environment, func(t *testing.T) {
			t.Parallel()
			found, err := azurecloud.Find(t.Context(), http.DefaultClient, func(name string) string {
				if name == "ARM_ENVIRONMENT" {
					return environment
				}
				return ""
			})
			if err != nil || found.AuthorityHost != want {
				t.Errorf("got %+v, %v, want %s", found, err, want)
			}
		})
	}
}

// TestSignInErrors: the hint says what makes the refusal go away, and a busy token endpoint
// can be told from it.
func TestSignInErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, err, text, hint string
	}{
		{"an identity token that has run out", "ClientAssertionCredential authentication failed.\nPOST https://x\n{\"error_description\":\"AADSTS700024: Client assertion is not within its valid time range. Trace ID: x\"}",
			"sign in: AADSTS700024: Client assertion is not within its valid time range. Trace ID: x", "ARM_OIDC_REQUEST_URL"},
		{"words in quotes, and lines", "ClientSecretCredential authentication failed.\n{\"error_description\":\"AADSTS700016: Application with identifier 'x' was not found in the directory \\\"Contoso\\\" on C:\\\\x. It was not installed.\\r\\nTrace ID: x\"}",
			`sign in: AADSTS700016: Application with identifier 'x' was not found in the directory "Contoso" on C:\x. It was not installed.`, "check ARM_TENANT_ID"},
		{"a wrong secret", "ClientSecretCredential authentication failed.\n{\"error_description\":\"AADSTS7000215: Invalid client secret provided.\"}",
			"sign in: AADSTS7000215: Invalid client secret provided.", "check ARM_TENANT_ID"},
		{"no Azure CLI", "AzureCLICredential: executable not found on path\nTo troubleshoot, visit …", "sign in: AzureCLICredential: executable not found on path", "az login"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := azurecloud.SignInError(errors.New(test.err))
			var hinted *azurecloud.HintError
			if err.Error() != test.text || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, test.hint) || errors.Is(err, azurecloud.ErrBusy) {
				t.Errorf("got %v, want %q with the hint %q", err, test.text, test.hint)
			}
		})
	}
}
