package recover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/components/provenance"
)

// This file finds what was made twice: the answer to a creation was lost, and the
// provider or the next update sent it again. The state has one of the two, and
// nobody has ever known the other's id. The rules are:
//   - the one in the state exists: what it is compared with is no claim but a fact
//   - the other is as its creation left it: nothing belongs to it, nobody can sign
//     in as it, and it has the same owners
//   - an app registration can be restored for 30 days; nobody can know the value of
//     a client secret
//   - anything else with the stack's mark is named in the end, and stays

// planDuplicates finds what was made twice.
func (r *round) planDuplicates(ctx context.Context) error {
	for _, known := range r.state.resources() {
		if known.object["delete"] == true || known.object["external"] == true || known.id() == "" {
			continue
		}
		var found []thing
		var err error
		switch kind := armKinds[known.kind()]; {
		case known.kind() == applicationType:
			found, err = r.live.sameRegistrations(ctx, known)
		case known.kind() == passwordType:
			found, err = r.live.sameSecrets(ctx, known)
		case kind.name != "" && known.kind() != groupType:
			found, err = r.live.sameResources(ctx, known, kind)
		}
		if err != nil {
			return fmt.Errorf("look for duplicates of %s: %w", known, err)
		}
		for _, t := range found {
			r.plan = append(r.plan, Step{Action: Remove, What: known.String(), ID: t.id, Why: t.why, urn: known.urn(), do: t.remove})
		}
	}
	return nil
}

// sameRegistrations are the app registrations that the creation of one in the state
// made besides it.
func (l *live) sameRegistrations(ctx context.Context, known resource) (found []thing, err error) {
	all, err := l.applications(ctx)
	if err != nil {
		return nil, err
	}
	own, others := (*application)(nil), []application(nil)
	for _, app := range all {
		switch mark, ok := provenance.ParseTags(app.Tags); {
		case "/applications/"+app.ID == known.id():
			own = &app
		case ok && mark.Of(l.o.Project, l.o.Name) && mark.Name == known.name() && !l.known["/applications/"+strings.ToLower(app.ID)]:
			others = append(others, app)
		}
	}
	if own == nil || len(others) == 0 {
		return nil, nil // without the one in the state, with its mark, none is a duplicate
	}
	for _, app := range others {
		used, err := l.used(ctx, app, *own)
		if err != nil {
			return nil, err
		}
		if used != "" {
			l.o.logf("%s: %s carries its mark too and is left alone: expected an app registration as its creation left it, got one with %s", known, app.ID, used)
			continue
		}
		found = append(found, thing{id: app.ID, remove: l.removeUnused(applicationsPath+app.ID, *own),
			why: "it was made twice: the state has " + own.ID + ", and nothing uses this one; it can be restored for 30 days"})
	}
	return found, nil
}

// removeUnused looks again immediately before: somebody can have used it while the
// plan was being read.
func (l *live) removeUnused(path string, own application) func(context.Context) error {
	return func(ctx context.Context) error {
		var app application
		err := l.graph().Get(ctx, path, &app)
		if err != nil {
			return err
		}
		switch used, err := l.used(ctx, app, own); {
		case err != nil:
			return err
		case used != "":
			return usedError(app.ID, used)
		}
		return l.graph().Delete(ctx, path)
	}
}

// usedError is about what is used since the plan was made.
func usedError(id, used string) error {
	return azurecloud.WithHint(fmt.Errorf("expected %s as its creation left it, got %s by now: it was not removed", id, used), "run recover again: it makes a new plan")
}

// used says what shows that an app registration is more than a second answer to the
// creation of another, "" for nothing.
func (l *live) used(ctx context.Context, app, own application) (string, error) {
	switch {
	case app.DisplayName != own.DisplayName && !strings.HasPrefix(app.DisplayName, temporary):
		return fmt.Sprintf("the name %q instead of %q", app.DisplayName, own.DisplayName), nil
	case len(app.Roles) > 0:
		return "app roles", nil
	case len(app.URIs) > 0:
		return "identifier URIs", nil
	}
	if what, err := l.credentials(ctx, app); what != "" || err != nil {
		return what, err
	}
	if has, err := l.hasPrincipal(ctx, app); has || err != nil {
		return "a service principal", err
	}
	owners, err := l.owners(ctx, app.ID)
	if err != nil {
		return "", err
	}
	expected, err := l.owners(ctx, own.ID)
	if err != nil {
		return "", err
	}
	if !slices.Equal(owners, expected) {
		return fmt.Sprintf("the owners %q instead of %q", owners, expected), nil
	}
	return "", nil
}

func (l *live) hasPrincipal(ctx context.Context, app application) (bool, error) {
	all, err := azurecloud.List[struct{}](ctx, l.graph(), strings.TrimSuffix(servicePrincipalsPath, "/")+filter("appId eq '"+app.ClientID+"'"))
	return len(all) > 0, err
}

// owners are the object ids of an app registration's owners, sorted.
func (l *live) owners(ctx context.Context, objectID string) (ids []string, err error) {
	owners, err := azurecloud.List[struct{ ID string }](ctx, l.graph(), applicationsPath+objectID+"/owners")
	for _, owner := range owners {
		ids = append(ids, strings.ToLower(owner.ID))
	}
	slices.Sort(ids)
	return ids, err
}

// sameSecrets are the client secrets that the creation of one in the state made
// besides it: those of its name that end at the same second. The program computes
// that from the calendar, and whoever adds one by hand gets another.
func (l *live) sameSecrets(ctx context.Context, known resource) (found []thing, err error) {
	id, _, _ := strings.Cut(known.id(), "/")
	app, err := l.seen(ctx, id)
	if err != nil || app == nil {
		return nil, err
	}
	for _, secret := range app.Secrets {
		if !l.known[strings.ToLower(id+"/password/"+secret.KeyID)] && secret.isOf(known) {
			found = append(found, l.unknownSecret(id, secret))
		}
	}
	return found, nil
}

// isOf reports whether a client secret is what a resource's inputs ask for, to the
// second.
func (k key) isOf(r resource) bool {
	end, err := time.Parse(time.RFC3339, r.input("endDate"))
	return err == nil && k.DisplayName != "" && k.DisplayName == r.input("displayName") && k.End.Equal(end)
}

// unknownSecret is a client secret to remove.
func (l *live) unknownSecret(applicationID string, secret key) thing {
	return thing{
		id: applicationID + "/password/" + secret.KeyID, why: "a client secret whose value nobody knows",
		remove: func(ctx context.Context) error {
			return l.graph().Post(ctx, applicationsPath+applicationID+"/removePassword", object{"keyId": secret.KeyID}, nil)
		},
	}
}
