package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/spelling"
	"app-to-app/tenant/teardown"
)

var teardownVerb = verb{
	name:    "teardown",
	summary: "destroy a stack, purge what is kept of it, and prove that nothing its state recorded is left",
	usage: `teardown -stack NAME | -expired [-yes] [-forget-foreign] [-force]

Destroys a stack, purges its app registrations, service principals and vaults
from where they are kept after they are deleted, removes the stack, and counts
what the tenant and the subscription still have of it: what its state recorded,
by id, and what carries the stack's mark. Of what only the mark names, it shows
the command that removes it, and deletes nothing: another backend can have a
stack of the same name. Interrupted, it goes on where it was when it is run again. A protected stack and one of the environment
prod are refused. It asks for the stack's name unless -yes is given. A name that no
stack has is an error, unless -if-exists is given: the proof looks for what carries
its mark in any case.

A state is refused if deleting it could run another program's code: a command
other than the one that publishes a package, a foreign provider or one that is
configured otherwise, a hook, and any resource of a type that the program does
not have. -forget-foreign takes them out of the state first. What they stand for
is then not deleted, unless it is in a resource group of the stack; what the
proof looks for is counted.

A stack is refused if clients that it does not declare hold an app role of its API,
such as those with a stack of their own: they would lose access. The tenant says
who they are, and -force goes on. A plain "pulumi destroy" runs no program and asks
nobody.

-expired lists the test stacks whose expiresOn has come; with -yes it tears them
down.`,
	run: runTeardown,
}

// project is the project whose stacks the command looks after.
const project = "app-to-app"

func runTeardown(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to tear down")
	expired := flags.Bool("expired", false, "tear down every test stack whose expiresOn has passed")
	yes := flags.Bool("yes", false, "do not ask")
	forget := flags.Bool("forget-foreign", false, "take resources that the program does not make out of the state, instead of refusing it")
	force := flags.Bool("force", false, "tear down an API although clients of others would lose access")
	folder := flags.String("journals", ".teardown", "folder with the journals of interrupted teardowns")
	asJSON := flags.Bool("json", false, "print what is left as JSON")
	maybeGone := flags.Bool("if-exists", false, "do not fail if there is no such stack: it may have been torn down before")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if (*stack == "") != *expired {
		return &usageError{errors.New("expected one of -stack and -expired")}
	}
	if path.Base(*stack) != *stack && !*expired {
		return &usageError{fmt.Errorf("expected the bare name of a stack, got %q", *stack)}
	}
	session, err := c.signInToSubscription(ctx)
	if err != nil {
		return err
	}
	t := tearing{command: c, session: session, folder: *folder, yes: *yes, forget: *forget, force: *force, asJSON: *asJSON, maybeGone: *maybeGone}
	if *expired {
		return t.expired(ctx)
	}
	return t.one(ctx, *stack)
}

// tearing is one run of the verb.
type tearing struct {
	command
	session             *azurecloud.Session
	folder              string
	yes, forget, asJSON bool
	force, maybeGone    bool
}

func (t tearing) one(ctx context.Context, stack string) error {
	left, err := teardown.Run(ctx, teardown.Options{
		Name: stack, Project: project, Stack: pulumiStack{t.command, stack}, Session: t.session,
		Journal: filepath.Join(t.folder, stack+".json"), Log: t.stderr, Confirm: t.confirm(ctx), Wait: t.wait, ForgetForeign: t.forget, Force: t.force,
	})
	if errors.Is(err, teardown.ErrNoStack) {
		if err = t.noStack(ctx, stack, err); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if t.asJSON {
		encoder := json.NewEncoder(t.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(left)
	} else {
		_, err = fmt.Fprintf(t.stdout, "left of %s (%s):\n%s", stack, teardown.LookedFor, left)
	}
	if err == nil && left.Total() > 0 {
		err = errDiffers
	}
	return err
}

// noStack is the error for a name that no stack has, with the name that was meant
// as its hint; nil if the stack may be gone already.
func (t tearing) noStack(ctx context.Context, stack string, err error) error {
	if t.maybeGone {
		return nil
	}
	names, failed := pulumiStack{t.command, stack}.list(ctx)
	if failed != nil {
		return errors.Join(err, failed)
	}
	if meant := spelling.Closest(stack, names); meant != "" {
		return azurecloud.WithHint(err, "did you mean tenant teardown -stack "+meant+"? If it has been torn down before: -if-exists")
	}
	return azurecloud.WithHint(err, "pulumi stack ls lists the stacks; if it has been torn down before: -if-exists")
}

// wait pauses until the time is over or ctx ends.
func (c command) wait(ctx context.Context, d time.Duration) error {
	if c.sleep != nil {
		return c.sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// confirm asks for the stack's name, and says in which tenant and subscription the
// stack is.
func (t tearing) confirm(ctx context.Context) func(string, teardown.Remains) error {
	return func(name string, made teardown.Remains) error {
		if t.yes {
			return nil
		}
		caller, err := t.session.Graph.Caller(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.stderr, "This permanently deletes what stack %s has made: %s.\nIt is in tenant %s, subscription %s.\nType the name of the stack to go on: ",
			name, made, caller.TenantID, t.session.SubscriptionID)
		line, _ := bufio.NewReader(t.stdin).ReadString('\n') // at the end of the input, what came before it counts
		if got := strings.TrimSpace(line); got != name {
			return azurecloud.WithHint(fmt.Errorf("expected %q, got %q: nothing was deleted", name, got), "pass -yes to skip the question")
		}
		return nil
	}
}

// expired lists or tears down the expired stacks. One that fails does not stop
// the others.
func (t tearing) expired(ctx context.Context) error {
	all, err := teardown.FindExpired(ctx, t.session, project, t.now())
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(t.stdout, "no test stack has expired")
		return err
	}
	var problems []error
	differs := false
	for _, e := range all {
		fmt.Fprintf(t.stdout, "%s expired on %s (%s)\n", e.Stack, e.ExpiresOn, e.ResourceGroup)
		if !t.yes {
			continue
		}
		if path.Base(e.Stack) != e.Stack { // a tag can say anything
			problems = append(problems, fmt.Errorf("resource group %s: expected the name of a stack in its tag, got %q", e.ResourceGroup, e.Stack))
			continue
		}
		err := t.one(ctx, e.Stack)
		if errors.Is(err, errDiffers) {
			differs = true
		} else if err != nil {
			problems = append(problems, fmt.Errorf("stack %s: %w", e.Stack, err))
		}
	}
	if !t.yes {
		fmt.Fprintln(t.stderr, "nothing was deleted; -yes tears them down")
	}
	if len(problems) == 0 && differs {
		return errDiffers
	}
	return errors.Join(problems...)
}

// pulumiStack is a stack of the CLI.
type pulumiStack struct {
	command command
	name    string
}

func (s pulumiStack) Exists(ctx context.Context) (bool, error) {
	names, err := s.list(ctx)
	return slices.Contains(names, s.name), err
}

// list are the bare names of all stacks of the project.
func (s pulumiStack) list(ctx context.Context) (names []string, err error) {
	out, err := s.command.pulumi(ctx, "stack", "ls", "--json")
	if err != nil {
		return nil, err
	}
	var stacks []struct{ Name string }
	if err := json.Unmarshal(out, &stacks); err != nil {
		return nil, fmt.Errorf("list stacks: %w", err)
	}
	for _, stack := range stacks {
		names = append(names, path.Base(stack.Name))
	}
	return names, nil
}

func (s pulumiStack) Export(ctx context.Context) ([]byte, error) {
	return s.command.state(ctx, s.name, "")
}

func (s pulumiStack) Import(ctx context.Context, state []byte) error {
	return s.command.importState(ctx, s.name, state)
}

// Destroy refreshes first when an earlier destroy was interrupted: a deletion
// whose answer did not arrive is still in the state, and azuread fails to delete
// an app role assignment that is gone.
func (s pulumiStack) Destroy(ctx context.Context, again bool) error {
	args := []string{"destroy", "--yes", "--skip-preview", "--suppress-progress", "--stack", s.name}
	if again {
		args = append(args, "--refresh")
	}
	out, err := s.command.pulumi(ctx, args...)
	if err != nil {
		// The CLI says what went wrong on its standard output.
		return azurecloud.WithHint(fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out))),
			"if no other update of the stack is running, run pulumi cancel --stack "+s.name+", and tear down again")
	}
	return nil
}

func (s pulumiStack) Remove(ctx context.Context) error {
	_, err := s.command.pulumi(ctx, "stack", "rm", "--yes", "--preserve-config", "--stack", s.name)
	return err
}
