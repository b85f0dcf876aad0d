package recover

import (
	"context"
	"fmt"
	"strings"
)

// This file enables app roles. azuread disables a role before it changes or
// deletes it, as Microsoft Graph demands, and does not look at isEnabled when it
// reads one: an update that fails in between leaves everybody without the role,
// and every later update says "unchanged".

// planRoles finds roles of the state that are disabled in the tenant.
func (r *round) planRoles(ctx context.Context) error {
	for _, role := range r.state.resources() {
		id, roleID, ok := strings.Cut(strings.TrimPrefix(role.id(), "/applications/"), "/appRoles/")
		if role.kind() != appRoleType || !ok || role.object["delete"] == true {
			continue
		}
		app, err := r.live.seen(ctx, id)
		if err != nil {
			return fmt.Errorf("look at %s: %w", role, err)
		}
		if app == nil || !app.disabled(roleID) {
			continue
		}
		if !r.o.EnableRoles {
			r.o.logf("%s (%s) is disabled, by an update that failed or by somebody on purpose: no token carries it; to enable it: tenant recover -enable-roles -stack %s", role, roleID, r.o.Name)
			continue
		}
		r.plan = append(r.plan, Step{Action: Enable, What: role.String(), ID: roleID, urn: role.urn(),
			Why: "it is disabled, by an update that failed or by somebody on purpose: no token carries it, and the next update would not see that",
			do:  func(ctx context.Context) error { return r.live.enable(ctx, id, roleID) }})
	}
	return nil
}

// application is an app registration by its object id, nil if there is none.
func (l *live) application(ctx context.Context, id string) (*application, error) {
	var app application
	found, err := get(ctx, l.graph(), applicationsPath+id, &app)
	if !found {
		return nil, err
	}
	return &app, nil
}

func (a application) disabled(roleID string) bool {
	for _, role := range a.Roles {
		if strings.EqualFold(text(role, "id"), roleID) {
			return role["isEnabled"] == false
		}
	}
	return false
}

// enable changes nothing but the one role: Graph takes all roles at once, without
// origin, which it sets itself
// (https://learn.microsoft.com/graph/api/resources/approle).
func (l *live) enable(ctx context.Context, id, roleID string) error {
	app, err := l.application(ctx, id)
	if err != nil || app == nil {
		return err
	}
	for _, role := range app.Roles {
		delete(role, "origin")
		if strings.EqualFold(text(role, "id"), roleID) {
			role["isEnabled"] = true
		}
	}
	return l.graph().Patch(ctx, applicationsPath+id, object{"appRoles": app.Roles})
}
