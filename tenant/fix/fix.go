// Package fix removes from a tenant what an audit named and the stack does not
// declare: app role assignments, client secrets, certificates, federated identity
// credentials and owners.
//
// It removes nothing else, and looks at each thing again by its id immediately
// before: what has changed since the audit is not what somebody agreed to remove.
// What the declaration has and the tenant lacks is the business of an update.
package fix

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
)

// The order of removal: first who may call, then what can sign in, then who can
// add more of it. The login may itself need to be an owner for the rest.
var order = []string{tenant.TargetAssignment, tenant.TargetSecret, tenant.TargetCertificate, tenant.TargetFederation, tenant.TargetOwner}

// A Plan is what a fix may remove, and what it leaves.
type Plan struct {
	Removals []tenant.Difference // each has a target
	// Kept are the differences that removing nothing ends, each with the reason.
	Kept []Kept
}

// A Kept is a difference that is not removed.
type Kept struct {
	tenant.Difference
	Why string
}

// NewPlan sorts the findings of an audit. The declaration must have the stack's
// state: without it, credentials of an update that failed look undeclared.
func NewPlan(declared tenant.Declaration, report tenant.AuditReport, callerID string) (Plan, error) {
	if !declared.HasState() {
		return Plan{}, azurecloud.WithHint(errors.New("plan the removals: expected the stack's state, got none; only it says what an interrupted update made"),
			"pass -stack, or -state beside -outputs")
	}
	if names := declared.Unfinished(); len(names) > 0 {
		return Plan{}, azurecloud.WithHint(fmt.Errorf("plan the removals: an update of the stack is running or was interrupted (unfinished: %s), so what it makes looks undeclared", strings.Join(names, ", ")),
			"wait until it has ended; after an interrupted one: tenant recover -stack NAME")
	}
	var plan Plan
	for _, d := range report.Differences {
		switch t := d.Target; {
		case t == nil:
			plan.Kept = append(plan.Kept, Kept{d, "not a thing to remove: " + howElse(d.Kind)})
		case t.Type != tenant.TargetOwner && declared.Recorded(t.ID):
			plan.Kept = append(plan.Kept, Kept{d, "the stack's state has it, so the stack made it: pulumi up"})
		case t.Stack != "":
			plan.Kept = append(plan.Kept, Kept{d, fmt.Sprintf("who holds it carries the mark of stack %s, which may declare it: audit that one too, with -stack %[1]s", t.Stack)})
		case t.Unread != "":
			plan.Kept = append(plan.Kept, Kept{d, fmt.Sprintf("this login may not read %s, which says what stack made who holds it, and that one may declare it: fix it with a login that may, or by hand", t.Unread)})
		case t.Type == tenant.TargetOwner && strings.EqualFold(t.ID, callerID):
			plan.Kept = append(plan.Kept, Kept{d, "it is this login, which would lose the right to go on: declare it in app-to-app:owners, or let another owner remove it"})
		default:
			plan.Removals = append(plan.Removals, d)
		}
	}
	slices.SortStableFunc(plan.Removals, func(a, b tenant.Difference) int {
		return slices.Index(order, a.Target.Type) - slices.Index(order, b.Target.Type)
	})
	return plan, nil
}

// howElse says how a difference ends that is no thing to remove.
func howElse(kind string) string {
	switch kind {
	case tenant.CredentialExpired, tenant.CredentialExpiring:
		return "pulumi up rotates it when it is due"
	case tenant.Unrecorded:
		return "it may belong to a stack of the same name in another backend; the command is in its text"
	case tenant.KeyInSettings:
		return "the command is in its text"
	}
	return "pulumi up --refresh brings back what is declared; what refresh does not see, by hand"
}

// Digest is a short text that changes when anything in the removals does. It does
// not change with the time, nor with differences that are kept.
func (p Plan) Digest() string {
	lines := make([]string, 0, len(p.Removals))
	for _, d := range p.Removals {
		line, _ := json.Marshal(d.Target) // texts only
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// CheckDigest refuses a plan that is not the one somebody was shown.
func (p Plan) CheckDigest(shown string) error {
	if got := p.Digest(); got != shown {
		return azurecloud.WithHint(fmt.Errorf("expected the findings with the digest %q, got %q: the tenant or the stack has changed since they were shown; nothing was removed", shown, got),
			"look at what tenant audit shows now, and use its digest")
	}
	return nil
}

// Options of a run.
type Options struct {
	Session *azurecloud.Session
	// Ask decides about one removal; nil agrees to all.
	Ask func(tenant.Difference) (bool, error)
	Log io.Writer
}

// Outcome is what a run did.
type Outcome struct {
	Removed, Gone, Declined []tenant.Difference
	// NotReached are those that were left when the run ended early.
	NotReached []tenant.Difference
}

// Run removes what the plan has, one after the other. On an error it says what was
// removed until then; a second run of a new plan goes on from there.
func Run(ctx context.Context, plan Plan, o Options) (Outcome, error) {
	var done Outcome
	for i, d := range plan.Removals {
		stop := func(err error) (Outcome, error) {
			done.NotReached = plan.Removals[i:]
			return done, fmt.Errorf("remove %s %s of %s: %w", d.Target.Type, d.Target.ID, d.Target.Holder, err)
		}
		if err := context.Cause(ctx); err != nil {
			return stop(err)
		}
		if o.Ask != nil {
			agreed, err := o.Ask(d)
			if err != nil {
				return stop(err)
			}
			if !agreed {
				done.Declined = append(done.Declined, d)
				continue
			}
		}
		switch removed, err := Remove(ctx, o.Session, *d.Target); {
		case err != nil:
			return stop(err)
		case removed:
			done.Removed = append(done.Removed, d)
			fmt.Fprintf(o.Log, "removed: %s\n", d.Text)
		default:
			done.Gone = append(done.Gone, d)
			fmt.Fprintf(o.Log, "already gone: %s\n", d.Text)
		}
	}
	return done, nil
}
