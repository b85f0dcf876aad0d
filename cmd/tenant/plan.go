package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"app-to-app/tenant/plan"
)

var planVerb = verb{
	name:    "plan",
	summary: "preview a stack and keep the plan, for somebody to approve",
	usage: `plan -stack NAME -commit SHA -out FOLDER [-preview FILE]

Runs "pulumi preview", and writes the engine's update plan and what it was made of
into the folder. -preview also keeps the preview, for "tenant diff -preview". The
engine encrypts the secrets in a plan as it does in the state.`,
	run: runPlan,
}

var applyVerb = verb{
	name:    "apply",
	summary: "apply such a plan, if nothing has changed since",
	usage: `apply -stack NAME -commit SHA -plan FOLDER

Refuses a plan of another commit, and a stack whose state has changed since the
plan was made. Then it runs "pulumi up" with the plan, so that the engine refuses
what is not in it.`,
	run: runApply,
}

const (
	planFile   = "plan.json"
	recordFile = "record.json"
)

func runPlan(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to preview")
	commit := flags.String("commit", "", "commit of the program")
	folder := flags.String("out", "", "folder to write the plan to")
	file := flags.String("preview", "", "file to write the preview to, as pulumi preview --json --show-sames prints it")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" || *commit == "" || *folder == "" {
		return &usageError{errors.New("expected -stack, -commit and -out")}
	}
	if err := os.MkdirAll(*folder, 0o700); err != nil {
		return err
	}
	before, err := c.state(ctx, *stack, "")
	if err != nil {
		return err
	}
	path := filepath.Join(*folder, planFile)
	preview, err := c.pulumi(ctx, "preview", "--json", "--show-sames", "--save-plan", path, "--stack", *stack)
	if err != nil {
		return fmt.Errorf("%w%s", err, diagnostics(preview))
	}
	after, err := c.state(ctx, *stack, "")
	if err != nil {
		return err
	}
	planned, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	record, err := plan.New(*stack, *commit, c.now(), before, after, planned)
	if err != nil {
		return err
	}
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if *file != "" {
		if err := os.WriteFile(*file, preview, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(*folder, recordFile), append(data, '\n'), 0o600)
}

func runApply(ctx context.Context, c command, flags *flag.FlagSet, args []string) error {
	stack := flags.String("stack", "", "stack to update")
	commit := flags.String("commit", "", "commit of the program")
	folder := flags.String("plan", "", "folder that tenant plan wrote")
	if _, err := parse(flags, args); err != nil {
		return err
	}
	if *stack == "" || *commit == "" || *folder == "" {
		return &usageError{errors.New("expected -stack, -commit and -plan")}
	}
	var record plan.Record
	if err := readJSON(filepath.Join(*folder, recordFile), 1<<16, &record); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	path := filepath.Join(*folder, planFile)
	planned, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	state, err := c.state(ctx, *stack, "")
	if err != nil {
		return err
	}
	if err := record.Check(*stack, *commit, state, planned); err != nil {
		return fmt.Errorf("%w: nothing was changed", err)
	}
	out, err := c.pulumi(ctx, "up", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs", "--plan", path, "--stack", *stack)
	if err != nil {
		// The CLI says what went wrong on its standard output.
		return fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out)))
	}
	_, err = c.stdout.Write(out)
	return err
}
