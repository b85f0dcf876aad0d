package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	web "github.com/pulumi/pulumi-azure-native-sdk/web/v2/v20240401"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionAppArgs describe a [FunctionApp].
type FunctionAppArgs struct {
	Place       Place
	Package     Package
	Identities  pulumi.StringArray // ARM ids of identities that the code uses
	AppSettings pulumi.StringMap   // of the code; the host's are added

	// DailyLogCapGB is when Azure stops collecting the app's logs for the rest
	// of a day; zero means [DefaultDailyLogCapGB].
	DailyLogCapGB float64

	Patience time.Duration // see [APIArgs]

	// VaultIdentity is the ARM id of the identity that Key Vault references are
	// resolved with; nil without any.
	VaultIdentity pulumi.StringPtrInput

	// SystemAssigned gives the app a managed identity of its own, which exists
	// once the site does. The function creates its role assignments. Nil means
	// none.
	SystemAssigned func(objectID pulumi.StringOutput, site *web.WebApp) ([]pulumi.Resource, error)

	// Container is a blob container for the code; nil means none.
	Container *ContainerArgs

	// BeforeSettings must exist before the app gets its settings, because it
	// then starts to use what they name.
	BeforeSettings []pulumi.Resource

	// Withhold makes the app and does not publish its code. Code that runs already
	// stays.
	Withhold bool
}

func (a *FunctionAppArgs) check() error {
	if a == nil {
		return errors.New("arguments: missing")
	}
	return errors.Join(a.Place.check(), a.Package.check(), checkLogCap(a.DailyLogCapGB), checkPatience(a.Patience))
}

// A FunctionApp is a function app on Flex Consumption with a plan, a storage
// account and an Application Insights component of its own, and its code.
//
// The Functions host works with a managed identity of its own: it reads and
// writes the storage account and sends telemetry, and has none of the rights of
// the code.
type FunctionApp struct {
	pulumi.ResourceState

	HostName pulumi.StringOutput
	SiteID   pulumi.StringOutput // ARM id

	workspaceID pulumi.StringOutput // ARM id of where its logs go
}

// NewFunctionApp registers a function app and publishes its code.
func NewFunctionApp(ctx *pulumi.Context, name string, args *FunctionAppArgs, opts ...pulumi.ResourceOption) (*FunctionApp, error) {
	if err := errors.Join(args.check(), checkMark(ctx, name)); err != nil {
		return nil, fmt.Errorf("function app %q: %w", name, err)
	}
	app := &FunctionApp{}
	retry, err := retrying(ctx, functionAppType, name, app, "azure-native", args.Patience)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterComponentResource(functionAppType, name, app, append(slices.Clone(opts), retry)...); err != nil {
		return nil, err
	}
	b := &appBuilder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(app)}
	for _, step := range []func() error{b.addHost, b.addStorage, b.addContainer, b.addTelemetry, b.addSite, b.grantSite, b.addSiteConfig, b.logSite, b.publish} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	app.HostName, app.SiteID, app.workspaceID = b.site.DefaultHostName, b.site.ID().ToStringOutput(), b.telemetry.workspaceID
	return app, ctx.RegisterResourceOutputs(app, pulumi.Map{"hostName": app.HostName, "siteId": app.SiteID})
}

// An appBuilder makes the resources of a function app.
type appBuilder struct {
	ctx    *pulumi.Context
	name   string
	args   *FunctionAppArgs
	parent pulumi.ResourceOption

	host          *managedidentity.UserAssignedIdentity
	storage       storageResources
	telemetry     telemetryResources
	site          *web.WebApp
	granted       []pulumi.Resource // to the site's own identity
	beforePublish []pulumi.Resource
}

func (b *appBuilder) addHost() (err error) {
	b.host, err = managedidentity.NewUserAssignedIdentity(b.ctx, b.name+"-host", &managedidentity.UserAssignedIdentityArgs{
		Tags:              armTags(b.ctx, b.name+"-host"),
		ResourceGroupName: b.args.Place.ResourceGroupName,
		Location:          pulumi.String(b.args.Place.Location),
	}, b.parent)
	return err
}

// addSite creates the plan and the site. Flex Consumption allows one app in
// each plan
// (https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan).
func (b *appBuilder) addSite() error {
	plan, err := web.NewAppServicePlan(b.ctx, b.name+"-plan", &web.AppServicePlanArgs{
		Tags:              armTags(b.ctx, b.name+"-plan"),
		ResourceGroupName: b.args.Place.ResourceGroupName,
		Location:          pulumi.String(b.args.Place.Location),
		Kind:              pulumi.String("functionapp"),
		Reserved:          pulumi.Bool(true), // Linux
		Sku:               &web.SkuDescriptionArgs{Name: pulumi.String("FC1"), Tier: pulumi.String("FlexConsumption")},
	}, b.parent)
	if err != nil {
		return err
	}
	b.site, err = web.NewWebApp(b.ctx, b.name+"-app", &web.WebAppArgs{
		Tags:                      armTags(b.ctx, b.name+"-app"),
		ResourceGroupName:         b.args.Place.ResourceGroupName,
		Location:                  pulumi.String(b.args.Place.Location),
		Kind:                      pulumi.String("functionapp,linux"),
		Reserved:                  pulumi.Bool(true),
		ServerFarmId:              plan.ID(),
		HttpsOnly:                 pulumi.Bool(true),
		KeyVaultReferenceIdentity: b.args.VaultIdentity,
		Identity: &web.ManagedServiceIdentityArgs{
			Type:                   b.identityType(),
			UserAssignedIdentities: append(pulumi.StringArray{b.host.ID()}, b.args.Identities...),
		},
		FunctionAppConfig: b.functionAppConfig(),
		// No SiteConfig: the SDK puts netFrameworkVersion into any, which ARM
		// refuses on Flex Consumption (error 51021, pulumi-azure-native#4168).
		// App settings are a resource of their own, which also lets them name
		// the site's host.
	}, b.parent,
		pulumi.DeleteBeforeReplace(true),                  // a plan takes one app
		pulumi.ReplaceOnChanges([]string{"serverFarmId"})) // and a site cannot move to another plan of this kind
	return err
}

func (b *appBuilder) identityType() web.ManagedServiceIdentityType {
	if b.args.SystemAssigned != nil {
		return web.ManagedServiceIdentityType_SystemAssigned_UserAssigned
	}
	return web.ManagedServiceIdentityTypeUserAssigned
}

// grantSite gives the site's own identity its rights, before the app has its
// settings and code.
func (b *appBuilder) grantSite() (err error) {
	if b.args.SystemAssigned == nil {
		return nil
	}
	objectID := b.site.Identity.PrincipalId().Elem()
	b.granted, err = b.args.SystemAssigned(objectID, b.site)
	return err
}

func (b *appBuilder) functionAppConfig() *web.FunctionAppConfigArgs {
	return &web.FunctionAppConfigArgs{
		Deployment: &web.FunctionsDeploymentArgs{
			Storage: &web.FunctionsDeploymentStorageArgs{
				Type:  pulumi.String("blobContainer"),
				Value: b.storage.packagesURL,
				Authentication: &web.FunctionsDeploymentAuthenticationArgs{
					Type:                           pulumi.String("UserAssignedIdentity"),
					UserAssignedIdentityResourceId: b.host.ID().ToStringOutput(),
				},
			},
		},
		Runtime: &web.FunctionsRuntimeArgs{Name: pulumi.String("custom"), Version: pulumi.String("1.0")},
		ScaleAndConcurrency: &web.FunctionsScaleAndConcurrencyArgs{
			// The platform's smallest: enough for a Go process, and a limit
			// to what a runaway caller can cost.
			InstanceMemoryMB:     pulumi.Int(512),
			MaximumInstanceCount: pulumi.Int(40),
		},
	}
}

// addSiteConfig creates the site's app settings and closes the two ways in that
// take a password, FTP and basic authentication of the SCM site. All three are
// deleted with the site and not on their own, which would take its settings
// from a running app.
func (b *appBuilder) addSiteConfig() error {
	group, name := b.args.Place.ResourceGroupName, b.site.Name
	withSite := pulumi.DeletedWith(b.site)
	settings, err := web.NewWebAppApplicationSettings(b.ctx, b.name+"-settings", &web.WebAppApplicationSettingsArgs{
		ResourceGroupName: group, Name: name, Properties: b.appSettings(),
	}, b.parent, withSite, pulumi.DependsOn(append(slices.Clone(b.args.BeforeSettings), b.granted...)))
	if err != nil {
		return err
	}
	ftp, err := web.NewWebAppFtpAllowed(b.ctx, b.name+"-ftp", &web.WebAppFtpAllowedArgs{
		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(false),
	}, b.parent, withSite)
	if err != nil {
		return err
	}
	scm, err := web.NewWebAppScmAllowed(b.ctx, b.name+"-scm", &web.WebAppScmAllowedArgs{
		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(false),
	}, b.parent, withSite)
	if err != nil {
		return err
	}
	b.beforePublish = append(b.beforePublish, settings, ftp, scm)
	return nil
}

// appSettings are those of the code and of the host. The host's name endpoints
// in full, because an account name alone means the public cloud, and carry no
// key. Settings that Flex Consumption replaces by functionAppConfig, such as
// FUNCTIONS_WORKER_RUNTIME, are refused there.
func (b *appBuilder) appSettings() pulumi.StringMap {
	settings := pulumi.StringMap{
		"AzureWebJobsStorage__blobServiceUri":       b.storage.blobEndpoint,
		"AzureWebJobsStorage__queueServiceUri":      b.storage.queueEndpoint,
		"AzureWebJobsStorage__tableServiceUri":      b.storage.tableEndpoint,
		"AzureWebJobsStorage__credential":           pulumi.String("managedidentity"),
		"AzureWebJobsStorage__clientId":             b.host.ClientId,
		"APPLICATIONINSIGHTS_CONNECTION_STRING":     b.telemetry.connectionString,
		"APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Sprintf("ClientId=%s;Authorization=AAD", b.host.ClientId),
	}
	maps.Copy(settings, b.args.AppSettings)
	return settings
}
