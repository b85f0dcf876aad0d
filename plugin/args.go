package plugin

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// This file has the inputs of the components as programs in other languages give
// them. The rules are:
//   - the schema is made of these types: a field of a plain Go type decides the
//     shape of a stack and has to be known in a preview, an Input may come from
//     another resource
//   - the first paragraph of a comment is the description that people read
//   - every argument of a component is here, or in [leftOut] with the reason

// placed are the inputs that say where a component goes.
type placed struct {
	// Name of the resource group that the resources go into.
	ResourceGroupName pulumi.StringInput `pulumi:"resourceGroupName"`
	// Region of the resources, such as westeurope.
	Location string `pulumi:"location"`
	// Subscription of the resource group; the one of the login if not given.
	SubscriptionID string `pulumi:"subscriptionId,optional"`
}

// signedFor are the inputs that say whose tokens count.
type signedFor struct {
	// Tenant that issues the tokens; the one of the login if not given.
	TenantID string `pulumi:"tenantId,optional"`
	// Authority host, without a trailing slash; the one of the cloud in ARM_METADATA_HOSTNAME, or of the public cloud, if not given.
	AuthorityHost string `pulumi:"authorityHost,optional"`
	// Object ids of the owners of the app registration and its service principal; whoever creates them if not given.
	Owners []string `pulumi:"owners,optional"`
}

// published are the inputs of what runs as a function app.
type published struct {
	// Gigabytes of logs that the function app may write in a day, 0.1 to 1000; then Azure stops collecting them. 1 if not given.
	DailyLogCapGB float64 `pulumi:"dailyLogCapGb,optional"`
	// Command line that sends a package to its app, in the program's folder. If not given, that of a program whose go.mod requires app-to-app: go run app-to-app/cmd/publish.
	Publisher string `pulumi:"publisher,optional"`
	// How long an update tries again what only time heals, such as the assignment of a role that is not replicated yet, up to 20m; 5m if not given.
	Patience string `pulumi:"patience,optional"`
}

// A role is an app role of the API.
type role struct {
	// Value in the roles claim, such as Orders.Read.
	Value string `pulumi:"value"`
	// Name that people see in the tenant; the value if not given.
	DisplayName string `pulumi:"displayName,optional"`
	// What a client may do with the role; the value if not given.
	Description string `pulumi:"description,optional"`
}

// API is an app registration with app roles, its service principal, which requires assignment, and the function app behind it.
type apiArgs struct {
	placed
	signedFor
	published
	// Name of the app registration.
	DisplayName string `pulumi:"displayName"`
	// App roles that clients can hold; the first is needed to read.
	Roles []role `pulumi:"roles"`
	// Prefix of the names of the app settings that the code reads, such as ORDERS; the name of the component in capitals, without -api, if not given.
	Prefix string `pulumi:"prefix,optional"`
	// Path of the API's address, one of the functions' routes; api and then the name of the component, without -api, if not given.
	Route string `pulumi:"route,optional"`
	// Client ids or object ids that the API refuses, even with a valid token.
	BlockedCallers []string `pulumi:"blockedCallers,optional"`
	// Folder of the function app, relative to the program's: host.json, the functions, and the Go code of the handler.
	Code string `pulumi:"code"`
	// Whether the code gets a blob container and an identity of its own that may write to it; its address is the app setting with the prefix and CONTAINER_URL.
	Container bool `pulumi:"container,optional"`
	// Whether the app registration and its service principal are protected from deletion.
	Protect bool `pulumi:"protect,optional"`
}

// A federation names the tokens of an outside issuer that an app registration accepts as its credential.
type federation struct {
	// Issuer of the tokens, exactly.
	Issuer string `pulumi:"issuer"`
	// Subject of the tokens, exactly.
	Subject string `pulumi:"subject"`
	// Audience of the tokens, exactly.
	Audience string `pulumi:"audience"`
}

// An identity is what a client signs in with.
type identity struct {
	// Kind of the identity: managedIdentity, systemAssigned, federated, certificate, clientSecret or existing.
	Kind string `pulumi:"kind"`
	// Days between new generations of secrets and certificates; 90 if not given.
	RotationDays int `pulumi:"rotationDays,optional"`
	// Outside tokens that the app registration trusts, for the kind federated; a user-assigned identity of its own if not given.
	Federation *federation `pulumi:"federation,optional"`
	// Object id of the service principal, for the kind existing.
	ObjectID string `pulumi:"objectId,optional"`
	// Client id of the service principal, for the kind existing.
	ClientID string `pulumi:"clientId,optional"`
}

// An apiReference is an API that clients may be assigned to: the output reference of the component API, in this stack or another.
type apiReference struct {
	// Object id of its service principal.
	ServicePrincipalID pulumi.StringInput `pulumi:"servicePrincipalId"`
	// Identifier URI, which clients ask a token for.
	IdentifierURI pulumi.StringInput `pulumi:"identifierUri"`
	// Address of the API.
	URL pulumi.StringInput `pulumi:"url"`
	// Ids of its app roles, by value.
	RoleIDs pulumi.StringMapInput `pulumi:"roleIds"`
}

// Client is an identity that may call an API, with its app role assignments and, if it has one, the function app that calls.
type clientArgs struct {
	placed
	signedFor
	published
	// API that the client calls.
	API pulumi.MapInput `pulumi:"api" type:"apiReference"`
	// Name of its app registration, if the kind of identity has one; the name of the component if not given.
	DisplayName string `pulumi:"displayName,optional"`
	// Identity that the client signs in with; a managed identity if not given.
	Identity *identity `pulumi:"identity,optional"`
	// Identity that the client is moving away from. It keeps its app roles; removing it revokes them.
	PreviousIdentity *identity `pulumi:"previousIdentity,optional"`
	// Values of the API's app roles that the client holds.
	Roles []string `pulumi:"roles"`
	// Prefix of the names of the app settings that its code reads, such as ORDERS; a client with code needs it.
	Prefix string `pulumi:"prefix,optional"`
	// Folder of its function app, relative to the program's; none for a client that runs elsewhere.
	Code string `pulumi:"code,optional"`
	// Libraries that the function app gets its token with; azidentity if not given.
	TokenProviders []string `pulumi:"tokenProviders,optional"`
	// When the function app calls by itself, as six fields; every ten minutes if not given.
	Schedule string `pulumi:"schedule,optional"`
	// Whether the client's deleted vault is kept from being purged.
	PurgeProtection bool `pulumi:"purgeProtection,optional"`
}

// FunctionApp is a function app on Flex Consumption with a plan, a storage account and an Application Insights component of its own, and its code.
type functionAppArgs struct {
	placed
	published
	// Folder of the function app, relative to the program's: host.json, the functions, and the Go code of the handler.
	Code string `pulumi:"code"`
	// ARM ids of user-assigned identities that the code uses.
	Identities []pulumi.StringInput `pulumi:"identities,optional"`
	// App settings of the code; those of the Functions host are added.
	AppSettings map[string]pulumi.StringInput `pulumi:"appSettings,optional"`
	// ARM id of the identity that resolves Key Vault references; none if not given.
	VaultIdentity pulumi.StringPtrInput `pulumi:"vaultIdentity,optional"`
}

// madeElsewhere is why a registration that exists cannot be given.
const madeElsewhere = "the program of this repository checks what such a registration must have"

// leftOut are arguments of components that this package does not have, by type
// and field. A test compares both.
var leftOut = map[string]string{
	"ClientArgs.Identity.Brought":     "private keys belong into the configuration of the program in this repository",
	"APIArgs.Registration":            madeElsewhere,
	"ClientArgs.RequestAssignments":   "the program of this repository exports the requests and reads the receipt",
	"ClientArgs.Registration":         "likewise",
	"ClientArgs.FunctionApp.Withhold": "the same",
	"FunctionAppArgs.Withhold":        "the same",
	"FunctionAppArgs.Container":       "the input container of an API",
	"FunctionAppArgs.SystemAssigned":  "a Go function",
	"FunctionAppArgs.BeforeSettings":  "the option dependsOn does it for the whole component",
}
