package tenant

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"app-to-app/components/provenance"
	"app-to-app/components/requests"
	"app-to-app/tenant/marked"
)

// This file has what somebody else makes for a stack because its clients ask for it:
// app registrations and app role assignments. An update cannot repair them.

const requestedAssignments = "requested"

// askAgain is how what was asked for is made, or made right.
func (d Declaration) askAgain() string {
	stack := cmp.Or(d.Stack, "STACK")
	if d.state != nil {
		stack = cmp.Or(d.Stack, d.state.stack, stack)
	}
	return "tenant request -stack " + stack + ", let who may run tenant grant on that, then pulumi up"
}

// requestOf is the client whose app registration or service principal, made on
// request, has an object id.
func (d Declaration) requestOf(objectID string) (Access, bool) {
	i := slices.IndexFunc(d.Access, func(a Access) bool {
		return a.Requested && (sameID(a.ApplicationObjectID, objectID) || sameID(a.ObjectID, objectID))
	})
	if i < 0 {
		return Access{}, false
	}
	return d.Access[i], true
}

// ownersOf are the declared owners of an app registration or service principal; nil
// if none are declared.
func (d Declaration) ownersOf(objectID string) []string {
	if access, requested := d.requestOf(objectID); requested {
		return append([]string{}, access.Owners...) // none means none
	}
	return d.Owners
}

// asking reports the clients that wait for their app registration.
func (a *auditor) asking(context.Context) error {
	for _, access := range a.declared.asking {
		a.add(ApplicationMissing, "client "+access.Client, "", "", "client %s: it waits for its app registration, which the stack asks for and does not know yet", access.Client)
		a.fixLast(a.declared.askAgain())
	}
	return nil
}

// sameClient reports a part of what was made on request that is another client's. The
// stack knows the ids from a receipt: with parts of two, the app registration that is
// looked at would not be the one that can sign in.
func (a *auditor) sameClient(access Access, part, clientID string) {
	if access.Requested && !sameID(access.ClientID, clientID) {
		a.add(ApplicationMissing, "client "+access.Client, access.ClientID, clientID, "client %s: its %s has the client id %s, expected %s, which its code has", access.Client, part, clientID, access.ClientID)
		a.fixLast(a.declared.askAgain())
	}
}

// fixLast says what ends the difference that was added last.
func (a *auditor) fixLast(fix string) { a.report.Differences[len(a.report.Differences)-1].Fix = fix }

// fixAsked corrects what ends the differences from the nth on, of an app registration
// that an update does not make.
func (a *auditor) fixAsked(n int) {
	for i := range a.report.Differences[n:] {
		switch d := &a.report.Differences[n+i]; d.Kind {
		case ApplicationMissing, PrincipalMissing, CredentialMissing, CredentialChanged, OwnerMissing:
			d.Fix = a.declared.askAgain()
		}
	}
}

// fixOwned makes requests to its owner of what ends the differences from the nth on, of
// an API's app registration that was made elsewhere.
func (a *auditor) fixOwned(n int, app application, sp principal) {
	if a.declared.Registered != existing {
		return
	}
	owned := requests.Owned{DisplayName: app.DisplayName, ClientID: a.declared.APIClientID, ObjectID: a.declared.APIObjectID, ServicePrincipalID: sp.ID, Graph: a.reader.session.Cloud.Graph}
	for i := range a.report.Differences[n:] {
		switch d := &a.report.Differences[n+i]; d.Kind {
		case ApplicationMissing:
			d.Fix = owned.Restore()
		case PrincipalMissing:
			d.Fix = owned.CreatePrincipal()
		case PrincipalDisabled:
			d.Fix = owned.Enable()
		case AssignmentNotRequired:
			d.Fix = owned.RequireAssignment()
		case RoleMissing:
			d.Fix = owned.AddRole(d.Subject)
		case RoleDisabled:
			d.Fix = owned.EnableRole(a.declared.RoleIDs[d.Subject])
		}
	}
}

// knows reports whether a thing with the stack's mark is one that its clients asked
// for.
func (d Declaration) knows(t marked.Thing) bool {
	if _, declared := d.requestOf(t.ID); declared {
		return true
	}
	return t.Requested && slices.ContainsFunc(d.asking, func(a Access) bool { return provenance.ApplicationOf(a.Client) == t.Name })
}

// waits is the report for a client that has no app registration yet.
func (d Declaration) waits(name string) (WhyReport, bool) {
	if !slices.ContainsFunc(d.asking, func(a Access) bool { return a.Client == name }) {
		return WhyReport{}, false
	}
	return WhyReport{Client: name, Possible: []Cause{}, Passed: []string{}, Notes: []string{}, Causes: []Cause{{
		Check: CheckClientApplication, Symptom: "no call: its code is not published", Found: "no client id in the stack's exports", Fix: d.askAgain(),
		Text: "the client waits for its app registration, which somebody else makes",
	}}}, true
}

// requesters are the stacks whose assignments somebody else makes, by assignment.
func (d Declaration) requesters() map[assignment]Declaration {
	all := make(map[assignment]Declaration)
	for _, stack := range append([]Declaration{d}, d.others...) {
		if stack.Assignments != requestedAssignments {
			continue
		}
		for _, access := range stack.Access {
			for _, role := range access.Roles {
				all[assignment{strings.ToLower(access.ObjectID), strings.ToLower(stack.RoleIDs[role])}] = stack
			}
		}
	}
	return all
}
