package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	web "github.com/pulumi/pulumi-azure-native-sdk/web/v2/v20240401"
	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClientArgs describe a [Client].
type ClientArgs struct {
	Place       Place
	Tenant      Tenant
	API         *API
	DisplayName string // of its app registration, if it has one
	Owners      Owners // likewise
	Identity    Identity
	Roles       []string // values of app roles of the API

	// Previous is the identity that the client is moving away from. It keeps its
	// app roles and credentials, but the function app no longer uses it. Removing
	// it is the second step of the move, and revokes it.
	Previous *Identity

	// RequestAssignments leaves the app role assignments to somebody else, and the app
	// registration of a federated identity. Nothing is made in the directory here, so
	// that the deployer needs no right to do so. The kinds whose credential would have
	// to be handed over are refused.
	RequestAssignments bool

	// Registration is the app registration that somebody has made on request; nil as
	// long as nobody has.
	Registration *ClientRegistration

	Patience time.Duration // see [APIArgs]

	// PurgeProtection keeps the client's deleted vault from being purged, and
	// keeps a new vault for 90 days after it is deleted instead of 7.
	PurgeProtection bool

	// FunctionApp is nil for a client that runs elsewhere.
	FunctionApp *ClientAppArgs
}

// ClientAppArgs describe the function app of a [Client].
type ClientAppArgs struct {
	Package        Package
	TokenProviders []string
	Schedule       string  // six fields
	DailyLogCapGB  float64 // see [FunctionAppArgs]
	Withhold       bool    // likewise: the client's app roles are requested, and nobody has granted them yet
}

func (a *ClientAppArgs) uses(provider string) bool {
	return slices.Contains(a.TokenProviders, provider)
}

func (a *ClientArgs) check() error {
	if a == nil {
		return errors.New("arguments: missing")
	}
	problems := []error{a.Place.check(), a.Tenant.check(), checkPatience(a.Patience), required("api", a.API != nil), a.Identity.check(a.FunctionApp != nil)}
	for _, role := range a.Roles {
		if a.API != nil && !a.API.has(role) {
			problems = append(problems, fmt.Errorf("argument roles: expected roles of the API, got %q", role))
		}
	}
	if a.API != nil && a.API.other && a.FunctionApp == nil && a.Identity.secretive() {
		problems = append(problems, errors.New("argument functionApp: missing; the vault of a client of another stack's API is logged where its function app is"))
	}
	problems = append(problems, a.checkRequested())
	if a.Previous != nil {
		problems = append(problems, a.Previous.check(a.FunctionApp != nil))
		if a.Previous.Kind == a.Identity.Kind {
			problems = append(problems, fmt.Errorf("argument previous: expected another kind than the identity's, got %q", a.Previous.Kind))
		}
	}
	for _, identity := range []*Identity{&a.Identity, a.Previous} {
		if identity != nil && identity.Kind == Federated && identity.Federation == nil {
			problems = append(problems, required("tenant.exchangeAudience", a.Tenant.ExchangeAudience != ""))
		}
	}
	if a.Identity.registered() || a.Previous != nil && a.Previous.registered() {
		problems = append(problems, required("displayName", a.DisplayName != ""))
	}
	if a.FunctionApp != nil {
		problems = append(problems, a.FunctionApp.Package.check(),
			required("functionApp.tokenProviders", len(a.FunctionApp.TokenProviders) > 0),
			required("functionApp.schedule", a.FunctionApp.Schedule != ""))
	}
	return errors.Join(problems...)
}

// A Client is an identity that may call an API, with its app role assignments
// and, if it has one, the function app that calls.
type Client struct {
	pulumi.ResourceState

	ClientID            pulumi.StringOutput // empty for a system-assigned identity: the site only has its object id
	ObjectID            pulumi.StringOutput // of the service principal
	PrincipalName       pulumi.StringOutput // its display name; empty for one made elsewhere
	ApplicationObjectID pulumi.StringOutput // empty without an app registration
	URL                 pulumi.StringOutput // of its first HTTP function; empty without one
	SiteID              pulumi.StringOutput // ARM id of its function app; empty without one
	Credentials         pulumi.ArrayOutput  // what can sign in: kind, id, expiresOn, issuer, subject, audience
	Asked               *Trust              // by its requested app registration; nil without one

	args    *ClientArgs
	name    string
	builder *identityBuilder
}

// NewClient registers a client of an API.
func NewClient(ctx *pulumi.Context, name string, args *ClientArgs, opts ...pulumi.ResourceOption) (*Client, error) {
	if err := errors.Join(args.check(), checkMark(ctx, name)); err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	none := pulumi.String("").ToStringOutput()
	client := &Client{ClientID: none, ObjectID: none, PrincipalName: none, ApplicationObjectID: none, URL: none, SiteID: none, args: args, name: name}
	retry, err := retrying(ctx, clientType, name, client, "azuread", args.Patience)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterComponentResource(clientType, name, client, append(slices.Clone(opts), retry)...); err != nil {
		return nil, err
	}
	client.builder = &identityBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(client)}
	used, before, err := client.identify(ctx)
	if err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	workspaceID := args.API.workspaceID
	if args.FunctionApp != nil {
		if workspaceID, err = client.run(ctx, used, before); err != nil {
			return nil, err
		}
	}
	if err := client.logVault(ctx, workspaceID); err != nil {
		return nil, err
	}
	return client, ctx.RegisterResourceOutputs(client, pulumi.Map{
		"clientId": client.ClientID, "objectId": client.ObjectID, "url": client.URL, "siteId": client.SiteID,
	})
}

// identify makes the client's identities and assigns its app roles to those
// that exist before the site. It returns what must exist before the app gets
// its settings: an app whose identity has no app role yet would be refused, and
// Azure caches a managed identity's first token, with the roles of that moment,
// for about 24 hours.
func (c *Client) identify(ctx *pulumi.Context) (used credential, before []pulumi.Resource, err error) {
	if used, err = c.builder.credential(c.args.Identity); err != nil {
		return credential{}, nil, err
	}
	if used.objectID != nil {
		c.ClientID, c.ObjectID = used.clientID.ToStringOutput(), used.objectID.ToStringOutput()
		if used.principalName != nil {
			c.PrincipalName = used.principalName.ToStringOutput()
		}
	}
	if used.applicationObjectID != nil {
		c.ApplicationObjectID = used.applicationObjectID.ToStringOutput()
	}
	c.Asked = used.asked
	proofs := used.proofs
	all := map[string]credential{c.args.Identity.Kind: used}
	if c.args.Previous != nil {
		previous, err := c.builder.credential(*c.args.Previous)
		if err != nil {
			return credential{}, nil, err
		}
		all[c.args.Previous.Kind] = previous
		proofs = append(proofs, previous.proofs...)
	}
	c.Credentials = proofs.ToArrayOutput()
	assigned := make(map[string]bool)
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		principal := principalNoun(kind)
		if all[kind].objectID == nil || assigned[principal] {
			continue
		}
		assigned[principal] = true
		assignments, err := c.assign(ctx, kind, all[kind].objectID, all[kind].principal)
		if err != nil {
			return credential{}, nil, err
		}
		before = append(before, assignments...)
	}
	if c.builder.opened != nil {
		before = append(before, c.builder.opened)
	}
	return used, before, nil
}

// run makes the client's function app, and returns where its logs go.
func (c *Client) run(ctx *pulumi.Context, used credential, before []pulumi.Resource) (workspaceID pulumi.StringOutput, err error) {
	args := &FunctionAppArgs{
		Place:          c.args.Place,
		Package:        c.args.FunctionApp.Package,
		AppSettings:    c.appSettings(used),
		BeforeSettings: before,
		DailyLogCapGB:  c.args.FunctionApp.DailyLogCapGB,
		Withhold:       c.args.FunctionApp.Withhold,
		Patience:       c.args.Patience,
	}
	if c.builder.assigned != nil {
		args.Identities = pulumi.StringArray{c.builder.assigned.ID()}
		if c.builder.vault != nil {
			args.VaultIdentity = c.builder.assigned.ID()
		}
	}
	if c.args.Identity.Kind == SystemAssigned || c.args.Previous != nil && c.args.Previous.Kind == SystemAssigned {
		args.SystemAssigned = func(objectID pulumi.StringOutput, site *web.WebApp) ([]pulumi.Resource, error) {
			if c.args.Identity.Kind == SystemAssigned {
				c.ObjectID, c.PrincipalName = objectID, site.Name
			}
			return c.assign(ctx, SystemAssigned, objectID, site)
		}
	}
	app, err := NewFunctionApp(ctx, c.name, args, pulumi.Parent(c))
	if err != nil {
		return workspaceID, err
	}
	c.SiteID = app.SiteID
	if routes := c.args.FunctionApp.Package.Routes; len(routes) > 0 {
		c.URL = pulumi.Sprintf("https://%s/%s", app.HostName, routes[0])
	}
	return app.workspaceID, nil
}

// principalNoun is part of the names of a service principal's assignments. A
// client that moves to another principal gets new assignments, so that the old
// ones stay until the move is over.
func principalNoun(kind string) string {
	switch kind {
	case SystemAssigned:
		return "-site"
	case Existing:
		return "-existing"
	case ManagedIdentity:
		return ""
	}
	return "-application"
}

// assign gives a service principal the client's app roles. Each assignment
// depends on its role, so that removing a role deletes its assignments first,
// and on both principals. Assignments that are requested are made by somebody
// else.
func (c *Client) assign(ctx *pulumi.Context, kind string, objectID pulumi.StringInput, principal pulumi.Resource) ([]pulumi.Resource, error) {
	if c.args.RequestAssignments {
		return nil, nil
	}
	var assignments []pulumi.Resource
	for _, value := range c.args.Roles {
		role := c.args.API.role(value)
		assignment, err := azuread.NewAppRoleAssignment(ctx, c.name+principalNoun(kind)+"-assignment-"+value, &azuread.AppRoleAssignmentArgs{
			AppRoleId:         role.id,
			PrincipalObjectId: objectID,
			ResourceObjectId:  c.args.API.ServicePrincipalID,
		}, pulumi.Parent(c), pulumi.DependsOn(c.args.API.after(role, principal)), pulumi.DeleteBeforeReplace(true)) // a principal can hold a role only once
		if err != nil {
			return nil, err
		}
		assignments = append(assignments, assignment)
	}
	return assignments, nil
}

func (c *Client) appSettings(used credential) pulumi.StringMap {
	api := c.args.API
	settings := pulumi.StringMap{
		api.setting("URL"):             api.URL,
		api.setting("SCOPE"):           pulumi.Sprintf("%s/.default", api.IdentifierURI),
		api.setting("TENANT_ID"):       pulumi.String(c.args.Tenant.ID),
		api.setting("AUTHORITY_HOST"):  pulumi.String(c.args.Tenant.AuthorityHost),
		api.setting("TOKEN_PROVIDERS"): pulumi.String(strings.Join(c.args.FunctionApp.TokenProviders, ",")),
		api.setting("SCHEDULE"):        pulumi.String(c.args.FunctionApp.Schedule),
	}
	maps.Copy(settings, used.appSettings)
	return settings
}
