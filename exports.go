package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/provenance"
	"app-to-app/settings"
)

// This file has the outputs of a stack. None is a secret: the key of a client's
// function never gets into the state; people with permission read it through
// Resource Manager.

// tags are the tags of the resource group: its mark, and what it is for and until
// when, for anyone who browses the subscription.
func tags(ctx *pulumi.Context, s settings.Settings) pulumi.StringMap {
	mark := provenance.Mark{Project: ctx.Project(), Stack: ctx.Stack(), Name: settings.Namespace}
	tags := pulumi.ToStringMap(mark.ARMTags())
	tags["environment"] = pulumi.String(s.Environment)
	if s.ExpiresOn != "" {
		tags["expiresOn"] = pulumi.String(s.ExpiresOn)
	}
	return tags
}

// export exports the addresses of the API and its clients, and which clients have
// access according to the settings.
func export(ctx *pulumi.Context, stack settings.Settings, api *components.API, clients []*components.Client) {
	roleIDs, access := pulumi.StringMap{}, pulumi.Array{}
	urls, sites := pulumi.StringMap{}, pulumi.StringMap{}
	for _, role := range stack.Roles {
		roleIDs[role.Value] = pulumi.String(components.Role(role).ID())
	}
	for i, client := range stack.Clients {
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
	ctx.Export("apiName", pulumi.String(stack.API.Name))
	ctx.Export("apiUrl", api.URL)
	ctx.Export("apiClientId", api.ClientID)
	ctx.Export("apiObjectId", api.ObjectID)
	ctx.Export("audience", api.Audience)
	ctx.Export("roleIds", roleIDs)
	ctx.Export("access", access)
	ctx.Export("clientUrls", urls)
	ctx.Export("clientSites", sites)
	ctx.Export("apiSiteId", api.SiteID)
	ctx.Export("owners", pulumi.ToStringArray(stack.Owners))
	ctx.Export("environment", pulumi.String(stack.Environment))
}
