package azurenative

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
	web "github.com/pulumi/pulumi-azure-native-sdk/web/v2/v20240401"

	"app-to-app/pulumilocal/provider/cloud"
	"app-to-app/pulumilocal/provider/plugin"
)

// functions are the functions of the table. The official provider marks none
// of their results as secret; programs do, with pulumi.ToSecret.
func (p *provider) functions() map[string]plugin.Function {
	hostKeys := func(version string) plugin.Function {
		return plugin.Function{Args: plugin.TypeOf(web.ListWebAppHostKeysArgs{}), Call: p.list("Microsoft.Web/sites/{name}/host/default/listkeys", version)}
	}
	return map[string]plugin.Function{
		"azure-native:authorization:getClientConfig":    {Args: &plugin.Type{Kind: plugin.Record}, Call: p.getClientConfig},
		"azure-native:authorization:getClientToken":     {Args: plugin.TypeOf(authorization.GetClientTokenArgs{}), Call: p.getClientToken},
		"azure-native:web:listWebAppHostKeys":           hostKeys("2022-09-01"),
		"azure-native:web/v20240401:listWebAppHostKeys": hostKeys("2024-04-01"),
	}
}

// list posts an action in a resource group.
func (p *provider) list(action, version string) func(context.Context, plugin.Object) (plugin.Object, error) {
	return func(ctx context.Context, args plugin.Object) (plugin.Object, error) {
		r := &armResource{provider: p, kind: kind{path: group + action}}
		got, err := p.do(ctx, request{method: http.MethodPost, path: r.id(args), version: version})
		if err != nil {
			return nil, err
		}
		if got.body == nil {
			return nil, fmt.Errorf("POST %s: expected a body in the answer, got none", r.id(args))
		}
		return got.body, nil
	}
}

// getClientConfig reads who the caller is from the access token.
func (p *provider) getClientConfig(ctx context.Context, _ plugin.Object) (plugin.Object, error) {
	token, err := p.token(ctx, "")
	if err != nil {
		return nil, err
	}
	claims, err := cloud.ReadClaims(token)
	if err != nil {
		return nil, err
	}
	return plugin.Object{
		"clientId": claims.ClientID, "objectId": claims.ObjectID, "tenantId": claims.TenantID, "subscriptionId": p.deployer.SubscriptionID,
	}, nil
}

// getClientToken gets the caller's access token for an endpoint, by default
// Azure Resource Manager's.
func (p *provider) getClientToken(ctx context.Context, args plugin.Object) (plugin.Object, error) {
	scope := ""
	if endpoint, ok := args["endpoint"].(string); ok && endpoint != "" {
		scope = strings.TrimRight(endpoint, "/") + "/.default"
	}
	token, err := p.token(ctx, scope)
	if err != nil {
		return nil, err
	}
	return plugin.Object{"token": token}, nil
}
