package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant/recover"
)

var recoverVerb = verb{
	name:    "recover",
	summary: "put a stack right after an accident: adopt what was made and not recorded",
	usage: `recover -stack NAME [-yes] [-json] [-break-lock] [-enable-roles] [-wait 60s]

Run it after the engine was killed or failed, before the next up or destroy. It
removes the lock of a process that is gone, repairs the files of a state in a file
backend, and looks for what was created and not recorded: what the engine had begun,
and what the next update would create ("pulumi preview"). It finds it by the ids that
the program determines, by the mark on what the stack makes, and through what it
belongs to, and puts it into the state ("adopt"). A client secret, whose value nobody
knows, and an app registration that was made twice it removes, the latter only if
nothing uses it; that one can be restored for 30 days. What is gone from the tenant
it takes out of the state ("drop"). App roles that are disabled, as a failed update
leaves them, it names, and enables with -enable-roles: somebody may have disabled one
on purpose.

It shows what it will do, asks, and then looks again: also for what else carries the
stack's mark and is not in its state, which it lists with the command that removes
it. Then it ends with 3, and so it does if the preview fails.

It never touches a stack that an update is changing. A lock of another computer is
removed only with -break-lock; in other backends than files, any lock. It may be
interrupted and run again. The state that it replaces is kept in the folder of
-backups.`,
	run: runRecover,
}

func runRecover(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to recover")
	yes := flags.Bool("yes", false, "do not ask")
	asJSON := flags.Bool("json", false, "print what was done as JSON")
	breakLock := flags.Bool("break-lock", false, "remove the lock of a process on another computer, which cannot be asked whether it runs")
	enableRoles := flags.Bool("enable-roles", false, "enable the stack's app roles that are disabled")
	wait := flags.Duration("wait", time.Minute, "how long to look again for what the directory does not show, since it may show a new object late")
	folder := flags.String("backups", ".recover", "folder for the states that are replaced")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" {
		return &usageError{errors.New("expected -stack")}
	}
	if path.Base(*stack) != *stack {
		return &usageError{fmt.Errorf("expected the bare name of a stack, got %q", *stack)}
	}
	session, err := c.signInToSubscription(ctx)
	if err != nil {
		return err
	}
	host, err := recover.ThisHost()
	if err != nil {
		return err
	}
	report, err := recover.Run(ctx, recover.Options{
		Name: *stack, Project: project, Stack: pulumiStack{c, *stack}, Session: session, Host: host, Backups: *folder,
		Log: c.stderr, Now: c.now, BreakLock: *breakLock, EnableRoles: *enableRoles, Patience: *wait, Wait: c.pause,
		Confirm: func(plan recover.Plan) error { return c.confirmPlan(plan, *yes) },
	})
	if err != nil {
		return err
	}
	return c.printRecovery(*stack, report, *asJSON)
}

// pause waits, for real unless a test says otherwise.
func (c command) pause(ctx context.Context, d time.Duration) error {
	if c.sleep != nil {
		return c.sleep(ctx, d)
	}
	return azurecloud.Sleep(ctx, d)
}

func (c command) printRecovery(stack string, report recover.Report, asJSON bool) error {
	var text strings.Builder
	if asJSON {
		encoder := json.NewEncoder(&text)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else {
		if len(report.Done) == 0 && report.Unasked == "" {
			text.WriteString("nothing to recover\n")
		} else {
			fmt.Fprintf(&text, "stack %s: no operation is pending\n", stack)
		}
		if len(report.Unknown) == 0 {
			text.WriteString("everything that carries the stack's mark is in its state\n")
		}
		if report.Unasked != "" {
			fmt.Fprintf(&text, "what exists and the state has never had was not looked for, because the next update cannot be previewed: %s; fix what pulumi preview reports, and run recover again\n", report.Unasked)
		}
		for _, t := range report.Unknown {
			fmt.Fprintf(&text, "not in the state: %s; if nobody needs it: %s\n", t, t.Remove)
		}
	}
	if _, err := fmt.Fprint(c.stdout, &text); err != nil {
		return err
	}
	if len(report.Unknown) > 0 || report.Unasked != "" {
		return errDiffers
	}
	return nil
}

// confirmPlan shows a plan and asks for a yes. Without a terminal nobody can give
// it.
func (c command) confirmPlan(plan recover.Plan, yes bool) error {
	fmt.Fprintf(c.stderr, "to do:\n%s", plan)
	if yes {
		return nil
	}
	if f, ok := c.stdin.(*os.File); ok {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return azurecloud.WithHint(errors.New("expected a terminal to ask at, got none: nothing of this was done"), "pass -yes to skip the question")
		}
	}
	fmt.Fprint(c.stderr, "Type yes to do it: ")
	line, _ := bufio.NewReader(c.stdin).ReadString('\n')
	if got := strings.TrimSpace(line); got != "yes" {
		return azurecloud.WithHint(fmt.Errorf("expected %q, got %q: nothing of this was done", "yes", got), "pass -yes to skip the question")
	}
	return nil
}

func (s pulumiStack) Backend(ctx context.Context) (string, error) {
	out, err := s.command.pulumi(ctx, "whoami", "--json")
	if err != nil {
		return "", err
	}
	var who struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(out, &who); err != nil {
		return "", fmt.Errorf("find the backend: %w", err)
	}
	return who.URL, nil
}

func (s pulumiStack) Cancel(ctx context.Context) error {
	_, err := s.command.pulumi(ctx, "cancel", "--yes", "--stack", s.name)
	return err
}

func (s pulumiStack) Preview(ctx context.Context) ([]byte, error) {
	out, err := s.command.pulumi(ctx, "preview", "--json", "--stack", s.name)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, diagnostics(out))
	}
	return out, nil
}

func (s pulumiStack) Refresh(ctx context.Context, urns []string) error {
	args := []string{"refresh", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs", "--stack", s.name}
	for _, urn := range urns {
		args = append(args, "--target", urn)
	}
	out, err := s.command.pulumi(ctx, args...)
	if err != nil {
		// The CLI says what went wrong on its standard output.
		return fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
