package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant/redact"
)

var redactVerb = verb{
	name:    "redact",
	summary: "copy a stack's state and secret settings, with a placeholder for each secret",
	usage: `redact -stack NAME -commit SHA -out FILE

Writes a copy of the stack in which each secret is a placeholder, for "tenant
stage": a preview of the copy shows the same changes, and nobody can sign in with
it. Nothing is written unless no secret is found in the copy. Everything else of
the state is in it.`,
	run: runRedact,
}

var stageVerb = verb{
	name:    "stage",
	summary: "make a stack from such a copy, to preview changes of it",
	usage: `stage -stack NAME -from FILE

Makes the stack in the backend of PULUMI_BACKEND_URL, which must not have it yet,
and prints when the copy was taken, and the commit of main then.`,
	run: runStage,
}

func runRedact(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to copy")
	commit := flags.String("commit", "", "commit of main, for whoever reads the copy")
	file := flags.String("out", "", "file to write")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" || *commit == "" || *file == "" {
		return &usageError{errors.New("expected -stack, -commit and -out")}
	}
	source := redact.Source{Stack: *stack, Commit: *commit, Taken: c.now()}
	var err error
	if source.State, err = c.pulumi(ctx, "stack", "export", "--show-secrets", "--stack", *stack); err != nil {
		return err
	}
	if source.Config, err = c.pulumi(ctx, "config", "--json", "--show-secrets", "--stack", *stack); err != nil {
		return err
	}
	made, err := redact.Make(source)
	if err != nil {
		return fmt.Errorf("copy stack %q: %w; nothing was written", *stack, err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		return err
	}
	return os.WriteFile(*file, append(data, '\n'), 0o600)
}

// maxCopy is the largest copy that is read.
const maxCopy = 256 << 20

func runStage(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to make")
	file := flags.String("from", "", "file that tenant redact wrote")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" || *file == "" {
		return &usageError{errors.New("expected -stack and -from")}
	}
	var staged redact.Copy
	if err := readJSON(*file, maxCopy, &staged); err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	if staged.Stack != *stack {
		return fmt.Errorf("read the copy: expected stack %q, got %q", *stack, staged.Stack)
	}
	if _, err := c.pulumi(ctx, "stack", "init", *stack); err != nil {
		return azurecloud.WithHint(err, "use an empty backend: export PULUMI_BACKEND_URL=file://FOLDER")
	}
	empty, err := c.state(ctx, *stack, "")
	if err != nil {
		return err
	}
	state, err := staged.Under(empty)
	if err != nil {
		return err
	}
	if err := c.importState(ctx, *stack, state); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(staged.Settings)) {
		if _, err := c.pulumi(ctx, "config", "set-all", "--stack", *stack, "--secret", key+"="+staged.Settings[key]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c.stdout, "%s as of %s, when main was at %s\n", *stack, staged.Taken.Format(time.RFC3339), staged.Commit)
	return err
}

// readJSON reads a file of at most limit bytes.
func readJSON(path string, limit int64, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > limit {
		return fmt.Errorf("%s: expected at most %d bytes, got more", path, limit)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
