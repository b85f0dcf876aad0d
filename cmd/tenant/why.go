package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/evidence"
)

var whyVerb = verb{
	name:    "why",
	summary: "explain why a client of a stack gets no token, a 401 or a 403",
	usage: `why CLIENT (-stack NAME | -outputs FILE) [flags]
       tenant why -id ID (-stack NAME | -outputs FILE) [flags]

Goes through what the tenant and the subscription hold for one client, from the
API's app registration to the age of the client's app role, and shows each check
that fails: how the client sees it, what was found, and its fix. Then it shows what
happened to the client lately, from the tenant's sign-in log and the API's log.

With -id it takes the id that a client's error printed ("request id", or
"Correlation ID"), and says from those logs alone why that request was refused.

The sign-in log needs a licence of Microsoft Entra ID P1 and the permission
AuditLog.Read.All; the API's log needs the right to read it. What cannot be read is
named. It changes nothing, and shows no secret. What may pass by itself, such as an
app role that is younger than a token, is shown last and as possible; it does not
count for the exit code.`,
	run: runWhy,
}

// whyDays is how far back a client's logs are read.
const whyDays = 7

func runWhy(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	source := declarationFlags(flags)
	asJSON := flags.Bool("json", false, "print one JSON object, with the list causes")
	id := flags.String("id", "", "the id that the client's error printed")
	operands, err := operandsOf(flags, args)
	if err != nil {
		return err
	}
	if *id != "" {
		if len(operands) > 0 {
			return &usageError{fmt.Errorf("expected -id or the name of a client, got both")}
		}
		if err := evidence.CheckID(*id); err != nil {
			return &usageError{fmt.Errorf("-id: %w", err)}
		}
	} else if operands, err = parse(flags, args, "the name of a client"); err != nil {
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
	logs := c.logs(session, declared)
	if *id != "" {
		return c.trace(ctx, logs, *id, *asJSON)
	}
	report, err := tenant.Why(ctx, session, declared, operands[0], c.now())
	if err != nil {
		return err
	}
	happened, err := happened(ctx, logs, declared, operands[0])
	if err != nil {
		return err
	}
	text := report.String() + happened.String()
	if *asJSON {
		encoded, err := json.MarshalIndent(struct {
			tenant.WhyReport
			Happened evidence.HappenedReport `json:"happened"`
		}{report, happened}, "", "  ")
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

// logs reads the logs of a stack.
func (c command) logs(session *azurecloud.Session, declared tenant.Declaration) evidence.Reader {
	return evidence.Reader{Session: session, SiteID: declared.APISiteID, APIClientID: declared.APIClientID, Now: c.now()}
}

// happened is what the logs have about a client. A log that fails does not keep the
// rest from being shown.
func happened(ctx context.Context, logs evidence.Reader, declared tenant.Declaration, name string) (evidence.HappenedReport, error) {
	objectID, err := declared.ClientObjectID(name)
	if err != nil {
		return evidence.HappenedReport{}, err
	}
	report, err := logs.Happened(ctx, evidence.Client{Name: name, ObjectID: objectID}, whyDays)
	if err != nil {
		report.Gaps = append(report.Gaps, evidence.Gap{Log: "rest of the logs", Text: "could not be read: " + err.Error()})
	}
	return report, nil
}

// errNotFound is the error of an id that no log has.
var errNotFound = errors.New("no log that could be read has this id")

// trace says why the request with an id was refused.
func (c command) trace(ctx context.Context, logs evidence.Reader, id string, asJSON bool) error {
	report, err := logs.Trace(ctx, id)
	if err != nil {
		return err
	}
	text := report.String()
	if asJSON {
		encoded, err := report.JSON()
		if err != nil {
			return err
		}
		text = string(encoded) + "\n"
	}
	_, err = fmt.Fprint(c.stdout, text)
	switch {
	case err != nil:
		return err
	case len(report.Causes) > 0:
		return errDiffers
	case !report.Found():
		return azurecloud.WithHint(errNotFound, "wait a few minutes and ask again, or ask tenant why CLIENT")
	}
	return nil
}
