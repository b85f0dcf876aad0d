package arm

import (
	"net/http"
	"regexp"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements the settings of an account's blob service, of which each
// account has one from its creation:
// learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties.
// An update keeps what it leaves out, as the data plane's does; for Resource
// Manager that is not documented. The code for a policy without days is a
// guess.
//
// Deleted blobs and containers are not kept. What would show them, lists with
// include=deleted and undelete, is unemulated.

const blobServiceType = storageType + "/blobServices"

func blobServices() *resourceType {
	return &resourceType{
		name:          blobServiceType,
		parent:        storageType,
		under:         "blobServices",
		doc:           "https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties",
		versions:      storageVersions,
		names:         nameRule{regexp.MustCompile(`^default$`), "InvalidResourceName", "The blob service name '%s' is not valid. It must be 'default'."},
		body:          blobServiceBody,
		created:       http.StatusOK,
		lasting:       true,
		mergesUpdates: true,
		check:         checkBlobService,
	}
}

// softDelete is a policy of soft delete.
var softDelete = schema.Object(schema.Fields{
	"allowPermanentDelete": schema.Flag().Only(false), "days": schema.Whole().Within(1, 365), "enabled": schema.Flag(),
})

var blobServiceBody = schema.Outputs("id", "name", "type", "sku").With(schema.Fields{
	"properties": schema.Object(schema.Fields{
		"containerDeleteRetentionPolicy": softDelete,
		"cors":                           schema.Object(schema.Fields{"corsRules": schema.List(schema.Object(nil))}),
		"deleteRetentionPolicy":          softDelete,
	}),
})

func checkBlobService(ch *change) error {
	for _, name := range []string{"deleteRetentionPolicy", "containerDeleteRetentionPolicy"} {
		policy, _ := ch.properties[name].(map[string]any)
		if policy["enabled"] == true && policy["days"] == nil {
			return badRequest("The property '%s.days' is required when soft delete is enabled.", name)
		}
	}
	return nil
}

// addBlobService gives a new account its blob service, with soft delete off.
func (ch *change) addBlobService() {
	service := ch.resource
	service.ID, service.Type, service.Name = ch.resource.ID+"/blobServices/default", blobServiceType, "default"
	service.Tags, service.Identity, service.Kind, service.Location = nil, nil, "", ""
	service.Properties = []byte(`{"cors":{"corsRules":[]},"deleteRetentionPolicy":{"allowPermanentDelete":false,"enabled":false}}`)
	store.Resources.Put(ch.tx, store.ResourceKey(service.ID), service)
}
