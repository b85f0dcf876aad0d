package recover

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// This file finds resources of Azure that were made twice: after a creation whose
// answer was lost for good, the next update makes another one, because the provider
// generates another name. The rules of duplicates.go hold, and besides:
//   - it is beside the one in the state, in the stack's own resource group, which a
//     teardown deletes with all that is in it
//   - its name, which is random, is nowhere in the state: nothing of the stack uses it
//   - nothing was put into it, or can be done with it

// sameResources are the resources that the creation of one in the state made
// besides it.
func (l *live) sameResources(ctx context.Context, known resource, kind armKind) (found []thing, err error) {
	all, err := l.taggedResources(ctx, kind)
	if err != nil {
		return nil, err
	}
	group := known.input("resourceGroupName")
	recorded, others := false, []armResource(nil)
	for _, one := range all {
		mark, ok := provenance.ParseARMTags(one.Tags)
		if !ok || !mark.Of(l.o.Project, l.o.Name) || mark.Name != known.name() || group == "" || !kind.isOf(one.ID, l.session.SubscriptionID, group) {
			continue
		}
		if strings.EqualFold(one.ID, known.id()) {
			recorded = true
		} else if !l.known[strings.ToLower(one.ID)] {
			others = append(others, one)
		}
	}
	for _, one := range others {
		used := "no sign of " + known.id()
		if recorded {
			if used, err = l.usedResource(ctx, one, known.kind()); err != nil {
				return nil, err
			}
		}
		if used != "" {
			l.o.logf("%s: %s carries its mark too and is left alone: expected a resource as its creation left it, got one with %s", known, one.ID, used)
			continue
		}
		found = append(found, thing{id: one.ID, why: "it was made twice: the state has " + known.id() + ", and nothing uses this one",
			remove: func(ctx context.Context) error {
				if used, err := l.usedResource(ctx, one, known.kind()); err != nil {
					return err
				} else if used != "" {
					return usedError(one.ID, used)
				}
				return l.session.ResourceManager.Delete(ctx, one.ID+"?api-version="+kind.version)
			}})
	}
	return found, nil
}

// usedResource says what shows that a resource is more than a second answer to a
// creation, "" for nothing.
func (l *live) usedResource(ctx context.Context, one armResource, kind string) (string, error) {
	if bytes.Contains(bytes.ToLower(l.exported), []byte(strings.ToLower(one.Name))) {
		return "its name in the state", nil
	}
	switch kind {
	case "azure-native:storage:StorageAccount":
		return l.contains(ctx, one.ID+"/blobServices/default/containers?api-version=2022-09-01", "containers")
	case "azure-native:keyvault:Vault":
		return l.contains(ctx, one.ID+"/secrets?api-version=2023-02-01", "secrets")
	case "azure-native:web/v20240401:AppServicePlan":
		var plan struct {
			Properties struct {
				Sites int `json:"numberOfSites"`
			} `json:"properties"`
		}
		if err := l.session.ResourceManager.Get(ctx, one.ID+"?api-version=2024-04-01", &plan); err != nil || plan.Properties.Sites == 0 {
			return "", err
		}
		return "function apps", nil
	case "azure-native:managedidentity:UserAssignedIdentity":
		return l.rightsOf(ctx, one.ID)
	case "azure-native:insights:Component", "azure-native:operationalinsights:Workspace":
		return "", nil // what sends to it names it, and a deleted workspace can be recovered for 14 days
	}
	return "a kind whose use cannot be told", nil // a function app runs code and has an identity of its own
}

func (l *live) contains(ctx context.Context, path, what string) (string, error) {
	all, err := azurecloud.List[struct{}](ctx, l.session.ResourceManager, path)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return what, nil
}

// rightsOf says what a managed identity may do.
func (l *live) rightsOf(ctx context.Context, id string) (string, error) {
	var identity struct {
		Properties struct {
			PrincipalID string `json:"principalId"`
		} `json:"properties"`
	}
	if err := l.session.ResourceManager.Get(ctx, id+"?api-version=2023-01-31", &identity); err != nil {
		return "", err
	}
	principal := identity.Properties.PrincipalID
	roles, err := azurecloud.List[struct {
		Properties struct {
			PrincipalID string `json:"principalId"`
		} `json:"properties"`
	}](ctx, l.session.ResourceManager, "/subscriptions/"+l.session.SubscriptionID+"/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01")
	if err != nil {
		return "", err
	}
	for _, r := range roles {
		if strings.EqualFold(r.Properties.PrincipalID, principal) {
			return "role assignments", nil
		}
	}
	held, err := azurecloud.List[struct{}](ctx, l.graph(), servicePrincipalsPath+principal+"/appRoleAssignments")
	if err != nil && !azurecloud.IsNotFound(err) {
		return "", fmt.Errorf("look at the rights of %s: %w", id, err)
	}
	if len(held) > 0 {
		return "app roles", nil
	}
	return "", nil
}
