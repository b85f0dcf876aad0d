package components_test

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components"
	"app-to-app/components/componentstest"
)

// exampleApps are what the packages of two function apps would be.
func exampleApps() (api, client components.Package) {
	return components.Package{Path: ".packages/shop-api.zip", SHA256: "00", Publisher: components.PublisherOfModule},
		components.Package{Path: ".packages/shop-client.zip", SHA256: "00", Publisher: components.PublisherOfModule}
}

// An API and a client that holds its role. In a program, the packages come from
// BuildPackage, and pulumi.Run takes the place of the recorder.
func Example() {
	apiPackage, clientPackage := exampleApps()
	program := func(ctx *pulumi.Context) error {
		place := components.Place{ResourceGroupName: pulumi.String("shop"), Location: "westeurope", SubscriptionID: "subscription"}
		tenant := components.Tenant{ID: "tenant", AuthorityHost: "https://login.microsoftonline.com"}
		api, err := components.NewAPI(ctx, "shop-api", &components.APIArgs{
			Place: place, Tenant: tenant, Package: apiPackage, DisplayName: "Shop",
			Roles: []components.Role{{Value: "Shop.Read", DisplayName: "Read the shop", Description: "Read all orders"}},
		})
		if err != nil {
			return err
		}
		_, err = components.NewClient(ctx, "shop-client", &components.ClientArgs{
			Place: place, Tenant: tenant, API: api, Roles: []string{"Shop.Read"},
			Identity:    components.Identity{Kind: components.ManagedIdentity},
			FunctionApp: &components.ClientAppArgs{Package: clientPackage, TokenProviders: []string{"azidentity"}, Schedule: "0 */10 * * * *"},
		})
		return err
	}
	recorder := &componentstest.Recorder{}
	fmt.Println("error:", recorder.Run(nil, program))
	show(recorder, "app-to-app:components:API", "app-to-app:components:Client", "app-to-app:components:FunctionApp", "azuread:index/appRoleAssignment:AppRoleAssignment")
	// Output:
	// error: <nil>
	// app-to-app:components:API::shop-api
	// app-to-app:components:Client::shop-client
	// app-to-app:components:FunctionApp::shop-api
	// app-to-app:components:FunctionApp::shop-client
	// azuread:index/appRoleAssignment:AppRoleAssignment::shop-client-assignment-Shop.Read
}

// An API has its roles, its service principal and its function app.
func ExampleNewAPI() {
	code, _ := exampleApps()
	recorder := &componentstest.Recorder{}
	fmt.Println("error:", recorder.Run(nil, func(ctx *pulumi.Context) error {
		api, err := components.NewAPI(ctx, "shop-api", &components.APIArgs{
			Place:       components.Place{ResourceGroupName: pulumi.String("shop"), Location: "westeurope", SubscriptionID: "subscription"},
			Tenant:      components.Tenant{ID: "tenant", AuthorityHost: "https://login.microsoftonline.com"},
			DisplayName: "Shop", Package: code,
			Roles: []components.Role{
				{Value: "Shop.Read", DisplayName: "Read the shop", Description: "Read all orders"},
				{Value: "Shop.Write", DisplayName: "Write to the shop", Description: "Place orders"},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("audience", api.Audience)
		return nil
	}))
	show(recorder, "azuread:index/applicationAppRole:ApplicationAppRole", "azuread:index/servicePrincipal:ServicePrincipal")
	// Output:
	// error: <nil>
	// azuread:index/applicationAppRole:ApplicationAppRole::shop-api-role-Shop.Read
	// azuread:index/applicationAppRole:ApplicationAppRole::shop-api-role-Shop.Write
	// azuread:index/servicePrincipal:ServicePrincipal::shop-api-service-principal
}

// A client of an API that another stack made, by a workflow elsewhere that signs
// in with its own tokens.
func ExampleNewClient() {
	recorder := &componentstest.Recorder{}
	fmt.Println("error:", recorder.Run(nil, func(ctx *pulumi.Context) error {
		api, err := components.ReferTo(components.APIReference{
			Prefix:             "SHOP",
			ServicePrincipalID: pulumi.String("0d4e53a6-2d5b-4f5e-8d37-2f1f7c8f6f10"),
			IdentifierURI:      pulumi.String("api://7f2b8c1a-2a55-4c0e-9d59-6f3c0c1d2e3f"),
			URL:                pulumi.String("https://shop-api.azurewebsites.net/api/orders"),
			RoleIDs:            pulumi.StringMap{"Shop.Read": pulumi.String("5a2d9e0c-7c43-5f8c-8c06-3f0a51a9e6b1")},
		})
		if err != nil {
			return err
		}
		_, err = components.NewClient(ctx, "importer", &components.ClientArgs{
			Place:       components.Place{ResourceGroupName: pulumi.String("shop"), Location: "westeurope", SubscriptionID: "subscription"},
			Tenant:      components.Tenant{ID: "tenant", AuthorityHost: "https://login.microsoftonline.com"},
			API:         api,
			Roles:       []string{"Shop.Read"},
			DisplayName: "Importer",
			Identity: components.Identity{Kind: components.Federated, Federation: &components.Federation{
				Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:shop/importer:environment:prod", Audience: "api://AzureADTokenExchange",
			}},
		})
		return err
	}))
	show(recorder, "azuread:index/appRoleAssignment:AppRoleAssignment", "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential")
	// Output:
	// error: <nil>
	// azuread:index/appRoleAssignment:AppRoleAssignment::importer-application-assignment-Shop.Read
	// azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential::importer-federation
}

// A function app alone, whose code is neither an API nor a client of one.
func ExampleNewFunctionApp() {
	code, _ := exampleApps()
	recorder := &componentstest.Recorder{}
	fmt.Println("error:", recorder.Run(nil, func(ctx *pulumi.Context) error {
		app, err := components.NewFunctionApp(ctx, "cleaner", &components.FunctionAppArgs{
			Place:       components.Place{ResourceGroupName: pulumi.String("shop"), Location: "westeurope", SubscriptionID: "subscription"},
			Package:     code,
			AppSettings: pulumi.StringMap{"KEEP_DAYS": pulumi.String("30")},
		})
		if err != nil {
			return err
		}
		ctx.Export("host", app.HostName)
		return nil
	}))
	show(recorder, "azure-native:web/v20240401:WebApp", "command:local:Command")
	// Output:
	// error: <nil>
	// azure-native:web/v20240401:WebApp::cleaner-app
	// command:local:Command::cleaner-publish
}

// The code of a function app is a folder with host.json, its functions and the Go
// code of the handler, relative to the folder of the project.
func ExampleBuildPackage() {
	_, err := components.BuildPackage(context.Background(), ".", components.AzurePlatform, "apps/missing")
	fmt.Println(err)
	// Output: argument code: expected the path of a folder, relative to the project's, got "apps/missing"
}

// show prints what was registered of some types.
func show(recorder *componentstest.Recorder, kinds ...string) {
	for _, kind := range kinds {
		for _, r := range recorder.Resources() {
			if r.TypeToken == kind {
				fmt.Println(r)
			}
		}
	}
}
