// Package components holds what `pulumi up` creates, cut into three component
// resources: [API], the app registration with its app roles; [Client], a
// calling identity with its app role assignments; and [FunctionApp], which
// runs the code of either on Flex Consumption.
//
// It keeps the contract with Azure at deploy time: nothing has a key or a
// password, access comes only from role assignments, and a client has its app
// roles before its code first asks for a token. No input of a resource comes
// from the current time, the machine or the caller (but see [Owners]), so that
// a preview of an unchanged stack is empty from any checkout.
//
// It reads no settings: everything is an argument, and what decides the shape
// of a stack is a plain Go value.
package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type tokens. They are part of every URN: changing one replaces everything
// below it, unless the component gets an alias of its old token.
const (
	apiType         = "app-to-app:components:API"
	clientType      = "app-to-app:components:Client"
	functionAppType = "app-to-app:components:FunctionApp"
)

// A Place is where the Azure resources of a stack go. All fields are required.
type Place struct {
	ResourceGroupName pulumi.StringInput
	Location          string // given to every resource, otherwise the provider asks ARM for the group's
	SubscriptionID    string
}

// A Tenant is the tenant that issues the tokens.
type Tenant struct {
	ID            string // required
	AuthorityHost string // required; without a trailing slash

	// ExchangeAudience is the audience of federated identity credentials in the
	// tenant's cloud, api://AzureADTokenExchange in the public one. It is
	// required for clients that are [Federated] with a user-assigned identity.
	// Their code asks for the same.
	ExchangeAudience string
}

// Owners are the object ids of the owners of an app registration.
//
// Pinned owners are kept as given. Otherwise the creator must be listed: the
// azuread provider removes its ownership if it is not, and a deployer with
// Application.ReadWrite.OwnedBy could then no longer write the registration.
// Later changes are ignored in that case, so that any deployer can follow.
type Owners struct {
	ObjectIDs []string
	Pinned    bool
}

// ignoreChanges names the properties that are set outside of the resource, and
// the owners unless they are pinned.
func (o Owners) ignoreChanges(properties ...string) pulumi.ResourceOption {
	if !o.Pinned {
		properties = append(properties, "owners")
	}
	return pulumi.IgnoreChanges(properties)
}

func (p Place) check() error {
	return errors.Join(
		required("place.resourceGroupName", p.ResourceGroupName != nil),
		required("place.location", p.Location != ""),
		required("place.subscriptionID", p.SubscriptionID != ""))
}

func (t Tenant) check() error {
	return errors.Join(
		required("tenant.id", t.ID != ""),
		required("tenant.authorityHost", t.AuthorityHost != ""))
}

func required(name string, given bool) error {
	if given {
		return nil
	}
	return fmt.Errorf("argument %s: missing", name)
}
