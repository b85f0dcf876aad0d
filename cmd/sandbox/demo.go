package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
	show    io.Writer // what a person reads
	report  report
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
	d := &demonstration{stack: *stack, show: stdout}
	if *asJSON {
		d.show = stderr
	}
	kept := false
	defer func() {
		if !kept {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := d.copyProject(project, filepath.Join(dir, "project")); err != nil {
		return err // before start, which may build for ten minutes
	}
	if d.sandbox, err = start(ctx, sandbox.Options{Dir: filepath.Join(dir, "sandbox")}, project, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sandbox.Close()) }()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.story(ctx, !*keep); err != nil {
		return err
	}
	if err := reportUnemulated(d.sandbox); err != nil {
		return err
	}
	if *asJSON { // and not *keep
		return d.report.write(stdout)
	}
	if *keep {
		kept = true
		d.say("\nstill serving on %s; in a second shell:\n\n    . %s\n    cd %s\n    pulumi stack select %s\n\nCtrl-C stops it; then remove %s\n",
			d.sandbox.BaseURL, d.sandbox.EnvFile(d.tenant), d.project.Dir, d.stack, dir)
		<-ctx.Done()
	}
	return nil
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

// prepare connects the demonstration to its sandbox.
func (d *demonstration) prepare(ctx context.Context) (err error) {
	d.tenant = d.sandbox.Tenants()[0]
	d.project.Environ = d.sandbox.Overlay(os.Environ(), d.sandbox.Environ(d.tenant)...)
	d.report.Stack = d.stack
	d.azure, err = deployer.New(ctx, d.sandbox, d.tenant)
	return err
}

// story tells the steps in the order in which the reader sees them.
func (d *demonstration) story(ctx context.Context, destroy bool) error {
	d.say("A local Azure serves on %s. Before the story starts, it gets a neighbour:\na second stack of the same program, and an app registration made by hand.\n\n", d.sandbox.BaseURL)
	if err := d.initStacks(ctx); err != nil {
		return err
	}
	if err := d.quietly(ctx, neighbour, "up", "--yes", "--skip-preview"); err != nil {
		return err
	}
	var handMade struct{ ID string }
	if err := d.azure.Do(ctx, "POST", "/v1.0/applications", map[string]string{"displayName": "made-by-hand"}, &handMade); err != nil {
		return err
	}
	before, err := d.azure.Inventory(ctx)
	if err != nil {
		return err
	}
	if err := d.up(ctx); err != nil {
		return err
	}
	if err := d.call(ctx); err != nil {
		return err
	}
	if err := d.preview(ctx); err != nil {
		return err
	}
	if !destroy {
		return nil
	}
	if err := d.destroy(ctx); err != nil {
		return err
	}
	return d.left(ctx, before, handMade.ID)
}

func (d *demonstration) initStacks(ctx context.Context) error {
	for _, stack := range []string{neighbour, d.stack} {
		var kept bytes.Buffer
		if err := d.project.Pulumi(ctx, &kept, "stack", "init", "--non-interactive", stack); err != nil {
			d.show.Write(kept.Bytes())
			return err
		}
	}
	return nil
}

func (d *demonstration) up(ctx context.Context) error {
	d.say("$ pulumi up --stack %s\n", d.stack)
	outcome, err := d.project.Run(ctx, d.show, d.stack, "up", "--yes", "--skip-preview")
	if err != nil {
		return err
	}
	d.report.Resources.Created, d.report.Seconds.Up = outcome.Changes["create"], seconds(outcome.Elapsed)
	return nil
}

func (d *demonstration) preview(ctx context.Context) error {
	d.say("\n$ pulumi preview --stack %s\n", d.stack)
	outcome, err := d.project.Run(ctx, d.show, d.stack, "preview")
	if err != nil {
		return err
	}
	d.report.Seconds.Preview, d.report.PreviewChanges = seconds(outcome.Elapsed), outcome.Changed()
	if d.report.PreviewChanges != 0 {
		return fmt.Errorf("expected an unchanged stack to preview without changes, got %d", d.report.PreviewChanges)
	}
	return nil
}

// destroy destroys the stack. Protected resources, as in prod, are unprotected
// first, as a person would have to.
func (d *demonstration) destroy(ctx context.Context) error {
	var exports struct {
		Environment string `json:"environment"`
	}
	if err := d.project.Outputs(ctx, d.stack, &exports); err != nil {
		return err
	}
	if exports.Environment == "prod" {
		d.say("\n$ pulumi state unprotect --all --stack %s\n", d.stack)
		if err := d.project.Pulumi(ctx, d.show, "state", "unprotect", "--all", "--yes", "--stack", d.stack, "--non-interactive"); err != nil {
			return err
		}
	}
	d.say("\n$ pulumi destroy --stack %s\n", d.stack)
	outcome, err := d.project.Run(ctx, d.show, d.stack, "destroy", "--yes", "--skip-preview")
	d.report.Seconds.Destroy = seconds(outcome.Elapsed)
	return err
}

// left compares the live tenant and subscription with what they held before,
// and checks that the neighbour and the hand-made object are still there.
func (d *demonstration) left(ctx context.Context, before deployer.Inventory, handMade string) error {
	after, err := d.azure.Inventory(ctx)
	if err != nil {
		return err
	}
	d.report.LeftBehind = after.Minus(before)
	if d.report.RecycleBin, err = d.azure.RecycleBin(ctx); err != nil {
		return err
	}
	d.say("\nLeft behind, from the lists of Graph and ARM against those before `up`:\n%s", d.report.LeftBehind)
	d.say("In the recycle bins of Entra, for 30 days, and Key Vault, for 7: %d applications, %d service principals, %d vaults\n",
		d.report.RecycleBin.Applications, d.report.RecycleBin.ServicePrincipals, d.report.RecycleBin.Vaults)
	if d.report.LeftBehind != (deployer.Inventory{}) {
		return errors.New("expected destroy to delete all of its stack and nothing else, got a difference")
	}
	if err := d.azure.Do(ctx, "GET", "/v1.0/applications/"+handMade, nil, nil); err != nil {
		return fmt.Errorf("look for the app registration made by hand: %w", err)
	}
	if _, err := d.callStack(ctx, neighbour); err != nil {
		return fmt.Errorf("call the neighbour after destroy: %w", err)
	}
	d.say("The neighbour still gets its orders, and the app registration made by hand is still there.\n")
	return nil
}

// quietly runs the engine and shows its output only when it fails.
func (d *demonstration) quietly(ctx context.Context, stack, verb string, args ...string) error {
	var kept bytes.Buffer
	outcome, err := d.project.Run(ctx, &kept, stack, verb, args...)
	if err != nil {
		d.show.Write(kept.Bytes())
		return err
	}
	d.say("The neighbour is up after %.0f s.\n\n", seconds(outcome.Elapsed))
	return nil
}

func (d *demonstration) say(format string, args ...any) { fmt.Fprintf(d.show, format, args...) }

// seconds is a duration for the report, to a tenth of a second.
func seconds(d time.Duration) float64 {
	return d.Round(100 * time.Millisecond).Seconds()
}
