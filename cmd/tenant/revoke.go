package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/settings"
	"app-to-app/tenant"
	"app-to-app/tenant/revoke"
)

var revokeVerb = verb{
	name:    "revoke",
	summary: "take a client's access away now, and show that it is so",
	usage: `revoke CLIENT (-stack NAME | -outputs FILE [-state FILE]) [-dry-run] [-yes]

Blocks the client at the API first, in its app setting …_BLOCKED_CALLERS: a
token that it already has is good until it expires, a managed identity's for up
to 24 hours. Then it removes the client's app role assignments on the API, and
all credentials of its app registration. It calls the API as the client until the
API refuses, reads the tenant again, and says when the last token dies and, by the
API's log, when one was last accepted.

The API restarts for its new app settings; calls of other clients wait for it.
-dry-run shows what would be done. Otherwise it asks for the client's name, or
takes -yes. Interrupted, it can be run again, and goes on where it was.

It changes the tenant and not the settings: it ends with the commands that change
them, without which the next update that touches the API's app settings, or
refreshes, gives the access back.`,
	run: runRevoke,
}

func runRevoke(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	source := declarationFlags(flags)
	dryRun := flags.Bool("dry-run", false, "show what would be done, and change nothing")
	yes := flags.Bool("yes", false, "do not ask")
	directoryRole := flags.Bool("directory-role", false, "assume the right to remove app role assignments, from a directory role that no token shows")
	operands, err := parse(flags, args, "the name of a client")
	if err != nil {
		return err
	}
	declared, err := source.read(ctx, c)
	if err != nil {
		return err
	}
	session, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	r := revoking{command: c, session: session, declared: declared, client: operands[0], source: source}
	plan, err := revoke.NewPlan(ctx, session, declared, r.client)
	if err != nil {
		return err
	}
	fmt.Fprint(c.stdout, plan)
	if *dryRun {
		fmt.Fprintln(c.stdout, "nothing was changed: -dry-run")
		return r.showSettings(ctx)
	}
	if !*yes && !plan.NothingToDo() {
		if err := r.confirm(); err != nil {
			return err
		}
	}
	call, err := r.caller(ctx)
	if err != nil {
		return err
	}
	done, err := revoke.Run(ctx, plan, revoke.Options{
		Session: session, Declared: declared, Now: c.now, Wait: c.wait, Log: c.stdout, Call: call, DirectoryRole: *directoryRole,
	})
	if err != nil {
		return azurecloud.WithHint(err, hintOf(err, "run it again: tenant revoke "+r.client+source.arguments()))
	}
	fmt.Fprint(c.stdout, done)
	r.showLastAccepted(ctx)
	if err := r.showSettings(ctx); err != nil {
		return err
	}
	if !done.Proven() {
		return errDiffers
	}
	return nil
}

// hintOf is the hint in an error, else another one.
func hintOf(err error, otherwise string) string {
	if hints := hintsIn(err); hints != nil {
		return strings.Join(hints, "; ")
	}
	return otherwise
}

// hintsIn are the hints of all errors that are joined in one.
func hintsIn(err error) (hints []string) {
	switch e := err.(type) {
	case *azurecloud.HintError:
		return []string{e.Hint}
	case interface{ Unwrap() error }:
		return hintsIn(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			for _, hint := range hintsIn(inner) {
				if !slices.Contains(hints, hint) {
					hints = append(hints, hint)
				}
			}
		}
	}
	return hints
}

// revoking is one run of the verb.
type revoking struct {
	command
	session  *azurecloud.Session
	declared tenant.Declaration
	client   string
	source   declarationSource
}

// confirm asks for the client's name.
func (r revoking) confirm() error {
	fmt.Fprintf(r.stderr, "This takes the access of client %s away at once.\nType its name to go on: ", r.client)
	line, _ := bufio.NewReader(r.stdin).ReadString('\n') // at the end of the input, what came before it counts
	if got := strings.TrimSpace(line); got != r.client {
		return azurecloud.WithHint(fmt.Errorf("expected %q, got %q: nothing was changed", r.client, got), "pass -yes to skip the question")
	}
	return nil
}

// caller calls the API as the client, through its function app. A client without
// one is not called.
func (r revoking) caller(ctx context.Context) (func(context.Context) (revoke.Answer, error), error) {
	if r.declared.ClientSites[r.client] == "" {
		fmt.Fprintf(r.stdout, "note: %s has no function app of the stack, so nothing here can call as it\n", r.client)
		return nil, nil
	}
	exported, err := r.outputs(ctx, *r.source.stack, *r.source.outputs)
	if err != nil {
		return nil, err
	}
	target, err := readTarget(exported, r.client, *r.source.stack)
	var key string
	if err == nil {
		key, err = functionKey(ctx, r.session, target)
	}
	if err != nil { // a client that does not run must not keep anybody from revoking it
		fmt.Fprintf(r.stdout, "note: %s cannot be called: %v\n", r.client, err)
		return nil, nil
	}
	return func(ctx context.Context) (revoke.Answer, error) {
		results, err := r.callFunction(ctx, target, key)
		if err != nil {
			return revoke.Answer{}, err
		}
		return answerOf(results), nil
	}, nil
}

// showLastAccepted says when the API last admitted the client. The access is taken
// away by now, so what the log cannot say is a note and no failure.
func (r revoking) showLastAccepted(ctx context.Context) {
	last, gap, err := r.logs(r.session, r.declared).LastAccepted(ctx, r.declared.Principals(r.client), whyDays)
	switch {
	case err != nil:
		fmt.Fprintf(r.stdout, "when the API last accepted a token of it is not known: %v\n", err)
	case gap != nil:
		fmt.Fprintf(r.stdout, "when the API last accepted a token of it is not known: %s\n", gap)
	case last.IsZero():
		fmt.Fprintf(r.stdout, "the API's log of the last %d days, which may be minutes behind, has no token of it that was accepted\n", whyDays)
	default:
		fmt.Fprintf(r.stdout, "the API last accepted a token of it at %s, by its log, which may be minutes behind\n", last.UTC().Format(time.RFC3339))
	}
}

// passing are the errors of Entra that say nothing about the client: a transient one,
// and two kinds of throttling
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
var passing = regexp.MustCompile(`AADSTS(?:90024|90033|90055)\b`)

// answerOf says what a client got: it is refused if the API refuses it with every
// token provider, or Entra gives it no token any more.
func answerOf(results []callResult) revoke.Answer {
	answer := revoke.Answer{Refused: true}
	var texts []string
	for _, result := range results {
		noToken := result.Status == 0 && strings.Contains(result.Error, "AADSTS") && !passing.MatchString(result.Error)
		switch {
		case result.succeeded():
			texts = append(texts, result.TokenProvider+": it got the orders")
		case noToken:
			texts = append(texts, result.TokenProvider+": Entra gives it no token")
		default:
			texts = append(texts, fmt.Sprintf("%s: the API answered %d", result.TokenProvider, result.Status))
		}
		answer.Refused = answer.Refused && (noToken || result.Status == http.StatusForbidden)
	}
	answer.Text = strings.Join(texts, "; ")
	return answer
}

// showSettings shows what has to be set for the access to stay away.
func (r revoking) showSettings(ctx context.Context) error {
	if *r.source.stack == "" {
		fmt.Fprintf(r.stdout, "\nto make it permanent: add %s to app-to-app:blockedCallers, take the client out of app-to-app:clients, and pulumi up --refresh\n",
			strings.Join(r.declared.Principals(r.client), ", "))
		return nil
	}
	configuration, err := r.config(ctx, *r.source.stack)
	if err != nil {
		return fmt.Errorf("what to set so that the next update does not undo it: %w", err)
	}
	standard := settings.API{Name: cmp.Or(r.declared.APIName, "orders")}.ClientName()
	commands, err := permanent(configuration, r.client, standard, r.declared.Principals(r.client))
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nto make it permanent, or the next update gives the access back:\n")
	for _, command := range commands {
		fmt.Fprintf(r.stdout, "  %s --stack %s\n", command, *r.source.stack)
	}
	fmt.Fprintf(r.stdout, "  pulumi up --refresh --stack %s\n", *r.source.stack)
	return nil
}

// permanent are the commands that put ids on the list of blocked callers, and take
// a client out of the settings. Without a list of clients, a stack has the standard one.
func permanent(configuration map[string]string, client, standard string, ids []string) (commands []string, err error) {
	isSet := func(name string) bool {
		value := configuration[settings.Namespace+":"+name]
		return value != "" && value != "null"
	}
	list := func(name string, into any) error {
		if !isSet(name) {
			return nil
		}
		value := configuration[settings.Namespace+":"+name]
		if err := json.Unmarshal([]byte(value), into); err != nil {
			return fmt.Errorf("read the setting %s:%s: expected a list: %w", settings.Namespace, name, err)
		}
		return nil
	}
	var blocked []string
	if err := list("blockedCallers", &blocked); err != nil {
		return nil, err
	}
	n := len(blocked)
	for _, id := range ids {
		if !slices.ContainsFunc(blocked, func(known string) bool { return strings.EqualFold(known, id) }) {
			commands = append(commands, settings.SetCommand(fmt.Sprintf("%s:blockedCallers[%d]", settings.Namespace, n), id))
			n++
		}
	}
	var clients []struct{ Name string }
	if err := list("clients", &clients); err != nil {
		return nil, err
	}
	if !isSet("clients") {
		clients = []struct{ Name string }{{standard}}
	}
	i := slices.IndexFunc(clients, func(c struct{ Name string }) bool { return c.Name == client })
	switch {
	case i < 0: // it is gone from the settings already
	case len(clients) == 1:
		commands = append(commands, settings.SetCommand(settings.Namespace+":clients", "[]"), settings.SetCommand(settings.Namespace+":withoutClients", "true"))
	default:
		commands = append(commands, settings.RemoveCommand(fmt.Sprintf("%s:clients[%d]", settings.Namespace, i)))
	}
	return commands, nil
}
