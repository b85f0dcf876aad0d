// Command sandbox runs a strict local Azure on the loopback interface, and the
// main job of this project in it.
//
//	go run ./cmd/sandbox serve    start it, and say how to use it from a shell
//	go run ./cmd/sandbox demo     deploy, call, preview, destroy, count what is left
//
// The stand-ins for Pulumi's language host and provider plugins are another
// command, cmd/pulumi-stand-in, which this one builds. So this one starts at
// once, although the Pulumi SDK takes minutes to compile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: sandbox serve [-addr 127.0.0.1:PORT] [-dir DIR]
       sandbox demo [-stack NAME] [-json] [-keep] [-v]

serve  start a local Azure; go on in a second shell with ". DIR/env"
demo   deploy the function apps to a local Azure of its own, call them, preview,
       destroy, and count what is left; -v shows what Pulumi and they print
`

func main() {
	// A closed terminal (SIGHUP) must clean up too.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintf(os.Stderr, "sandbox: error: %v\n", err)
	var hinted *hintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(os.Stderr, "sandbox: hint: %s\n", hinted.hint)
	}
	os.Exit(1)
}

// run is the command without the process: arguments in, output out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return withHint(errors.New("expected a verb, got nothing"), "sandbox demo shows the whole story")
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:], stdout, stderr)
	case "demo":
		return demo(ctx, args[1:], stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	return withHint(fmt.Errorf("expected serve or demo, got %q", args[0]), "sandbox help lists the flags")
}

// newFlags is a flag set that prints nothing itself: the usage above an error would
// push it out of sight.
func newFlags(verb string) *flag.FlagSet {
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse reads the flags and refuses what is left over. It answers -h on stdout.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return err
	} else if err != nil {
		return withHint(err, "sandbox help lists the flags")
	}
	if flags.NArg() > 0 {
		return withHint(fmt.Errorf("expected only flags after %s, got %q", flags.Name(), flags.Arg(0)), "sandbox help lists the flags")
	}
	return nil
}

// A hintError says what to do about an error: a command or a file to edit.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func withHint(err error, hint string) error { return &hintError{err, hint} }
