package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClientArgs describe a [Client].
type ClientArgs struct {
	Place    Place
	Tenant   Tenant
	API      *API
	Identity string   // a kind, such as [ManagedIdentity]
	Roles    []string // values of app roles of the API

	// FunctionApp is nil for a client that runs elsewhere.
	FunctionApp *ClientAppArgs
}

// ClientAppArgs describe the function app of a [Client].
type ClientAppArgs struct {
	Package        Package
	TokenProviders []string
	Schedule       string // six fields
}

func (a *ClientArgs) check() error {
	if a == nil {
		return errors.New("arguments: missing")
	}
	problems := []error{a.Place.check(), a.Tenant.check(), required("api", a.API != nil)}
	for _, role := range a.Roles {
		if a.API != nil && a.API.roles[role] == nil {
			problems = append(problems, fmt.Errorf("argument roles: expected roles of the API, got %q", role))
		}
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

	ClientID pulumi.StringOutput
	ObjectID pulumi.StringOutput // of the service principal
	URL      pulumi.StringOutput // of its HTTP function; empty without a function app
	SiteID   pulumi.StringOutput // ARM id of its function app; empty without one
}

// NewClient registers a client of an API.
func NewClient(ctx *pulumi.Context, name string, args *ClientArgs, opts ...pulumi.ResourceOption) (*Client, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	client := &Client{URL: pulumi.String("").ToStringOutput(), SiteID: pulumi.String("").ToStringOutput()}
	if err := ctx.RegisterComponentResource(clientType, name, client, opts...); err != nil {
		return nil, err
	}
	credential, err := newCredential(ctx, name, args.Identity, args.Place, client)
	if err != nil {
		return nil, fmt.Errorf("client %q: %w", name, err)
	}
	client.ClientID, client.ObjectID = credential.clientID, credential.objectID
	assignments, err := client.assign(ctx, name, args, credential)
	if err != nil {
		return nil, err
	}
	if args.FunctionApp != nil {
		app, err := NewFunctionApp(ctx, name, &FunctionAppArgs{
			Place:       args.Place,
			Package:     args.FunctionApp.Package,
			Identities:  credential.identities,
			AppSettings: client.appSettings(args, credential),
			// A managed identity's first token is kept for about 24 hours,
			// with the roles it had then: nobody may ask for one earlier.
			PublishAfter: assignments,
		}, pulumi.Parent(client))
		if err != nil {
			return nil, err
		}
		client.URL = pulumi.Sprintf("https://%s/api/ProcessOrders", app.HostName)
		client.SiteID = app.SiteID
	}
	return client, ctx.RegisterResourceOutputs(client, pulumi.Map{
		"clientId": client.ClientID, "objectId": client.ObjectID, "url": client.URL, "siteId": client.SiteID,
	})
}

// assign gives the client its app roles. Each assignment depends on its role,
// so that removing a role deletes its assignments first, and on both
// principals. It names the role by its own GUID: the service principal's map of
// roles is as old as the service principal.
func (c *Client) assign(ctx *pulumi.Context, name string, args *ClientArgs, credential credential) ([]pulumi.Resource, error) {
	var assignments []pulumi.Resource
	for _, value := range args.Roles {
		role := args.API.roles[value]
		assignment, err := azuread.NewAppRoleAssignment(ctx, name+"-assignment-"+value, &azuread.AppRoleAssignmentArgs{
			AppRoleId:         role.RoleId,
			PrincipalObjectId: credential.objectID,
			ResourceObjectId:  args.API.ServicePrincipalID,
		}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{role, args.API.servicePrincipal, credential.principal}),
			pulumi.DeleteBeforeReplace(true)) // a principal holds a role once
		if err != nil {
			return nil, err
		}
		assignments = append(assignments, assignment)
	}
	return assignments, nil
}

func (c *Client) appSettings(args *ClientArgs, credential credential) pulumi.StringMap {
	settings := pulumi.StringMap{
		"ORDERS_URL":             args.API.URL,
		"ORDERS_SCOPE":           pulumi.Sprintf("%s/.default", args.API.IdentifierURI),
		"ORDERS_TENANT_ID":       pulumi.String(args.Tenant.ID),
		"ORDERS_AUTHORITY_HOST":  pulumi.String(args.Tenant.AuthorityHost),
		"ORDERS_TOKEN_PROVIDERS": pulumi.String(strings.Join(args.FunctionApp.TokenProviders, ",")),
		"ORDERS_SCHEDULE":        pulumi.String(args.FunctionApp.Schedule),
	}
	maps.Copy(settings, credential.appSettings)
	if slices.Contains(args.FunctionApp.TokenProviders, "appauth") {
		// The connection string of the library's documentation for a
		// user-assigned identity.
		settings["AzureServicesAuthConnectionString"] = pulumi.Sprintf("RunAs=App;AppId=%s", credential.clientID)
	}
	return settings
}
