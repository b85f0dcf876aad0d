// App-to-app deploys an API and its clients as function apps. The API admits its
// clients by app role, without shared secrets.
//
// This is the Pulumi program: settings, components, exports. The code of the apps
// is in functions, and sandbox is a local Azure to try everything in.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/requests"
	"app-to-app/settings"
	"app-to-app/settings/lookup"
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
	from, err := p.configuration()
	if err != nil {
		return err
	}
	packages, stopBuild := p.build(ctx.Context(), from)
	defer stopBuild()
	stack, err := p.settings(ctx, from)
	if err != nil {
		return err
	}
	last := lastUpdate(ctx)
	if err := append(refuseLastClient(last.Access, stack), refuseHandover(last, stack)...).Err(ctx.Stack()); err != nil {
		return err
	}
	for _, text := range slices.Concat(changes(last.Access, stack, p.now()), handedOver(last, stack), disabledRoles(ctx, stack, last.APIObjectID)) {
		warn(ctx, text)
	}
	made, waiting, err := p.granted(ctx, stack, last)
	if err != nil {
		return err
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
	api, err := p.api(ctx, stack, built, place, tenant, owners)
	if err != nil {
		return err
	}
	clients := make([]*components.Client, len(stack.Clients))
	for i, client := range stack.Clients {
		args := &components.ClientArgs{
			Place: place, Tenant: tenant, API: api, Owners: owners, DisplayName: displayName(ctx, client),
			Identity: identityOf(client.Identity), Previous: previousOf(client), Roles: client.Roles, PurgeProtection: stack.Protect, Patience: stack.Patience,
			RequestAssignments: stack.Assignments == settings.RequestedAssignments, Registration: madeFor(client, made),
		}
		if client.FunctionApp {
			args.FunctionApp = &components.ClientAppArgs{Package: built[client.Code], TokenProviders: client.TokenProviders, Schedule: client.Schedule, DailyLogCapGB: stack.DailyLogCapGB, Withhold: len(waiting[client.Name]) > 0}
		}
		if clients[i], err = components.NewClient(ctx, client.Name, args); err != nil {
			return err
		}
	}
	export(ctx, stack, api, clients)
	warnOfTrust(ctx, made, stack, clients)
	return nil
}

// api is the API that the clients call: this stack's own, or another one's.
func (p program) api(ctx *pulumi.Context, stack settings.Settings, built map[string]components.Package, place components.Place, tenant components.Tenant, owners components.Owners) (*components.API, error) {
	if other := stack.Deployed; other != nil {
		return components.OtherAPI(&components.OtherAPIArgs{
			Prefix: stack.API.Prefix(), URL: other.URL, ClientID: other.ClientID, ObjectID: other.ObjectID, ServicePrincipalID: other.ServicePrincipalID,
			IdentifierURI: other.IdentifierURI, Audience: other.Audience, RoleIDs: other.RoleIDs,
		})
	}
	return components.NewAPI(ctx, stack.API.ResourceName(), &components.APIArgs{
		Place: place, Tenant: tenant, Package: built[stack.API.Code],
		DisplayName:    stack.API.ResourceName() + " (" + ctx.Stack() + ")",
		Owners:         owners,
		Prefix:         stack.API.Prefix(),
		Route:          stack.API.Route,
		Protect:        stack.Protect,
		Roles:          rolesOf(stack),
		DailyLogCapGB:  stack.DailyLogCapGB,
		Patience:       stack.Patience,
		BlockedCallers: stack.BlockedCallers,
		Container:      stack.API.Container,
		Registration:   registrationOf(stack),
	})
}

// granted are the app registrations that others made for clients on request, and what
// clients still wait for, by client, which it says. A login that may not read the
// tenant has the receipt.
func (p program) granted(ctx *pulumi.Context, stack settings.Settings, last lastExports) (made map[string]requests.Registered, waiting map[string][]string, err error) {
	if stack.Assignments != settings.RequestedAssignments {
		return nil, nil, nil
	}
	api, known := last.ServicePrincipalID, ""
	switch {
	case stack.Deployed != nil:
		api = stack.Deployed.ServicePrincipalID
	case stack.Registration != nil:
		api = stack.Registration.ServicePrincipalID
	}
	made, held := make(map[string]requests.Registered), requests.Held{}
	switch {
	case stack.Receipt != nil && api != "":
		if err := stack.Receipt.CheckFor(ctx.Project(), ctx.Stack(), stack.TenantID, api); err != nil {
			return nil, nil, fmt.Errorf("%s:assignmentsReceipt: %s is of something else: %w", settings.Namespace, stack.AssignmentsReceipt, err)
		}
		for _, one := range stack.Receipt.Registrations {
			made[one.Client] = one
		}
		held = stack.Receipt.Held()
	case stack.AssignmentsReceipt != "" || api == "": // nobody has granted anything yet
	case stack.Graph == "":
		known = "; Microsoft Graph is not known in this cloud, so set " + settings.Namespace + ":assignmentsReceipt"
	default:
		made, held, err = p.lookUpGranted(ctx, stack, last, api)
		if errors.Is(err, lookup.ErrNotAllowed) {
			known = fmt.Sprintf("; %v (Application.Read.All), so set %s:assignmentsReceipt to the file that tenant grant writes", err, settings.Namespace)
		} else if err != nil {
			return nil, nil, err
		}
	}
	waiting = stack.Waiting(held, stack.Principals(made, last.principal), roleIDOf(stack))
	for _, client := range stack.Clients {
		if missing := waiting[client.Name]; len(missing) > 0 {
			warn(ctx, fmt.Sprintf("client %q waits for %s, and its code is not published until it has that: tenant request -stack %s, tenant grant, then pulumi up%s", client.Name, strings.Join(missing, ", "), ctx.Stack(), known))
		}
	}
	return made, waiting, nil
}

// lookUpGranted asks the tenant what others have made for the clients.
func (p program) lookUpGranted(ctx *pulumi.Context, stack settings.Settings, last lastExports, api string) (map[string]requests.Registered, requests.Held, error) {
	var asking []string
	for _, client := range stack.Clients {
		if stack.AsksFor(client) {
			asking = append(asking, client.Name)
		}
	}
	providers := lookup.Providers{Context: ctx}
	made, err := providers.Registered(p.httpClient, stack.Graph, ctx.Project(), ctx.Stack(), asking)
	if err != nil {
		return nil, nil, err
	}
	held, err := providers.Held(p.httpClient, stack.Graph, api, slices.Sorted(maps.Values(stack.Principals(made, last.principal))))
	return made, held, err
}

// madeFor is the app registration that somebody made for a client, or nil.
func madeFor(client settings.Client, made map[string]requests.Registered) *components.ClientRegistration {
	one, found := made[client.Name]
	if !found || client.Identity.Kind != settings.Federated {
		return nil
	}
	return &components.ClientRegistration{ClientID: one.ClientID, ObjectID: one.ObjectID, ServicePrincipalID: one.ServicePrincipalID, CredentialID: one.CredentialID}
}

// roleIDOf is the id of an app role by its value.
func roleIDOf(stack settings.Settings) func(value string) string {
	return func(value string) string {
		switch {
		case stack.Deployed != nil:
			return stack.Deployed.RoleIDs[value]
		case stack.Registration != nil:
			return stack.Registration.RoleID(value)
		}
		return components.Role{Value: value}.ID()
	}
}

// build starts building the packages in the background. They depend only on what
// the configuration itself says, so this saves the time in which the settings wait
// for the network. stop cancels a build whose result is not needed.
func (p program) build(ctx context.Context, from stackConfig) (packages func() (map[string]components.Package, error), stop func()) {
	parsed, _ := settings.Parse(from.values, p.now()) // the settings report the problems
	ctx, cancel := context.WithCancel(ctx)
	packages = sync.OnceValues(func() (map[string]components.Package, error) {
		platform, err := settings.Platform(ctx, p.httpClient, p.getenv("ARM_METADATA_HOSTNAME"))
		if err != nil {
			return nil, err
		}
		return components.BuildPackages(ctx, p.folder, components.Platform(platform), parsed.Code()...)
	})
	var running sync.WaitGroup
	running.Go(func() { _, _ = packages() }) // the call that needs the packages returns the error
	return packages, func() {
		cancel()
		running.Wait()
	}
}

// A stackConfig is the configuration of the stack, as the engine hands it over.
type stackConfig struct {
	values  map[string]string
	secrets []string // keys
}

// configuration reads the variables that have all keys, so that unknown ones can be
// refused. The SDK only looks up keys by name.
func (p program) configuration() (from stackConfig, err error) {
	for name, into := range map[string]any{pulumi.EnvConfig: &from.values, pulumi.EnvConfigSecretKeys: &from.secrets} {
		if encoded := p.getenv(name); encoded != "" {
			if err := json.Unmarshal([]byte(encoded), into); err != nil {
				return stackConfig{}, fmt.Errorf("read %s: %w", name, err)
			}
		}
	}
	return from, nil
}

// settings loads the settings of the stack, and shows their warnings.
func (p program) settings(ctx *pulumi.Context, from stackConfig) (settings.Settings, error) {
	loaded, warnings, problems := settings.Load(ctx.Context(), from.values, p.now(), settings.Sources{
		MetadataHost: p.getenv("ARM_METADATA_HOSTNAME"), Secrets: from.secrets, HTTPClient: p.httpClient, Providers: lookup.Providers{Context: ctx},
		Project: os.DirFS(p.folder), StackOutputs: lookup.Providers{Context: ctx}.StackOutputs,
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

// registrationOf does the same for an app registration that was made elsewhere.
func registrationOf(stack settings.Settings) *components.Registration {
	r := stack.Registration
	if r == nil {
		return nil
	}
	ids := make(map[string]string)
	for _, role := range stack.Roles {
		ids[role.Value] = r.RoleID(role.Value)
	}
	return &components.Registration{ClientID: r.ClientID, ObjectID: r.ObjectID, ServicePrincipalID: r.ServicePrincipalID, Resource: r.Resource(), RoleIDs: ids}
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
