package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"app-to-app/azurecloud"
)

var idtokenVerb = verb{
	name:    "idtoken",
	summary: "write the workflow's identity token where the state backend looks for it",
	usage: `idtoken FILE

Asks the issuer for a fresh identity token, as the providers do when ARM_USE_OIDC
is set, and writes it to FILE, which only its owner can read. The azblob://
backend takes it from there when AZURE_FEDERATED_TOKEN_FILE names the file. The
token lives for minutes: write it before each command of Pulumi.`,
	run: runIDToken,
}

func runIDToken(ctx context.Context, m machine, flags *flag.FlagSet, args []string) error {
	operands, err := parse(flags, args, "FILE")
	if err != nil {
		return err
	}
	token, err := azurecloud.OutsideToken(ctx, m.http, m.getenv)
	if err != nil {
		return azurecloud.WithHint(fmt.Errorf("get an identity token: %w", err), "the job needs the permission id-token: write")
	}
	// A file that is there keeps its permissions, so it is not written into.
	if err := os.Remove(operands[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(operands[0], []byte(token), 0o600)
}
