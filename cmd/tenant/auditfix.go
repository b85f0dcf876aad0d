package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/fix"
)

// This file is `tenant audit -fix`: it shows what an audit found and could be
// removed, asks, removes it, and audits again.

// fixFlags are the flags of audit that remove something.
type fixFlags struct {
	on, yes *bool
	digest  *string
}

func newFixFlags(flags *flag.FlagSet) fixFlags {
	f := fixFlags{
		digest: new(string),
		on:     flags.Bool("fix", false, "remove the undeclared assignments, credentials and owners that are found, each after a question"),
		yes:    flags.Bool("yes", false, "with -fix, do not ask"),
	}
	flags.Func("digest", "with -fix, remove only if the findings are those with this `digest`, which an audit prints", func(value string) error {
		if *f.digest = value; value == "" { // of a variable that is not set: it must not mean any findings
			return errors.New("expected the digest that an audit printed, got nothing")
		}
		return nil
	})
	return f
}

// check refuses flags that mean nothing, or that nobody could answer for.
func (f fixFlags) check(asJSON, asMarkdown bool) error {
	switch {
	case !*f.on && (*f.yes || *f.digest != ""):
		return &usageError{errors.New("-yes and -digest: expected -fix with them, got none")}
	case *f.on && (asJSON || asMarkdown):
		return &usageError{errors.New("expected -fix alone, got -json or -md with it")}
	}
	return nil
}

// An audited is one audit of a stack, which can be repeated.
type audited struct {
	command
	session  *azurecloud.Session
	declared tenant.Declaration
	options  tenant.Options
	source   estateSource
}

// plan says what a fix would remove. It reads the state after the tenant was read: an
// update that has begun in between records a thing before it makes it, so whatever the
// audit saw of it is in this state, done or unfinished.
func (a audited) plan(ctx context.Context, report tenant.AuditReport) (fix.Plan, error) {
	declared, err := a.source.read(ctx, a.command)
	if err != nil {
		return fix.Plan{}, err
	}
	caller, err := a.session.Graph.Caller(ctx)
	if err != nil {
		return fix.Plan{}, err
	}
	return fix.NewPlan(declared, report, caller.ObjectID)
}

// offer is the text below a report that says how to remove what it found, and its
// digest; both "" when there is nothing to remove.
func (a audited) offer(ctx context.Context, report tenant.AuditReport) (text, digest string) {
	if !slices.ContainsFunc(report.Differences, func(d tenant.Difference) bool { return d.Target != nil }) {
		return "", ""
	}
	plan, err := a.plan(ctx, report)
	if err != nil {
		return fmt.Sprintf("nothing of this can be removed with -fix now: %v\n", err), ""
	}
	if len(plan.Removals) == 0 {
		return "", ""
	}
	digest = plan.Digest()
	return fmt.Sprintf("%d of these can be removed: tenant audit%s -fix -digest %s\n", len(plan.Removals), a.source.arguments(), digest), digest
}

// offerMarkdown is the offer as a paragraph of its own.
func offerMarkdown(offer string) string {
	if offer == "" {
		return ""
	}
	return "\n`" + strings.TrimSpace(strings.ReplaceAll(offer, "`", "'")) + "`\n"
}

// withDigest is the report as JSON, with what -fix -digest takes.
func withDigest(report tenant.AuditReport, digest string) ([]byte, error) {
	return json.MarshalIndent(struct {
		tenant.AuditReport
		LookedAt  string `json:"lookedAt"`
		FixDigest string `json:"fixDigest,omitempty"`
	}{report, report.LookedAt, digest}, "", "  ")
}

// fix removes what the report names, and shows what remains.
func (a audited) fix(ctx context.Context, report tenant.AuditReport, flags fixFlags) error {
	plan, err := a.plan(ctx, report)
	if err != nil {
		return err
	}
	if *flags.digest != "" {
		if err := plan.CheckDigest(*flags.digest); err != nil {
			return err
		}
	}
	if len(plan.Removals) == 0 {
		fmt.Fprintln(a.stdout, "nothing to remove")
		return a.remaining(plan.Kept, report)
	}
	fmt.Fprintf(a.stdout, "to be removed (digest %s):\n", plan.Digest())
	for _, d := range plan.Removals {
		fmt.Fprintf(a.stdout, "  %s\n", d.Text)
	}
	options := fix.Options{Session: a.session, Log: a.stdout}
	if !*flags.yes {
		options.Ask = a.ask(bufio.NewReader(a.stdin))
	}
	done, err := fix.Run(ctx, plan, options)
	fmt.Fprintf(a.stdout, "removed %d, already gone %d, declined %d, not reached %d\n", len(done.Removed), len(done.Gone), len(done.Declined), len(done.NotReached))
	if err != nil {
		return err
	}
	after, err := a.again(ctx, slices.Concat(done.Removed, done.Gone))
	if err != nil {
		return err
	}
	return a.remaining(plan.Kept, after)
}

// ask asks about one removal; no answer is a no.
func (a audited) ask(in *bufio.Reader) func(tenant.Difference) (bool, error) {
	return func(d tenant.Difference) (bool, error) {
		fmt.Fprintf(a.stderr, "%s\nRemove it? [y/N] ", d.Text)
		line, _ := in.ReadString('\n') // at the end of the input, what came before it counts
		answer := strings.ToLower(strings.TrimSpace(line))
		return answer == "y" || answer == "yes", nil
	}
}

// looks is how often an audit is repeated while what was removed is still listed:
// Graph's lists follow its changes within minutes.
const looks = 6

// again audits once more, until nothing that was removed is found.
func (a audited) again(ctx context.Context, removed []tenant.Difference) (report tenant.AuditReport, err error) {
	stale := func(d tenant.Difference) bool {
		return d.Target != nil && slices.ContainsFunc(removed, func(r tenant.Difference) bool { return *r.Target == *d.Target })
	}
	for look := range looks {
		if look > 0 {
			if err := a.wait(ctx, 10*time.Second); err != nil {
				return report, err
			}
		}
		report, err = tenant.Audit(ctx, a.session, a.declared, a.options)
		if err != nil || !slices.ContainsFunc(report.Differences, stale) {
			return report, err
		}
	}
	return report, nil
}

// remaining shows what an audit still finds, and why it was not removed.
func (a audited) remaining(kept []fix.Kept, report tenant.AuditReport) error {
	fmt.Fprintf(a.stdout, "remaining:\n%s", report)
	for _, k := range kept {
		if slices.ContainsFunc(report.Differences, func(d tenant.Difference) bool { return d.Kind == k.Kind && d.Text == k.Text }) {
			fmt.Fprintf(a.stdout, "  kept: %s of %s: %s\n", k.Kind, k.Subject, k.Why)
		}
	}
	if len(report.Differences) > 0 {
		return errDiffers
	}
	return nil
}
