package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
)

var auditVerb = verb{
	name:    "audit",
	summary: "compare what a stack declares with the live tenant and subscription",
	usage: `audit (-stack NAME [-stack NAME]... | -outputs FILE [-state FILE]) [flags]

Reads Microsoft Graph and Azure Resource Manager and compares with the exports
and the state of a stack: who holds an app role, every credential and when it
ends, owners, flags of the app registrations, app settings, Easy Auth,
publishing passwords and attached identities. Values of app settings are
compared and never shown. It looks at what exports and state name, by its ids,
and not for an app registration that they do not know.

-html and -svg also draw what it saw: who holds which app role, the credentials
in their rotation, and the owners and other identities that could change all of
it, with what each can reach. Both are one file without a script, for a browser,
a wiki or paper; they have names, ids and dates, and no secret.

Several stacks are one declaration: that of an API, and those of clients of that
API. A role that any of them declares is declared.

It changes nothing, except with -fix: then it removes the undeclared app role
assignments, credentials and owners that it found, each after a question. It
looks at each one again by its id first, and stops if it is not what was shown.
What -fix does not remove, it lists with the reason.`,
	run: runAudit,
}

func runAudit(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	source := estateFlags(flags)
	days := flags.Int("expiring", 30, "report credentials that end within this many days")
	asJSON := flags.Bool("json", false, "print one JSON object, with the list differences")
	asMarkdown := flags.Bool("md", false, "print Markdown, for a comment or an issue")
	fixing := newFixFlags(flags)
	pictures := newPictureFlags(flags)
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if err := fixing.check(*asJSON, *asMarkdown); err != nil {
		return err
	}
	if err := pictures.check(*fixing.on); err != nil {
		return err
	}
	if *asJSON && *asMarkdown {
		return &usageError{errors.New("expected -json or -md, got both")}
	}
	if *days < 0 {
		return &usageError{fmt.Errorf("-expiring: expected a number of days, got %d", *days)}
	}
	files, remove, err := pictures.open()
	if err != nil {
		return err
	}
	defer remove()
	declared, err := source.read(ctx, c)
	if err != nil {
		return err
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	options := tenant.Options{Now: c.now(), Expiring: time.Duration(*days) * 24 * time.Hour}
	report, err := tenant.Audit(ctx, session, declared, options)
	if err != nil {
		return err
	}
	a := audited{command: c, session: session, declared: declared, options: options, source: source}
	if *fixing.on {
		return a.fix(ctx, report, fixing)
	}
	if err := a.draw(ctx, report, files, pictures.ci); err != nil {
		return err
	}
	offer, digest := a.offer(ctx, report)
	text := report.String() + offer
	switch {
	case *asMarkdown:
		text = report.Markdown() + offerMarkdown(offer)
	case *asJSON:
		encoded, err := withDigest(report, digest)
		if err != nil {
			return err
		}
		text = string(encoded) + "\n"
	}
	if _, err := fmt.Fprint(c.stdout, text); err != nil {
		return err
	}
	if len(report.Differences) > 0 {
		return errDiffers
	}
	return nil
}

// A declarationSource says where to read what a stack declares.
type declarationSource struct{ stack, outputs, state *string }

func declarationFlags(flags *flag.FlagSet) declarationSource {
	return declarationSource{
		stack:   flags.String("stack", "", "read outputs and state of this stack with the Pulumi CLI"),
		outputs: flags.String("outputs", "", "read the outputs from this file, as pulumi stack output --json writes it"),
		state:   flags.String("state", "", "read the state from this file, as pulumi stack export writes it"),
	}
}

// arguments are those that read the same declaration again.
func (s declarationSource) arguments() (text string) {
	for _, flag := range []struct{ name, value string }{{"stack", *s.stack}, {"outputs", *s.outputs}, {"state", *s.state}} {
		if flag.value != "" {
			text += " -" + flag.name + " " + flag.value
		}
	}
	return text
}

func (s declarationSource) read(ctx context.Context, c command) (tenant.Declaration, error) {
	exported, err := c.outputs(ctx, *s.stack, *s.outputs)
	if err != nil {
		return tenant.Declaration{}, err
	}
	declared, err := tenant.ReadOutputs(exported)
	if err != nil && *s.stack != "" {
		return tenant.Declaration{}, azurecloud.WithHint(err, "pulumi up --stack "+*s.stack)
	}
	if err != nil {
		return tenant.Declaration{}, err
	}
	declared.Stack = *s.stack
	state, err := c.state(ctx, *s.stack, *s.state)
	if err == nil && state != nil {
		err = declared.ReadState(state)
	}
	return declared, err
}
