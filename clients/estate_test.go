package clients_test

import (
	"fmt"
	"slices"
)

// This file makes what some clients need before their first operation.

// group makes a resource group and returns its id.
func (e *estate) group(name string) string {
	e.t.Helper()
	id := "/subscriptions/" + e.operator.SubscriptionID + "/resourceGroups/" + name
	e.do("PUT", id+"?api-version=2022-09-01", map[string]any{"location": "westeurope"}, nil)
	return id
}

// identity makes a user-assigned identity and returns its id.
func (e *estate) identity(group, name string) string {
	e.t.Helper()
	id := e.group(group) + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name
	e.do("PUT", id+"?api-version=2023-01-31", map[string]any{"location": "westeurope"}, nil)
	return id
}

// container makes an account with a container and returns its address.
func (e *estate) container(group, account string) string {
	e.t.Helper()
	id := group + "/providers/Microsoft.Storage/storageAccounts/" + account
	e.do("PUT", id+"?api-version=2023-05-01", map[string]any{"location": "westeurope", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}}, nil)
	e.do("PUT", id+"/blobServices/default/containers/packages?api-version=2023-05-01", map[string]any{}, nil)
	var made struct {
		Properties struct {
			PrimaryEndpoints struct{ Blob string }
		}
	}
	e.do("GET", id+"?api-version=2023-05-01", nil, &made)
	return made.Properties.PrimaryEndpoints.Blob + "packages"
}

// exchange is the audience of tokens that federated credentials trust.
const exchange = "api://AzureADTokenExchange"

// federate lets an application sign in with the tokens of a managed identity,
// and returns one of those.
func (e *estate) federate(application registration) string {
	e.t.Helper()
	var made struct {
		Properties struct{ PrincipalID string }
	}
	e.do("GET", e.identity("identities", "trusted")+"?api-version=2023-01-31", nil, &made)
	e.do("POST", "/v1.0/applications/"+application.objectID+"/federatedIdentityCredentials", map[string]any{
		"name": "identity", "issuer": e.sandbox.BaseURL + "/" + e.operator.ID + "/v2.0", "subject": made.Properties.PrincipalID, "audiences": []string{exchange},
	}, nil)
	token, err := e.sandbox.Entra().ManagedIdentityToken(e.operator.ID, made.Properties.PrincipalID, exchange)
	if err != nil {
		e.t.Fatal(err)
	}
	return token.AccessToken
}

// expect compares who holds a role of a service principal.
func (e *estate) expect(resource registration, want ...string) error {
	if got := e.holders(resource); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		return fmt.Errorf("expected the role held by %q, got %q", want, got)
	}
	return nil
}
