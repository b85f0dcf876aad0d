package arm

import (
	"net/http"
	"regexp"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements user-assigned managed identities and the federated
// credentials that let outside tokens act as them:
// learn.microsoft.com/rest/api/managedidentity. Creating an identity creates a
// service principal in the subscription's tenant, with an object id and a
// client id, which always differ. The rules are documented; the codes for bad
// names and federated credentials are guesses.

const userAssignedType = "Microsoft.ManagedIdentity/userAssignedIdentities"

var identityVersions = []string{"2022-01-31-preview", "2023-01-31", "2023-07-31-preview", "2024-11-30", "2025-01-31-preview"}

func userAssignedIdentities() *resourceType {
	return &resourceType{
		name:     userAssignedType,
		under:    "providers/" + userAssignedType,
		doc:      "https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/create-or-update",
		versions: identityVersions,
		names: nameRule{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`), "InvalidResourceName",
			"The resource name '%s' is not valid: 3 to 128 letters, digits, '-' and '_', starting with a letter or digit."},
		body: envelope(schema.Outputs("clientId", "principalId", "tenantId").With(schema.Fields{
			"isolationScope": schema.Text("None", "Regional").Only("None").Since("2024-11-30"),
		}), nil),
		created: http.StatusCreated,
		check: func(ch *change) error {
			if ch.old != nil {
				return nil
			}
			sp := ch.addIdentity()
			ch.properties["tenantId"], ch.properties["principalId"], ch.properties["clientId"] = sp.TenantID, sp.ObjectID, sp.ClientID
			return nil
		},
		afterDelete: func(c *call, r store.Resource) {
			// As in Azure, its role assignments and attachments stay.
			if properties, err := decodeObject(r.Properties); err == nil {
				store.RemovePrincipal(c.tx, r.TenantID, textAt(properties, "principalId"))
			}
			c.sitesWith(r.ID)
		},
	}
}

// maxFederated is the most federated credentials that one identity may have:
// learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations.
const maxFederated = 20

func federatedIdentityCredentials() *resourceType {
	return &resourceType{
		name:     userAssignedType + "/federatedIdentityCredentials",
		parent:   userAssignedType,
		under:    "federatedIdentityCredentials",
		doc:      "https://learn.microsoft.com/rest/api/managedidentity/federated-identity-credentials/create-or-update",
		versions: identityVersions,
		names: nameRule{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`), "InvalidResourceName",
			"The resource name '%s' is not valid: 3 to 120 letters, digits, '-' and '_', starting with a letter or digit."},
		body: childEnvelope(schema.Fields{
			"issuer": schema.Text().Required(), "subject": schema.Text().Required(), "audiences": schema.List(schema.Text()).Required(),
		}),
		created: http.StatusCreated,
		check:   checkFederated,
	}
}

func checkFederated(ch *change) error {
	if audiences, _ := ch.properties["audiences"].([]any); len(audiences) != 1 {
		return badRequest("Federated Identity Credential audiences: expected exactly one, got %d.", len(audiences))
	}
	if !strings.HasPrefix(textAt(ch.properties, "issuer"), "https://") {
		return badRequest("Federated Identity Credential issuer: expected an https URL, got '%s'.", textAt(ch.properties, "issuer"))
	}
	others := 0
	for _, r := range store.Resources.All(ch.tx, store.ResourceKey(ch.parent.ID)+"/federatedidentitycredentials/") {
		if strings.EqualFold(r.ID, ch.resource.ID) {
			continue
		}
		others++
		properties, err := decodeObject(r.Properties)
		if err != nil {
			return err
		}
		// Issuer and subject together say who may use the identity.
		if textAt(properties, "issuer") == textAt(ch.properties, "issuer") && textAt(properties, "subject") == textAt(ch.properties, "subject") {
			return refuse(http.StatusConflict, "Conflict", "Issuer and subject combination already exists for this Managed Identity: '%s'.", r.Name)
		}
	}
	if ch.old == nil && others >= maxFederated {
		return badRequest("Too many Federated Identity Credentials: expected at most %d.", maxFederated)
	}
	return nil
}
