// Package marked finds in the live tenant and subscription what carries a stack's
// mark ([app-to-app/components/provenance]), whatever any state says: a state can
// be lost, restored from an older copy, or lack what a killed engine made.
//
// A mark is a claim: whoever may write a thing can write one on it. So what is
// found is reported, and nothing here deletes.
package marked

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// A Thing is one that carries a stack's mark.
type Thing struct {
	Kind   string `json:"kind"`   // as in [Searches]
	ID     string `json:"id"`     // object id, or ARM id
	Name   string `json:"name"`   // the mark's logical name
	Remove string `json:"remove"` // a command that removes it for good

	// Requested says that somebody else made it because the stack asked for it. It is
	// theirs, and the stack's state never has it.
	Requested bool `json:"requested,omitempty"`
}

func (t Thing) String() string { return fmt.Sprintf("%s %s (%s)", t.Kind, t.Name, t.ID) }

// A Search looks for one kind of thing.
type Search struct {
	Kind string
	find func(context.Context, *azurecloud.Session, mine) ([]Thing, error)
}

// mine reports whether a mark is one of the stack that is looked for.
type mine struct{ project, stack string }

func (m mine) has(mark provenance.Mark, ok bool) bool { return ok && mark.Of(m.project, m.stack) }

// The kinds of things, as they are reported.
const (
	Application             = "app registration"
	ServicePrincipal        = "service principal"
	DeletedApplication      = "deleted app registration"
	DeletedServicePrincipal = "deleted service principal"
	ResourceGroup           = "resource group"
	Resource                = "resource"
	RoleAssignment          = "role assignment"
	DeletedVault            = "deleted vault"
)

// Searches are all searches. What carries no mark of its own is found through
// what it belongs to: secrets, certificates, federated credentials and app roles
// are in their app registration, app role assignments end with their principal,
// settings and containers are in a resource.
var Searches = []Search{
	{Application, directory("/v1.0/applications", "az ad app delete --id ")},
	{ServicePrincipal, directory("/v1.0/servicePrincipals", "az ad sp delete --id ")},
	{DeletedApplication, directory("/v1.0/directory/deletedItems/microsoft.graph.application", purge)},
	{DeletedServicePrincipal, directory("/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal", purge)},
	{ResourceGroup, resources("/resourcegroups?api-version=2022-09-01", "az group delete --name ")},
	{Resource, resources("/resources?api-version=2021-04-01", "az resource delete --ids ")},
	{RoleAssignment, roleAssignments},
	{DeletedVault, deletedVaults},
}

// Live are the searches outside of the recycle bins, where things stay after every
// removal.
func Live() []Search {
	return slices.DeleteFunc(slices.Clone(Searches), func(s Search) bool { return strings.HasPrefix(s.Kind, "deleted ") })
}

const purge = "az rest --method DELETE --url https://graph.microsoft.com/v1.0/directory/deletedItems/"

// Find finds what carries the mark of a stack, by some searches. Without an error,
// what is not in the answer was not there.
func Find(ctx context.Context, session *azurecloud.Session, project, stack string, by []Search) (found []Thing, err error) {
	for _, search := range by {
		things, err := search.find(ctx, session, mine{project, stack})
		if err != nil {
			return nil, fmt.Errorf("look for each %s that stack %s made: %w", search.Kind, stack, err)
		}
		for _, t := range things {
			t.Kind = search.Kind
			found = append(found, t)
		}
	}
	return found, nil
}

// directory looks for objects of Microsoft Graph by their tags
// (https://learn.microsoft.com/graph/filter-query-parameter).
func directory(path, remove string) func(context.Context, *azurecloud.Session, mine) ([]Thing, error) {
	return func(ctx context.Context, session *azurecloud.Session, m mine) (found []Thing, err error) {
		filter := "tags/any(t:t eq '" + strings.ReplaceAll(provenance.StackTag(m.project, m.stack), "'", "''") + "')"
		all, err := azurecloud.List[struct {
			ID   string   `json:"id"`
			Tags []string `json:"tags"`
		}](ctx, session.Graph, path+"?$filter="+url.QueryEscape(filter))
		for _, object := range all {
			if mark, ok := provenance.ParseTags(object.Tags); m.has(mark, ok) {
				found = append(found, Thing{ID: object.ID, Name: mark.Name, Remove: remove + object.ID, Requested: slices.Contains(object.Tags, provenance.RequestedTag)})
			}
		}
		return found, err
	}
}

// resources looks for resources of the subscription by their tags.
func resources(path, remove string) func(context.Context, *azurecloud.Session, mine) ([]Thing, error) {
	return func(ctx context.Context, session *azurecloud.Session, m mine) (found []Thing, err error) {
		all, err := azurecloud.List[struct {
			ID   string            `json:"id"`
			Tags map[string]string `json:"tags"`
		}](ctx, session.ResourceManager, "/subscriptions/"+session.SubscriptionID+path)
		for _, r := range all {
			mark, ok := provenance.ParseARMTags(r.Tags)
			isGroup := strings.HasPrefix(remove, "az group")
			if !m.has(mark, ok) || !isGroup && mark.Name == m.project {
				continue // a policy may copy the tags of a group, which has the project's name
			}
			id := r.ID
			if isGroup {
				id = r.ID[strings.LastIndex(r.ID, "/")+1:]
			}
			found = append(found, Thing{ID: r.ID, Name: mark.Name, Remove: remove + id + subscription(session, isGroup)})
		}
		return found, err
	}
}

// subscription is the flag for a command that names a thing by its name alone: az
// may be signed in to another subscription than the one that was looked at.
func subscription(session *azurecloud.Session, byName bool) string {
	if !byName {
		return ""
	}
	return " --subscription " + session.SubscriptionID
}

// roleAssignments looks at the descriptions of the subscription's role assignments.
func roleAssignments(ctx context.Context, session *azurecloud.Session, m mine) (found []Thing, err error) {
	all, err := azurecloud.List[struct {
		ID         string `json:"id"`
		Properties struct {
			Description string `json:"description"`
		} `json:"properties"`
	}](ctx, session.ResourceManager, "/subscriptions/"+session.SubscriptionID+"/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01")
	for _, a := range all {
		if mark, ok := provenance.ParseText(a.Properties.Description); m.has(mark, ok) {
			found = append(found, Thing{ID: a.ID, Name: mark.Name, Remove: "az role assignment delete --ids " + a.ID})
		}
	}
	return found, err
}

// deletedVaults looks at the tags that a vault keeps after it is deleted.
func deletedVaults(ctx context.Context, session *azurecloud.Session, m mine) (found []Thing, err error) {
	all, err := azurecloud.List[struct {
		Name       string `json:"name"`
		Properties struct {
			VaultID string            `json:"vaultId"`
			Tags    map[string]string `json:"tags"`
		} `json:"properties"`
	}](ctx, session.ResourceManager, "/subscriptions/"+session.SubscriptionID+"/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01")
	for _, v := range all {
		if mark, ok := provenance.ParseARMTags(v.Properties.Tags); m.has(mark, ok) && mark.Name != m.project {
			found = append(found, Thing{ID: v.Properties.VaultID, Name: mark.Name, Remove: "az keyvault purge --name " + v.Name + subscription(session, true)})
		}
	}
	return found, err
}
