package revoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/fix"
)

// Options of a run.
type Options struct {
	Session  *azurecloud.Session
	Declared tenant.Declaration
	Now      func() time.Time
	Wait     func(context.Context, time.Duration) error
	Log      io.Writer
	// Call calls the API as the client, and says whether it was refused and how.
	// Nil if the client runs elsewhere: then only the live setting is looked at.
	Call func(context.Context) (Answer, error)
	// DirectoryRole says that the right to remove app role assignments comes from a
	// directory role that no token shows.
	DirectoryRole bool
}

// An Answer is what the client got from the API.
type Answer struct {
	Refused bool
	Text    string
}

// An Outcome is what is so after a run.
type Outcome struct {
	Began, BlockedAt time.Time
	// RefusedAt is when a call of the client was first refused, zero if none was
	// seen.
	RefusedAt time.Time
	Refusal   string
	Removed   int
	// LastTokenDies is when no token that was issued before can be valid any more.
	LastTokenDies time.Time
	// Remaining is what the client still has, and why.
	Remaining []string
}

// Proven reports whether the client is cut off as far as could be looked.
func (o Outcome) Proven() bool { return len(o.Remaining) == 0 }

// calls is how often the client is called until it is refused: an app that gets
// new settings restarts within about a minute.
const calls = 20

// Run carries out a plan. An error comes with what was done until then; a second
// run with a new plan goes on.
func Run(ctx context.Context, plan Plan, o Options) (Outcome, error) {
	done := Outcome{Began: o.Now()}
	if err := mayRemove(ctx, plan, o); err != nil {
		return done, err
	}
	r := reader{o.Session}
	ids := o.Declared.Principals(plan.Client)
	changed, err := r.block(ctx, plan.APISiteID, plan.Setting, ids)
	if err != nil && !changed {
		return done, fmt.Errorf("block %s at the API: %w", plan.Client, err)
	}
	done.BlockedAt = o.Now()
	if err != nil {
		done.Remaining = append(done.Remaining, err.Error())
	}
	if changed {
		fmt.Fprintf(o.Log, "blocked at the API: %s names %s\n", plan.Setting, strings.Join(ids, ", "))
	} else {
		fmt.Fprintf(o.Log, "the API blocks it already\n")
	}
	if err := o.awaitRefusal(ctx, &done); err != nil {
		return done, err
	}
	if err := o.remove(ctx, plan, &done); err != nil {
		return done, err
	}
	for _, p := range plan.Principals {
		if dies := o.Now().Add(p.tokenAge()); dies.After(done.LastTokenDies) {
			done.LastTokenDies = dies
		}
	}
	return done, o.look(ctx, &done, plan.Client)
}

// mayRemove refuses before anything is changed when the caller's token shows that
// it may not remove what is to be removed. That a token shows no directory role
// proves nothing for custom ones, so DirectoryRole overrides it.
func mayRemove(ctx context.Context, plan Plan, o Options) error {
	if len(plan.Removals) == 0 || o.DirectoryRole {
		return nil
	}
	caller, err := o.Session.Graph.Caller(ctx)
	if err != nil {
		return err
	}
	has := func(permissions ...string) bool {
		return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(caller.Roles, p) })
	}
	if len(caller.DirectoryRoles) > 0 || len(caller.Scopes) > 0 {
		return nil // Graph decides; a person's rights are not in the token
	}
	var lacks []string
	for _, r := range plan.Removals {
		needed := []string{"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All"}
		if r.Target.Type == tenant.TargetAssignment {
			needed = []string{"AppRoleAssignment.ReadWrite.All"}
		}
		if !has(needed...) && !slices.Contains(lacks, needed[0]) {
			lacks = append(lacks, needed[0])
		}
	}
	if lacks == nil {
		return nil
	}
	return azurecloud.WithHint(fmt.Errorf("expected the permissions %s of Microsoft Graph, got a login without them; nothing was changed", strings.Join(lacks, " and ")),
		"sign in as a deployer of the stack; with a directory role that the token does not show: -directory-role")
}

// awaitRefusal calls the API as the client until it is refused. A client that is
// not refused in time is reported, and does not keep the rest from being removed.
func (o Options) awaitRefusal(ctx context.Context, done *Outcome) error {
	if o.Call == nil {
		return nil
	}
	var last string
	for n := range calls {
		if n > 0 {
			if err := o.Wait(ctx, 3*time.Second); err != nil {
				return fmt.Errorf("blocked; not removed yet: %w", err)
			}
		}
		answer, err := o.Call(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("blocked; not removed yet: %w", context.Cause(ctx))
		}
		if err != nil {
			last = err.Error()
			continue
		}
		if last = answer.Text; answer.Refused {
			done.RefusedAt, done.Refusal = o.Now(), answer.Text
			fmt.Fprintf(o.Log, "a call of the client was refused %s after the command began: %s\n", done.RefusedAt.Sub(done.Began).Round(10*time.Millisecond), answer.Text)
			return nil
		}
	}
	done.Remaining = append(done.Remaining, fmt.Sprintf("the client's calls are not seen to be refused after %d attempts; the last one: %s", calls, last))
	return nil
}

// remove removes what the client can get a token with. What cannot be removed does
// not keep the rest.
func (o Options) remove(ctx context.Context, plan Plan, done *Outcome) error {
	var problems []error
	for i, r := range plan.Removals {
		if ctx.Err() != nil {
			return errors.Join(append(problems, fmt.Errorf("blocked; %d of %d things not removed yet: %w", len(plan.Removals)-i, len(plan.Removals), context.Cause(ctx)))...)
		}
		removed, err := fix.Remove(ctx, o.Session, r.Target)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("remove %s: %w", r.Text, err))
		case removed:
			done.Removed++
			fmt.Fprintf(o.Log, "removed: %s\n", r.Text)
		default:
			fmt.Fprintf(o.Log, "already gone: %s\n", r.Text)
		}
	}
	if problems != nil {
		return fmt.Errorf("blocked at the API, but not all could be removed: %w", errors.Join(problems...))
	}
	return nil
}

// looks is how often the tenant is read until it no longer lists what was removed.
const looks = 6

// look reads again what the client has, and reports what is left of it.
func (o Options) look(ctx context.Context, done *Outcome, client string) error {
	var now Plan
	for n := range looks {
		if n > 0 {
			if err := o.Wait(ctx, 10*time.Second); err != nil {
				return err
			}
		}
		var err error
		if now, err = NewPlan(ctx, o.Session, o.Declared, client); err != nil {
			return err
		}
		if now.NothingToDo() {
			break
		}
	}
	if !now.Blocked {
		done.Remaining = append(done.Remaining, now.Setting+" of the API does not name it any more: another change has removed it")
	}
	for _, r := range now.Removals {
		done.Remaining = append(done.Remaining, "the tenant still lists "+r.Text)
	}
	return nil
}

// String shows the outcome.
func (o Outcome) String() string {
	var text strings.Builder
	if o.Proven() {
		fmt.Fprintf(&text, "cut off: the live app settings of the API block it, and it holds no app role of the API and no credential of the stack\n")
	} else {
		fmt.Fprintf(&text, "NOT proven:\n")
	}
	for _, r := range o.Remaining {
		fmt.Fprintf(&text, "  %s\n", r)
	}
	if o.RefusedAt.IsZero() {
		fmt.Fprintf(&text, "no call of the client was seen to be refused: that is not proven by a call\n")
	}
	fmt.Fprintf(&text, "the last token that it can have dies by %s; until then, only the block keeps it out\n", o.LastTokenDies.UTC().Format(time.RFC3339))
	return text.String()
}
