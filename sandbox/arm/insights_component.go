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

// This file is Application Insights components:
// learn.microsoft.com/rest/api/application-insights/components. Their property
// names have the service's own odd case. The endpoints in the connection string
// are the sandbox's, on purpose: no telemetry leaves the machine. How a missing
// workspace is refused is not known for sure.

const componentType = "Microsoft.Insights/components"

func components() *resourceType {
	return &resourceType{
		name:     componentType,
		under:    "providers/" + componentType,
		doc:      "https://learn.microsoft.com/rest/api/application-insights/components/create-or-update",
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
		// Classic components are retired; without a workspace the service
		// makes one in a group of its own.
		return unknown("a component without WorkspaceResourceId")
	}
	workspace, ok := store.ResourceByID(ch.tx, id)
	if !ok || workspace.Type != workspaceType || workspace.TenantID != ch.resource.TenantID {
		return badRequest("The workspace '%s' does not exist.", id)
	}
	if err := ch.linked(componentType+"/write", ch.resource.ID, workspaceType+"/read", workspace.ID); err != nil {
		return err
	}
	ch.properties["WorkspaceResourceId"] = workspace.ID
	ch.orElse("IngestionMode", "LogAnalytics")
	ch.orElse("Flow_Type", "Bluefield")
	ch.orElse("Request_Source", "rest")
	ch.orElse("RetentionInDays", 90)
	ch.orElse("DisableLocalAuth", false)
	ch.orElse("publicNetworkAccessForIngestion", "Enabled")
	ch.orElse("publicNetworkAccessForQuery", "Enabled")
	ch.newProperty("AppId", func() any { return uuid.NewString() })
	ch.newProperty("InstrumentationKey", func() any { return uuid.NewString() })
	ch.newProperty("CreationDate", func() any { return ch.service.store.Now().Format(time.RFC3339Nano) })
	ch.properties["ApplicationId"], ch.properties["Name"] = ch.resource.Name, ch.resource.Name
	ch.properties["TenantId"] = ch.resource.SubscriptionID // the service's own name for it
	ch.properties["provisioningState"] = succeeded
	base := strings.TrimSuffix(ch.service.config.BaseURL, "/") + "/"
	ch.properties["ConnectionString"] = fmt.Sprintf("InstrumentationKey=%s;IngestionEndpoint=%s;LiveEndpoint=%s;ApplicationId=%s",
		ch.properties["InstrumentationKey"], base, base, ch.properties["AppId"])
	return nil
}
