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
token lives for minutes: write it before each command of Pulumi. The other verbs
do so themselves.`,
	run: runIDToken,
}

func runIDToken(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	operands, err := parse(flags, args, "FILE")
	if err != nil {
		return err
	}
	return c.writeIDToken(ctx, operands[0])
}

func (c command) writeIDToken(ctx context.Context, path string) error {
	token, err := azurecloud.OutsideToken(ctx, c.http, c.getenv)
	if err != nil {
		return azurecloud.WithHint(fmt.Errorf("get an identity token: %w", err), "the job needs the permission id-token: write")
	}
	// Writing into an existing file would keep its permissions, so it is
	// replaced.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, []byte(token), 0o600)
}

// freshly writes a new token before each command of Pulumi when the state
// backend uses a workflow's, because a verb can take longer than a token is
// valid.
func (c command) freshly(pulumi func(context.Context, ...string) ([]byte, error)) func(context.Context, ...string) ([]byte, error) {
	path := c.getenv("AZURE_FEDERATED_TOKEN_FILE")
	if path == "" || c.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") == "" {
		return pulumi // nothing to write, or nobody to ask
	}
	return func(ctx context.Context, args ...string) ([]byte, error) {
		if err := c.writeIDToken(ctx, path); err != nil {
			return nil, err
		}
		return pulumi(ctx, args...)
	}
}
