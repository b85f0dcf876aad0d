package arm

import (
	"net/http"
	"regexp"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements the federated credentials of user-assigned identities,
// which let outside tokens act as them. The codes are guesses.

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
		// Issuer and subject together identify the token that may be used.
		if textAt(properties, "issuer") == textAt(ch.properties, "issuer") && textAt(properties, "subject") == textAt(ch.properties, "subject") {
			return refuse(http.StatusConflict, "Conflict", "Issuer and subject combination already exists for this Managed Identity: '%s'.", r.Name)
		}
	}
	if ch.old == nil && others >= maxFederated {
		return badRequest("Too many Federated Identity Credentials: expected at most %d.", maxFederated)
	}
	return nil
}
