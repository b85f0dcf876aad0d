package arm

import (
	"net/http"
	"regexp"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements user-assigned managed identities:
// learn.microsoft.com/rest/api/managedidentity. Creating an identity creates a
// service principal in the subscription's tenant, with an object id and a
// client id, which always differ. The code for a bad name is a guess.

const userAssignedType = "Microsoft.ManagedIdentity/userAssignedIdentities"

var identityVersions = []string{"2022-01-31-preview", "2023-01-31", "2023-07-31-preview", "2024-11-30", "2025-01-31-preview"}

func userAssignedIdentities() *resourceType {
	return &resourceType{
		name:     userAssignedType,
		under:    "providers/" + userAssignedType,
		doc:      "https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/create-or-update",
		patch:    patching{[]string{"tags"}, docs + "managedidentity/user-assigned-identities/update"},
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
