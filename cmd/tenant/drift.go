package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"app-to-app/tenant/drift"
)

var driftVerb = verb{
	name:    "drift",
	summary: "keep one issue on GitHub with what the last audit of a stack found",
	usage: `drift -stack NAME -from FILE [-issue OWNER/REPO]

Renders the facts of an audit (tenant audit -json) as Markdown, with the digest
that tenant audit -fix takes. With -issue it writes them into the stack's issue,
which is made once, updated in place, closed when nothing differs and opened
again. It signs in to GitHub alone, with GITHUB_TOKEN, and never to Azure. If FILE
has no facts, the issue says that the audit did not end.`,
	run: runDrift,
}

func runDrift(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "the stack that was audited")
	from := flags.String("from", "", "read the facts from this file, - for standard input")
	repository := flags.String("issue", "", "write the issue in this repository, as `OWNER/REPO`")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" || *from == "" {
		return &usageError{errors.New("expected -stack and -from")}
	}
	text, failed := c.driftText(*stack, *from)
	if _, err := fmt.Fprint(c.stdout, text.Body); err != nil {
		return err
	}
	if *repository != "" {
		if _, err := (drift.GitHub{Client: c.github()}).Put(ctx, *repository, text); err != nil {
			return errors.Join(failed, err)
		}
	}
	if failed == nil && text.Open {
		return errDiffers
	}
	return failed
}

// driftText is the text for a stack, and why there are no facts for it.
func (c command) driftText(stack, from string) (drift.Text, error) {
	run := ""
	if id := c.getenv("GITHUB_RUN_ID"); id != "" {
		run = c.getenv("GITHUB_SERVER_URL") + "/" + c.getenv("GITHUB_REPOSITORY") + "/actions/runs/" + id
	}
	in, closeIn, err := c.open(from)
	if errors.Is(err, os.ErrNotExist) {
		err = errors.New("expected the facts of an audit, got none")
	}
	var facts drift.Facts
	if err == nil {
		defer closeIn()
		facts, err = drift.Read(in)
	}
	if err != nil {
		return drift.Failed(stack, err, c.now(), run), err
	}
	return drift.Render(stack, facts, c.now(), run), nil
}
