package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"app-to-app/azurecloud"
	"app-to-app/tenant"
	"app-to-app/tenant/diff"
	"app-to-app/tenant/github"
)

var diffVerb = verb{
	name:    "diff",
	summary: "say what a preview changes in access, as a comment for a pull request",
	usage: `diff -stack NAME [-preview FILE] [-names] [-facts]
       tenant diff -stack NAME -from FILE [-comment OWNER/REPO#N]

Runs "pulumi preview" and prints Markdown: whether access changes, who gains and
loses what, what it does not understand, and the resources, collapsed. "Nobody's
access changes" is said only if nothing that decides about access changes.

-names asks the tenant who the ids are that the stack does not know; the caller
needs Application.Read.All, and Directory.Read.All for people and groups. Without an
answer, and for more than 200 ids, the report says which were not looked up.

-facts prints what the preview says about access as JSON instead, and -from reads
that, classifies it and prints the Markdown. So a job that runs a branch's code
can preview, and a job that may comment, and runs the base branch's code, can say
what it means: a branch cannot change how it is judged. A branch whose program
attacks its own job can still print facts of its own making.

-comment also puts the Markdown on a pull request, in the place of the last one
of that stack: with GITHUB_TOKEN, at GITHUB_API_URL. If the facts cannot be read,
or GitHub refuses the Markdown, the comment says so instead, so that no older one
stands for them.`,
	run: runDiff,
}

// A diffSource is where the facts come from.
type diffSource struct {
	stack   string
	preview string // file, - for standard input, or "" to run it
	facts   string // file or -; instead of a preview
	names   bool
}

func runDiff(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	var source diffSource
	flags.StringVar(&source.stack, "stack", "", "stack to preview")
	flags.StringVar(&source.preview, "preview", "", "read the output of pulumi preview --json --show-sames from this file, - for standard input, instead of running it")
	flags.StringVar(&source.facts, "from", "", "read the facts that another run printed from this file, - for standard input, instead of a preview")
	flags.BoolVar(&source.names, "names", false, "ask the tenant for the names of principals")
	asFacts := flags.Bool("facts", false, "print facts as JSON, for -from")
	target := flags.String("comment", "", "pull request to comment on, as OWNER/REPO#N")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	switch {
	case source.stack == "":
		return &usageError{errors.New("expected -stack, got nothing")}
	case source.facts != "" && (source.preview != "" || source.names || *asFacts):
		return &usageError{errors.New("expected -from without -preview, -names and -facts, got both: the facts are made")}
	case *asFacts && *target != "":
		return &usageError{errors.New("expected one of -facts and -comment, got both")}
	}
	var repository string
	var number int
	if *target != "" {
		var err error
		if repository, number, err = diff.ParsePullRequest(*target); err != nil {
			return &usageError{err}
		}
	}
	facts, err := c.facts(ctx, source)
	if *target == "" {
		if err != nil {
			return err
		}
		return c.printDiff(facts, *asFacts)
	}
	comment := diff.NoComment(source.stack, err)
	if err == nil {
		comment = facts.Comment()
		err = c.printDiff(facts, false)
	}
	return errors.Join(err, c.comment(ctx, repository, number, source.stack, comment))
}

func (c command) printDiff(facts diff.Facts, asFacts bool) error {
	text := []byte(facts.Markdown())
	if asFacts {
		var err error
		if text, err = facts.Encode(); err != nil {
			return err
		}
	}
	_, err := c.stdout.Write(text)
	return err
}

// github is the API of the GitHub that runs the workflow.
func (c command) github() github.Client {
	return github.Client{API: cmp.Or(c.getenv("GITHUB_API_URL"), "https://api.github.com"), Token: c.getenv("GITHUB_TOKEN"), HTTPClient: c.http}
}

func (c command) comment(ctx context.Context, repository string, number int, stack, text string) error {
	to := diff.GitHub{Client: c.github()}
	err := to.Put(ctx, repository, number, stack, text)
	if err != nil {
		// An older comment would stand for this preview: GitHub may still take a short one.
		short := diff.NoComment(stack, errors.New("the report on it could not be put here"))
		if again := to.Put(ctx, repository, number, stack, short); again != nil && again.Error() != err.Error() {
			err = errors.Join(err, again)
		}
		return azurecloud.WithHint(err, "GITHUB_TOKEN must be a token of the workflow, of a job with pull-requests: write")
	}
	return nil
}

// facts are those of a stack's preview, or those that another run printed.
func (c command) facts(ctx context.Context, source diffSource) (diff.Facts, error) {
	if source.facts != "" {
		in, closeIn, err := c.open(source.facts)
		if err != nil {
			return diff.Facts{}, err
		}
		defer closeIn()
		return diff.ReadFacts(in, source.stack)
	}
	preview, err := c.readPreview(ctx, source)
	if err != nil {
		return diff.Facts{}, err
	}
	facts := preview.Facts(source.stack, diff.Names{})
	ids := facts.Unnamed()
	if !source.names || len(ids) == 0 {
		return facts, nil
	}
	names, err := c.lookUp(ctx, ids)
	if err != nil {
		// The report says who was not looked up; that is no reason to have none.
		fmt.Fprintf(c.stderr, "tenant: warning: look up the names of principals: %v\n", err)
		return facts, nil
	}
	return preview.Facts(source.stack, names), nil
}

func (c command) lookUp(ctx context.Context, ids []string) (diff.Names, error) {
	session, err := c.signIn(ctx)
	if err != nil {
		return nil, err
	}
	found, err := tenant.LookUp(ctx, session, ids)
	names := make(diff.Names)
	for _, id := range ids {
		names[id] = diff.Name(found[id])
	}
	return names, err
}

func (c command) readPreview(ctx context.Context, source diffSource) (diff.Preview, error) {
	if source.preview == "" {
		out, err := c.pulumi(ctx, "preview", "--json", "--show-sames", "--stack", source.stack)
		if err != nil {
			return diff.Preview{}, fmt.Errorf("%w%s", err, diagnostics(out))
		}
		return diff.Read(bytes.NewReader(out))
	}
	in, closeIn, err := c.open(source.preview)
	if err != nil {
		return diff.Preview{}, err
	}
	defer closeIn()
	return diff.Read(in)
}

// open opens a file, or standard input for -.
func (c command) open(path string) (in io.Reader, closeIn func() error, err error) {
	if path == "-" {
		return c.stdin, func() error { return nil }, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// diagnostics are the errors in what a failed preview printed: with --json they
// are on standard output, not on standard error.
func diagnostics(out []byte) string {
	var failed diff.Preview
	if err := json.Unmarshal(out, &failed); err != nil {
		return "" // it failed before it printed any
	}
	var text strings.Builder
	for _, message := range failed.Errors() {
		text.WriteString("\n" + message)
	}
	return text.String()
}
