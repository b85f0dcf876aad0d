// Command new makes a function app of one's own in functions: an API, or a client
// of one. It copies the example, functions/items-api or functions/items-client,
// under another name; the copy builds, passes its tests and can be deployed.
//
//	go run ./cmd/new api NAME       makes functions/NAME-api
//	go run ./cmd/new client NAME    makes functions/NAME-client, which calls the API NAME
//
// The examples are function apps of this repository, so its tests compile and run
// them. docs/own-api.md shows how to go on.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"app-to-app/settings"
)

const usage = `usage: new api NAME
       new client NAME

api     make functions/NAME-api, a function app that serves NAME
client  make functions/NAME-client, a function app that calls the API NAME
`

func main() {
	err := run(".", os.Args[1:], os.Stdout)
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "new: error: %v\n", err)
	var hinted *hintError
	if errors.As(err, &hinted) {
		fmt.Fprintf(os.Stderr, "new: hint: %s\n", hinted.hint)
	}
	os.Exit(1)
}

// A hintError says what to do about an error.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func withHint(hint, format string, args ...any) error {
	return &hintError{fmt.Errorf(format, args...), hint}
}

// run is the command without the process. root is the project's folder.
func run(root string, args []string, stdout io.Writer) error {
	if len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		fmt.Fprint(stdout, usage)
		return nil
	}
	if len(args) != 2 {
		return withHint("go run ./cmd/new api stock, for an API named stock", "expected api or client and a name, got %d arguments", len(args))
	}
	kind, name := args[0], args[1]
	if kind != "api" && kind != "client" {
		return withHint("go run ./cmd/new api "+quoted(name)+", or go run ./cmd/new client "+quoted(name), "expected api or client, got %q", kind)
	}
	api, err := check(name)
	if err != nil {
		return err
	}
	e := example{root: root, kind: kind, api: api}
	if err := e.copy(); err != nil {
		return err
	}
	fmt.Fprint(stdout, e.next())
	return nil
}

// check refuses a name that the settings refuse, or the Functions host.
func check(name string) (settings.API, error) {
	api, problem := settings.NamedAPI(name)
	if problem != nil {
		hint := "choose another name"
		if _, meant, found := strings.Cut(problem.Fix, "api.name "); found {
			hint = "use the name " + meant
		}
		return settings.API{}, withHint(hint, "%s", problem.Text)
	}
	// The host has routes of its own that begin with these, and does not start a
	// function whose route does (Azure/azure-functions-host).
	for _, reserved := range []string{"admin", "runtime"} {
		if strings.HasPrefix(name, reserved) {
			return settings.API{}, withHint("choose another name", "expected a name that does not begin with %q, which the Functions host keeps for routes of its own, got %q", reserved, name)
		}
	}
	return api, nil
}

// quoted is a word for a shell.
func quoted(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
