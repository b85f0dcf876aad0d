package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements Log Analytics workspaces:
// learn.microsoft.com/rest/api/loganalytics/workspaces. A deleted one is kept
// for 14 days, and restored with its data when one of the same name is created
// in the same group; force=true deletes it permanently:
// learn.microsoft.com/azure/azure-monitor/logs/delete-workspace. The codes of
// the refusals are guesses.

const (
	workspaceType        = "Microsoft.OperationalInsights/workspaces"
	deletedWorkspaceType = "Microsoft.OperationalInsights/deletedWorkspaces"
	workspaceRecovery    = 14 * 24 * time.Hour
)

func workspaces() *resourceType {
	return &resourceType{
		name:     workspaceType,
		under:    "providers/" + workspaceType,
		doc:      "https://learn.microsoft.com/rest/api/loganalytics/workspaces/create-or-update",
		patch:    patching{[]string{"tags", "properties"}, docs + "loganalytics/workspaces/update"},
		versions: []string{"2020-08-01", "2021-06-01", "2021-12-01-preview", "2022-10-01", "2023-09-01", "2025-02-01"},
		names: nameRule{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$`), "InvalidWorkspaceName",
			"The workspace name '%s' is not valid: 4 to 63 letters, digits and '-', not starting or ending with '-'."},
		body:        envelope(workspaceProperties, nil),
		query:       map[string]string{http.MethodDelete: "force"},
		created:     http.StatusCreated,
		poll:        true,
		check:       checkWorkspace,
		afterDelete: afterWorkspaceDelete,
	}
}

var accessSwitch = schema.Text("Enabled", "Disabled", "SecuredByPerimeter")

var workspaceProperties = schema.Fields{
	"sku": schema.Object(schema.Fields{
		"name":          schema.Text("Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster").Only("PerGB2018").Required(),
		"lastSkuUpdate": schema.Output(),
	}),
	"retentionInDays":  schema.Whole(),
	"workspaceCapping": schema.Object(schema.Outputs("quotaNextResetTime", "dataIngestionStatus").With(schema.Fields{"dailyQuotaGb": schema.Number()})),
	"features": schema.Object(schema.Outputs("legacy", "searchVersion").With(schema.Each(schema.Flag(),
		"disableLocalAuth", "enableLogAccessUsingOnlyResourcePermissions", "immediatePurgeDataOn30Days", "enableDataExport"))),
	"forceCmkForQuery":                schema.Flag().Only(false),
	"publicNetworkAccessForIngestion": accessSwitch,
	"publicNetworkAccessForQuery":     accessSwitch,
}.With(schema.Outputs("createdDate", "customerId", "modifiedDate", "privateLinkScopedResources", "provisioningState"))

func checkWorkspace(ch *change) error {
	ch.setDefault("sku", map[string]any{"name": "PerGB2018"})
	// learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
	if days, given := ch.properties["retentionInDays"].(json.Number); given {
		if n, err := days.Int64(); err != nil || n < 30 || n > 730 {
			return refuse(http.StatusBadRequest, "InvalidParameter", "'RetentionInDays' property doesn't match the SKU limits: expected 30 to 730 days, got %s.", days)
		}
	}
	// The smallest cap is that of the Azure CLI's documentation; the text is a guess:
	// learn.microsoft.com/cli/azure/monitor/log-analytics/workspace
	if quota, given := at(ch.properties, "workspaceCapping", "dailyQuotaGb").(json.Number); given {
		if gb, err := quota.Float64(); err != nil || gb != -1 && gb < 0.023 {
			return refuse(http.StatusBadRequest, "InvalidParameter", "'DailyQuotaGb' expected -1 for no cap, or at least 0.023, got %s.", quota)
		}
	}
	ch.setDefault("retentionInDays", 30)
	ch.setDefault("publicNetworkAccessForIngestion", "Enabled")
	ch.setDefault("publicNetworkAccessForQuery", "Enabled")
	ch.setDefault("features", map[string]any{"enableLogAccessUsingOnlyResourcePermissions": true})
	ch.setDefault("workspaceCapping", map[string]any{"dailyQuotaGb": -1})
	if ch.old == nil {
		if err := ch.recoverWorkspace(); err != nil {
			return err
		}
	}
	now := ch.service.store.Now().Format(time.RFC3339Nano)
	ch.setOnce("customerId", func() any { return uuid.NewString() })
	ch.setOnce("createdDate", func() any { return now })
	ch.properties["modifiedDate"] = now
	ch.properties["provisioningState"] = succeeded
	return nil
}

// deletedKey is the key of a deleted workspace or vault.
func deletedKey(id string) string { return "deleted" + store.ResourceKey(id) }

// recoverWorkspace gives a new workspace the properties of the deleted one of
// its name.
func (ch *change) recoverWorkspace() error {
	deleted, ok := store.Resources.Get(ch.tx, deletedKey(ch.resource.ID))
	if !ok {
		return nil
	}
	store.Resources.Delete(ch.tx, deletedKey(ch.resource.ID))
	if ch.service.store.Now().Sub(deleted.ChangedAt) > workspaceRecovery {
		return nil
	}
	if deleted.Location != ch.resource.Location {
		return refuse(http.StatusConflict, "Conflict", "The workspace '%s' was deleted in location '%s' and can be recovered only there until it is gone.", ch.resource.Name, deleted.Location)
	}
	var err error
	ch.before, err = decodeObject(deleted.Properties)
	return err
}

func afterWorkspaceDelete(c *call, r store.Resource) {
	if c.r != nil && strings.EqualFold(c.r.URL.Query().Get("force"), "true") {
		return
	}
	r.Type, r.ChangedAt = deletedWorkspaceType, c.service.store.Now()
	store.Resources.Put(c.tx, deletedKey(r.ID), r)
}

// deletedWorkspaces lists the workspaces that can be recovered:
// learn.microsoft.com/rest/api/loganalytics/deleted-workspaces/list.
func (c *call) deletedWorkspaces() (reply, error) {
	t := c.service.typeOf(workspaceType)
	if err := t.supports(c.version); err != nil {
		return reply{}, err
	}
	var items []map[string]any
	for _, r := range store.Resources.All(c.tx, deletedKey(c.subscriptionID())+"/") {
		if c.service.store.Now().Sub(r.ChangedAt) > workspaceRecovery {
			continue
		}
		r.Type = workspaceType
		item, err := c.render(t, r)
		if err != nil {
			return reply{}, err
		}
		items = append(items, item)
	}
	return ok(values(items))
}
