package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file audits the tenant: who may call the API, with which app roles, and
// who owns the app registrations and service principals.

const apiSubject = "API"

// api compares the API's app registration and service principal, its roles, and
// who holds them.
func (a *auditor) api(ctx context.Context) error {
	if !a.declared.ownsAPI() {
		return a.heldRoles(ctx)
	}
	var app application
	var sp principal
	before := len(a.report.Differences)
	defer func() { a.fixOwned(before, app, sp) }()
	app, found, err := a.reader.application(ctx, a.declared.APIObjectID)
	if err != nil {
		return err
	}
	if !found {
		a.add(ApplicationMissing, apiSubject, a.declared.APIObjectID, "", "the API's app registration %s is gone", a.declared.APIObjectID)
		return nil
	}
	if err := a.application(ctx, apiSubject, app); err != nil {
		return err
	}
	a.roles(app)
	a.seen.roles = app.AppRoles
	sp, found, err = a.reader.principalOf(ctx, a.declared.APIClientID)
	if err != nil {
		return err
	}
	if !found {
		a.add(PrincipalMissing, apiSubject, a.declared.APIClientID, "", "the API has no service principal: nobody gets a token for it")
		return nil
	}
	if !sp.AssignmentRequired {
		a.add(AssignmentNotRequired, apiSubject, "true", "false", "the API's service principal does not require an assignment: every application of the tenant can get a token for it, even without a role")
	}
	if err := a.principal(ctx, apiSubject, sp); err != nil {
		return err
	}
	return a.assignments(ctx, sp)
}

func (a *auditor) roles(app application) {
	for _, value := range sortedKeys(a.declared.RoleIDs) {
		id := a.declared.RoleIDs[value]
		role, found := roleByID(app.AppRoles, id)
		switch {
		case !found:
			a.add(RoleMissing, value, id, "", "the app role %s (%s) is not on the API's app registration", value, id)
		case role.Value != value:
			a.add(RoleMissing, value, value, role.Value, "the app role %s is called %s: tokens carry that name, and the API refuses them", value, role.Value)
		case !role.IsEnabled:
			a.add(RoleDisabled, value, "enabled", "disabled", "the app role %s is disabled: tokens do not carry it", value)
		}
	}
	for _, role := range app.AppRoles {
		if a.declared.roleValue(role.ID) == role.ID {
			a.add(RoleUndeclared, role.Value, "", role.ID, "the API's app registration has the app role %s (%s), which the stack does not declare", role.Value, role.ID)
		}
	}
}

// assignments compares who holds an app role with who should hold it.
func (a *auditor) assignments(ctx context.Context, api principal) error {
	held, err := a.reader.assignedTo(ctx, api.ID)
	if err != nil {
		return err
	}
	a.seen.held, a.seen.read = held, true
	declared := a.declared.joinedAssignments()
	for _, h := range held {
		if _, ok := declared[h.key()]; ok {
			continue
		}
		role := a.declared.roleValue(h.AppRoleID)
		a.add(AssignmentUndeclared, h.PrincipalName, "", role, "%s %q (%s) holds the app role %s of the API since %s, which the stack does not declare",
			h.PrincipalType, h.PrincipalName, h.PrincipalID, role, h.Created.UTC().Format(time.RFC3339))
		target := h.target(api.ID)
		if target.Stack, target.Unread, err = a.markOf(ctx, h.PrincipalID); err != nil {
			return err
		}
		a.target(target)
		a.seen.marks[h.ID] = target
	}
	a.missingAssignments(held)
	return nil
}

// missingAssignments are those that are declared and that nobody holds.
func (a *auditor) missingAssignments(held []appRoleAssignment) {
	missing := a.declared.joinedAssignments()
	for _, h := range held {
		delete(missing, h.key())
	}
	requesters := a.declared.requesters()
	for key, name := range missing {
		role := a.declared.roleValue(key.roleID)
		a.add(AssignmentMissing, name, role, "", "%s (%s) does not hold the app role %s of the API, which the stack declares", name, key.principalID, role)
		if stack, requested := requesters[key]; requested {
			a.fixLast(stack.askAgain())
		}
	}
}

func (h appRoleAssignment) key() assignment {
	return assignment{strings.ToLower(h.PrincipalID), strings.ToLower(h.AppRoleID)}
}

// clients compares each client's app registration and service principal.
func (a *auditor) clients(ctx context.Context) error {
	applications := make(map[string]string) // name by object id
	for _, access := range a.declared.Access {
		subject := "client " + access.Client
		if access.ApplicationObjectID != "" {
			applications[access.ApplicationObjectID] = subject
		}
		sp, found, err := a.reader.principal(ctx, access.ObjectID)
		if err != nil {
			return err
		}
		if !found {
			a.seen.principals[strings.ToLower(access.ObjectID)] = "gone"
			a.add(PrincipalMissing, subject, access.ObjectID, "", "%s: its service principal %s is gone", subject, access.ObjectID)
			if access.Requested {
				a.fixLast(a.declared.askAgain())
			}
			continue
		}
		if access.Identity == "existing" { // not ours; it must only be able to sign in
			a.enabled(subject, sp)
			continue
		}
		a.sameClient(access, "service principal "+access.ObjectID, sp.AppID)
		if err := a.principal(ctx, subject, sp); err != nil {
			return err
		}
	}
	if a.declared.state != nil { // a client moving between two kinds of identity has more than its access lists
		for _, r := range a.declared.state.registered {
			if _, known := applications[r.objectID]; !known && r.objectID != "" && !sameID(r.objectID, a.declared.APIObjectID) {
				applications[r.objectID] = r.name
			}
		}
	}
	for _, objectID := range sortedKeys(applications) {
		before := len(a.report.Differences)
		app, found, err := a.reader.application(ctx, objectID)
		if err != nil {
			return err
		}
		if found {
			err = a.application(ctx, applications[objectID], app)
		} else {
			a.add(ApplicationMissing, applications[objectID], objectID, "", "%s: its app registration %s is gone", applications[objectID], objectID)
		}
		if err != nil {
			return err
		}
		if access, requested := a.declared.requestOf(objectID); requested {
			if found {
				a.sameClient(access, "app registration "+objectID, app.AppID)
			}
			a.fixAsked(before)
		}
	}
	return nil
}

// application compares what every app registration of the stack has: owners
// and credentials.
func (a *auditor) application(ctx context.Context, subject string, app application) error {
	if err := a.owners(ctx, subject+", app registration", "applications", app.ID); err != nil {
		return err
	}
	federations, err := a.reader.federations(ctx, app.ID)
	if err != nil {
		return err
	}
	a.credentials(subject, app, federations)
	return nil
}

// principal compares what every service principal of the stack has. Those of
// managed identities have no owners, and only Azure knows their credentials.
func (a *auditor) principal(ctx context.Context, subject string, sp principal) error {
	a.enabled(subject, sp)
	if sp.Type == managedIdentityPrincipal {
		return nil
	}
	for kind, keys := range map[string][]key{kindSecret: sp.Secrets, kindCertificate: sp.Certificates} {
		for _, k := range keys {
			a.add(CredentialUndeclared, subject, "", k.KeyID, "%s: its service principal has a credential of its own, %s, valid until %s; the stack declares none there", subject, k.describe(), day(k.End))
			a.target(k.target(kind, "servicePrincipals/"+sp.ID))
			a.seen.key(subject+", service principal", kind, k, false)
		}
	}
	return a.owners(ctx, subject+", service principal", "servicePrincipals", sp.ID)
}

func (a *auditor) enabled(subject string, sp principal) {
	a.seen.principals[strings.ToLower(sp.ID)] = map[bool]string{true: "", false: "disabled"}[sp.AccountEnabled]
	if !sp.AccountEnabled {
		a.add(PrincipalDisabled, subject, "enabled", "disabled", "%s: its service principal %s is disabled", subject, sp.ID)
	}
}

func (a *auditor) owners(ctx context.Context, subject, collection, objectID string) error {
	declared := a.declared.ownersOf(objectID)
	if declared == nil {
		a.seen.unowned = append(a.seen.unowned, subject)
		return nil
	}
	owners, err := a.reader.owners(ctx, collection, objectID)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		a.seen.owner(owner, containsID(declared, owner.ID))
		if !containsID(declared, owner.ID) {
			a.add(OwnerUndeclared, subject, "", owner.ID, "%s: owner %q (%s) is not declared, but can give it credentials", subject, owner.DisplayName, owner.ID)
			a.target(Target{Type: TargetOwner, Holder: collection + "/" + objectID, ID: owner.ID})
		}
	}
	for _, id := range declared {
		if !slices.ContainsFunc(owners, func(o directoryObject) bool { return sameID(o.ID, id) }) {
			a.add(OwnerMissing, subject, id, "", "%s: %s is a declared owner but does not own it", subject, id)
		}
	}
	return nil
}

// describe names a key by its display name and id, never by its value.
func (k key) describe() string {
	if k.DisplayName == "" {
		return k.KeyID
	}
	return fmt.Sprintf("%q (%s)", k.DisplayName, k.KeyID)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
