package components

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// telemetryResources are where a function app's logs and metrics go.
type telemetryResources struct {
	workspaceID      pulumi.StringOutput
	connectionString pulumi.StringOutput
}

// DefaultDailyLogCapGB is how many gigabytes of logs a function app may write in
// a day, so that a flood of requests costs 30 GB a month and not more. A usual
// day has a few megabytes.
const DefaultDailyLogCapGB = 1.0

// minDailyLogCapGB is the smallest that Azure takes.
const minDailyLogCapGB = 0.023

func checkLogCap(gb float64) error {
	if gb == 0 || gb >= minDailyLogCapGB {
		return nil
	}
	return fmt.Errorf("argument dailyLogCapGB: expected 0 for the default or at least %v, got %v", minDailyLogCapGB, gb)
}

// addTelemetry creates the workspace and the Application Insights component.
// Both accept data only from principals with a role assignment, so the
// connection string is an address without a key.
func (b *appBuilder) addTelemetry() error {
	workspace, err := operationalinsights.NewWorkspace(b.ctx, b.name+"-workspace", &operationalinsights.WorkspaceArgs{
		Tags:              armTags(b.ctx, b.name+"-workspace"),
		ResourceGroupName: b.args.Place.ResourceGroupName,
		Location:          pulumi.String(b.args.Place.Location),
		Sku:               &operationalinsights.WorkspaceSkuArgs{Name: pulumi.String("PerGB2018")},
		RetentionInDays:   pulumi.Int(30),
		Features:          &operationalinsights.WorkspaceFeaturesArgs{DisableLocalAuth: pulumi.Bool(true)},
		WorkspaceCapping:  &operationalinsights.WorkspaceCappingArgs{DailyQuotaGb: pulumi.Float64(cmp.Or(b.args.DailyLogCapGB, DefaultDailyLogCapGB))},
	}, b.parent)
	if err != nil {
		return err
	}
	component, err := insights.NewComponent(b.ctx, b.name+"-insights", &insights.ComponentArgs{
		Tags:                armTags(b.ctx, b.name+"-insights"),
		ResourceGroupName:   b.args.Place.ResourceGroupName,
		Location:            pulumi.String(b.args.Place.Location),
		Kind:                pulumi.String("web"),
		ApplicationType:     pulumi.String("web"),
		WorkspaceResourceId: workspace.ID(),
		DisableLocalAuth:    pulumi.Bool(true),
	}, b.parent)
	if err != nil {
		return err
	}
	b.telemetry = telemetryResources{workspaceID: workspace.ID().ToStringOutput(), connectionString: component.ConnectionString}
	return b.allowHost(monitoringMetricsPublisher, component)
}
