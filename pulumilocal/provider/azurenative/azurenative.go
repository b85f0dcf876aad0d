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
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"app-to-app/azurecloud"
	"app-to-app/azurecloud/endpoints"
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
		options.Wait = azurecloud.Sleep
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
	endpoints  endpoints.Document
	credential azcore.TokenCredential
}

// configure reads who deploys. Like the official provider it makes no call yet,
// except that it asks the Azure CLI for its subscription.
func (p *provider) configure(ctx context.Context, config plugin.Object) error {
	deployer, err := cloud.ReadDeployer(config, p.options.Getenv)
	if err != nil {
		return err
	}
	if deployer.Method == azurecloud.AzureCLI && deployer.SubscriptionID == "" {
		id, err := exec.CommandContext(ctx, "az", "account", "show", "--query", "id", "--output", "tsv").Output()
		if err != nil {
			return fmt.Errorf("run az account show: %w; sign in with az login, or set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET", err)
		}
		deployer.SubscriptionID = strings.TrimSpace(string(id))
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
	credential, err := p.deployer.Credential(endpoints, p.options.HTTPClient)
	if err != nil {
		return nil, err
	}
	p.connection = &connection{endpoints: endpoints, credential: credential}
	return p.connection, nil
}

// token gets an access token for a scope. Empty means ARM's.
func (p *provider) token(ctx context.Context, scope string) (string, error) {
	s, err := p.connect(ctx)
	if err != nil {
		return "", err
	}
	token, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{cmp.Or(scope, cloud.Scope(s.endpoints))}})
	return token.Token, err
}
