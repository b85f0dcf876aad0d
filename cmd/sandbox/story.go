package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"app-to-app/pulumilocal/deployer"
	"app-to-app/pulumilocal/engine"
)

// story takes the steps in the order in which the reader sees them.
func (d *demonstration) story(ctx context.Context, destroy bool) error {
	handMade, err := d.neighbour(ctx)
	if err != nil {
		return err
	}
	before, err := d.azure.Inventory(ctx)
	if err != nil {
		return err
	}
	if err := d.up(ctx); err != nil {
		return err
	}
	called, err := d.call(ctx)
	if err != nil {
		return err
	}
	if err := d.preview(ctx); err != nil {
		return err
	}
	if destroy {
		if err := d.destroy(ctx); err != nil {
			return err
		}
		if err := d.left(ctx, before, handMade); err != nil {
			return err
		}
	}
	return d.summary(called, destroy)
}

// neighbour makes what destroy must leave alone: an app registration made by hand,
// whose id it returns, and a second stack of the same program.
func (d *demonstration) neighbour(ctx context.Context) (handMade string, err error) {
	st := d.screen.begin("neighbour", "a second stack, which must outlive the first")
	defer st.fail()
	// With the one client of the project's default. A neighbour of the size of the
	// stack itself took half of the demo's time, and proved no more.
	if err := d.project.DropSetting(neighbour, "app-to-app:clients"); err != nil {
		return "", err
	}
	var made struct{ ID string }
	if err := d.azure.Do(ctx, "POST", "/v1.0/applications", map[string]string{"displayName": "made-by-hand"}, &made); err != nil {
		return "", err
	}
	outcome, err := d.run(ctx, st, 0, neighbour, "up", "--yes", "--skip-preview")
	if err != nil {
		return "", err
	}
	d.report.Seconds.Neighbour = seconds(outcome.Elapsed)
	st.done("a second stack with %d resources", outcome.Changes["create"])
	return made.ID, nil
}

// up previews the stack, to know how many resources there will be, and deploys it.
func (d *demonstration) up(ctx context.Context) error {
	st := d.screen.begin("deploy", "planning stack "+d.stack)
	defer st.fail()
	planned, err := d.run(ctx, st, 0, d.stack, "preview")
	if err != nil {
		return err
	}
	outcome, err := d.run(ctx, st, planned.Changes["create"], d.stack, "up", "--yes", "--skip-preview")
	if err != nil {
		return err
	}
	d.report.Resources.Created, d.report.Seconds.Up = outcome.Changes["create"], seconds(outcome.Elapsed)
	st.done("stack %s with %d resources", d.stack, outcome.Changes["create"])
	return nil
}

// call calls each client with its function key, and the server without a token.
func (d *demonstration) call(ctx context.Context) ([]clientResult, error) {
	st := d.screen.begin("call", "each client, with its function key")
	defer st.fail()
	called, err := d.callStack(ctx, d.stack)
	if err != nil {
		return nil, err
	}
	d.report.Orders = called[0].results[0].Orders
	for _, c := range called {
		for _, r := range c.results {
			d.report.Providers = append(d.report.Providers, providerReport{Client: c.client, Name: r.TokenProvider,
				Credential: r.Credential, Status: r.Status, Caller: r.Caller, TokenSource: r.TokenSource})
		}
	}
	if d.refused, err = d.callWithoutToken(ctx); err != nil {
		return nil, err
	}
	d.report.Seconds.Call = seconds(time.Since(st.start))
	st.done("%s got the orders, nobody else", plural(len(called), "client"))
	return called, nil
}

// callWithoutToken asks the API for orders as anybody could, and returns its
// status. It notes what the API is called.
func (d *demonstration) callWithoutToken(ctx context.Context) (int, error) {
	var exports struct {
		URL  string `json:"apiUrl"`
		Name string `json:"apiName"`
	}
	if err := d.project.Outputs(ctx, d.stack, &exports); err != nil {
		return 0, err
	}
	d.api = exports.Name + "-api"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, exports.URL, nil)
	if err != nil {
		return 0, err
	}
	resp, err := d.sandbox.HTTPClient().Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		return 0, fmt.Errorf("call the server without a token: expected status %d, got %d", http.StatusUnauthorized, resp.StatusCode)
	}
	return resp.StatusCode, nil
}

func (d *demonstration) preview(ctx context.Context) error {
	st := d.screen.begin("preview", "the unchanged stack")
	defer st.fail()
	outcome, err := d.run(ctx, st, 0, d.stack, "preview")
	if err != nil {
		return err
	}
	d.report.Seconds.Preview, d.report.PreviewChanges = seconds(outcome.Elapsed), outcome.Changed()
	if d.report.PreviewChanges != 0 {
		return fmt.Errorf("expected an unchanged stack to preview without changes, got %d", d.report.PreviewChanges)
	}
	st.done("no changes")
	return nil
}

// destroy destroys the stack. Protected resources, as in prod, are unprotected
// first, as a person would have to.
func (d *demonstration) destroy(ctx context.Context) error {
	st := d.screen.begin("destroy", "stack "+d.stack)
	defer st.fail()
	var exports struct {
		Environment string `json:"environment"`
	}
	if err := d.project.Outputs(ctx, d.stack, &exports); err != nil {
		return err
	}
	if exports.Environment == "prod" {
		if err := d.pulumi(ctx, "state", "unprotect", "--all", "--yes", "--stack", d.stack, "--non-interactive"); err != nil {
			return err
		}
	}
	outcome, err := d.run(ctx, st, d.report.Resources.Created, d.stack, "destroy", "--yes", "--skip-preview")
	if err != nil {
		return err
	}
	d.report.Seconds.Destroy = seconds(outcome.Elapsed)
	st.done("%d resources deleted", outcome.Changes["delete"])
	return nil
}

// left compares the live tenant and subscription with what they held before,
// and checks that the neighbour and the hand-made object are still there.
func (d *demonstration) left(ctx context.Context, before deployer.Inventory, handMade string) error {
	st := d.screen.begin("prove", "that nothing is left, from the lists of Graph and ARM")
	defer st.fail()
	after, err := d.azure.Inventory(ctx)
	if err != nil {
		return err
	}
	d.report.LeftBehind = after.Minus(before)
	if d.report.RecycleBin, err = d.azure.RecycleBin(ctx); err != nil {
		return err
	}
	if d.report.LeftBehind != (deployer.Inventory{}) {
		return fmt.Errorf("expected destroy to delete all of its stack and nothing else, got a difference:\n%s", d.report.LeftBehind)
	}
	if err := d.azure.Do(ctx, "GET", "/v1.0/applications/"+handMade, nil, nil); err != nil {
		return fmt.Errorf("look for the app registration made by hand: %w", err)
	}
	if _, err := d.callStack(ctx, neighbour); err != nil {
		return fmt.Errorf("call the neighbour after destroy: %w", err)
	}
	st.done("nothing is left; the neighbour still gets its orders")
	return nil
}

// run runs the engine on a stack, which it makes if need be, and counts resources
// in the step's line. total is 0 if it is not known.
func (d *demonstration) run(ctx context.Context, st *step, total int, stack, verb string, args ...string) (engine.Outcome, error) {
	if _, err := os.Stat(filepath.Join(d.project.Dir, ".made-"+stack)); errors.Is(err, os.ErrNotExist) {
		if err := d.pulumi(ctx, "stack", "init", "--non-interactive", stack); err != nil {
			return engine.Outcome{}, err
		}
		if err := os.WriteFile(filepath.Join(d.project.Dir, ".made-"+stack), nil, 0o600); err != nil {
			return engine.Outcome{}, err
		}
	}
	watched := d.project
	watched.Watch = func(done int, name string) {
		if total > 0 {
			st.set("%d of %d resources: %s", done, total, name)
		} else {
			st.set("%s: %s", plural(done, "resource"), name)
		}
	}
	var outcome engine.Outcome
	err := d.shown(func(output io.Writer) (err error) {
		outcome, err = watched.Run(ctx, output, stack, verb, args...)
		return err
	})
	return outcome, err
}

// pulumi runs a command of the CLI that is not about resources.
func (d *demonstration) pulumi(ctx context.Context, args ...string) error {
	return d.shown(func(output io.Writer) error { return d.project.Pulumi(ctx, output, args...) })
}

// shown runs a command and shows its output: all of it with -v, else only if it
// fails.
func (d *demonstration) shown(run func(output io.Writer) error) error {
	if d.log != nil {
		return run(d.log)
	}
	var kept bytes.Buffer
	err := run(&kept)
	if err != nil {
		d.screen.say("\n%s", kept.Bytes())
	}
	return err
}
