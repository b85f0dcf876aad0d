// Command tenant checks a stack against its tenant and subscription, and cleans
// up after it:
//
//	tenant check     may this caller deploy here
//	tenant diff      what does a preview change in access
//	tenant audit     does the tenant differ from what the stack declares
//	tenant drift     keep an issue with what an audit found
//	tenant call      call a client, and show what it got as whom
//	tenant request   print what a stack asks another team to assign
//	tenant grant     assign it, and write the receipt
//	tenant plan      preview, and keep the plan for somebody to approve
//	tenant apply     apply such a plan, if nothing has changed since
//	tenant redact    copy a stack without its secrets
//	tenant stage     make a stack from such a copy, to preview
//	tenant teardown  remove it, and prove that nothing its state recorded is left
//	tenant revoke    take a client's access away now
//	tenant why       why does a client get no token, a 401 or a 403
//	tenant unused    which assignments, credentials and owners nobody used
//
// It signs in with the same ARM_* variables as the Pulumi providers. The work
// is in package tenant; this package has arguments, output and exit codes: 0
// all is as it should be, 1 could not tell or failed, 2 wrong usage, 3 something
// differs.
// Each verb has a file of its own, named after it, and a line in verbs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/spelling"
)

// A verb is one thing that the command does.
type verb struct {
	name    string
	summary string
	usage   string // what follows "usage: tenant ", arguments first
	// run adds its flags to flags, reads args with [parse], and does its work.
	run func(ctx context.Context, c command, flags *flag.FlagSet, args []string) error
}

// verbs are in the order in which a stack needs them.
var verbs = []verb{
	checkVerb,
	diffVerb,
	auditVerb,
	driftVerb,
	callVerb,
	whyVerb,
	unusedVerb,
	requestVerb,
	grantVerb,
	revokeVerb,
	planVerb,
	applyVerb,
	redactVerb,
	stageVerb,
	recoverVerb,
	teardownVerb,
	idtokenVerb,
}

// The exit codes.
const (
	exitSame    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDiffers = 3
)

// errDiffers is returned by a verb that has printed what differs.
var errDiffers = errors.New("something differs")

// A usageError is a command line that the command does not understand.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// A command is what the verbs use of the process they run in.
type command struct {
	getenv         func(string) string
	http           *http.Client
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	sleep          func(context.Context, time.Duration) error // nil waits for real
	// pulumi runs the CLI in the project's folder and returns what it wrote to
	// its standard output.
	pulumi func(ctx context.Context, args ...string) ([]byte, error)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	c := command{
		getenv: os.Getenv, http: azurecloud.NewHTTPClient(),
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		now: time.Now,
	}
	c.pulumi = c.freshly(runPulumi)
	code := c.run(ctx, verbs, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is the command without the process: arguments in, exit code out.
func (c command) run(ctx context.Context, verbs []verb, args []string) int {
	const listed = "tenant help lists the verbs"
	if len(args) == 0 {
		return c.refuse(errors.New("expected a verb, got nothing"), listed)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(c.stdout, usageOf(verbs))
		return exitSame
	}
	for _, v := range verbs {
		if v.name == args[0] {
			return c.runVerb(ctx, v, args[1:])
		}
	}
	var names []string
	for _, v := range verbs {
		names = append(names, v.name)
	}
	return c.refuse(fmt.Errorf("expected one of the verbs, got %q%s", args[0], didYouMean(args[0], names)), listed)
}

// didYouMean is the end of an error about a name that is not one of those that are
// known; "" if no one is meant.
func didYouMean(name string, known []string) string {
	if meant := spelling.Closest(name, known); meant != "" {
		return "; did you mean " + meant + "?"
	}
	return ""
}

func (c command) runVerb(ctx context.Context, v verb, args []string) int {
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it would print is printed below
	err := v.run(ctx, c, flags, args)
	var wrong *usageError
	switch {
	case err == nil:
		return exitSame
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.stdout, v.usageText(flags))
		return exitSame
	case errors.Is(err, errDiffers):
		return exitDiffers
	case errors.As(err, &wrong):
		return c.refuse(err, "tenant "+v.name+" -h lists its flags")
	}
	c.complain(err)
	return exitFailed
}

// refuse says what is wrong with a command line, and what to read. The usage itself
// would push the error out of sight.
func (c command) refuse(err error, hint string) int {
	c.complain(azurecloud.WithHint(err, hint))
	return exitUsage
}

func (c command) complain(err error) {
	fmt.Fprintf(c.stderr, "tenant: error: %v\n", err)
	var hinted *azurecloud.HintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(c.stderr, "tenant: hint: %s\n", hinted.Hint)
	}
}

func usageOf(verbs []verb) string {
	var text strings.Builder
	text.WriteString("usage: tenant VERB [flags]\n\n")
	for _, v := range verbs {
		fmt.Fprintf(&text, "  %-9s %s\n", v.name, v.summary)
	}
	text.WriteString("\ntenant VERB -h lists the flags of a verb. Exit codes: 0 all is as it should be,\n1 could not tell or failed, 2 wrong usage, 3 something differs.\n")
	return text.String()
}

func (v verb) usageText(flags *flag.FlagSet) string {
	var text strings.Builder
	fmt.Fprintf(&text, "usage: tenant %s\n\n", v.usage)
	flags.SetOutput(&text)
	flags.PrintDefaults()
	return text.String()
}

// parse reads the flags of a verb and returns its operands, one for each name.
func parse(flags *flag.FlagSet, args []string, names ...string) ([]string, error) {
	operands, err := operandsOf(flags, args)
	if err != nil {
		return nil, err
	}
	if len(operands) < len(names) {
		return nil, &usageError{fmt.Errorf("expected %s, got nothing", names[len(operands)])}
	}
	if len(operands) > len(names) {
		return nil, &usageError{fmt.Errorf("expected nothing more, got %q", operands[len(names)])}
	}
	return operands, nil
}

// operandsOf reads the flags of a verb, and returns what is left.
func operandsOf(flags *flag.FlagSet, args []string) ([]string, error) {
	var operands []string
	for { // flags may follow operands
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, &usageError{err}
		}
		if flags.NArg() == 0 {
			break
		}
		operands, args = append(operands, flags.Arg(0)), flags.Args()[1:]
	}
	return operands, nil
}

// signIn signs in as the ARM_* variables say.
func (c command) signIn(ctx context.Context) (*azurecloud.Session, error) {
	return azurecloud.SignIn(ctx, azurecloud.Options{Getenv: c.getenv, HTTP: c.http, Sleep: c.sleep})
}

// signInToSubscription also makes sure that it is known which subscription is meant.
func (c command) signInToSubscription(ctx context.Context) (*azurecloud.Session, error) {
	session, err := c.signIn(ctx)
	if err == nil && session.SubscriptionID == "" {
		err = azurecloud.WithHint(errors.New("expected ARM_SUBSCRIPTION_ID, got nothing"), "export ARM_SUBSCRIPTION_ID=GUID, one of: az account list --output table")
	}
	return session, err
}
