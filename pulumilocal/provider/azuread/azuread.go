// Package azuread stands in for Pulumi's azuread provider 5.53.5: the same
// Graph calls in the same order, with the same retries and polls, as
// terraform-provider-azuread 2.53.1 makes underneath it (its services/
// applications, serviceprincipals and approleassignments; hamilton 0.71.0).
//
// It refuses resource types outside its table, and the inputs password,
// logoImage and templateId of Application.
//
// Not for production.
package azuread

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// Version is the version of the provider that this stands in for.
const Version = "5.53.5"

// Options are what a provider takes from its process. The zero value is for real
// use, without environment variables.
type Options struct {
	Getenv     func(string) string // nil: no environment
	HTTPClient *http.Client        // nil: loopback only
	Now        func() time.Time    // nil: time.Now
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
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Wait == nil {
		options.Wait = azurecloud.Sleep
	}
	p := &provider{options: options}
	return plugin.Definition{
		Name:      "azuread",
		Version:   Version,
		Config:    configKeys,
		Configure: p.configure,
		Resources: p.resources(),
		Functions: p.functions(),
	}
}

var configKeys = []string{
	"clientCertificate", "clientCertificatePassword", "clientCertificatePath", "clientId", "clientIdFilePath", "clientSecret",
	"clientSecretFilePath", "disableTerraformPartnerId", "environment", "metadataHost", "msiEndpoint", "oidcRequestToken",
	"oidcRequestUrl", "oidcToken", "oidcTokenFilePath", "partnerId", "tenantId", "useAksWorkloadIdentity", "useCli", "useMsi", "useOidc",
}

// environments are the cloud names that the official provider accepts. It checks
// the name first, even if a metadata host is given.
var environments = []string{"", "global", "public", "usgovernment", "usgovernmentl4", "dod", "usgovernmentl5", "china", "canary"}

type provider struct {
	options Options
	graph   *graph
	caller  caller
	locks   sync.Map // *sync.Mutex by application object id
}

// A caller is the deployer as Graph knows it.
type caller struct{ tenantID, clientID, objectID string }

// configure signs in and learns the caller's object id, even for a preview, as
// the official provider does.
func (p *provider) configure(ctx context.Context, config plugin.Object) error {
	if name := strings.ToLower(text(config, "environment")); !slices.Contains(environments, name) {
		return fmt.Errorf("configuration key %q: expected one of %s, got %q", "azuread:environment", strings.Join(environments[1:], ", "), name)
	}
	deployer, err := cloud.ReadDeployer(config, p.options.Getenv)
	if err != nil {
		return err
	}
	endpoints, err := deployer.Endpoints(ctx, p.options.HTTPClient)
	if err != nil {
		return err
	}
	tokens := &tokenSource{deployer: deployer, endpoints: endpoints, options: p.options}
	p.graph = &graph{base: endpoints.Graph, token: tokens.accessToken, options: p.options}
	token, err := tokens.accessToken(ctx)
	if err != nil {
		return err
	}
	claims, err := cloud.ReadClaims(token)
	if err != nil {
		return err
	}
	p.caller = caller{cmp.Or(deployer.TenantID, claims.TenantID), cmp.Or(deployer.ClientID, claims.ClientID), claims.ObjectID}
	if p.caller.objectID == "" {
		p.caller.objectID, err = p.findCaller(ctx, claims)
	}
	return err
}

// findCaller asks Graph who the caller is, for tokens without claim oid.
func (p *provider) findCaller(ctx context.Context, claims cloud.Claims) (string, error) {
	if slices.Contains(strings.Fields(claims.Scopes), "openid") {
		var me plugin.Object
		err := p.graph.do(ctx, request{method: http.MethodGet, path: v1 + "/me"}, &me)
		return text(me, "id"), err
	}
	found, err := p.graph.list(ctx, request{path: v1 + "/servicePrincipals", query: filter("appId eq '%s'", p.caller.clientID)})
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("find the caller's service principal: expected one with client id %q, got %d", p.caller.clientID, len(found))
	}
	return text(found[0], "id"), nil
}

// lock serialises changes to one application, because its app roles, identifier
// URIs and credentials are sent as whole collections.
func (p *provider) lock(applicationID string) (unlock func()) {
	mutex, _ := p.locks.LoadOrStore(applicationID, &sync.Mutex{})
	mutex.(*sync.Mutex).Lock()
	return mutex.(*sync.Mutex).Unlock
}
