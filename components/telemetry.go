package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// telemetryResources are where a function app's logs and metrics go.
type telemetryResources struct {
	connectionString pulumi.StringOutput
}

// addTelemetry creates the workspace and the Application Insights component.
// Both take data by role assignment only, so what the connection string holds
// is an address and no key.
func (h *hosting) addTelemetry() error {
	workspace, err := operationalinsights.NewWorkspace(h.ctx, h.name+"-workspace", &operationalinsights.WorkspaceArgs{
		ResourceGroupName: h.args.Place.ResourceGroupName,
		Location:          pulumi.String(h.args.Place.Location),
		Sku:               &operationalinsights.WorkspaceSkuArgs{Name: pulumi.String("PerGB2018")},
		RetentionInDays:   pulumi.Int(30),
		Features:          &operationalinsights.WorkspaceFeaturesArgs{DisableLocalAuth: pulumi.Bool(true)},
	}, h.parent)
	if err != nil {
		return err
	}
	component, err := insights.NewComponent(h.ctx, h.name+"-insights", &insights.ComponentArgs{
		ResourceGroupName:   h.args.Place.ResourceGroupName,
		Location:            pulumi.String(h.args.Place.Location),
		Kind:                pulumi.String("web"),
		ApplicationType:     pulumi.String("web"),
		WorkspaceResourceId: workspace.ID(),
		DisableLocalAuth:    pulumi.Bool(true),
	}, h.parent)
	if err != nil {
		return err
	}
	h.telemetry.connectionString = component.ConnectionString
	return h.allowHost(monitoringMetricsPublisher, component)
}
