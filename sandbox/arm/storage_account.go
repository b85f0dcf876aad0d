package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements storage accounts:
// learn.microsoft.com/rest/api/storagerp/storage-accounts. Their names are
// unique in the whole sandbox, as they are in all of Azure, because each is a
// host name.

const storageType = "Microsoft.Storage/storageAccounts"

// Those from 2025-06-01 on were compared in the models of @azure/arm-storage
// 21.0.0: they add properties, which are not emulated.
var storageVersions = []string{
	"2021-09-01", "2022-05-01", "2022-09-01", "2023-01-01", "2023-04-01", "2023-05-01", "2024-01-01", "2025-01-01",
	"2025-06-01", "2025-08-01", "2026-04-01", "2026-06-01", "2026-09-01",
}

var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

const accountNameText = "%s is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."

func storageAccounts() *resourceType {
	return &resourceType{
		name:     storageType,
		under:    "providers/" + storageType,
		doc:      "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create",
		patch:    patching{[]string{"tags", "properties", "sku", "kind", "identity"}, docs + "storagerp/storage-accounts/update"},
		versions: storageVersions,
		names:    nameRule{accountName, "AccountNameInvalid", accountNameText},
		body: envelope(accountProperties, schema.Fields{
			"kind": schema.Text("Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage").Required(),
			"sku":  accountSKU.Required(), "identity": identitySchema(),
		}),
		created:           http.StatusAccepted,
		mergesUpdates:     true,
		fixedCode:         "AccountPropertyCannotBeUpdated",
		identitySeparator: ",",
		check:             checkAccount,
		afterDelete:       afterAccountDelete,
	}
}

// accountServices are the services of each kind of account, which have an
// endpoint. The sandbox answers at that for blobs alone.
// https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
var accountServices = map[string][]string{
	"StorageV2":        {"blob", "dfs", "file", "queue", "table", "web"},
	"Storage":          {"blob", "file", "queue", "table"},
	"BlobStorage":      {"blob", "dfs", "web"},
	"BlockBlobStorage": {"blob", "dfs", "web"},
	"FileStorage":      {"file"},
}

var accountSKU = schema.Object(schema.Fields{
	"name": schema.Text("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS", "Premium_ZRS", "Standard_GZRS", "Standard_RAGZRS").Required(),
	"tier": schema.Output(),
})

var storageService = schema.Object(schema.Fields{"enabled": schema.Flag(), "keyType": schema.Text("Service", "Account"), "lastEnabledTime": schema.Output()})

var accountProperties = schema.Fields{
	"accessTier":       schema.Text("Hot", "Cool", "Premium", "Cold"),
	"allowedCopyScope": schema.Text("AAD", "PrivateLink"),
	"dnsEndpointType":  schema.Text("Standard", "AzureDnsZone").Only("Standard"),
	"encryption": schema.Object(schema.Fields{
		"keySource":                       schema.Text("Microsoft.Storage", "Microsoft.Keyvault").Only("Microsoft.Storage"),
		"requireInfrastructureEncryption": schema.Flag().Fixed(),
		"services":                        schema.Object(schema.Each(storageService, "blob", "file", "queue", "table")),
	}),
	"keyPolicy":            schema.Object(schema.Fields{"keyExpirationPeriodInDays": schema.Whole().Required()}),
	"largeFileSharesState": schema.Text("Disabled", "Enabled"),
	"minimumTlsVersion":    schema.Text("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
	"networkAcls": schema.Object(schema.Fields{
		"bypass":              schema.Text(),
		"defaultAction":       schema.Text("Allow", "Deny").Required(),
		"ipRules":             schema.List(schema.Object(schema.Fields{"value": schema.Text().Required(), "action": schema.Text("Allow")})),
		"resourceAccessRules": schema.List(schema.Object(schema.Fields{"tenantId": schema.Text(), "resourceId": schema.Text()})),
		"virtualNetworkRules": schema.List(schema.Object(schema.Fields{"id": schema.Text().Required(), "action": schema.Text("Allow"), "state": schema.Text()})),
	}),
	"publicNetworkAccess": schema.Text("Enabled", "Disabled", "SecuredByPerimeter").Only("Enabled", "Disabled"),
	"routingPreference": schema.Object(schema.Fields{
		"routingChoice": schema.Text("MicrosoftRouting", "InternetRouting"), "publishMicrosoftEndpoints": schema.Flag(), "publishInternetEndpoints": schema.Flag(),
	}),
	"sasPolicy": schema.Object(schema.Fields{
		"sasExpirationPeriod": schema.Text().Required(), "expirationAction": schema.Text("Log", "Block").Required(),
	}),
}.With(schema.Each(schema.Flag(), "allowBlobPublicAccess", "allowCrossTenantReplication", "allowSharedKeyAccess",
	"defaultToOAuthAuthentication", "isLocalUserEnabled", "isSftpEnabled", "supportsHttpsTrafficOnly"),
	schema.Each(schema.Flag().Fixed(), "isHnsEnabled", "isNfsV3Enabled"),
	schema.Outputs("accountMigrationInProgress", "blobRestoreStatus", "creationTime", "failoverInProgress", "geoReplicationStats", "isSkuConversionBlocked",
		"keyCreationTime", "lastGeoFailoverTime", "primaryEndpoints", "primaryLocation", "privateEndpointConnections", "provisioningState",
		"secondaryEndpoints", "secondaryLocation", "statusOfPrimary", "statusOfSecondary", "storageAccountSkuConversionStatus"))

func checkAccount(ch *change) error {
	if ch.old == nil {
		if err := ch.freeAccountName(ch.resource.Name); err != nil {
			return err
		}
	} else if kind := ch.old.Kind; kind != ch.resource.Kind && ch.resource.Kind != "StorageV2" {
		// Only an upgrade to StorageV2 is possible.
		return refuse(http.StatusConflict, "AccountPropertyCannotBeUpdated", "The property 'kind' was specified in the input, but it cannot be updated.")
	}
	var err error
	name := textAt(ch.body, "sku", "name")
	tier, _, _ := strings.Cut(name, "_")
	if ch.resource.SKU, err = json.Marshal(map[string]string{"name": name, "tier": tier}); err != nil {
		return err
	}
	// By default, new accounts forbid public blobs and allow keys:
	// learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent.
	ch.setDefault("allowBlobPublicAccess", false)
	ch.setDefault("allowCrossTenantReplication", false)
	ch.setDefault("minimumTlsVersion", "TLS1_0")
	ch.setDefault("supportsHttpsTrafficOnly", true)
	ch.setDefault("accessTier", "Hot")
	ch.setDefault("networkAcls", map[string]any{"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{}})
	ch.setDefault("encryption", map[string]any{"keySource": "Microsoft.Storage", "services": map[string]any{
		"blob": map[string]any{"enabled": true, "keyType": "Account"}, "file": map[string]any{"enabled": true, "keyType": "Account"},
	}})
	ch.properties["provisioningState"] = succeeded
	ch.properties["primaryLocation"] = ch.resource.Location
	ch.properties["statusOfPrimary"] = "available"
	ch.properties["privateEndpointConnections"] = []any{}
	ch.setOnce("creationTime", func() any { return ch.service.store.Now().Format(time.RFC3339Nano) })
	if ch.old == nil {
		ch.addBlobService()
	}
	ch.setOnce("keyCreationTime", func() any {
		now := ch.service.store.Now().Format(time.RFC3339Nano)
		return map[string]any{"key1": now, "key2": now}
	})
	endpoints := make(map[string]any)
	for _, service := range accountServices[ch.resource.Kind] {
		endpoints[service] = ch.service.config.StorageURL + "/" + service + "/" + ch.resource.Name + "/"
	}
	ch.properties["primaryEndpoints"] = endpoints
	return nil
}

// freeAccountName refuses the name of another account.
func (c *call) freeAccountName(name string) error {
	for _, r := range store.Resources.All(c.tx, "/subscriptions/") {
		if r.Type != storageType || !strings.EqualFold(r.Name, name) {
			continue
		}
		if r.SubscriptionID == c.subscription.ID {
			return refuse(http.StatusConflict, "StorageAccountInAnotherResourceGroup", "The account %s is already in another resource group in this subscription.", name)
		}
		return refuse(http.StatusConflict, "StorageAccountAlreadyTaken", "The storage account named %s is already taken.", name)
	}
	return nil
}

// afterAccountDelete deletes the account's blobs.
func afterAccountDelete(c *call, r store.Resource) {
	store.Blobs.DeleteBelow(c.tx, strings.ToLower(r.Name)+"/")
}
