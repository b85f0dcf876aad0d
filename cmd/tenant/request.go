package main

import (
	"context"
	"errors"
	"flag"
	"path"

	"app-to-app/azurecloud"
	"app-to-app/components/requests"
	"app-to-app/tenant/grant"
)

var requestVerb = verb{
	name:    "request",
	summary: "print the app role assignments and app registrations that a stack asks another team for",
	usage: `request -stack NAME [-outputs FILE] [-md]

Prints what the clients of a stack with the setting "assignments: requested" ask
for, as a JSON file for "tenant grant" or, with -md, as the text of a ticket that
has this file in it. It lists all that the stack declares, granted or not. It reads
the stack's exports and signs in nowhere.`,
	run: runRequest,
}

func runRequest(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack whose clients ask")
	outputs := flags.String("outputs", "", "read the outputs from this file, as pulumi stack output --json writes it")
	asMarkdown := flags.Bool("md", false, "print Markdown, for a ticket")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" {
		return &usageError{errors.New("expected -stack, got nothing")}
	}
	exported, err := c.outputs(ctx, *stack, *outputs)
	if err != nil {
		return err
	}
	file, err := requests.FromOutputs(exported, project, path.Base(*stack))
	if errors.Is(err, requests.ErrNone) {
		return azurecloud.WithHint(err, "pulumi config set app-to-app:assignments requested --stack "+*stack+", then pulumi up")
	}
	if err != nil {
		return err
	}
	text, err := file.Encode()
	if err != nil {
		return err
	}
	if *asMarkdown {
		text = []byte(grant.Markdown(file, text))
	}
	_, err = c.stdout.Write(text)
	return err
}
