package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app-to-app/tenant"
)

// This file says what nobody used. The rules are:
//   - used: a log has a use within the period
//   - unused: a log that covers the whole period has none, or the report says that the
//     last use was before it
//   - unknown: everything else, with why. That includes what is younger than the period
//
// A managed identity's token is valid for a day, so the log of sign-ins may miss a
// use by a day at the beginning of the period; a use on the period's first day is
// therefore asked for of the log as well.

// The states of a holding.
const (
	Used    = "used"
	Unused  = "unused"
	Unknown = "unknown"
)

// A Use is a holding with its last use.
type Use struct {
	tenant.Holding
	State string     `json:"state"`
	Last  *time.Time `json:"last"` // nil when no log has one
	Text  string     `json:"text"` // how that is known, or why it is not
	// Proposal is how its removal is made permanent. Only what is unused has one.
	Proposal string `json:"proposal"`
}

// tokenLife is how long a managed identity's token can be used after its sign-in
// (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq).
const tokenLife = 24 * time.Hour

// A judge has what the logs say about the period as a whole.
type judge struct {
	Reader
	days  int
	start time.Time

	signInsCover, apiCovers bool
	readable                bool // the sign-in log, as far back as it goes
	calls                   map[useOfRole]time.Time
	gaps                    []Gap
}

// Unused says of each holding whether it was used in the last days.
func (r Reader) Unused(ctx context.Context, holdings []tenant.Holding, days int) (UnusedReport, error) {
	report := UnusedReport{Days: days, Uses: []Use{}, Gaps: []Gap{}}
	j := &judge{Reader: r, days: days, start: r.Now.AddDate(0, 0, -days)}
	if err := j.look(ctx); err != nil {
		return report, err
	}
	for _, h := range holdings {
		use := Use{Holding: h}
		var err error
		switch h.Kind {
		case tenant.HoldingAssignment:
			err = j.assignment(ctx, &use)
		case tenant.HoldingCredential:
			err = j.credential(ctx, &use)
		default:
			err = j.owner(ctx, &use)
		}
		if err != nil {
			return report, fmt.Errorf("unused: %w", err)
		}
		report.Uses = append(report.Uses, use)
	}
	report.Gaps = append(report.Gaps, j.gaps...)
	return report, nil
}

// look asks how far the logs go back. The sign-in log covers the period if it has
// an entry, of anybody, of the period's first day or before; the API's, if it has a
// line of each day.
func (j *judge) look(ctx context.Context) error {
	oldest, gap, err := j.signIns(ctx, 1, until(j.start.Add(tokenLife)))
	if err != nil {
		return fmt.Errorf("unused: read the %s: %w", signInLog, err)
	}
	j.signInsCover, j.readable = len(oldest) > 0, gap == nil
	if gap == nil && !j.signInsCover {
		gap = &Gap{Log: signInLog, Text: fmt.Sprintf("has no entry of %s or before, so it says nothing about what happened then", day(j.start.Add(tokenLife)))}
	}
	j.gap(gap)
	gap, err = j.whole(ctx, j.days)
	if err != nil {
		return fmt.Errorf("unused: read the %s: %w", apiLog, err)
	}
	j.gap(gap)
	j.apiCovers = gap == nil
	j.calls, gap, err = j.usesOfRoles(ctx, j.days)
	if err != nil {
		return fmt.Errorf("unused: read the %s: %w", apiLog, err)
	}
	j.gap(gap)
	return nil
}

func (j *judge) gap(g *Gap) {
	if g == nil {
		return
	}
	for _, known := range j.gaps {
		if known == *g {
			return
		}
	}
	j.gaps = append(j.gaps, *g)
}

// settle fills in a use.
func (u *Use) settle(state string, last time.Time, format string, args ...any) {
	u.State, u.Text = state, fmt.Sprintf(format, args...)
	if !last.IsZero() {
		u.Last = &last
	}
}

// assignment: a call with the role in the API's log is a use. Without that log, a
// token for the API is one, whichever role it was asked for.
func (j *judge) assignment(ctx context.Context, u *Use) error {
	if called, ok := j.calls[useOfRole{strings.ToLower(u.Principal), u.Role}]; ok && !called.Before(j.start) {
		u.settle(Used, called, "called with the role")
		return nil
	}
	signedIn, err := j.lastSignIn(ctx, u.Principal, "resourceId eq '"+j.APIClientID+"'")
	if err != nil {
		return err
	}
	switch {
	case !signedIn.IsZero() && j.apiCovers && j.young(u):
		u.settle(Unknown, signedIn, "younger than %d days; it got a token and made no call with the role", j.days)
	case !signedIn.IsZero() && j.apiCovers:
		u.settle(Unused, signedIn, "it got a token last at this time, and made no call with the role")
	case !signedIn.IsZero():
		u.settle(Used, signedIn, "got a token for the API; with which role it calls, only the API's log says")
	case j.young(u):
		u.settle(Unknown, time.Time{}, "younger than %d days", j.days)
	case j.apiCovers && j.readable:
		u.settle(Unused, time.Time{}, "no call with the role, and no token for the API")
	case j.apiCovers:
		u.settle(Unused, time.Time{}, "no call with the role")
	default:
		return j.bySignIns(ctx, u)
	}
	return nil
}

// credential: a token that was got with it is a use.
func (j *judge) credential(ctx context.Context, u *Use) error {
	if u.Type != "federated" {
		last, gap, err := j.lastOfKey(ctx, u.ID)
		if err != nil {
			return err
		}
		j.gap(gap)
		if !last.IsZero() {
			j.byReport(u, last)
			return nil
		}
	}
	last, complete, err := j.lastWith(ctx, u)
	switch {
	case err != nil:
		return err
	case !last.IsZero():
		u.settle(Used, last, "signed in with it")
	case j.young(u):
		u.settle(Unknown, time.Time{}, "younger than %d days", j.days)
	case u.Created.IsZero():
		u.settle(Unknown, time.Time{}, "when it was made is not known: neither the tenant nor the stack's state says")
	case !complete:
		u.settle(Unknown, time.Time{}, "the client signed in too often to look at each sign-in")
	case j.signInsCover:
		u.settle(Unused, time.Time{}, "no sign-in with it")
	default:
		u.settle(Unknown, time.Time{}, "no log covers the %d days", j.days)
	}
	return nil
}

// owner: an owner that is an application and never signed in did not use what it
// owns. What an owner did with it is in the audit log, which is not read.
func (j *judge) owner(ctx context.Context, u *Use) error {
	if u.Principal == "" {
		u.settle(Unknown, time.Time{}, "a person's sign-ins are not read")
		return nil
	}
	signedIn, err := j.lastSignIn(ctx, u.Principal)
	if err != nil {
		return err
	}
	if !signedIn.IsZero() {
		u.settle(Used, signedIn, "signed in; whether it used its ownership is not in these logs")
		return nil
	}
	return j.bySignIns(ctx, u)
}

// bySignIns judges what has no sign-in in the log by the report and the log's
// coverage.
func (j *judge) bySignIns(ctx context.Context, u *Use) error {
	last, gap, err := j.lastOfClient(ctx, u.ClientID)
	if err != nil {
		return err
	}
	j.gap(gap)
	switch {
	case !last.IsZero() && u.Kind != tenant.HoldingAssignment:
		j.byReport(u, last)
	case !last.IsZero() && last.Before(j.start):
		j.byReport(u, last)
	case j.signInsCover:
		u.settle(Unused, time.Time{}, "no sign-in")
	default:
		u.settle(Unknown, time.Time{}, "no log covers the %d days", j.days)
	}
	return nil
}

func (j *judge) byReport(u *Use, last time.Time) {
	if last.Before(j.start) {
		u.settle(Unused, last, "the last sign-in was before the %d days", j.days)
		return
	}
	u.settle(Used, last, "signed in")
}

// young reports whether a holding is younger than the period.
func (j *judge) young(u *Use) bool { return u.Created.After(j.start) }

// lastSignIn is the newest token of a principal in the period.
func (j *judge) lastSignIn(ctx context.Context, objectID string, more ...string) (time.Time, error) {
	found, gap, err := j.signIns(ctx, 1, append([]string{ofPrincipal(objectID), answered, since(j.start)}, more...)...)
	j.gap(gap)
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].At, nil
}

// lastWith is the newest token that was got with a credential in the period, which
// Graph does not filter by. complete is false if there are more sign-ins than are
// looked at.
func (j *judge) lastWith(ctx context.Context, u *Use) (last time.Time, complete bool, err error) {
	const top = 1000 // Graph's largest page
	found, gap, err := j.signIns(ctx, top, ofPrincipal(u.Principal), answered, since(j.start))
	j.gap(gap)
	for _, s := range found {
		if strings.EqualFold(s.KeyID, u.ID) || strings.EqualFold(s.FederatedID, u.ID) {
			return s.At, true, err
		}
	}
	return time.Time{}, len(found) < top, err
}
