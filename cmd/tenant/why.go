package main

import (
	"context"
	"flag"
	"fmt"

	"app-to-app/tenant"
)

var whyVerb = verb{
	name:    "why",
	summary: "explain why a client of a stack gets no token, a 401 or a 403",
	usage: `why CLIENT (-stack NAME | -outputs FILE) [flags]

Goes through what the tenant and the subscription hold for one client, from the
API's app registration to the age of the client's app role, and shows each check
that fails: how the client sees it, what was found, and its fix. It
changes nothing, and shows no secret. What may pass by itself, such as an app role
that is younger than a token, is shown last and as possible; it does not count for
the exit code.`,
	run: runWhy,
}

func runWhy(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	source := declarationFlags(flags)
	asJSON := flags.Bool("json", false, "print one JSON object, with the list causes")
	operands, err := parse(flags, args, "the name of a client")
	if err != nil {
		return err
	}
	declared, err := source.read(ctx, c)
	if err != nil {
		return err
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	report, err := tenant.Why(ctx, session, declared, operands[0], c.now())
	if err != nil {
		return err
	}
	text := report.String()
	if *asJSON {
		encoded, err := report.JSON()
		if err != nil {
			return err
		}
		text = string(encoded) + "\n"
	}
	if _, err := fmt.Fprint(c.stdout, text); err != nil {
		return err
	}
	if len(report.Causes) > 0 {
		return errDiffers
	}
	return nil
}
