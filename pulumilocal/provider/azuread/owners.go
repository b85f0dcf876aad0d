package azuread

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"app-to-app/pulumilocal/provider/plugin"
)

// This file handles the owners of applications and service principals. The
// caller is always the first owner of a new object, because a deployer that may
// change only what it owns needs that for the next calls. It is removed at the
// end unless the program lists it.

// ownersToCreate are the owners to send with a creation and those to add later.
type ownersToCreate struct{ bind, later []string }

// ownersInCreate looks the caller up and puts it first.
func (p *provider) ownersInCreate(ctx context.Context, inputs plugin.Object) (ownersToCreate, error) {
	if _, err := p.graph.get(ctx, request{path: v1 + "/directoryObjects/" + p.caller.objectID, patient: true, full: true}); err != nil {
		return ownersToCreate{}, err
	}
	owners := []string{p.caller.objectID}
	for _, owner := range texts(inputs, "owners") {
		if owner != p.caller.objectID {
			owners = append(owners, owner)
		}
	}
	n := min(len(owners), maxOwnersInCreate)
	result := ownersToCreate{later: owners[n:]}
	for _, owner := range owners[:n] {
		result.bind = append(result.bind, p.reference(owner))
	}
	return result, nil
}

// reference is an object's OData id as hamilton writes it, with the tenant.
func (p *provider) reference(objectID string) string {
	return p.graph.base + v1 + "/" + p.caller.tenantID + "/directoryObjects/" + objectID
}

// settleOwners adds the owners that a creation had no room for, and removes
// the caller unless the program lists it.
func (p *provider) settleOwners(ctx context.Context, path string, inputs plugin.Object, later []string) error {
	for _, owner := range later {
		if err := p.addOwner(ctx, path, owner); err != nil {
			return err
		}
	}
	if slices.Contains(texts(inputs, "owners"), p.caller.objectID) {
		return nil
	}
	return p.removeOwner(ctx, path, p.caller.objectID)
}

func (p *provider) addOwner(ctx context.Context, path, owner string) error {
	err := p.graph.do(ctx, request{method: http.MethodPost, path: path + "/owners/$ref", patient: true,
		body: plugin.Object{"@odata.id": p.reference(owner)}}, nil)
	if says(err, http.StatusBadRequest, "One or more added object references already exist") {
		return nil
	}
	return err
}

func (p *provider) removeOwner(ctx context.Context, path, owner string) error {
	reference := path + "/owners/" + owner + "/$ref"
	if _, err := p.graph.get(ctx, request{path: reference, query: url.Values{"$select": {"id,url"}}, patient: true}); err != nil {
		return err
	}
	err := p.graph.do(ctx, request{method: http.MethodDelete, path: reference, patient: true}, nil)
	if says(err, http.StatusBadRequest, "One or more removed object references do not exist") {
		return nil
	}
	return err
}

func (p *provider) listOwners(ctx context.Context, path string) ([]string, error) {
	found, err := p.graph.list(ctx, request{path: path + "/owners", query: url.Values{"$select": {"id"}}, patient: true})
	if err != nil {
		return nil, err
	}
	owners := make([]string, len(found))
	for i, owner := range found {
		owners[i] = text(owner, "id")
	}
	return owners, nil
}

// changeOwners sets the owners to the program's list, if that changed.
func (p *provider) changeOwners(ctx context.Context, path string, call plugin.Call) error {
	if !call.Changed("owners") {
		return nil
	}
	current, err := p.listOwners(ctx, path)
	if err != nil {
		return err
	}
	wanted := texts(call.Inputs, "owners")
	for _, owner := range wanted {
		if !slices.Contains(current, owner) {
			if err := p.addOwner(ctx, path, owner); err != nil {
				return err
			}
		}
	}
	for _, owner := range current {
		if !slices.Contains(wanted, owner) {
			if err := p.removeOwner(ctx, path, owner); err != nil {
				return err
			}
		}
	}
	return nil
}
