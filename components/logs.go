package components

import (
	"github.com/pulumi/pulumi-azure-native-sdk/insights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// This file sends the logs that Azure writes about a resource to a workspace.
// The rules are: a setting is deleted before its resource and never with it,
// because Azure keeps it and gives it to the next resource of the same name
// (https://learn.microsoft.com/azure/azure-monitor/essentials/diagnostic-settings);
// metrics are not sent, because Azure keeps them for 93 days anyway and a
// workspace charges for them.

// logSite sends the logs of the Functions host and of the code. Application
// Insights has most of them as well, but nothing from a host that cannot reach
// it. FunctionAppLogs is what Flex Consumption offers: there are no
// AppServiceHTTPLogs, and AppServiceAuthenticationLogs is about platform
// authentication.
func (b *appBuilder) logSite() error {
	return sendLogs(b.ctx, b.name+"-logs", &insights.DiagnosticSettingArgs{
		ResourceUri: b.site.ID(),
		WorkspaceId: b.telemetry.workspaceID,
		Logs:        insights.LogSettingsArray{&insights.LogSettingsArgs{Category: pulumi.String("FunctionAppLogs"), Enabled: pulumi.Bool(true)}},
	}, b.parent)
}

// logVault sends the log of who read which secret to the workspace of the app
// that the vault is for, or of the API if the client runs elsewhere. Both groups
// are named, although one contains the other, because the CIS benchmark asks
// for both.
func (c *Client) logVault(ctx *pulumi.Context, workspaceID pulumi.StringOutput) error {
	if c.builder.vault == nil {
		return nil
	}
	return sendLogs(ctx, c.name+"-vault-logs", &insights.DiagnosticSettingArgs{
		ResourceUri:                 c.builder.vault.ID(),
		WorkspaceId:                 workspaceID,
		LogAnalyticsDestinationType: pulumi.String("Dedicated"), // tables of Key Vault's own, instead of one for all of Azure
		Logs: insights.LogSettingsArray{
			&insights.LogSettingsArgs{CategoryGroup: pulumi.String("audit"), Enabled: pulumi.Bool(true)},
			&insights.LogSettingsArgs{CategoryGroup: pulumi.String("allLogs"), Enabled: pulumi.Bool(true)},
		},
	}, pulumi.Parent(c))
}

// sendLogs registers a diagnostic setting. Its name in Azure is always the same:
// two settings cannot send the same logs to the same workspace, so one must be
// deleted before its replacement is made.
func sendLogs(ctx *pulumi.Context, name string, args *insights.DiagnosticSettingArgs, opts ...pulumi.ResourceOption) error {
	args.Name = pulumi.String("workspace")
	_, err := insights.NewDiagnosticSetting(ctx, name, args, opts...)
	return err
}
