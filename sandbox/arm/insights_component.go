package arm

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"app-to-app/sandbox/schema"
	"app-to-app/sandbox/store"
)

// This file implements Application Insights components:
// learn.microsoft.com/rest/api/application-insights/components. Property names
// are in mixed case, as in the service. The endpoints in the
// connection string are the sandbox's, on purpose: no telemetry leaves the
// machine. The refusal of a missing workspace is a guess.

const componentType = "Microsoft.Insights/components"

func components() *resourceType {
	return &resourceType{
		name:     componentType,
		under:    "providers/" + componentType,
		doc:      "https://learn.microsoft.com/rest/api/application-insights/components/create-or-update",
		patch:    patching{[]string{"tags"}, docs + "application-insights/components/update-tags"},
		versions: []string{"2020-02-02", "2020-02-02-preview"},
		names:    nameRule{regexp.MustCompile(`^[^/%&\\?]{0,259}[^/%&\\?. ]$`), "InvalidResourceName", "The resource name '%s' is not valid."},
		body:     envelope(componentProperties, schema.Fields{"kind": schema.Text().Required()}),
		created:  http.StatusOK,
		check:    checkComponent,
	}
}

var componentProperties = schema.Fields{
	"Application_Type":                schema.Text("web", "other").Required(),
	"Flow_Type":                       schema.Text("Bluefield"),
	"HockeyAppId":                     schema.Text().Only(""),
	"IngestionMode":                   schema.Text("ApplicationInsights", "ApplicationInsightsWithDiagnosticSettings", "LogAnalytics").Only("LogAnalytics"),
	"Request_Source":                  schema.Text("rest"),
	"RetentionInDays":                 schema.Whole().Within(30, 730),
	"SamplingPercentage":              schema.Number(),
	"WorkspaceResourceId":             schema.Text(),
	"publicNetworkAccessForIngestion": accessSwitch,
	"publicNetworkAccessForQuery":     accessSwitch,
}.With(schema.Each(schema.Flag(), "DisableIpMasking", "DisableLocalAuth", "ForceCustomerStorageForProfiler", "ImmediatePurgeDataOn30Days"),
	schema.Outputs("AppId", "ApplicationId", "ConnectionString", "CreationDate", "HockeyAppToken", "InstrumentationKey", "LaMigrationDate", "Name",
		"PrivateLinkScopedResources", "TenantId", "Ver", "provisioningState"))

func checkComponent(ch *change) error {
	id := textAt(ch.properties, "WorkspaceResourceId")
	if id == "" {
		id = textAt(ch.before, "WorkspaceResourceId")
	}
	if id == "" {
		// Classic components are retired; the service would create a workspace
		// in a new resource group.
		return unemulated("a component without WorkspaceResourceId")
	}
	workspace, ok := store.ResourceByID(ch.tx, id)
	if !ok || workspace.Type != workspaceType || workspace.TenantID != ch.resource.TenantID {
		return badRequest("The workspace '%s' does not exist.", id)
	}
	if err := ch.linked(componentType+"/write", ch.resource.ID, workspaceType+"/read", workspace.ID); err != nil {
		return err
	}
	ch.properties["WorkspaceResourceId"] = workspace.ID
	ch.setDefault("IngestionMode", "LogAnalytics")
	ch.setDefault("Flow_Type", "Bluefield")
	ch.setDefault("Request_Source", "rest")
	ch.setDefault("RetentionInDays", 90)
	ch.setDefault("DisableLocalAuth", false)
	ch.setDefault("publicNetworkAccessForIngestion", "Enabled")
	ch.setDefault("publicNetworkAccessForQuery", "Enabled")
	ch.setOnce("AppId", func() any { return uuid.NewString() })
	ch.setOnce("InstrumentationKey", func() any { return uuid.NewString() })
	ch.setOnce("CreationDate", func() any { return ch.service.store.Now().Format(time.RFC3339Nano) })
	ch.properties["ApplicationId"], ch.properties["Name"] = ch.resource.Name, ch.resource.Name
	ch.properties["TenantId"] = ch.resource.SubscriptionID // the service calls the subscription that
	ch.properties["provisioningState"] = succeeded
	base := strings.TrimSuffix(ch.service.config.BaseURL, "/") + "/"
	ch.properties["ConnectionString"] = fmt.Sprintf("InstrumentationKey=%s;IngestionEndpoint=%s;LiveEndpoint=%s;ApplicationId=%s",
		ch.properties["InstrumentationKey"], base, base, ch.properties["AppId"])
	return nil
}
