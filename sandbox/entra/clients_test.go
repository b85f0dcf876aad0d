package entra_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"app-to-app/sandbox/route"
)

// Microsoft's own libraries, configured for a cloud that is not Microsoft's.

func (w *world) clientOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.base()},
		Transport: w.server.Client(),
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: time.Millisecond},
	}
}

func TestAzidentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificates, key := []*x509.Certificate{w.certificate}, crypto.PrivateKey(clientKey())
	for _, tt := range []struct {
		name  string
		make  func(tenant string) (azcore.TokenCredential, error)
		proof string
	}{
		{"client secret", func(tenant string) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(tenant, w.client.ClientID, clientSecret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true})
		}, "1"},
		{"client certificate", func(tenant string) (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(tenant, w.client.ClientID, certificates, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true})
		}, "2"},
		{"client certificate with its chain", func(tenant string) (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(tenant, w.client.ClientID, certificates, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true, SendCertificateChain: true})
		}, "2"},
		{"client assertion of a managed identity", func(tenant string) (azcore.TokenCredential, error) {
			return azidentity.NewClientAssertionCredential(tenant, w.client.ClientID, func(context.Context) (string, error) {
				token, err := w.service.ManagedIdentityToken(w.contoso.ID, w.assigned.ObjectID, exchangeURI)
				return token.AccessToken, err
			}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true})
		}, "2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, tenant := range []string{w.contoso.ID, w.contoso.Domain} {
				credential, err := tt.make(tenant)
				if err != nil {
					t.Fatal(err)
				}
				token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{ordersURI + "/.default"}, EnableCAE: true})
				if err != nil {
					t.Fatal(err)
				}
				claims := w.verified(t, token.Token)
				if claims["azp"] != w.client.ClientID || claims["azpacr"] != tt.proof {
					t.Errorf("got azp %v and azpacr %v, want the client and %q", claims["azp"], claims["azpacr"], tt.proof)
				}
				if left := time.Until(token.ExpiresOn); left < 59*time.Minute || left > time.Hour {
					t.Errorf("got a token for %s more, want an hour", left)
				}
			}
			if unknown := w.log.Unemulated(); len(unknown) != 0 {
				t.Errorf("got unemulated requests %+v", unknown)
			}
		})
	}
}

func TestAzidentityShowsTheRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	credential, err := azidentity.NewClientSecretCredential(w.contoso.ID, w.stranger.ClientID, clientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{ordersURI + "/.default"}})
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse.StatusCode != http.StatusBadRequest {
		t.Fatalf("got %v, want an authentication failure with status 400", err)
	}
}

// TestAzidentityRetries: the pipeline retries after throttling and an outage.
func TestAzidentityRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.weather.Queue("POST /{tenant}/oauth2/v2.0/token", route.Fault{Status: 503}, route.Fault{Status: 429})
	credential, err := azidentity.NewClientSecretCredential(w.contoso.ID, w.client.ClientID, clientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{ordersURI + "/.default"}}); err != nil {
		t.Error(err)
	}
	if unused := w.weather.Unused(); len(unused) != 0 {
		t.Errorf("got unused faults %v, want none", unused)
	}
}

func TestMSAL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, err := confidential.NewCredFromSecret(clientSecret)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := confidential.NewCredFromCert([]*x509.Certificate{w.certificate}, clientKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, credential := range map[string]confidential.Credential{"secret": secret, "certificate": certificate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := confidential.New(w.base()+"/"+w.contoso.ID, w.client.ClientID, credential,
				confidential.WithHTTPClient(w.server.Client()), confidential.WithInstanceDiscovery(false))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				result, err := client.AcquireTokenByCredential(t.Context(), []string{legacyURI + "/.default"})
				if err != nil {
					t.Fatal(err)
				}
				if claims := w.verified(t, result.AccessToken); claims["aud"] != legacyURI || claims["ver"] != "1.0" {
					t.Errorf("got aud %v and ver %v, want %q and 1.0", claims["aud"], claims["ver"], legacyURI)
				}
			}
		})
	}
}
