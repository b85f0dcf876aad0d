package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"
)

// A Project runs the CLI in one project folder.
type Project struct {
	Dir     string   // where Pulumi.yaml is
	Environ []string // complete, PATH included
	// Watch is told of each resource while Run runs, if it is not nil: how many are
	// done, and the name of the one that the engine began last.
	Watch func(done int, name string)
}

// NewScratch writes a project folder in dir that runs the program of the project
// in source, so that the CLI writes its stack files in dir. It copies source's
// Pulumi.STACK.yaml for each of the stacks in names.
func NewScratch(source, dir, stack string, names ...string) error {
	data, err := os.ReadFile(filepath.Join(source, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	var settings map[string]any
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return fmt.Errorf("make scratch project: read Pulumi.yaml: %w", err)
	}
	main, err := filepath.Rel(dir, source)
	if err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	settings["main"] = main
	if data, err = yaml.Marshal(settings); err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), data, 0o600); err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	data, err = os.ReadFile(filepath.Join(source, "Pulumi."+stack+".yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make scratch project: expected a stack file Pulumi.%s.yaml, got none: %w", stack, err)
	}
	for _, name := range names {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "Pulumi."+name+".yaml"), data, 0o600)
		}
	}
	if err != nil {
		return fmt.Errorf("make scratch project: %w", err)
	}
	return nil
}

// DropSetting removes a key from the file of a stack, so that the project's default
// holds.
func (p Project) DropSetting(stack, key string) error {
	path := filepath.Join(p.Dir, "Pulumi."+stack+".yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file map[string]any
	if err := yaml.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("read %q: %w", path, err)
	}
	if config, ok := file["config"].(map[string]any); ok {
		delete(config, key)
	}
	if data, err = yaml.Marshal(file); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// An Outcome is the result of one command of the engine.
type Outcome struct {
	// Changes counts resources by operation (create, update, replace, delete,
	// same, …), from the engine's event log.
	Changes map[string]int
	// Touched lists the other resources than "same": operation, space, URN.
	Touched []string
	Elapsed time.Duration
}

// Changed counts the resources that changed.
func (o Outcome) Changed() int {
	n := 0
	for kind, count := range o.Changes {
		if kind != "same" {
			n += count
		}
	}
	return n
}

// Run runs up, preview, refresh or destroy on a stack.
func (p Project) Run(ctx context.Context, output io.Writer, stack, verb string, args ...string) (Outcome, error) {
	events, err := os.CreateTemp(p.Dir, ".events-*")
	if err != nil {
		return Outcome{}, err
	}
	defer os.Remove(events.Name())
	defer events.Close()
	start := time.Now()
	args = append([]string{verb, "--non-interactive", "--stack", stack, "--event-log", events.Name()}, args...)
	logged := p
	logged.Environ = append(slices.Clone(p.Environ), "PULUMI_DEBUG_COMMANDS=true") // adds the flag --event-log
	stop := p.follow(events.Name())
	err = logged.Pulumi(ctx, output, args...)
	stop()
	if err != nil {
		return Outcome{}, err
	}
	outcome := Outcome{Elapsed: time.Since(start)}
	if err := outcome.read(events); err != nil {
		return Outcome{}, fmt.Errorf("read what %s changed: %w", verb, err)
	}
	return outcome, nil
}

// Pulumi runs the CLI and waits for it. Canceling ctx interrupts it, so that it
// can finish operations that have started.
func (p Project) Pulumi(ctx context.Context, output io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, p.path(), args...)
	cmd.Dir, cmd.Env = p.Dir, p.Environ
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C reaches it only once, through us
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("pulumi %s: interrupted", args[0])
	}
	return fmt.Errorf("pulumi %s: %w", args[0], err)
}

// Outputs decodes a stack's exports into out.
func (p Project) Outputs(ctx context.Context, stack string, out any) error {
	var text bytes.Buffer
	if err := p.Pulumi(ctx, &text, "stack", "output", "--json", "--stack", stack); err != nil {
		return fmt.Errorf("%w\n%s", err, text.String())
	}
	return json.Unmarshal(text.Bytes(), out)
}

// path finds pulumi on the project's PATH, not on this process's.
func (p Project) path() string {
	for _, pair := range slices.Backward(p.Environ) {
		list, ok := strings.CutPrefix(pair, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(list) {
			path := filepath.Join(folder, "pulumi")
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
				return path
			}
		}
		break
	}
	return "pulumi"
}
