package clients_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/go-autorest/autorest/adal"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// This file runs the libraries for Go that get tokens.

// moduleVersion is the version of a module of Go, from go.mod.
func moduleVersion(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == path {
			return strings.TrimPrefix(fields[1], "v")
		}
	}
	t.Fatalf("go.mod: expected a requirement of %s, got none", path)
	return ""
}

// options point a client of azcore at the sandbox.
func (e *estate) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: e.sandbox.HTTPClient(), Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: e.sandbox.BaseURL,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: e.sandbox.ResourceManagerURL, Audience: e.sandbox.ResourceManagerURL},
		},
	}}
}

func (e *estate) armOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: e.options()}
}

// credential is the operator's, by secret.
func (e *estate) credential() azcore.TokenCredential {
	e.t.Helper()
	credential, err := azidentity.NewClientSecretCredential(e.operator.ID, e.operator.Deployer.ClientID, e.operator.Deployer.Secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return credential
}

// must is for constructors, which do not ask the sandbox.
func must[T any](e *estate, made T, err error) T {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
	return made
}

// all returns the items of a pager.
func all[R, T any](ctx context.Context, pager *runtime.Pager[R], items func(R) []T) ([]T, error) {
	var list []T
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, items(page)...)
	}
	return list, nil
}

// same compares what an operation returned.
func same[T comparable](got []T, err error, want ...T) error {
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("expected %v, got %v", want, got)
	}
	return err
}

// refusedWith expects an operation to fail with this in its message.
func refusedWith(err error, message string) error {
	if err == nil || !strings.Contains(err.Error(), message) {
		return fmt.Errorf("expected %q, got %v", message, err)
	}
	return refused(message)
}

// keyPair registers a certificate on the operator's application.
func (e *estate) keyPair() (*x509.Certificate, any) {
	e.t.Helper()
	content, err := os.ReadFile(e.certificate(e.operator.Deployer.ClientID))
	if err != nil {
		e.t.Fatal(err)
	}
	keyBlock, rest := pem.Decode(content)
	certificateBlock, _ := pem.Decode(rest)
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	certificate := must(e, key, err)
	parsed, err := x509.ParseCertificate(certificateBlock.Bytes)
	return must(e, parsed, err), certificate
}

func TestAzidentity(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	const module = "github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	c := newClient(t, e, "azidentity", moduleVersion(t, module))
	operator := e.operator.Deployer.ClientID
	token := func(credential azcore.TokenCredential, clientID string) error {
		got, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{e.sandbox.GraphURL + "/.default"}})
		if err != nil {
			return err
		}
		return identityOf(got.Token, clientID)
	}
	c.does("ClientSecretCredential", func() error { return token(e.credential(), operator) })
	c.does("ClientSecretCredential, wrong secret", func() error {
		credential, err := azidentity.NewClientSecretCredential(e.operator.ID, operator, "wrong",
			&azidentity.ClientSecretCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
		return refusedWith(token(must(e, credential, err), operator), "AADSTS7000215")
	})
	c.does("ClientCertificateCredential", func() error {
		certificate, key := e.keyPair()
		credential, err := azidentity.NewClientCertificateCredential(e.operator.ID, operator, []*x509.Certificate{certificate}, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
		return token(must(e, credential, err), operator)
	})
	c.does("ClientAssertionCredential, token of a managed identity", func() error {
		assertion := e.federate(e.caller)
		credential, err := azidentity.NewClientAssertionCredential(e.operator.ID, e.caller.clientID, func(context.Context) (string, error) { return assertion, nil },
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
		return token(must(e, credential, err), e.caller.clientID)
	})
}

func TestMSALGo(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	c := newClient(t, e, "MSAL Go", moduleVersion(t, "github.com/AzureAD/microsoft-authentication-library-for-go"))
	operator := e.operator.Deployer.ClientID
	token := func(credential confidential.Credential) error {
		client, err := confidential.New(e.sandbox.BaseURL+"/"+e.operator.ID, operator, credential,
			confidential.WithHTTPClient(e.sandbox.HTTPClient()), confidential.WithInstanceDiscovery(false))
		if err != nil {
			return err
		}
		got, err := client.AcquireTokenByCredential(t.Context(), []string{e.sandbox.GraphURL + "/.default"})
		if err != nil {
			return err
		}
		return identityOf(got.AccessToken, operator)
	}
	bySecret := func(secret string) error {
		credential, err := confidential.NewCredFromSecret(secret)
		return token(must(e, credential, err))
	}
	c.does("AcquireTokenByCredential, secret", func() error { return bySecret(e.operator.Deployer.Secret) })
	c.does("AcquireTokenByCredential, wrong secret", func() error { return refusedWith(bySecret("wrong"), "AADSTS7000215") })
	c.does("AcquireTokenByCredential, certificate", func() error {
		certificate, key := e.keyPair()
		credential, err := confidential.NewCredFromCert([]*x509.Certificate{certificate}, key)
		return token(must(e, credential, err))
	})
}

func TestADAL(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	c := newClient(t, e, "adal", moduleVersion(t, "github.com/Azure/go-autorest/autorest/adal"))
	operator := e.operator.Deployer.ClientID
	bySecret := func(secret string) error {
		config, err := adal.NewOAuthConfig(e.sandbox.BaseURL, e.operator.ID)
		if err != nil {
			return err
		}
		token, err := adal.NewServicePrincipalToken(*config, operator, secret, e.sandbox.GraphURL)
		if err != nil {
			return err
		}
		token.SetSender(e.sandbox.HTTPClient())
		if err := token.RefreshWithContext(t.Context()); err != nil {
			return err
		}
		return identityOf(token.OAuthToken(), operator)
	}
	c.does("ServicePrincipalToken, secret", func() error { return bySecret(e.operator.Deployer.Secret) })
	c.does("ServicePrincipalToken, wrong secret", func() error { return refusedWith(bySecret("wrong"), "AADSTS7000215") })
}
