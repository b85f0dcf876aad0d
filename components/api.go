package components

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/provenance"
)

// A Role is an app role of an API: what a client may do there.
type Role struct {
	Value       string // in the roles claim, such as Orders.Read
	DisplayName string
	Description string
}

// ID is the role's GUID, the same in every stack.
func (r Role) ID() string { return stableID("app role", r.Value) }

// APIArgs describe an [API].
type APIArgs struct {
	Place          Place
	Tenant         Tenant
	DisplayName    string // of the app registration
	Owners         Owners
	Prefix         string // of the app settings of its code and its clients' code; "" is the name in capitals, ORDERS for orders-api
	Route          string // path of its URL; "" is api and then the name, api/orders for orders-api
	Roles          []Role // the code's app settings name the first one
	BlockedCallers []string
	Package        Package
	DailyLogCapGB  float64 // see [FunctionAppArgs]

	// Container gives the code a blob container, and an identity of its own that
	// may write there and nowhere else.
	Container bool

	// Registration is an app registration that was made elsewhere; nothing of it
	// is created or changed. Nil means that one is made.
	Registration *Registration

	// Patience is how long an update tries again what only time heals, such as
	// the assignment of a role that Microsoft Graph does not know yet; zero means
	// [DefaultPatience].
	Patience time.Duration

	// Protect keeps the app registration and its service principal from being
	// deleted: new ones would have other ids, which existing tokens do not
	// match.
	Protect bool
}

func (a *APIArgs) check() error {
	if a == nil {
		return errors.New("arguments: missing")
	}
	return errors.Join(a.Place.check(), a.Tenant.check(), a.Package.check(), a.checkRoute(), checkPatience(a.Patience),
		required("displayName", a.DisplayName != "" || a.Registration != nil),
		required("roles", len(a.Roles) > 0), a.Registration.check(a.Roles))
}

// checkRoute refuses a path that none of the package's functions answers: every
// call would be answered with 404. Azure ignores the case of routes.
func (a *APIArgs) checkRoute() error {
	routes := a.Package.Routes
	if a.Route == "" || len(routes) == 0 || slices.ContainsFunc(routes, func(route string) bool { return strings.EqualFold(route, a.Route) }) {
		return nil
	}
	return fmt.Errorf("argument route: expected a path of one of the package's HTTP functions (%s), got %q", strings.Join(routes, ", "), a.Route)
}

// An API is an app registration whose app roles clients can be assigned, with
// its service principal and the function app behind it.
type API struct {
	pulumi.ResourceState

	ClientID           pulumi.StringOutput
	ObjectID           pulumi.StringOutput // of the app registration
	ServicePrincipalID pulumi.StringOutput // object id, which assignments name
	IdentifierURI      pulumi.StringOutput
	Audience           pulumi.StringOutput // aud of the access tokens it takes
	URL                pulumi.StringOutput // of its route
	SiteID             pulumi.StringOutput // ARM id of its function app

	prefix           string // of app settings
	roles            map[string]apiRole
	laterIDs         pulumi.StringMapInput // of the roles of a reference, instead
	servicePrincipal pulumi.Resource       // nil if it was made elsewhere
	workspaceID      pulumi.StringOutput   // where the logs of its app go
	other            bool                  // it is deployed elsewhere: the two above are empty
}

// NewAPI registers an API.
func NewAPI(ctx *pulumi.Context, name string, args *APIArgs, opts ...pulumi.ResourceOption) (*API, error) {
	if err := errors.Join(args.check(), checkMark(ctx, name)); err != nil {
		return nil, fmt.Errorf("API %q: %w", name, err)
	}
	short := strings.TrimSuffix(name, "-api")
	api := &API{prefix: cmp.Or(args.Prefix, strings.ToUpper(strings.ReplaceAll(short, "-", "_"))), roles: make(map[string]apiRole)}
	retry, err := retrying(ctx, apiType, name, api, "azuread", args.Patience)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterComponentResource(apiType, name, api, append(slices.Clone(opts), retry)...); err != nil {
		return nil, err
	}
	if args.Registration != nil {
		api.use(*args.Registration, args.Roles)
	} else if err := api.register(ctx, name, args); err != nil {
		return nil, err
	}
	appArgs := &FunctionAppArgs{Place: args.Place, Package: args.Package, AppSettings: api.appSettings(args), DailyLogCapGB: args.DailyLogCapGB, Patience: args.Patience}
	if args.Container {
		if err := api.addIdentity(ctx, name, args.Place, appArgs); err != nil {
			return nil, err
		}
	}
	app, err := NewFunctionApp(ctx, name, appArgs, pulumi.Parent(api))
	if err != nil {
		return nil, err
	}
	api.URL, api.SiteID, api.workspaceID = pulumi.Sprintf("https://%s/%s", app.HostName, cmp.Or(args.Route, "api/"+short)), app.SiteID, app.workspaceID
	return api, ctx.RegisterResourceOutputs(api, pulumi.Map{
		"clientId": api.ClientID, "objectId": api.ObjectID, "servicePrincipalId": api.ServicePrincipalID,
		"identifierUri": api.IdentifierURI, "audience": api.Audience, "url": api.URL, "siteId": api.SiteID,
	})
}

// register creates the app registration and what belongs to it in the tenant.
func (api *API) register(ctx *pulumi.Context, name string, args *APIArgs) error {
	application, err := azuread.NewApplication(ctx, provenance.ApplicationOf(name), &azuread.ApplicationArgs{
		Tags:           applicationTags(ctx, name),
		DisplayName:    pulumi.String(args.DisplayName),
		SignInAudience: pulumi.String("AzureADMyOrg"),
		Owners:         pulumi.ToStringArray(args.Owners.ObjectIDs),
		Api: &azuread.ApplicationApiArgs{
			// Version 2 tokens have the client ID as their audience, no matter
			// how they are requested (entra-docs,
			// access-token-claims-reference).
			RequestedAccessTokenVersion: pulumi.Int(2),
		},
		OptionalClaims: &azuread.ApplicationOptionalClaimsTypeArgs{
			// idtyp tells an app-only token from a user's.
			AccessTokens: azuread.ApplicationOptionalClaimsAccessTokenArray{
				&azuread.ApplicationOptionalClaimsAccessTokenArgs{Name: pulumi.String("idtyp")},
			},
		},
	},
		// Roles and URI are resources of their own. The official provider counts
		// appRoleIds as unknown while the state holds roles that the inputs do not.
		args.Owners.ignoreChanges("appRoles", "appRoleIds", "identifierUris"),
		pulumi.Parent(api), pulumi.Protect(args.Protect))
	if err != nil {
		return err
	}
	if err := api.registerRoles(ctx, name, args.Roles, application); err != nil {
		return err
	}
	// The URI contains the client ID, so it cannot be set when the app
	// registration is created.
	identifier, err := azuread.NewApplicationIdentifierUri(ctx, name+"-identifier-uri", &azuread.ApplicationIdentifierUriArgs{
		ApplicationId: application.ID(),
		IdentifierUri: pulumi.Sprintf("api://%s", application.ClientId),
	}, pulumi.Parent(api), pulumi.DeleteBeforeReplace(true)) // a URI is unique in a tenant
	if err != nil {
		return err
	}
	if err := api.registerServicePrincipal(ctx, name, args, application); err != nil {
		return err
	}
	api.ClientID, api.ObjectID = application.ClientId, application.ObjectId
	api.IdentifierURI, api.Audience = identifier.IdentifierUri, application.ClientId
	return nil
}

func (api *API) registerRoles(ctx *pulumi.Context, name string, roles []Role, application *azuread.Application) error {
	for _, role := range roles {
		resource, err := azuread.NewApplicationAppRole(ctx, name+"-role-"+role.Value, &azuread.ApplicationAppRoleArgs{
			ApplicationId:      application.ID(),
			RoleId:             pulumi.String(role.ID()),
			AllowedMemberTypes: pulumi.StringArray{pulumi.String("Application")},
			Value:              pulumi.String(role.Value),
			DisplayName:        pulumi.String(role.DisplayName),
			Description:        pulumi.String(role.Description),
		}, pulumi.Parent(api), pulumi.DeleteBeforeReplace(true)) // ids and values are unique
		if err != nil {
			return err
		}
		api.roles[role.Value] = apiRole{id: resource.RoleId, resource: resource}
	}
	return nil
}

// registerServicePrincipal creates the API's service principal. Assignment is
// required: without one Microsoft Entra ID gives no token for it at all
// (AADSTS501051). It comes after all roles, because it copies them when it is
// created, and an assignment of a role that it does not know yet is refused.
func (api *API) registerServicePrincipal(ctx *pulumi.Context, name string, args *APIArgs, application *azuread.Application) error {
	var roles []pulumi.Resource
	for _, role := range api.roles {
		roles = append(roles, role.resource)
	}
	principal, err := azuread.NewServicePrincipal(ctx, name+"-service-principal", &azuread.ServicePrincipalArgs{
		ClientId:                  application.ClientId,
		Tags:                      applicationTags(ctx, name),
		AppRoleAssignmentRequired: pulumi.Bool(true),
		Owners:                    pulumi.ToStringArray(args.Owners.ObjectIDs),
	}, pulumi.Parent(api), pulumi.DependsOn(roles), pulumi.Protect(args.Protect), args.Owners.ignoreChanges(),
		pulumi.DeleteBeforeReplace(true)) // an application has one in its tenant
	if err != nil {
		return err
	}
	api.servicePrincipal, api.ServicePrincipalID = principal, principal.ObjectId
	return nil
}

// setting is the full name of an app setting.
func (api *API) setting(name string) string { return api.prefix + "_" + name }

func (api *API) appSettings(args *APIArgs) pulumi.StringMap {
	settings := pulumi.StringMap{
		api.setting("TENANT_ID"):      pulumi.String(args.Tenant.ID),
		api.setting("AUTHORITY_HOST"): pulumi.String(args.Tenant.AuthorityHost),
		api.setting("AUDIENCE"):       api.Audience,
		api.setting("ROLE"):           pulumi.String(args.Roles[0].Value),
	}
	if len(args.BlockedCallers) > 0 {
		settings[api.setting("BLOCKED_CALLERS")] = pulumi.String(strings.Join(args.BlockedCallers, ","))
	}
	return settings
}
