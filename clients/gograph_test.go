//go:build msgraph

package clients_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/google/uuid"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

// This file runs Microsoft's Graph SDK for Go, which compiles for minutes and so
// has a build tag.

// graphError adds what Graph said to an error of the SDK, whose text lacks it.
func graphError(err error) error {
	var refusal *odataerrors.ODataError
	if errors.As(err, &refusal) && refusal.GetErrorEscaped() != nil {
		return fmt.Errorf("%s: %s", *refusal.GetErrorEscaped().GetCode(), *refusal.GetErrorEscaped().GetMessage())
	}
	return err
}

func TestGoGraph(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	provider, err := azureauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(e.credential(),
		[]string{e.sandbox.GraphURL + "/.default"}, []string{"127.0.0.1"})
	provider = must(e, provider, err)
	transport := khttp.NewCustomTransportWithParentTransport(e.sandbox.HTTPClient().Transport, khttp.GetDefaultMiddlewares()...)
	adapter, err := msgraph.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, nil, nil, &http.Client{Transport: transport})
	adapter = must(e, adapter, err)
	adapter.SetBaseUrl(e.sandbox.GraphURL + "/v1.0")
	graph, ctx := msgraph.NewGraphServiceClient(adapter), t.Context()
	c := newClient(t, e, "msgraph-sdk-go", moduleVersion(t, "github.com/microsoftgraph/msgraph-sdk-go"))

	var app, sp string
	c.does("create application", func() error {
		body := models.NewApplication()
		body.SetDisplayName(to.Ptr("made-by-msgraph-sdk-go"))
		made, err := graph.Applications().Post(ctx, body, nil)
		if err != nil {
			return graphError(err)
		}
		app = *made.GetId()
		principal := models.NewServicePrincipal()
		principal.SetAppId(made.GetAppId())
		second, err := graph.ServicePrincipals().Post(ctx, principal, nil)
		if err == nil {
			sp = *second.GetId()
		}
		return graphError(err)
	})
	c.does("update application", func() error {
		body := models.NewApplication()
		body.SetNotes(to.Ptr("changed"))
		_, err := graph.Applications().ByApplicationId(app).Patch(ctx, body, nil)
		return graphError(err)
	})
	c.does("$filter with or", func() error {
		filter := "displayName eq 'orders-api' or (startswith(displayName,'made-by') and displayName eq 'x')"
		got, err := graph.ServicePrincipals().Get(ctx, &serviceprincipals.ServicePrincipalsRequestBuilderGetRequestConfiguration{
			QueryParameters: &serviceprincipals.ServicePrincipalsRequestBuilderGetQueryParameters{Filter: &filter, Expand: []string{"appRoleAssignments"}},
		})
		if err != nil {
			return graphError(err)
		}
		var ids []string
		for _, found := range got.GetValue() {
			ids = append(ids, *found.GetId())
		}
		return same(ids, nil, e.api.principalID)
	})
	var assignment string
	c.does("create appRoleAssignedTo", func() error {
		role, principal, resource := uuid.MustParse(ordersRead), uuid.MustParse(sp), uuid.MustParse(e.api.principalID)
		body := models.NewAppRoleAssignment()
		body.SetAppRoleId(&role)
		body.SetPrincipalId(&principal)
		body.SetResourceId(&resource)
		made, err := graph.ServicePrincipals().ByServicePrincipalId(e.api.principalID).AppRoleAssignedTo().Post(ctx, body, nil)
		if err != nil {
			return graphError(err)
		}
		assignment = *made.GetId()
		return e.expect(e.api, sp)
	})
	c.does("delete appRoleAssignedTo", func() error {
		err := graph.ServicePrincipals().ByServicePrincipalId(e.api.principalID).AppRoleAssignedTo().ByAppRoleAssignmentId(assignment).Delete(ctx, nil)
		if err != nil {
			return graphError(err)
		}
		return e.expect(e.api)
	})
	c.does("addPassword", func() error {
		made, err := graph.ServicePrincipals().ByServicePrincipalId(sp).AddPassword().Post(ctx, serviceprincipals.NewItemAddPasswordPostRequestBody(), nil)
		if err == nil && made.GetSecretText() == nil {
			err = errors.New("expected a secret, got none")
		}
		return graphError(err)
	})
	c.does("delete application", func() error { return graphError(graph.Applications().ByApplicationId(app).Delete(ctx, nil)) })
	c.does("get what is deleted", func() error {
		_, err := graph.Applications().ByApplicationId(app).Get(ctx, nil)
		return refusedWith(graphError(err), "Request_ResourceNotFound")
	})
}
