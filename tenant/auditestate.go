package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file audits several stacks as one declaration: an API, and clients that
// have stacks of their own. Who holds a role of the API is undeclared when no
// stack declares it.

// Join makes one declaration of those of several stacks. They must be of one API,
// and one of them at most has it; that one comes first.
func Join(all []Declaration) (Declaration, error) {
	if len(all) == 0 {
		return Declaration{}, errors.New("expected a declaration, got none")
	}
	var problems []error
	owner := -1
	for i, d := range all {
		if slices.ContainsFunc(all[:i], func(other Declaration) bool { return other.Stack == d.Stack }) {
			problems = append(problems, fmt.Errorf("expected the stack %q once", d.Stack))
			continue
		}
		if d.APIStack == "" && owner >= 0 {
			problems = append(problems, fmt.Errorf("expected one stack with an API of its own, got %q and %q", all[owner].Stack, d.Stack))
		} else if d.APIStack == "" {
			owner = i
		}
	}
	first := all[max(owner, 0)]
	for _, d := range all {
		problems = append(problems, d.sameAPI(first))
	}
	if err := errors.Join(problems...); err != nil {
		return Declaration{}, fmt.Errorf("join the stacks: %w", err)
	}
	for i, d := range all {
		if i != max(owner, 0) {
			first.others = append(first.others, d)
		}
	}
	return first, nil
}

// sameAPI is an error if a stack declares another API, or the same one otherwise.
func (d Declaration) sameAPI(first Declaration) error {
	for _, tt := range []struct{ output, got, want string }{
		{"apiClientId", d.APIClientID, first.APIClientID}, {"apiObjectId", d.APIObjectID, first.APIObjectID}, {"environment", d.Environment, first.Environment},
	} {
		if !sameID(tt.got, tt.want) {
			return fmt.Errorf("stack %q: expected the output %s to be %q, as in stack %q, got %q", d.Stack, tt.output, tt.want, first.Stack, tt.got)
		}
	}
	for value, id := range d.RoleIDs {
		if want := first.RoleIDs[value]; !sameID(id, want) {
			return fmt.Errorf("stack %q: expected the id of the app role %s to be %q, as in stack %q, got %q; pulumi up takes over what the API has now", d.Stack, value, want, first.Stack, id)
		}
	}
	return nil
}

// ownsAPI reports whether the API is the stack's own, and not another stack's.
func (d Declaration) ownsAPI() bool { return d.APIStack == "" }

// joinedAssignments are those of all stacks; with more than one, each name has its
// stack's.
func (d Declaration) joinedAssignments() map[assignment]string {
	all := d.assignments()
	for _, other := range d.others {
		for key, name := range other.assignments() {
			all[key] = name + " of stack " + other.Stack
		}
	}
	return all
}

// stackOf looks at what another stack has besides the API. A problem says which
// stack it is in.
func (a *auditor) stackOf(ctx context.Context, other Declaration) error {
	session := *a.reader.session
	if other.state != nil && other.state.subscription != "" {
		session.SubscriptionID = other.state.subscription
	}
	inner := &auditor{reader: reader{&session}, declared: other, options: a.options, seen: newLooks()}
	for _, look := range []func(context.Context) error{inner.clients, inner.asking, inner.sites, inner.unrecorded} {
		if err := look(ctx); err != nil {
			return fmt.Errorf("stack %s: %w", other.Stack, err)
		}
	}
	for _, d := range inner.report.Differences {
		d.Subject, d.Text = "stack "+other.Stack+", "+d.Subject, "stack "+other.Stack+": "+d.Text
		a.report.Differences = append(a.report.Differences, d)
	}
	a.seen.add(inner.seen, "stack "+other.Stack+", ")
	for _, note := range inner.report.Notes {
		a.note("stack %s: %s", other.Stack, note)
	}
	return nil
}

// heldRoles compares what the clients of a stack hold of another stack's API. It
// cannot tell who else may hold it.
func (a *auditor) heldRoles(ctx context.Context) error {
	a.note("the API belongs to the stack %s: only whether this one's clients hold its app roles was compared, and not who else does; to compare all: tenant audit -stack API-STACK -stack %s",
		a.declared.APIStack, strings.Join(append([]string{a.declared.Stack}, a.declared.otherStacks()...), " -stack "))
	sp, found, err := a.reader.principalOf(ctx, a.declared.APIClientID)
	if err != nil {
		return err
	}
	if !found {
		a.add(PrincipalMissing, apiSubject, a.declared.APIClientID, "", "the API has no service principal: nobody gets a token for it")
		return nil
	}
	held, err := a.reader.assignedTo(ctx, sp.ID)
	if err != nil {
		return err
	}
	a.seen.held, a.seen.read = held, true
	a.missingAssignments(held)
	return nil
}

func (d Declaration) otherStacks() (names []string) {
	for _, other := range d.others {
		names = append(names, other.Stack)
	}
	return names
}
