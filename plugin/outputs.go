package plugin

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
)

// This file has the outputs of the components. The rules for comments are those
// of the inputs.

type apiOutputs struct {
	// Client id of the app registration.
	ClientID pulumi.StringOutput `pulumi:"clientId"`
	// Object id of the app registration.
	ObjectID pulumi.StringOutput `pulumi:"objectId"`
	// Object id of the service principal, which assignments name.
	ServicePrincipalID pulumi.StringOutput `pulumi:"servicePrincipalId"`
	// Identifier URI, which clients ask a token for.
	IdentifierURI pulumi.StringOutput `pulumi:"identifierUri"`
	// Audience of the access tokens that the API takes.
	Audience pulumi.StringOutput `pulumi:"audience"`
	// Address of the API.
	URL pulumi.StringOutput `pulumi:"url"`
	// ARM id of its function app.
	SiteID pulumi.StringOutput `pulumi:"siteId"`
	// What the input api of a client takes.
	Reference pulumi.Map `pulumi:"reference" type:"apiReference"`
}

func outputsOfAPI(api *components.API) apiOutputs {
	return apiOutputs{
		ClientID: api.ClientID, ObjectID: api.ObjectID, ServicePrincipalID: api.ServicePrincipalID, IdentifierURI: api.IdentifierURI,
		Audience: api.Audience, URL: api.URL, SiteID: api.SiteID,
		Reference: pulumi.Map{
			"servicePrincipalId": api.ServicePrincipalID, "identifierUri": api.IdentifierURI, "url": api.URL, "roleIds": api.RoleIDs(),
		},
	}
}

type clientOutputs struct {
	// Client id; empty for a system-assigned identity.
	ClientID pulumi.StringOutput `pulumi:"clientId"`
	// Object id of the service principal.
	ObjectID pulumi.StringOutput `pulumi:"objectId"`
	// Object id of the app registration; empty without one.
	ApplicationObjectID pulumi.StringOutput `pulumi:"applicationObjectId"`
	// Address of its HTTP function; empty without a function app.
	URL pulumi.StringOutput `pulumi:"url"`
	// ARM id of its function app; empty without one.
	SiteID pulumi.StringOutput `pulumi:"siteId"`
	// What can sign in as the client: kind, id, expiresOn, issuer, subject, audience. No secret is among it.
	Credentials pulumi.ArrayOutput `pulumi:"credentials"`
}

func outputsOfClient(client *components.Client) clientOutputs {
	return clientOutputs{
		ClientID: client.ClientID, ObjectID: client.ObjectID, ApplicationObjectID: client.ApplicationObjectID, URL: client.URL,
		SiteID: client.SiteID, Credentials: client.Credentials,
	}
}

type functionAppOutputs struct {
	// Host name of the site.
	HostName pulumi.StringOutput `pulumi:"hostName"`
	// ARM id of the site.
	SiteID pulumi.StringOutput `pulumi:"siteId"`
}

func outputsOfFunctionApp(app *components.FunctionApp) functionAppOutputs {
	return functionAppOutputs{HostName: app.HostName, SiteID: app.SiteID}
}
