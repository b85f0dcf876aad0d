package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/engine"
	"app-to-app/sandbox"
)

// A demonstration is one run of the main job in a sandbox of its own.
type demonstration struct {
	sandbox *sandbox.Sandbox
	tenant  sandbox.Tenant
	azure   *deployer.Client
	project engine.Project
	stack   string
	screen  *screen
	log     io.Writer // Pulumi's output, which only -v shows; nil keeps it for a failure
	report  report
	start   time.Time
	refused int    // the status of a call without a token
	api     string // name of the API's function app, as the stack exports it
}

// neighbour is a second stack that exists all the time. Destroying the first
// one must not touch it.
const neighbour = "neighbour"

// demo runs the story: up, call, preview, destroy, and what is left.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := newFlags("demo")
	stack := flags.String("stack", "dev", "stack file to deploy, as in Pulumi.NAME.yaml")
	asJSON := flags.Bool("json", false, "print one JSON object on stdout, everything else on stderr")
	keep := flags.Bool("keep", false, "do not destroy; keep serving, and say how to go on")
	verbose := flags.Bool("v", false, "show what Pulumi and the function apps print")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	if *keep && *asJSON {
		return withHint(errors.New("expected one of -keep and -json, got both: the report counts what destroy left"), "pass only one of them")
	}
	if *stack == neighbour {
		return fmt.Errorf("expected a stack of this project, got %q, which the demo uses itself", *stack)
	}
	project, err := projectDir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "app-to-app-demo-")
	if err != nil {
		return err
	}
	show := stdout
	if *asJSON {
		show = stderr
	}
	d := &demonstration{stack: *stack, screen: newScreen(show, os.Getenv, *verbose), start: time.Now()}
	kept := false
	defer func() {
		if !kept {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := d.copyProject(project, filepath.Join(dir, "project")); err != nil {
		return err // before start, which may build for minutes
	}
	output, err := os.Create(filepath.Join(dir, "handlers.log"))
	if err != nil {
		return err
	}
	defer output.Close()
	var handlers io.Writer = output
	if *verbose {
		d.log, handlers = show, show
	}
	if err := d.open(ctx, filepath.Join(dir, "sandbox"), project, handlers); err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, d.sandbox.Close()) }()
	if err := d.story(ctx, !*keep); err != nil {
		if ctx.Err() == nil && !*verbose {
			d.showEnd(output.Name())
		}
		return orInterrupted(ctx, err)
	}
	if err := reportUnemulated(d.sandbox); err != nil {
		return err
	}
	if *asJSON { // and not *keep
		d.report.Parts, d.report.Seconds.Total = d.screen.parts, seconds(time.Since(d.start))
		return d.report.write(stdout)
	}
	if *keep {
		kept = true
		d.screen.say("\nStill serving on %s; in a second shell:\n\n    . %s\n    cd %s\n    pulumi stack select %s\n\nThe function apps log to %s\nCtrl-C stops it; then remove %s\n",
			d.sandbox.BaseURL, d.sandbox.EnvFile(d.tenant), d.project.Dir, d.stack, output.Name(), dir)
		<-ctx.Done()
	}
	return nil
}

// orInterrupted is err, or its cause when that is Ctrl-C: then any request may be
// the one that failed.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// copyProject makes a scratch project folder that points back to the program, so
// that what the CLI writes into stack files stays out of the repository.
func (d *demonstration) copyProject(project, scratch string) error {
	d.project.Dir = scratch
	err := engine.NewScratch(project, scratch, d.stack, d.stack, neighbour)
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(err, "name one of the Pulumi.*.yaml files with -stack")
	}
	return err
}

// open starts the sandbox, builds the engine and signs in.
func (d *demonstration) open(ctx context.Context, dir, project string, handlers io.Writer) (err error) {
	began := time.Now()
	if d.sandbox, err = start(ctx, sandbox.Options{Dir: dir, Output: handlers}, project, d.screen); err != nil {
		return err
	}
	d.report.Seconds.Build = seconds(time.Since(began))
	d.tenant = d.sandbox.Tenants()[0]
	d.project.Environ = d.sandbox.Overlay(os.Environ(), d.sandbox.Environ(d.tenant)...)
	d.report.Stack = d.stack
	if d.azure, err = deployer.New(ctx, d.sandbox, d.tenant); err != nil {
		return errors.Join(err, d.sandbox.Close())
	}
	return nil
}

// showEnd shows the last lines that the function apps printed, because the file
// goes with the sandbox.
func (d *demonstration) showEnd(path string) {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return
	}
	last := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	d.screen.say("\nThe function apps printed last (all of it: sandbox demo -v):\n")
	for _, line := range last[max(0, len(last)-20):] {
		d.screen.say("  %s\n", line)
	}
}

// seconds is a duration for the report, to a tenth of a second.
func seconds(d time.Duration) float64 {
	return d.Round(100 * time.Millisecond).Seconds()
}
