package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"app-to-app/azurecloud"
)

// This file asks the Pulumi CLI about a stack. Only the CLI can read a stack's
// state from every backend.

// runPulumi runs the CLI in the working directory, the project's. What it
// printed before it failed is returned too.
func runPulumi(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "pulumi", append(args, "--non-interactive")...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // lets it finish what it has begun
	command.WaitDelay = time.Minute
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, exec.ErrNotFound):
		return nil, azurecloud.WithHint(err, "install the Pulumi CLI, or name a file with the stack's outputs")
	}
	return out, fmt.Errorf("pulumi %s: %w: %s", args[0], err, strings.TrimSpace(problems.String()))
}

// outputs are the exports of a stack as JSON: those in a file, as
// `pulumi stack output --json` writes them, or the stack's own.
func (c command) outputs(ctx context.Context, stack, file string) ([]byte, error) {
	switch {
	case file != "":
		return os.ReadFile(file)
	case stack == "":
		return nil, &usageError{errors.New("expected -stack or -outputs, got neither")}
	}
	return c.pulumi(ctx, "stack", "output", "--json", "--stack", stack)
}

// state is a stack's state as `pulumi stack export` writes it, secrets
// encrypted.
func (c command) state(ctx context.Context, stack, file string) ([]byte, error) {
	switch {
	case file != "":
		return os.ReadFile(file)
	case stack == "":
		return nil, nil
	}
	return c.pulumi(ctx, "stack", "export", "--stack", stack)
}

// importState replaces a stack's state.
func (c command) importState(ctx context.Context, stack string, state []byte) error {
	f, err := os.CreateTemp("", "state-*.json") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(state)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = c.pulumi(ctx, "stack", "import", "--stack", stack, "--file", f.Name())
	return err
}

// config is the plain configuration of a stack, by key.
func (c command) config(ctx context.Context, stack string) (map[string]string, error) {
	out, err := c.pulumi(ctx, "config", "--json", "--stack", stack)
	if err != nil {
		return nil, err
	}
	var entries map[string]struct {
		Value  string `json:"value"`
		Secret bool   `json:"secret"`
	}
	if err := json.Unmarshal(out, &entries); err != nil {
		return nil, fmt.Errorf("read the configuration of stack %q: %w", stack, err)
	}
	values := make(map[string]string)
	for key, entry := range entries {
		if !entry.Secret {
			values[key] = entry.Value
		}
	}
	return values, nil
}
