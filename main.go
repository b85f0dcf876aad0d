// App-to-app deploys an API and its clients as function apps. The API admits its
// clients by app role, without shared secrets.
//
// This is the Pulumi program: settings, components, exports. The code of the apps
// is in functions, and sandbox is a local Azure to try everything in.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/settings"
	"app-to-app/settings/lookup"
)

const (
	apiName    = "orders-api"
	clientCode = "orders-client" // the function app that every client runs
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	return program{folder: ".", getenv: os.Getenv, httpClient: http.DefaultClient, now: time.Now}.deploy(ctx)
}

// A program is the Pulumi program and what it needs from its process.
type program struct {
	folder     string // of the project
	getenv     func(string) string
	httpClient *http.Client
	now        func() time.Time
}

func (p program) deploy(ctx *pulumi.Context) error {
	packages, stopBuild := p.build(ctx.Context())
	defer stopBuild()
	stack, err := p.settings(ctx)
	if err != nil {
		return err
	}
	last := lastAccess(ctx)
	if err := refuseLastClient(last, stack).Err(ctx.Stack()); err != nil {
		return err
	}
	for _, text := range changes(last, stack.Clients, p.now()) {
		warn(ctx, text)
	}
	built, err := packages()
	if err != nil {
		return err
	}
	group, err := resources.NewResourceGroup(ctx, settings.Namespace, &resources.ResourceGroupArgs{
		Location: pulumi.String(stack.Location),
		Tags:     tags(ctx, stack),
	}, pulumi.Protect(stack.Protect))
	if err != nil {
		return err
	}
	place := components.Place{ResourceGroupName: group.Name, Location: stack.Location, SubscriptionID: stack.SubscriptionID}
	tenant := components.Tenant{ID: stack.TenantID, AuthorityHost: stack.AuthorityHost, ExchangeAudience: stack.ExchangeAudience}
	owners := components.Owners{ObjectIDs: stack.Owners, Pinned: stack.OwnersPinned}
	api, err := components.NewAPI(ctx, apiName, &components.APIArgs{
		Place: place, Tenant: tenant, Package: built[apiName],
		DisplayName:    apiName + " (" + ctx.Stack() + ")",
		Owners:         owners,
		Protect:        stack.Protect,
		Roles:          rolesOf(stack),
		DailyLogCapGB:  stack.DailyLogCapGB,
		BlockedCallers: stack.BlockedCallers,
	})
	if err != nil {
		return err
	}
	clients := make([]*components.Client, len(stack.Clients))
	for i, client := range stack.Clients {
		args := &components.ClientArgs{
			Place: place, Tenant: tenant, API: api, Owners: owners, DisplayName: client.Name + " (" + ctx.Stack() + ")",
			Identity: identityOf(client.Identity), Previous: previousOf(client), Roles: client.Roles, PurgeProtection: stack.Protect,
		}
		if client.FunctionApp {
			args.FunctionApp = &components.ClientAppArgs{Package: built[clientCode], TokenProviders: client.TokenProviders, Schedule: client.Schedule, DailyLogCapGB: stack.DailyLogCapGB}
		}
		if clients[i], err = components.NewClient(ctx, client.Name, args); err != nil {
			return err
		}
	}
	export(ctx, stack, api, clients)
	return nil
}

// build starts building the packages in the background. They depend on no
// setting, so this saves the time in which the settings wait for the network.
// stop cancels a build whose result is not needed.
func (p program) build(ctx context.Context) (packages func() (map[string]components.Package, error), stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	packages = sync.OnceValues(func() (map[string]components.Package, error) {
		return components.BuildPackages(ctx, p.folder, apiName, clientCode)
	})
	var running sync.WaitGroup
	running.Go(func() { _, _ = packages() }) // the call that needs the packages returns the error
	return packages, func() {
		cancel()
		running.Wait()
	}
}

// settings loads the settings of the stack, and shows their warnings.
func (p program) settings(ctx *pulumi.Context) (settings.Settings, error) {
	// This variable has all keys, so unknown ones can be refused. The SDK only
	// looks up keys by name.
	var configuration map[string]string
	if encoded := p.getenv(pulumi.EnvConfig); encoded != "" {
		if err := json.Unmarshal([]byte(encoded), &configuration); err != nil {
			return settings.Settings{}, fmt.Errorf("read %s: %w", pulumi.EnvConfig, err)
		}
	}
	var secrets []string
	if encoded := p.getenv(pulumi.EnvConfigSecretKeys); encoded != "" {
		if err := json.Unmarshal([]byte(encoded), &secrets); err != nil {
			return settings.Settings{}, fmt.Errorf("read %s: %w", pulumi.EnvConfigSecretKeys, err)
		}
	}
	loaded, warnings, problems := settings.Load(ctx.Context(), configuration, p.now(), settings.Sources{
		MetadataHost: p.getenv("ARM_METADATA_HOSTNAME"), Secrets: secrets, HTTPClient: p.httpClient, Providers: lookup.Providers{Context: ctx},
	})
	for _, warning := range warnings {
		warn(ctx, warning)
	}
	return loaded, problems.Err(ctx.Stack())
}

// warn shows a warning. If that fails, the program goes on.
func warn(ctx *pulumi.Context, text string) { _ = ctx.Log.Warn(text, nil) }

// rolesOf converts the roles of the settings to those of components, which do not
// import settings.
func rolesOf(stack settings.Settings) []components.Role {
	roles := make([]components.Role, len(stack.Roles))
	for i, role := range stack.Roles {
		roles[i] = components.Role(role)
	}
	return roles
}

// identityOf does the same for an identity.
func identityOf(identity settings.Identity) components.Identity {
	return components.Identity{
		Kind: identity.Kind, Rotation: identity.Rotation, Brought: identity.Brought,
		Federation: (*components.Federation)(identity.Federation),
		ObjectID:   identity.ObjectID, ClientID: identity.ClientID,
	}
}

// previousOf is the identity that a client is moving away from, or nil.
func previousOf(client settings.Client) *components.Identity {
	if client.Previous == nil {
		return nil
	}
	previous := identityOf(*client.Previous)
	return &previous
}
