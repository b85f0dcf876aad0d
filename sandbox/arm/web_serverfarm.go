package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements App Service plans:
// learn.microsoft.com/rest/api/appservice/app-service-plans. The sandbox knows
// Flex Consumption, Consumption and Elastic Premium, all on Linux. Of the
// refusals, only the one for deleting a plan with apps is Microsoft's text.

const planType = "Microsoft.Web/serverfarms"

var webVersions = []string{"2021-02-01", "2022-03-01", "2022-09-01", "2023-01-01", "2023-12-01", "2024-04-01", "2024-11-01", "2025-05-01"}

// planTiers are the known sizes, with their tier and family.
var planTiers = map[string][2]string{
	"FC1": {"FlexConsumption", "FC"},
	"Y1":  {"Dynamic", "Y"},
	"EP1": {"ElasticPremium", "EP"}, "EP2": {"ElasticPremium", "EP"}, "EP3": {"ElasticPremium", "EP"},
}

func serverFarms() *resourceType {
	return &resourceType{
		name:     planType,
		under:    "providers/" + planType,
		doc:      "https://learn.microsoft.com/rest/api/appservice/app-service-plans/create-or-update",
		patch:    patching{[]string{"properties", "kind"}, docs + "appservice/app-service-plans/update"},
		versions: webVersions,
		names:    nameRule{regexp.MustCompile(`^[A-Za-z0-9-]{1,60}$`), "BadRequest", "The parameter name has an invalid value: '%s'."},
		body: envelope(planProperties, schema.Fields{
			"kind": schema.Text("functionapp", "linux", "elastic"),
			"sku": schema.Object(schema.Each(schema.Text(), "tier", "size", "family").With(schema.Fields{
				"name": schema.Text().Required(), "capacity": schema.Whole().Within(0, 100),
			})).Required(),
		}),
		query:        map[string]string{http.MethodGet: "detailed"},
		created:      http.StatusOK,
		check:        checkPlan,
		refuseDelete: refusePlanDelete,
		show: func(c *call, r store.Resource, properties map[string]any) {
			properties["numberOfSites"] = len(c.sitesOn(r.ID))
		},
	}
}

var planProperties = schema.Each(schema.Flag(), "reserved", "hyperV", "isXenon", "elasticScaleEnabled", "zoneRedundant").With(
	schema.Each(schema.Flag().Only(false), "isSpot", "perSiteScaling"),
	schema.Each(schema.Whole().Within(0, 100), "maximumElasticWorkerCount", "targetWorkerCount", "targetWorkerSizeId"),
	schema.Outputs("currentNumberOfWorkers", "currentWorkerSize", "currentWorkerSizeId", "geoRegion", "kind", "maximumNumberOfWorkers", "mdmId", "name",
		"numberOfSites", "numberOfWorkers", "planName", "provisioningState", "resourceGroup", "serverFarmId", "sku", "status", "subscription", "webSiteId", "webSpace",
		"workerSize", "workerSizeId"))

func checkPlan(ch *change) error {
	given := textAt(ch.body, "sku", "name")
	size := strings.ToUpper(given)
	tier, known := planTiers[size]
	if !known {
		return unemulated("the plan size %q", given)
	}
	if sent := textAt(ch.body, "sku", "tier"); sent != "" && !strings.EqualFold(sent, tier[0]) {
		return badRequest("The pricing tier '%s' does not match the SKU '%s': expected '%s'.", sent, size, tier[0])
	}
	if ch.properties["reserved"] != true {
		// FC1 is Linux only: learn.microsoft.com/azure/azure-functions/flex-consumption-plan.
		if size == "FC1" {
			return badRequest("The SKU 'FC1' requires a Linux plan: property 'reserved' must be true.")
		}
		return unemulated("plans that are not Linux (property \"reserved\")")
	}
	if size == "FC1" && !offersFlex(ch.resource.Location) {
		return badRequest("The SKU 'FC1' is not available in the region '%s'.", displayOf(ch.resource.Location))
	}
	if ch.properties["hyperV"] == true || ch.properties["isXenon"] == true {
		return badRequest("The properties 'hyperV' and 'isXenon' cannot be true on a Linux plan.")
	}
	if ch.old != nil {
		if was := textAt(skuOf(*ch.old), "name"); was != size && (was == "FC1" || size == "FC1") {
			return refuse(http.StatusConflict, "Conflict", "Cannot change the plan '%s' from SKU '%s' to '%s'.", ch.resource.Name, was, size)
		}
	}
	ch.resource.SKU = mustJSON(map[string]any{"name": size, "tier": tier[0], "size": size, "family": tier[1], "capacity": 0})
	if ch.resource.Kind == "" {
		ch.resource.Kind = "functionapp"
	}
	for _, name := range []string{"hyperV", "isXenon", "isSpot", "perSiteScaling", "elasticScaleEnabled", "zoneRedundant"} {
		ch.setDefault(name, false)
	}
	for _, name := range []string{"targetWorkerCount", "targetWorkerSizeId"} {
		ch.setDefault(name, 0)
	}
	ch.properties["provisioningState"] = succeeded
	ch.properties["status"] = "Ready"
	ch.properties["geoRegion"] = displayOf(ch.resource.Location)
	ch.properties["subscription"] = ch.resource.SubscriptionID
	ch.properties["resourceGroup"] = ch.resource.ResourceGroup
	ch.properties["numberOfWorkers"], ch.properties["maximumNumberOfWorkers"] = 0, 0
	return nil
}

// refusePlanDelete refuses to delete a plan that has apps.
func refusePlanDelete(c *call, r store.Resource) error {
	var names []string
	for _, site := range c.sitesOn(r.ID) {
		names = append(names, site.Name)
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return refuse(http.StatusConflict, "Conflict", "Server farm '%s' cannot be deleted because it has web app(s) %s assigned to it.", r.Name, strings.Join(names, ", "))
}

// sitesOn returns the sites of a plan.
func (c *call) sitesOn(planID string) []store.Resource {
	var found []store.Resource
	for _, r := range store.Resources.All(c.tx, "/subscriptions/") {
		if r.Type != siteType {
			continue
		}
		if properties, err := decodeObject(r.Properties); err == nil && strings.EqualFold(textAt(properties, "serverFarmId"), planID) {
			found = append(found, r)
		}
	}
	return found
}

func skuOf(r store.Resource) map[string]any {
	sku, err := decodeObject(r.SKU)
	if err != nil {
		return nil
	}
	return sku
}

// mustJSON encodes a value that can always be encoded.
func mustJSON(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
