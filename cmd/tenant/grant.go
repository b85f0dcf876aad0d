package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/components/requests"
	"app-to-app/tenant/grant"
)

var grantVerb = verb{
	name:    "grant",
	summary: "make the app role assignments and app registrations that another team asks for, and write the receipt",
	usage: `grant FILE [-api ID] [-receipt FILE] [-yes]

Reads the requests of another team ("tenant request"), shows who gets what by the
names that the tenant has for the ids in the file, asks, and makes exactly these
assignments, by object id. It refuses a file with anything else in it, another
tenant, an API that is not registered in this tenant, a client that has another
name than the file says, and a role that is disabled or not the API's. It can be
repeated: what is held already stays, and after an interruption it goes on. It
removes nothing.

A client with the identity federated asks for its app registration too: a name, the
one kind of token that it trusts, and its owners, if any. Exactly that is made, with
the stack's mark, and the caller does not own it in the end. One that exists is found by
that mark and refused if anything else can sign in as it, or somebody else owns it. If
the client is to bring other tokens by now, that is shown as a change.

The receipt says what is held then. A stack that may not read the tenant takes it
as its setting assignmentsReceipt.

Needs AppRoleAssignment.ReadWrite.All and Application.Read.All, or a directory role
limited to the API's service principal that allows it. To make app registrations it
needs Application.ReadWrite.OwnedBy, and to change them Application.ReadWrite.All.`,
	run: runGrant,
}

func runGrant(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	api := flags.String("api", "", "the only API that the file may ask for: its client id, or the object id of its service principal")
	receipt := flags.String("receipt", "", "where to write the receipt; empty means beside FILE, as NAME.receipt.json")
	yes := flags.Bool("yes", false, "do not ask")
	operands, err := parse(flags, args, "a file with requests")
	if err != nil {
		return err
	}
	if *receipt == "" {
		*receipt = strings.TrimSuffix(operands[0], ".json") + ".receipt.json"
	}
	text, err := os.ReadFile(operands[0])
	if err != nil {
		return err
	}
	file, err := requests.Parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", operands[0], err)
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	look := func() (*grant.Plan, error) { return grant.Look(ctx, session, file, *api) }
	plan, err := look()
	if err != nil {
		return err
	}
	fmt.Fprint(c.stdout, plan)
	if !*yes && plan.Registrations()+plan.Missing() > 0 { // for nothing there is nothing to ask
		if plan, err = c.confirmGrant(plan, look); err != nil {
			return err
		}
	}
	plan.Wait, plan.Say = c.wait, func(text string) { fmt.Fprintln(c.stderr, text) }
	held, err := plan.Apply(ctx)
	if err != nil {
		return err
	}
	encoded, err := held.Encode()
	if err == nil {
		err = replaceFile(*receipt, encoded)
	}
	if err != nil {
		return azurecloud.WithHint(fmt.Errorf("write the receipt: %w", err), "everything is granted; run the same command again with another -receipt")
	}
	_, err = fmt.Fprintf(c.stdout, "granted; the receipt is in %s: the team runs pulumi up, which then publishes its code\n", *receipt)
	return err
}

// confirmGrant asks whether to do what was shown. Somebody may take an hour to
// answer, so it looks again then, and refuses anything but what was shown.
func (c command) confirmGrant(shown *grant.Plan, look func() (*grant.Plan, error)) (*grant.Plan, error) {
	question := fmt.Sprintf("Assign %d app role(s)", shown.Missing())
	if n := shown.Registrations(); n > 0 {
		question = fmt.Sprintf("Make or change %d app registration(s) and assign %d app role(s)", n, shown.Missing())
	}
	fmt.Fprintf(c.stderr, "%s as shown? Type yes to go on: ", question)
	line, _ := bufio.NewReader(c.stdin).ReadString('\n') // at the end of the input, what came before it counts
	if got := strings.TrimSpace(line); got != "yes" {
		return nil, azurecloud.WithHint(fmt.Errorf("expected \"yes\", got %q: nothing was granted", got), "pass -yes to skip the question")
	}
	now, err := look()
	if err != nil {
		return nil, fmt.Errorf("nothing was granted: look again after the answer: %w", err)
	}
	if now.String() != shown.String() {
		return nil, azurecloud.WithHint(fmt.Errorf("nothing was granted: the tenant has changed since the question; now it is:\n%s", strings.TrimSuffix(now.String(), "\n")),
			"run the same command again, if that is right")
	}
	return now, nil
}

// replaceFile writes a file that is either complete or as it was.
func replaceFile(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".receipt-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
