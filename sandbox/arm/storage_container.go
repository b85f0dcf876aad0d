package arm

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements blob containers, through the management plane:
// learn.microsoft.com/rest/api/storagerp/blob-containers. The code for a bad
// name is the data plane's; that of the management plane is not documented.

const containerType = storageType + "/blobServices/containers"

func containers() *resourceType {
	return &resourceType{
		name:     containerType,
		parent:   storageType,
		under:    "blobServices/default/containers",
		doc:      "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create",
		patch:    patching{[]string{"properties"}, docs + "storagerp/blob-containers/update"},
		versions: storageVersions,
		names: nameRule{regexp.MustCompile(`^(\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$`), "InvalidResourceName",
			"The specified resource name %s is not valid: 3 to 63 lower-case letters, digits and single hyphens."},
		body:        containerBody,
		created:     http.StatusCreated,
		fixedCode:   "ContainerOperationFailure",
		etag:        true,
		check:       checkContainer,
		afterDelete: afterContainerDelete,
		show: func(_ *call, r store.Resource, properties map[string]any) {
			properties["lastModifiedTime"] = r.ChangedAt.Format(time.RFC3339)
		},
	}
}

// containerBody requires no properties: az sends {}.
var containerBody = schema.Fields{
	"properties": schema.Object(schema.Fields{
		"publicAccess":                   schema.Text("None", "Blob", "Container"),
		"metadata":                       schema.Dict(schema.Text()),
		"defaultEncryptionScope":         schema.Text("$account-encryption-key"),
		"denyEncryptionScopeOverride":    schema.Flag(),
		"immutableStorageWithVersioning": schema.Object(schema.Fields{"enabled": schema.Flag().Only(false)}),
	}.With(schema.Each(schema.Flag().Only(false), "enableNfsV3AllSquash", "enableNfsV3RootSquash"),
		schema.Outputs("deleted", "deletedTime", "hasImmutabilityPolicy", "hasLegalHold", "immutabilityPolicy", "lastModifiedTime", "leaseDuration",
			"leaseState", "leaseStatus", "legalHold", "remainingRetentionDays", "version"))),
}.With(schema.Outputs("id", "name", "type", "etag"))

func checkContainer(ch *change) error {
	ch.setDefault("publicAccess", "None")
	if access := ch.properties["publicAccess"]; access != "None" {
		account, err := decodeObject(ch.parent.Properties)
		if err != nil {
			return err
		}
		if at(account, "allowBlobPublicAccess") != true {
			return refuse(http.StatusConflict, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
		}
		return unemulated("publicAccess %q of a container", access)
	}
	ch.setDefault("defaultEncryptionScope", "$account-encryption-key")
	ch.setDefault("denyEncryptionScopeOverride", false)
	for name, value := range map[string]any{"leaseState": "Available", "leaseStatus": "Unlocked", "hasImmutabilityPolicy": false, "hasLegalHold": false, "deleted": false, "remainingRetentionDays": 0} {
		ch.properties[name] = value
	}
	return nil
}

func afterContainerDelete(c *call, r store.Resource) {
	account := segmentAfter(r.ID, "storageAccounts")
	store.Blobs.DeleteBelow(c.tx, strings.ToLower(account)+"/"+r.Name+"/")
}
