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
	"app-to-app/tenant/diff"
)

var diffVerb = verb{
	name:    "diff",
	summary: "say what a preview changes in access, as a comment for a pull request",
	usage: `diff -stack NAME [-preview FILE | -rendered] [-comment OWNER/REPO#N]

Runs "pulumi preview" and prints Markdown: first what changes in access, then the
resources, collapsed. Where resources may change access in a way that it cannot
name, it says so. No value of a property is shown. -comment also puts it on a
pull request, in the place of the last one of that stack: with GITHUB_TOKEN, at
GITHUB_API_URL.`,
	run: runDiff,
}

func runDiff(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to preview")
	file := flags.String("preview", "", "read the output of pulumi preview --json --show-sames from this file, - for standard input, instead of running it")
	rendered := flags.Bool("rendered", false, "read the Markdown that another run printed from standard input; useful with -comment")
	target := flags.String("comment", "", "pull request to comment on, as OWNER/REPO#N")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	switch {
	case *stack == "":
		return &usageError{errors.New("expected -stack, got nothing")}
	case *rendered && *file != "":
		return &usageError{errors.New("expected one of -preview and -rendered, got both")}
	}
	var repository string
	var number int
	if *target != "" {
		var err error
		if repository, number, err = diff.ParsePullRequest(*target); err != nil {
			return &usageError{err}
		}
	}
	text, err := c.accessDiff(ctx, *stack, *file, *rendered)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(c.stdout, text); err != nil || *target == "" {
		return err
	}
	err = diff.GitHub{
		API:        cmp.Or(c.getenv("GITHUB_API_URL"), "https://api.github.com"),
		Token:      c.getenv("GITHUB_TOKEN"),
		HTTPClient: c.http,
	}.Put(ctx, repository, number, *stack, text)
	if err != nil {
		return azurecloud.WithHint(err, "GITHUB_TOKEN must be a token of the workflow, of a job with pull-requests: write")
	}
	return nil
}

// accessDiff is the Markdown of a stack's preview.
func (c command) accessDiff(ctx context.Context, stack, file string, rendered bool) (string, error) {
	if rendered {
		text, err := io.ReadAll(io.LimitReader(c.stdin, 1<<20))
		return string(text), err
	}
	var preview io.Reader
	switch file {
	case "":
		out, err := c.pulumi(ctx, "preview", "--json", "--show-sames", "--stack", stack)
		if err != nil {
			return "", fmt.Errorf("%w%s", err, diagnostics(out))
		}
		preview = bytes.NewReader(out)
	case "-":
		preview = c.stdin
	default:
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		preview = f
	}
	p, err := diff.Read(preview)
	if err != nil {
		return "", err
	}
	return p.Markdown(stack), nil
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
