package recover

import (
	"context"
	"fmt"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// An undecidedError says that what was found may be somebody else's.
type undecidedError struct{ problem string }

func (e *undecidedError) Error() string { return e.problem }

// unbegun is [live.find] for a resource whose creation the state does not list. Two
// kinds are found by their mark alone, and a mark is a claim; all others belong to
// something that the state has.
func (l *live) unbegun(ctx context.Context, r resource) ([]thing, error) {
	switch kind, isARM := armKinds[r.kind()]; {
	case r.kind() == applicationType:
		return l.unbegunApplication(ctx, r)
	case r.kind() == passwordType:
		return l.unbegunPassword(ctx, r)
	case isARM && kind.name != "":
		return l.byTag(ctx, r, kind)
	}
	return l.find(ctx, r)
}

// unbegunApplication finds the one app registration with the resource's mark, if
// nothing was done with it yet: one that is in use may be another backend's stack of
// the same name.
func (l *live) unbegunApplication(ctx context.Context, r resource) ([]thing, error) {
	found, err := l.findApplication(ctx, r)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	id := strings.TrimPrefix(found[0].id, "/applications/")
	app, err := l.seen(ctx, id)
	if err != nil || app == nil {
		return nil, err
	}
	has, err := l.hasPrincipal(ctx, *app)
	switch {
	case err != nil:
		return nil, err
	case has || len(app.Roles)+len(app.URIs) > 0:
		return nil, &undecidedError{fmt.Sprintf("app registration %s carries its mark and is in use; if it is this stack's: pulumi import azuread:index/application:Application %s /applications/%s", id, r.name(), id)}
	}
	return found, nil
}

// unbegunPassword finds the client secrets that the inputs ask for: the next update
// makes another one. If the state is an older copy, the vault may still have such a
// secret's value, so the plan says what its removal does until then.
func (l *live) unbegunPassword(ctx context.Context, r resource) (found []thing, err error) {
	app, id, err := l.applicationOf(ctx, r)
	if id == "" {
		return nil, err
	}
	for _, secret := range app.Secrets {
		if !l.known[strings.ToLower(id+"/password/"+secret.KeyID)] && secret.isOf(r) {
			t := l.unknownSecret(id, secret)
			t.why = "a client secret that the state does not have; if the state is an older copy, the client signs in with it, and cannot until pulumi up has made another"
			found = append(found, t)
		}
	}
	return found, nil
}

// byTag finds the resource with the resource's mark whose name the provider
// generated: a preview generates another. It has to be in the resource group that
// the inputs name, which is the stack's.
func (l *live) byTag(ctx context.Context, r resource, kind armKind) (found []thing, err error) {
	all, err := l.taggedResources(ctx, kind)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		mark, ok := provenance.ParseARMTags(one.Tags)
		if !ok || !mark.Of(l.o.Project, l.o.Name) || mark.Name != r.name() || l.known[strings.ToLower(one.ID)] || !kind.isOf(one.ID, l.session.SubscriptionID, r.input("resourceGroupName")) {
			continue
		}
		found = append(found, thing{id: one.ID, adoptable: true, inputs: object{kind.name: one.Name}})
	}
	if len(found) > 1 {
		return nil, &undecidedError{fmt.Sprintf("expected one with its mark that the state does not have, got %d: %s; remove those that nobody needs: az resource delete --ids ID", len(found), idsOf(found))}
	}
	if len(found) == 1 && r.kind() == groupType {
		return l.emptyGroup(ctx, found)
	}
	return found, nil
}

// emptyGroup is a resource group by its mark, if nothing is in it: one in use may be
// another backend's.
func (l *live) emptyGroup(ctx context.Context, found []thing) ([]thing, error) {
	inside, err := l.taggedResources(ctx, armKind{path: inGroup})
	for _, one := range inside {
		if strings.HasPrefix(strings.ToLower(one.ID), strings.ToLower(found[0].id)+"/") {
			return nil, &undecidedError{fmt.Sprintf("resource group %s carries its mark and is in use; if it is this stack's: pulumi import %s NAME %s", found[0].id, groupType, found[0].id)}
		}
	}
	return found, err
}

// taggedResources are the subscription's resource groups, for the kind that is one,
// or its resources, each listed once in a round.
func (l *live) taggedResources(ctx context.Context, kind armKind) ([]armResource, error) {
	path := "/resources?api-version=2021-04-01"
	if !strings.HasPrefix(kind.path, inGroup) {
		path = "/resourcegroups?api-version=2022-09-01"
	}
	if all, ok := l.tagged[path]; ok {
		return all, nil
	}
	all, err := azurecloud.List[armResource](ctx, l.session.ResourceManager, "/subscriptions/"+l.session.SubscriptionID+path)
	if err == nil {
		l.tagged[path] = all
	}
	return all, err
}

// isOf reports whether an id is one of the kind in a resource group, whatever its
// name.
func (k armKind) isOf(id, subscription, group string) bool {
	name := id[strings.LastIndex(id, "/")+1:]
	path := strings.NewReplacer("{subscriptionId}", subscription, "{"+k.name+"}", name, "{resourceGroupName}", group).Replace(k.path)
	return strings.EqualFold(id, path)
}

func idsOf(found []thing) string {
	var ids []string
	for _, t := range found {
		ids = append(ids, t.id)
	}
	return strings.Join(ids, ", ")
}
