// App-to-app deploys an API and its clients as function apps that trust each
// other by app roles instead of shared secrets.
//
// This is the Pulumi program: settings, components, exports. What the apps do
// is under functions, and a local Azure to try all of it in is under sandbox.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
)

const (
	apiName    = "orders-api"
	clientCode = "orders-client" // the function app that every client runs
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	return machine{folder: ".", getenv: os.Getenv, httpClient: http.DefaultClient, now: time.Now}.deploy(ctx)
}

// A machine is what the program uses of the one it runs on.
type machine struct {
	folder     string // of the project
	getenv     func(string) string
	httpClient *http.Client
	now        func() time.Time
}

func (m machine) deploy(ctx *pulumi.Context) error {
	settings, err := loadSettings(ctx, m)
	if err != nil {
		return err
	}
	warnOfChanges(ctx, settings, m.now())
	packages, err := components.BuildPackages(ctx.Context(), m.folder, apiName, clientCode)
	if err != nil {
		return err
	}
	group, err := resources.NewResourceGroup(ctx, namespace, &resources.ResourceGroupArgs{
		Location: pulumi.String(settings.Location),
		Tags:     settings.tags(ctx),
	}, pulumi.Protect(settings.Protect))
	if err != nil {
		return err
	}
	place := components.Place{ResourceGroupName: group.Name, Location: settings.Location, SubscriptionID: settings.SubscriptionID}
	tenant := components.Tenant{ID: settings.TenantID, AuthorityHost: settings.AuthorityHost}
	owners := components.Owners{ObjectIDs: settings.Owners, Pinned: settings.OwnersPinned}
	api, err := components.NewAPI(ctx, apiName, &components.APIArgs{
		Place: place, Tenant: tenant, Package: packages[apiName],
		DisplayName:    apiName + " (" + ctx.Stack() + ")",
		Owners:         owners,
		Protect:        settings.Protect,
		Roles:          settings.Roles,
		BlockedCallers: settings.BlockedCallers,
	})
	if err != nil {
		return err
	}
	clients := make([]*components.Client, len(settings.Clients))
	for i, client := range settings.Clients {
		args := &components.ClientArgs{
			Place: place, Tenant: tenant, API: api, Owners: owners, DisplayName: client.Name + " (" + ctx.Stack() + ")",
			Identity: client.Identity, Previous: client.Previous, Roles: client.Roles, PurgeProtection: settings.Protect,
		}
		if client.FunctionApp {
			args.FunctionApp = &components.ClientAppArgs{Package: packages[clientCode], TokenProviders: client.TokenProviders, Schedule: client.Schedule}
		}
		if clients[i], err = components.NewClient(ctx, client.Name, args); err != nil {
			return err
		}
	}
	export(ctx, settings, api, clients)
	return nil
}
