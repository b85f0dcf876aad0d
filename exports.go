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
	roleIDs, access, asked := pulumi.StringMap{}, pulumi.Array{}, pulumi.Array{}
	urls, sites := pulumi.StringMap{}, pulumi.StringMap{}
	for _, role := range stack.Roles {
		roleIDs[role.Value] = pulumi.String(roleIDOf(stack)(role.Value))
	}
	if stack.Deployed != nil {
		roleIDs = pulumi.ToStringMap(stack.Deployed.RoleIDs)
	}
	for i, client := range stack.Clients {
		if stack.Assignments == settings.RequestedAssignments && (len(client.Roles) > 0 || stack.AsksFor(client)) {
			asked = append(asked, request(ctx, stack, client, clients[i]))
		}
		one := pulumi.Map{
			"client":              pulumi.String(client.Name),
			"identity":            pulumi.String(client.Identity.Kind),
			"clientId":            clients[i].ClientID,
			"objectId":            clients[i].ObjectID,
			"applicationObjectId": clients[i].ApplicationObjectID,
			"roles":               pulumi.ToStringArray(client.Roles),
			"siteId":              clients[i].SiteID,
			"credentials":         clients[i].Credentials,
		}
		if stack.AsksFor(client) { // its app registration is not the stack's
			one["requested"], one["owners"] = pulumi.Bool(true), pulumi.ToStringArray(askedOwners(stack))
		}
		access = append(access, one)
		if client.FunctionApp {
			urls[client.Name], sites[client.Name] = clients[i].URL, clients[i].SiteID
		}
	}
	ctx.Export("apiName", pulumi.String(stack.API.Name))
	ctx.Export("apiUrl", api.URL)
	ctx.Export("apiClientId", api.ClientID)
	ctx.Export("apiObjectId", api.ObjectID)
	ctx.Export("apiServicePrincipalId", api.ServicePrincipalID)
	if stack.Registration != nil { // somebody else owns it
		ctx.Export("apiRegistration", pulumi.String(stack.API.Registration))
	}
	ctx.Export("apiStack", pulumi.String(stack.API.Stack))
	ctx.Export("assignments", pulumi.String(stack.Assignments))
	ctx.Export("audience", api.Audience)
	ctx.Export("identifierUri", api.IdentifierURI)
	ctx.Export("requests", asked)
	ctx.Export("tenantId", pulumi.String(stack.TenantID))
	ctx.Export("roleIds", roleIDs)
	ctx.Export("access", access)
	ctx.Export("clientUrls", urls)
	ctx.Export("clientSites", sites)
	ctx.Export("apiSiteId", api.SiteID)
	ctx.Export("owners", pulumi.ToStringArray(stack.Owners))
	ctx.Export("environment", pulumi.String(stack.Environment))
}

// displayName is the name of a client's app registration.
func displayName(ctx *pulumi.Context, client settings.Client) string {
	return client.Name + " (" + ctx.Stack() + ")"
}

// askedOwners are the owners of app registrations that somebody else makes: those of
// the settings. Whoever is signed in to the stack needs no right to them.
func askedOwners(stack settings.Settings) []string {
	if !stack.OwnersPinned {
		return []string{}
	}
	return stack.Owners
}

// request is what a client asks of whoever assigns app roles, as `tenant request`
// prints it.
func request(ctx *pulumi.Context, stack settings.Settings, client settings.Client, made *components.Client) pulumi.Map {
	roleID, roles := roleIDOf(stack), pulumi.Array{}
	for _, value := range client.Roles {
		roles = append(roles, pulumi.Map{"value": pulumi.String(value), "id": pulumi.String(roleID(value))})
	}
	if asked := made.Asked; asked != nil {
		return pulumi.Map{
			"client": pulumi.String(client.Name), "identity": pulumi.String(client.Identity.Kind), "roles": roles,
			"registration": pulumi.Map{"displayName": pulumi.String(displayName(ctx, client)), "owners": pulumi.ToStringArray(askedOwners(stack)),
				"issuer": asked.Issuer, "subject": asked.Subject, "audience": asked.Audience},
		}
	}
	name := made.PrincipalName
	if client.Identity.DisplayName != "" {
		name = pulumi.String(client.Identity.DisplayName).ToStringOutput()
	}
	return pulumi.Map{
		"client": pulumi.String(client.Name), "identity": pulumi.String(client.Identity.Kind),
		"principalId": made.ObjectID, "principalName": name, "roles": roles,
	}
}
