package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"app-to-app/components/provenance"
)

// This file writes on each resource which one it is, so that it can be found
// without the state. The rules are:
//   - the mark is in the first request that creates the resource
//   - giving it to a resource that was made without one is an update in place
//
// Two kinds go without because of the second rule: a change of a client secret's
// display name, or of a certificate's key ID, replaces it, and a live credential
// must not be replaced by an upgrade of the program. Both belong to an app
// registration that has a mark, and a secret's display name is its logical name
// anyway.

func markOf(ctx *pulumi.Context, name string) provenance.Mark {
	return provenance.Mark{Project: ctx.Project(), Stack: ctx.Stack(), Name: name}
}

// longestNoun is longer than what is appended to a component's name.
const longestNoun = "-queue-contributor-0123456789"

// checkMark is an error if the resources of a component could not be marked.
func checkMark(ctx *pulumi.Context, name string) error {
	if err := markOf(ctx, name+longestNoun).Check(); err != nil {
		return fmt.Errorf("name %q: %w", name, err)
	}
	return nil
}

// armTags are the tags of a resource in Resource Manager.
func armTags(ctx *pulumi.Context, name string) pulumi.StringMap {
	return pulumi.ToStringMap(markOf(ctx, name).ARMTags())
}

// applicationTags are the tags of a component's app registration, and of its
// service principal. Entra shows an app registration's tags on its service
// principal too
// (https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/application),
// so other ones would never be equal to what is there.
func applicationTags(ctx *pulumi.Context, component string) pulumi.StringArray {
	return pulumi.ToStringArray(markOf(ctx, provenance.ApplicationOf(component)).Tags())
}
