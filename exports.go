package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
)

// This file says what a stack tells the outside. Nothing of it is a secret:
// the key of a client's function is read through Resource Manager by whoever
// may, and is never in the state.

// tags are the tags of the resource group: who looks at the subscription sees
// what it belongs to, and until when.
func (s Settings) tags(ctx *pulumi.Context) pulumi.StringMap {
	tags := pulumi.StringMap{
		"project":     pulumi.String(ctx.Project()),
		"stack":       pulumi.String(ctx.Stack()),
		"environment": pulumi.String(s.Environment),
	}
	if s.ExpiresOn != "" {
		tags["expiresOn"] = pulumi.String(s.ExpiresOn)
	}
	return tags
}

// export exports the addresses of the API and of its clients, and who is
// declared to have access.
func export(ctx *pulumi.Context, settings Settings, api *components.API, clients []*components.Client) {
	roleIDs, access := pulumi.StringMap{}, pulumi.Array{}
	urls, sites := pulumi.StringMap{}, pulumi.StringMap{}
	for _, role := range settings.Roles {
		roleIDs[role.Value] = pulumi.String(role.ID())
	}
	for i, client := range settings.Clients {
		access = append(access, pulumi.Map{
			"client":              pulumi.String(client.Name),
			"identity":            pulumi.String(client.Identity.Kind),
			"clientId":            clients[i].ClientID,
			"objectId":            clients[i].ObjectID,
			"applicationObjectId": clients[i].ApplicationObjectID,
			"roles":               pulumi.ToStringArray(client.Roles),
			"siteId":              clients[i].SiteID,
			"credentials":         clients[i].Credentials,
		})
		if client.FunctionApp {
			urls[client.Name], sites[client.Name] = clients[i].URL, clients[i].SiteID
		}
	}
	ctx.Export("apiUrl", api.URL)
	ctx.Export("apiClientId", api.ClientID)
	ctx.Export("apiObjectId", api.ObjectID)
	ctx.Export("audience", api.Audience)
	ctx.Export("roleIds", roleIDs)
	ctx.Export("access", access)
	ctx.Export("clientUrls", urls)
	ctx.Export("clientSites", sites)
	ctx.Export("apiSiteId", api.SiteID)
	ctx.Export("owners", pulumi.ToStringArray(settings.Owners))
	ctx.Export("environment", pulumi.String(settings.Environment))
}
