// Package azurenative stands in for Pulumi's azure-native provider 2.90.0: the
// same calls to Azure Resource Manager in the same order (existence check, PUT,
// poll, read), for the resource types of its table.
//
// Departures, on purpose: it takes all endpoints from the metadata document,
// which the official 2.90.0 ignores; it retries and polls faster, because the
// service is on the same machine; and it refuses types outside its table.
//
// Not for production.
package azurenative

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// Version is the version of the provider that this stands in for.
const Version = "2.90.0"

// Options are what a provider takes from its process. The zero value is for real
// use, without environment variables.
type Options struct {
	Getenv     func(string) string // nil: no environment
	HTTPClient *http.Client        // nil: loopback only
	Wait       func(context.Context, time.Duration) error
}

// New defines the provider.
func New(options Options) plugin.Definition {
	if options.Getenv == nil {
		options.Getenv = func(string) string { return "" }
	}
	if options.HTTPClient == nil {
		options.HTTPClient = cloud.NewHTTPClient()
	}
	if options.Wait == nil {
		options.Wait = cloud.Wait
	}
	p := &provider{options: options, locations: map[string]string{}}
	return plugin.Definition{
		Name:      "azure-native",
		Version:   Version,
		Config:    configKeys,
		Configure: p.configure,
		Resources: p.resources(),
		Functions: p.functions(),
	}
}

var configKeys = []string{
	"auxiliaryTenantIds", "clientCertificatePassword", "clientCertificatePath", "clientId", "clientSecret", "disablePulumiPartnerId",
	"environment", "location", "metadataHost", "msiEndpoint", "oidcRequestToken", "oidcRequestUrl", "oidcToken", "oidcTokenFilePath",
	"partnerId", "skipReadOnUpdate", "subscriptionId", "tenantId", "useMsi", "useOidc",
}

type provider struct {
	options  Options
	deployer cloud.Deployer

	mu         sync.Mutex
	connection *connection
	locations  map[string]string // of resource groups, by lower-case id
}

// A connection is set up by the first call to ARM, so that a preview makes no
// calls.
type connection struct {
	endpoints  cloud.Endpoints
	credential azcore.TokenCredential
}

// configure reads who deploys. Like the official provider it makes no call yet,
// except that it asks the Azure CLI for its subscription.
func (p *provider) configure(ctx context.Context, config plugin.Object) error {
	deployer, err := cloud.ReadDeployer(config, p.options.Getenv)
	if err != nil {
		return err
	}
	if deployer.Method == cloud.AzureCLI {
		var account struct {
			ID       string `json:"id"`
			TenantID string `json:"tenantId"`
		}
		if err := cloud.RunAzureCLI(ctx, &account, "account", "show"); err != nil {
			return err
		}
		if deployer.SubscriptionID == "" {
			deployer.SubscriptionID = account.ID
		}
		if deployer.TenantID == "" {
			deployer.TenantID = account.TenantID
		}
	}
	if deployer.SubscriptionID == "" {
		return errors.New("expected a subscription, got none: set azure-native:subscriptionId or ARM_SUBSCRIPTION_ID")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deployer, p.connection = deployer, nil
	return nil
}

func (p *provider) connect(ctx context.Context) (*connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.connection != nil {
		return p.connection, nil
	}
	endpoints, err := p.deployer.Endpoints(ctx, p.options.HTTPClient)
	if err != nil {
		return nil, err
	}
	credential, err := p.credential(endpoints)
	if err != nil {
		return nil, err
	}
	p.connection = &connection{endpoints: endpoints, credential: credential}
	return p.connection, nil
}

// credential makes the azidentity credential of the deployer's method. The
// authority is not one of Microsoft's, so its discovery is switched off.
func (p *provider) credential(endpoints cloud.Endpoints) (azcore.TokenCredential, error) {
	d := p.deployer
	client := policy.ClientOptions{
		Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: endpoints.Login},
		Transport: p.options.HTTPClient,
	}
	switch d.Method {
	case cloud.ClientCertificate:
		certificates, key, err := azidentity.ParseCertificates(d.Certificate, []byte(d.CertificatePassword))
		if err != nil {
			return nil, errors.New("expected a PFX certificate that its password opens")
		}
		return azidentity.NewClientCertificateCredential(d.TenantID, d.ClientID, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: true})
	case cloud.ClientSecret:
		return azidentity.NewClientSecretCredential(d.TenantID, d.ClientID, d.Secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: true})
	case cloud.OIDC:
		assertion := func(ctx context.Context) (string, error) { return d.Assertion(ctx, p.options.HTTPClient) }
		return azidentity.NewClientAssertionCredential(d.TenantID, d.ClientID, assertion,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: true})
	case cloud.ManagedIdentity:
		options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if d.ClientID != "" {
			options.ID = azidentity.ClientID(d.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(options)
	}
	return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: d.TenantID})
}

// token gets an access token for a scope. Empty means ARM's.
func (p *provider) token(ctx context.Context, s *connection, scope string) (string, error) {
	if scope == "" {
		scope = s.endpoints.Scope()
	}
	token, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return "", err
	}
	return token.Token, nil
}
