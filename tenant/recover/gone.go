package recover

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"app-to-app/azurecloud"
)

// This file finds what the state has and the directory no longer does: a deletion
// whose answer was lost, or one by hand. azuread takes the 404 for replication lag
// and fails after minutes, at every destroy and update, so it is taken out of the
// state. Things of Resource Manager are left to the engine: there a deletion of what
// is gone succeeds.

// planGone finds the resources of the state that are gone from the directory.
func (r *round) planGone(ctx context.Context) error {
	begun := make(map[string]string) // the operation that was begun, by URN
	for _, op := range r.state.pending() {
		begun[op.resource.urn()] = op.kind
	}
	for _, known := range r.state.resources() {
		if known.object["external"] == true || begun[known.urn()] == creating {
			continue
		}
		gone, err := r.live.isGone(ctx, known)
		if err != nil {
			return fmt.Errorf("look at %s: %w", known, err)
		}
		if !gone {
			continue
		}
		if known.object["delete"] != true && begun[known.urn()] != deleting {
			r.unseen++
		}
		step := Step{Action: Drop, What: known.String(), ID: known.id(), urn: known.urn(), Why: "it is gone from the tenant, and the provider fails at what is gone"}
		if known.kind() == applicationType || known.kind() == servicePrincipalType {
			if step.Why, err = r.live.whyDrop(ctx, known, step.Why); err != nil {
				return err
			}
		}
		r.plan, r.dropped = append(r.plan, step), append(r.dropped, known)
	}
	return nil
}

// isGone reports whether a resource of the state is in the directory and is not
// there any more. Other resources never are.
func (l *live) isGone(ctx context.Context, known resource) (bool, error) {
	parts := strings.Split(strings.TrimPrefix(known.id(), "/"), "/")
	find, isDirectory := goneFinders[known.kind()]
	if !isDirectory || len(parts) < find.parts {
		return false, nil
	}
	there, err := find.there(l, ctx, parts)
	return !there && err == nil, err
}

// goneFinders look at a resource by the parts of its id. The ids are the
// provider's: /applications/ID, ID, /applications/ID/KIND/PART and ID/KIND/PART.
var goneFinders = map[string]struct {
	parts int // of a complete id
	there func(l *live, ctx context.Context, id []string) (bool, error)
}{
	applicationType: {2, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.exists(ctx, applicationsPath+id[1])
	}},
	servicePrincipalType: {1, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.exists(ctx, servicePrincipalsPath+id[0])
	}},
	appRoleType: {4, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.has(ctx, id[1], func(app application) bool {
			return slices.ContainsFunc(app.Roles, func(role object) bool { return strings.EqualFold(text(role, "id"), id[3]) })
		})
	}},
	"azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": {4, func(l *live, ctx context.Context, id []string) (bool, error) {
		uri, err := base64.StdEncoding.DecodeString(strings.Join(id[3:], "/")) // its alphabet has a slash
		if err != nil {
			return true, nil // not an id of this provider
		}
		return l.has(ctx, id[1], func(app application) bool { return slices.Contains(app.URIs, string(uri)) })
	}},
	passwordType: {3, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.has(ctx, id[0], func(app application) bool {
			return slices.ContainsFunc(app.Secrets, func(k key) bool { return strings.EqualFold(k.KeyID, id[2]) })
		})
	}},
	"azuread:index/applicationCertificate:ApplicationCertificate": {3, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.has(ctx, id[0], func(app application) bool {
			return slices.ContainsFunc(app.Certificates, func(c object) bool { return strings.EqualFold(text(c, "keyId"), id[2]) })
		})
	}},
	"azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {3, func(l *live, ctx context.Context, id []string) (bool, error) {
		return l.exists(ctx, applicationsPath+url.PathEscape(id[0])+"/federatedIdentityCredentials/"+url.PathEscape(id[2]))
	}},
	"azuread:index/appRoleAssignment:AppRoleAssignment": {3, (*live).hasAssignment},
}

// exists asks for one object.
func (l *live) exists(ctx context.Context, path string) (bool, error) {
	return get(ctx, l.graph(), path, nil)
}

// has asks for a part of an app registration, which is read once in a round.
func (l *live) has(ctx context.Context, objectID string, part func(application) bool) (bool, error) {
	app, err := l.seen(ctx, objectID)
	return app != nil && part(*app), err
}

// seen is an app registration as it was when this round first read it, nil if there
// is none.
func (l *live) seen(ctx context.Context, objectID string) (*application, error) {
	if app, ok := l.apps[objectID]; ok {
		return app, nil
	}
	app, err := l.application(ctx, url.PathEscape(objectID))
	if err == nil {
		l.apps[objectID] = app
	}
	return app, err
}

// hasAssignment looks among the assignments of the API's service principal, which
// are listed once in a round: Graph has no look-up of a single one
// (https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto).
func (l *live) hasAssignment(ctx context.Context, id []string) (bool, error) {
	ids, ok := l.assigned[id[0]]
	if !ok {
		all, err := azurecloud.List[struct{ ID string }](ctx, l.graph(), servicePrincipalsPath+url.PathEscape(id[0])+"/appRoleAssignedTo")
		if err != nil && !azurecloud.IsNotFound(err) {
			return false, err
		}
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		l.assigned[id[0]] = ids
	}
	return slices.Contains(ids, strings.Join(id[2:], "/")), nil // case decides in these
}

// whyDrop adds to a reason that the object can be restored, with its ids.
func (l *live) whyDrop(ctx context.Context, known resource, why string) (string, error) {
	id := known.id()[strings.LastIndex(known.id(), "/")+1:]
	binned, err := l.exists(ctx, deletedItemsPath+id)
	if binned {
		why += "; it is in the recycle bin, and can be restored with its ids instead: az rest --method POST --url https://graph.microsoft.com" + deletedItemsPath + id + "/restore"
	}
	return why, err
}
