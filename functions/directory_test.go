package functions_test

import (
	"crypto/x509"
	"testing"

	"github.com/google/uuid"
)

// This file registers the API and its clients in the tenant of a cloud, through
// Graph as the deployer, and assigns the app role.

const ordersRole = "Orders.Read"

// A registration is an app registration with its service principal.
type registration struct {
	applicationID string // object id of the application
	clientID      string
	objectID      string // of the service principal
	identifierURI string // of the API
	roleID        string // of the API
}

// registerAPI registers the API as the Pulumi program does: tokens of version
// 2, the claim idtyp, one role for applications, assignment required.
func (c *cloud) registerAPI(t testing.TB) registration {
	t.Helper()
	r := registration{roleID: uuid.NewString()}
	r.applicationID, r.clientID = c.createApplication(t, object{
		"displayName": "orders-api", "signInAudience": "AzureADMyOrg", "api": object{"requestedAccessTokenVersion": 2},
		"optionalClaims": object{"accessToken": []object{{"name": "idtyp"}}},
		"appRoles": []object{{
			"id": r.roleID, "value": ordersRole, "displayName": "Read orders", "description": "Read all orders",
			"allowedMemberTypes": []string{"Application"}, "isEnabled": true,
		}},
	})
	r.identifierURI = "api://" + r.clientID
	c.do(t, "PATCH", "/v1.0/applications/"+r.applicationID, object{"identifierUris": []string{r.identifierURI}}, nil)
	r.objectID = c.createServicePrincipal(t, object{"appId": r.clientID, "appRoleAssignmentRequired": true})
	return r
}

// register registers a client that has no credential and no role yet.
func (c *cloud) register(t testing.TB, name string) registration {
	t.Helper()
	var r registration
	r.applicationID, r.clientID = c.createApplication(t, object{"displayName": name, "signInAudience": "AzureADMyOrg"})
	r.objectID = c.createServicePrincipal(t, object{"appId": r.clientID})
	return r
}

func (c *cloud) createApplication(t testing.TB, body object) (objectID, clientID string) {
	t.Helper()
	var answer struct{ ID, AppID string }
	c.do(t, "POST", "/v1.0/applications", body, &answer)
	return answer.ID, answer.AppID
}

func (c *cloud) createServicePrincipal(t testing.TB, body object) (objectID string) {
	t.Helper()
	var answer struct{ ID string }
	c.do(t, "POST", "/v1.0/servicePrincipals", body, &answer)
	return answer.ID
}

// addSecret makes a client secret.
func (c *cloud) addSecret(t testing.TB, r registration) string {
	t.Helper()
	var answer struct{ SecretText string }
	c.do(t, "POST", "/v1.0/applications/"+r.applicationID+"/addPassword", object{"passwordCredential": object{"displayName": "test"}}, &answer)
	return answer.SecretText
}

// addCertificates registers certificates in the place of those before.
func (c *cloud) addCertificates(t testing.TB, r registration, certificates ...*x509.Certificate) {
	t.Helper()
	var keys []object
	for _, certificate := range certificates {
		keys = append(keys, object{"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate.Raw})
	}
	c.do(t, "PATCH", "/v1.0/applications/"+r.applicationID, object{"keyCredentials": keys}, nil)
}

// addFederated trusts a user-assigned identity of the tenant to act as the app
// registration.
func (c *cloud) addFederated(t testing.TB, r registration, identity managedIdentity) {
	t.Helper()
	c.do(t, "POST", "/v1.0/applications/"+r.applicationID+"/federatedIdentityCredentials", object{
		"name": "function-app", "issuer": c.sandbox.BaseURL + "/" + c.tenant.ID + "/v2.0",
		"subject": identity.objectID, "audiences": []string{"api://AzureADTokenExchange"},
	}, nil)
}

// assign gives a service principal the API's app role. A managed identity must
// get it before its first token, which the platform keeps for a day.
func (c *cloud) assign(t testing.TB, principalID string) {
	t.Helper()
	c.do(t, "POST", "/v1.0/servicePrincipals/"+c.registration.objectID+"/appRoleAssignedTo", object{
		"principalId": principalID, "resourceId": c.registration.objectID, "appRoleId": c.registration.roleID,
	}, nil)
}
