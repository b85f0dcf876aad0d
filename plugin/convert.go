package plugin

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/azurecloud/endpoints"
	"app-to-app/components"
	"app-to-app/components/credentials"
)

// This file turns inputs into the arguments of the Go components, and fills in
// what was not given.

// The defaults of a client.
const (
	defaultRotationDays = 90
	defaultSchedule     = "0 */10 * * * *"
	defaultProvider     = "azidentity"
	unusedPrefix        = "API" // without code there are no app settings
)

// common is what the components have in common.
type common struct {
	place    components.Place
	tenant   components.Tenant
	owners   components.Owners
	patience time.Duration
}

// common fills in what was not given, from who is signed in.
func (m maker) common(ctx *pulumi.Context, where placed, who signedFor, code published) (c common, err error) {
	c.place = components.Place{ResourceGroupName: where.ResourceGroupName, Location: where.Location, SubscriptionID: where.SubscriptionID}
	c.tenant = components.Tenant{ID: who.TenantID, AuthorityHost: strings.TrimSuffix(who.AuthorityHost, "/")}
	c.owners = components.Owners{ObjectIDs: who.Owners, Pinned: len(who.Owners) > 0}
	if code.Patience != "" {
		if c.patience, err = time.ParseDuration(code.Patience); err != nil {
			return c, fmt.Errorf("argument patience: expected a duration such as 5m, got %q", code.Patience)
		}
	}
	if c.place.SubscriptionID == "" || c.tenant.ID == "" {
		login, err := authorization.GetClientConfig(ctx)
		if err != nil {
			return c, fmt.Errorf("find who is signed in to Azure: %w", err)
		}
		c.place.SubscriptionID, c.tenant.ID = cmp.Or(c.place.SubscriptionID, login.SubscriptionId), cmp.Or(c.tenant.ID, login.TenantId)
	}
	if !c.owners.Pinned {
		login, err := azuread.GetClientConfig(ctx)
		if err != nil {
			return c, fmt.Errorf("find who is signed in to Microsoft Entra ID: %w", err)
		}
		c.owners.ObjectIDs = []string{login.ObjectId}
	}
	if c.tenant.AuthorityHost == "" {
		if c.tenant.AuthorityHost, err = m.authorityHost(ctx.Context()); err != nil {
			return c, err
		}
	}
	c.tenant.ExchangeAudience = endpoints.ExchangeAudience(c.tenant.AuthorityHost)
	return c, nil
}

// authorityHost is that of the cloud that the providers use.
func (m maker) authorityHost(ctx context.Context) (string, error) {
	host := m.getenv("ARM_METADATA_HOSTNAME")
	if host == "" {
		return endpoints.Public().AuthorityHost, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	document, err := endpoints.ReadMetadata(ctx, m.httpClient, host)
	if err == nil {
		err = document.Require(endpoints.LoginEndpoint)
	}
	if err != nil {
		return "", fmt.Errorf("argument authorityHost: not given; get the login endpoint of ARM_METADATA_HOSTNAME=%s: %w", host, err)
	}
	return strings.TrimSuffix(document.LoginEndpoint, "/"), nil
}

// build builds the code of a function app.
func (m maker) build(ctx *pulumi.Context, folder string, how published) (components.Package, error) {
	platform, err := endpoints.FunctionsPlatform(ctx.Context(), m.httpClient, m.getenv("ARM_METADATA_HOSTNAME"))
	if err != nil {
		return components.Package{}, err
	}
	code, err := components.BuildPackage(ctx.Context(), m.folder, components.Platform(platform), folder)
	code.Publisher = cmp.Or(how.Publisher, components.PublisherOfModule)
	return code, err
}

func (r role) role() components.Role {
	return components.Role{Value: r.Value, DisplayName: cmp.Or(r.DisplayName, r.Value), Description: cmp.Or(r.Description, r.Value)}
}

// identities converts the identity in use and the previous one.
func (m maker) identities(args clientArgs, into *components.ClientArgs) error {
	used, err := m.identity(args.Identity)
	if err != nil {
		return fmt.Errorf("argument identity: %w", err)
	}
	into.Identity = used
	if args.PreviousIdentity != nil {
		previous, err := m.identity(args.PreviousIdentity)
		if err != nil {
			return fmt.Errorf("argument previousIdentity: %w", err)
		}
		into.Previous = &previous
	}
	return nil
}

func (m maker) identity(given *identity) (components.Identity, error) {
	if given == nil {
		return components.Identity{Kind: components.ManagedIdentity}, nil
	}
	made := components.Identity{Kind: given.Kind, ObjectID: given.ObjectID, ClientID: given.ClientID, Federation: (*components.Federation)(given.Federation)}
	if given.Kind == components.ClientSecret || given.Kind == components.Certificate {
		days := cmp.Or(given.RotationDays, defaultRotationDays)
		var err error
		if made.Rotation, err = credentials.RotationAt(m.now(), time.Duration(days)*24*time.Hour); err != nil {
			return made, err
		}
	}
	return made, nil
}

func (m maker) clientApp(ctx *pulumi.Context, args clientArgs) (*components.ClientAppArgs, error) {
	if args.Prefix == "" {
		return nil, fmt.Errorf("argument prefix: missing; expected what the names of the code's app settings start with, such as ORDERS")
	}
	code, err := m.build(ctx, args.Code, args.published)
	if err != nil {
		return nil, err
	}
	app := &components.ClientAppArgs{Package: code, TokenProviders: args.TokenProviders, Schedule: cmp.Or(args.Schedule, defaultSchedule), DailyLogCapGB: args.DailyLogCapGB}
	if len(app.TokenProviders) == 0 {
		app.TokenProviders = []string{defaultProvider}
	}
	return app, nil
}

// referTo is the API of a reference, whose members may not be known yet.
func referTo(reference pulumi.MapInput, prefix string) (*components.API, error) {
	if reference == nil {
		return nil, fmt.Errorf("argument api: missing")
	}
	all := reference.ToMapOutput()
	text := func(name string) pulumi.StringInput {
		return all.ApplyT(func(members map[string]any) (string, error) {
			text, ok := members[name].(string)
			if !ok {
				return "", fmt.Errorf("argument api.%s: expected a text, got %T", name, members[name])
			}
			return text, nil
		}).(pulumi.StringOutput)
	}
	ids := all.ApplyT(func(members map[string]any) (map[string]string, error) {
		given, ok := members["roleIds"].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("argument api.roleIds: expected ids by the roles' values, got %T", members["roleIds"])
		}
		ids := make(map[string]string)
		for value, id := range given {
			text, ok := id.(string)
			if !ok {
				return nil, fmt.Errorf("argument api.roleIds.%s: expected a text, got %T", value, id)
			}
			ids[value] = text
		}
		return ids, nil
	}).(pulumi.StringMapOutput)
	return components.ReferTo(components.APIReference{
		Prefix: cmp.Or(prefix, unusedPrefix), ServicePrincipalID: text("servicePrincipalId"), IdentifierURI: text("identifierUri"), URL: text("url"), RoleIDs: ids,
	})
}
