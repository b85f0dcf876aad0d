package componentstest

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// This file has the responses of Azure. The rules are:
//   - a value contains the resource's name, so that a test can tell where it
//     comes from
//   - what the real service keeps secret is a secret here

// PartnerID is the object ID of a service principal that somebody else made.
// Its display name is Partner.
const PartnerID = "cccccccc-0000-4000-8000-000000000000"

// RegistrationID is the client ID of an app registration that somebody else made.
// It has the app role Orders.Read, whose ID ends with 12.
const RegistrationID = "dddddddd-0000-4000-8000-000000000009"

// Outputs are what Azure adds to a resource's inputs.
func Outputs(typeToken, name string) map[string]any {
	physical := name + "1a2b3c4d"
	switch typeToken {
	case "azure-native:storage:StorageAccount":
		endpoints := make(map[string]any)
		for _, service := range []string{"blob", "queue", "table"} {
			endpoints[service] = "https://" + physical + "." + service + ".test/"
		}
		return map[string]any{"name": physical, "primaryEndpoints": endpoints}
	case "azure-native:web/v20240401:WebApp":
		return map[string]any{"name": physical, "identity": map[string]any{"principalId": "object-id-of-" + name}, "defaultHostName": physical + ".test", "hostNameSslStates": []any{
			map[string]any{"name": physical + ".test", "hostType": "Standard", "sslState": "Disabled"},
			map[string]any{"name": physical + ".scm.test", "hostType": "Repository", "sslState": "Disabled"},
		}}
	case "azure-native:managedidentity:UserAssignedIdentity":
		return map[string]any{"name": physical, "clientId": "client-id-of-" + name, "principalId": "object-id-of-" + name, "tenantId": TenantID}
	case "azure-native:insights:Component":
		return map[string]any{"name": physical, "connectionString": "InstrumentationKey=k;IngestionEndpoint=https://" + name + ".test/"}
	case "azure-native:keyvault:Vault":
		return map[string]any{"name": physical}
	case "azure-native:keyvault:Secret":
		return map[string]any{"name": name, "properties": map[string]any{"secretUriWithVersion": "https://vault.test/secrets/" + name + "/1"}}
	case "azuread:index/applicationPassword:ApplicationPassword":
		return map[string]any{"keyId": "key-id-of-" + name, "value": resource.MakeSecret(resource.NewProperty("secret-of-" + name))}
	case "azuread:index/applicationCertificate:ApplicationCertificate":
		return map[string]any{"keyId": "key-id-of-" + name}
	case "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential":
		return map[string]any{"credentialId": "id-of-" + name}
	case "tls:index/privateKey:PrivateKey":
		key := resource.MakeSecret(resource.NewProperty("key-of-" + name))
		return map[string]any{"privateKeyPem": key, "privateKeyPemPkcs8": key}
	case "tls:index/selfSignedCert:SelfSignedCert":
		return map[string]any{"certPem": "certificate-of-" + name, "validityStartTime": "2026-11-01T00:00:00Z", "validityEndTime": "2027-05-01T00:00:00Z"}
	case "azuread:index/application:Application":
		return map[string]any{"clientId": "client-id-of-" + name, "objectId": "object-id-of-" + name}
	case "azuread:index/servicePrincipal:ServicePrincipal":
		return map[string]any{"objectId": "object-id-of-" + name}
	case "azure-native:resources:ResourceGroup", "azure-native:storage:BlobContainer",
		"azure-native:web/v20240401:AppServicePlan", "azure-native:operationalinsights:Workspace":
		return map[string]any{"name": physical}
	}
	return nil
}

// Call records a call and answers it.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, Call{args.Token, args.Args})
	if r.Caller == "" {
		return nil, fmt.Errorf("expected no call of %s, nobody is signed in", args.Token)
	}
	login := map[string]any{"tenantId": TenantID, "clientId": r.Caller, "objectId": r.Caller}
	switch args.Token {
	case "azuread:index/getClientConfig:getClientConfig":
		login["id"] = r.Caller
	case "azure-native:authorization:getClientConfig":
		login["subscriptionId"] = SubscriptionID
	case "pulumi:pulumi:readStackOutputs":
		exports := r.Stacks[args.Args["name"].StringValue()]
		return resource.NewPropertyMapFromMap(map[string]any{"outputs": exports}), nil
	case "azure-native:authorization:getClientToken":
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"roles":["` + strings.Join(r.Permissions, `","`) + `"]}`))
		return resource.NewPropertyMapFromMap(map[string]any{"token": "e30." + claims + ".c2ln"}), nil
	case "azuread:index/getServicePrincipals:getServicePrincipals":
		return servicePrincipals(args.Args)
	case "azuread:index/getApplication:getApplication", "azuread:index/getServicePrincipal:getServicePrincipal":
		return registration(args.Token, args.Args)
	default:
		return nil, fmt.Errorf("expected no call of %s", args.Token)
	}
	return resource.NewPropertyMapFromMap(login), nil
}

// registration answers with the app registration or its service principal.
func registration(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if id := args["clientId"]; !id.IsString() || id.StringValue() != RegistrationID {
		return nil, fmt.Errorf("expected one object with clientId %v, got 0", id)
	}
	if strings.Contains(token, "getServicePrincipal") {
		return resource.NewPropertyMapFromMap(map[string]any{"id": "sp", "clientId": RegistrationID, "objectId": RegistrationID[:35] + "1",
			"accountEnabled": true, "appRoleAssignmentRequired": true}), nil
	}
	return resource.NewPropertyMapFromMap(map[string]any{"id": "app", "clientId": RegistrationID, "objectId": RegistrationID[:35] + "0", "displayName": "Sales",
		"identifierUris": []any{"api://sales"}, "apis": []any{map[string]any{"requestedAccessTokenVersion": 2}},
		"appRoles": []any{map[string]any{"id": RegistrationID[:34] + "12", "value": "Orders.Read", "enabled": true, "allowedMemberTypes": []any{"Application"}}}}), nil
}

// servicePrincipals answers as the azuread provider does: it ignores the case
// of names, and returns an error unless there is exactly one of each.
func servicePrincipals(args resource.PropertyMap) (resource.PropertyMap, error) {
	var found []any
	for _, wanted := range [][2]string{{"objectIds", "objectId"}, {"displayNames", "displayName"}} {
		values := args[resource.PropertyKey(wanted[0])]
		if !values.IsArray() {
			continue
		}
		for _, value := range values.ArrayValue() {
			before := len(found)
			for _, p := range []map[string]any{
				{"objectId": PartnerID, "clientId": PartnerID[:35] + "9", "displayName": "Partner"},
				{"objectId": PartnerID[:35] + "1", "clientId": PartnerID[:35] + "8", "displayName": "Twin"},
				{"objectId": PartnerID[:35] + "2", "clientId": PartnerID[:35] + "7", "displayName": "twin"},
			} {
				if strings.EqualFold(p[wanted[1]].(string), value.StringValue()) {
					found = append(found, p)
				}
			}
			if n := len(found) - before; n != 1 {
				return nil, fmt.Errorf("expected one service principal with %s %q, got %d", wanted[1], value.StringValue(), n)
			}
		}
	}
	return resource.NewPropertyMapFromMap(map[string]any{"servicePrincipals": found}), nil
}
