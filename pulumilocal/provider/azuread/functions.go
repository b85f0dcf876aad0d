package azuread

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	sdk "github.com/pulumi/pulumi-azuread/sdk/v5/go/azuread"

	"app-to-app/pulumilocal/provider/plugin"
)

func (p *provider) functions() map[string]plugin.Function {
	return map[string]plugin.Function{
		"azuread:index/getClientConfig:getClientConfig": {
			Args: &plugin.Type{Kind: plugin.Record}, Call: p.getClientConfig,
		},
		"azuread:index/getServicePrincipal:getServicePrincipal": {
			Args: plugin.TypeOf(sdk.LookupServicePrincipalArgs{}), Call: p.getServicePrincipal,
		},
		"azuread:index/getServicePrincipals:getServicePrincipals": {
			Args: plugin.TypeOf(sdk.GetServicePrincipalsArgs{}), Call: p.getServicePrincipals,
		},
		"azuread:index/getApplication:getApplication": {
			Args: plugin.TypeOf(sdk.LookupApplicationArgs{}), Call: p.getApplication,
		},
	}
}

// getClientConfig reads the access token and makes no call.
func (p *provider) getClientConfig(context.Context, plugin.Object) (plugin.Object, error) {
	return plugin.Object{
		"id":       p.caller.tenantID + "-" + p.caller.clientID + "-" + p.caller.objectID,
		"tenantId": p.caller.tenantID, "clientId": p.caller.clientID, "objectId": p.caller.objectID,
	}, nil
}

// lookUp finds exactly one object, by its object id or by the filter of the
// argument that is given.
func (p *provider) lookUp(ctx context.Context, collection string, args plugin.Object, filters [][2]string) (plugin.Object, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("expected exactly one argument, got %d", len(args))
	}
	if id := text(args, "objectId"); id != "" {
		return p.graph.get(ctx, request{path: collection + "/" + url.PathEscape(id), once: true})
	}
	for _, f := range filters {
		value := text(args, f[0])
		if value == "" {
			continue
		}
		found, err := p.graph.list(ctx, request{path: collection, query: filter(f[1], value), once: true})
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("expected one object with %s %q, got %d", f[0], value, len(found))
		}
		return found[0], nil
	}
	return nil, errors.New("expected an argument that is not empty, got an empty one")
}

func (p *provider) getServicePrincipal(ctx context.Context, args plugin.Object) (plugin.Object, error) {
	sp, err := p.lookUp(ctx, servicePrincipals, args, [][2]string{
		{"clientId", "appId eq '%s'"}, {"applicationId", "appId eq '%s'"}, {"displayName", "displayName eq '%s'"},
	})
	if err != nil {
		return nil, fmt.Errorf("get service principal: %w", err)
	}
	state := servicePrincipalState(sp, nil)
	plural(state, map[string]string{"samlSingleSignOn": "samlSingleSignOns"})
	delete(state, "owners")
	delete(state, "useExisting")
	state["id"] = text(sp, "id")
	return state, nil
}

// getServicePrincipals finds exactly one service principal for each given value,
// or fails.
func (p *provider) getServicePrincipals(ctx context.Context, args plugin.Object) (plugin.Object, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("get service principals: expected exactly one argument, got %d", len(args))
	}
	one := map[string]string{"objectIds": "objectId", "clientIds": "clientId", "applicationIds": "clientId", "displayNames": "displayName"}
	lists := map[string][]any{"applicationIds": {}, "clientIds": {}, "displayNames": {}, "objectIds": {}, "servicePrincipals": {}}
	for name, values := range args {
		if one[name] == "" {
			return nil, fmt.Errorf("get service principals: the sandbox does not emulate %s; to add it, extend pulumilocal/provider/azuread/functions.go", name)
		}
		given, _ := values.([]any)
		for _, value := range given {
			found, err := p.getServicePrincipal(ctx, plugin.Object{one[name]: value})
			if err != nil {
				return nil, err
			}
			summary := plugin.Object{}
			for _, property := range []string{"accountEnabled", "appRoleAssignmentRequired", "applicationId", "applicationTenantId", "clientId", "displayName",
				"objectId", "preferredSingleSignOnMode", "samlMetadataUrl", "servicePrincipalNames", "signInAudience", "tags", "type"} {
				summary[property] = found[property]
			}
			for list, property := range map[string]string{"applicationIds": "clientId", "clientIds": "clientId", "displayNames": "displayName", "objectIds": "objectId"} {
				lists[list] = append(lists[list], found[property])
			}
			lists["servicePrincipals"] = append(lists["servicePrincipals"], summary)
		}
	}
	result := plugin.Object{"id": "serviceprincipals#" + fmt.Sprint(lists["objectIds"]...), "ignoreMissing": false, "returnAll": false}
	for list, values := range lists {
		result[list] = values
	}
	return result, nil
}

func (p *provider) getApplication(ctx context.Context, args plugin.Object) (plugin.Object, error) {
	app, err := p.lookUp(ctx, betaApplications, args, [][2]string{
		{"clientId", "appId eq '%s'"}, {"applicationId", "appId eq '%s'"}, {"displayName", "displayName eq '%s'"},
		{"identifierUri", "identifierUris/any(uri:uri eq '%s')"},
	})
	if err != nil {
		return nil, fmt.Errorf("get application: %w", err)
	}
	owners, err := p.listOwners(ctx, betaApplications+"/"+text(app, "id"))
	if err != nil {
		return nil, fmt.Errorf("get application: %w", err)
	}
	state := applicationState(app, nil)
	plural(state, map[string]string{"api": "apis", "publicClient": "publicClients", "singlePageApplication": "singlePageApplications", "web": "webs"})
	if claims, ok := state["optionalClaims"]; ok {
		state["optionalClaims"] = []any{claims}
	}
	for _, web := range objects(state, "webs") {
		plural(web, map[string]string{"implicitGrant": "implicitGrants"})
	}
	for _, name := range []string{"logoImage", "preventDuplicateNames", "templateId"} {
		delete(state, name)
	}
	state["owners"] = anyList(owners)
	state["identifierUri"] = text(args, "identifierUri")
	state["id"] = applicationPath + text(app, "id")
	return state, nil
}

// plural turns a resource's blocks into lists, which its function returns.
func plural(state plugin.Object, names map[string]string) {
	for one, many := range names {
		state[many] = []any{}
		if block, ok := state[one]; ok {
			state[many] = []any{block}
		}
		delete(state, one)
	}
}
