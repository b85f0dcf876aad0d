// Package teardown removes a stack, and what stays in the recycle bins of
// Microsoft Entra ID and Key Vault after that. Then it proves, from the live
// tenant and subscription, that nothing is left of what the stack's state
// recorded.
//
// It runs no code but the program's: it refuses a state with resources that the
// program of the default branch does not make, or forgets them first.
//
// It deletes only what the stack's own state says that the stack made, and
// purges only what still has the same ids. Before it destroys anything, it
// writes a journal of what to purge, because the state no longer has that
// afterwards. An interrupted teardown resumes from the journal.
package teardown

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant/marked"
)

// A Stack is one stack of the Pulumi CLI.
type Stack interface {
	Exists(ctx context.Context) (bool, error)
	// Export is the stack's state, as `pulumi stack export` writes it.
	Export(ctx context.Context) ([]byte, error)
	// Import replaces the stack's state.
	Import(ctx context.Context, state []byte) error
	// Destroy deletes all resources. It is called on a stack that has some.
	// With again, an earlier one may have been interrupted: the state can list
	// resources that are gone, and must be refreshed first.
	Destroy(ctx context.Context, again bool) error
	// Remove removes the empty stack, and leaves its settings file.
	Remove(ctx context.Context) error
}

// Options are what a teardown needs.
type Options struct {
	Name    string // of the stack
	Project string
	Stack   Stack
	Session *azurecloud.Session
	Journal string    // file that lists what to purge; its folder is created if needed
	Log     io.Writer // progress
	// ForgetForeign takes resources that the program does not make out of the
	// state, instead of refusing it with [ErrForeign].
	ForgetForeign bool
	// Force tears down an API that clients of others call, instead of refusing it
	// with [ErrCalled].
	Force bool
	// Confirm asks a person to repeat the name. An error ends the teardown.
	Confirm func(name string, made Remains) error
	// Wait pauses between checks whether something is gone yet.
	Wait       func(context.Context, time.Duration) error
	unrecorded []marked.Thing // what the proof found by its mark alone

	// After is called with the name of each step that is done; an error ends
	// the teardown. It may be nil.
	After func(step string) error
}

// Steps are those of a teardown, in order.
var Steps = []string{"write journal", "destroy", "purge service principals", "purge applications", "purge vaults", "remove stack", "prove"}

// ErrProtected is the refusal of a stack that must not be torn down.
var ErrProtected = errors.New("stack is protected")

// ErrNoStack is the answer to a name that no stack has: neither a state nor an
// unfinished teardown, and nothing that carries its mark.
var ErrNoStack = errors.New("no such stack")

// Run tears a stack down and says what is left; [Left.Total] is zero when all
// went well. When there is neither a stack nor an unfinished teardown, it only
// runs the proof, and returns [ErrNoStack] with it if that finds nothing.
func Run(ctx context.Context, o Options) (Left, error) {
	made, err := o.begin(ctx)
	if err != nil {
		return Left{}, err
	}
	for i, step := range []func(context.Context, *Remains) error{
		o.writeJournal, o.destroy, o.purgeServicePrincipals, o.purgeApplications, o.purgeVaults, o.remove,
	} {
		if err := step(ctx, made); err != nil {
			return Left{}, fmt.Errorf("%s: %w", Steps[i], err)
		}
		if err := o.after(Steps[i]); err != nil {
			return Left{}, err
		}
	}
	left, err := o.prove(ctx, made)
	if err != nil {
		return Left{}, fmt.Errorf("prove: %w", err)
	}
	if made.unknown && left.Total() == 0 {
		return left, fmt.Errorf("%w: %s", ErrNoStack, o.Name)
	}
	if err := o.after("prove"); err != nil || left.Total() > 0 {
		return left, err // the journal stays as long as something is left
	}
	if err := os.Remove(o.Journal); err != nil && !errors.Is(err, os.ErrNotExist) {
		return left, err
	}
	return left, nil
}

func (o Options) after(step string) error {
	if o.After == nil {
		return nil
	}
	return o.After(step)
}

func (o Options) logf(format string, args ...any) { fmt.Fprintf(o.Log, format+"\n", args...) }

// begin reads what the stack made, from its state and from the journal of a
// teardown that was interrupted, and refuses a stack that must not be torn
// down.
func (o Options) begin(ctx context.Context) (*Remains, error) {
	made, unfinished, err := o.readJournal()
	if err != nil {
		return nil, err
	}
	made.again = unfinished
	exists, err := o.Stack.Exists(ctx)
	if err != nil {
		return nil, err
	}
	if !exists {
		if made.unknown = !unfinished; made.unknown {
			o.logf("there is no stack %s and no unfinished teardown of it: no ids are recorded, so only what carries its mark is looked for", o.Name)
		}
		return made, nil
	}
	state, err := o.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	found, err := readState(state)
	if err != nil {
		return nil, fmt.Errorf("read the state of stack %s: %w", o.Name, err)
	}
	if err := found.refuse(o.Name); err != nil {
		return nil, err
	}
	made.add(found)
	if err := o.checkPlace(ctx, made); err != nil {
		return nil, err
	}
	rest, err := o.refuseForeign(state)
	if err == nil {
		err = o.refuseCallers(ctx, state, made)
	}
	if err != nil {
		return nil, err
	}
	if err := o.Confirm(o.Name, *made); err != nil || rest == nil {
		return made, err
	}
	return made, o.Stack.Import(ctx, rest)
}

// checkPlace refuses a session in another tenant or subscription than the
// stack's.
func (o Options) checkPlace(ctx context.Context, made *Remains) error {
	if made.SubscriptionID != "" && !strings.EqualFold(made.SubscriptionID, o.Session.SubscriptionID) {
		return azurecloud.WithHint(fmt.Errorf("expected the stack's subscription %s, got %q", made.SubscriptionID, o.Session.SubscriptionID),
			"export ARM_SUBSCRIPTION_ID="+made.SubscriptionID)
	}
	if made.TenantID == "" {
		return nil
	}
	caller, err := o.Session.Graph.Caller(ctx)
	if err != nil {
		return err
	}
	if !strings.EqualFold(made.TenantID, caller.TenantID) {
		return azurecloud.WithHint(fmt.Errorf("expected the stack's tenant %s, got %s", made.TenantID, caller.TenantID),
			"sign in to the stack's tenant: ARM_TENANT_ID="+made.TenantID)
	}
	return nil
}

func (o Options) readJournal() (made *Remains, unfinished bool, err error) {
	made = new(Remains)
	data, err := os.ReadFile(o.Journal)
	if errors.Is(err, os.ErrNotExist) {
		return made, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, made)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the journal of an interrupted teardown: %w", err)
	}
	if made.Stack != o.Name {
		return nil, false, fmt.Errorf("read the journal %s: expected stack %q, got %q", o.Journal, o.Name, made.Stack)
	}
	o.logf("going on with the teardown in %s", o.Journal)
	return made, true, nil
}

// writeJournal records what the stack made. The file is either complete or
// absent.
func (o Options) writeJournal(_ context.Context, made *Remains) error {
	if made.empty() {
		return nil
	}
	made.Stack = o.Name
	data, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return err
	}
	folder := filepath.Dir(o.Journal)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".journal-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), o.Journal)
}

func (o Options) destroy(ctx context.Context, made *Remains) error {
	if !made.inState {
		return nil
	}
	o.logf("destroying %s: %s", o.Name, made)
	return o.Stack.Destroy(ctx, made.again)
}

func (o Options) remove(ctx context.Context, _ *Remains) error {
	exists, err := o.Stack.Exists(ctx)
	if err != nil || !exists {
		return err
	}
	o.logf("removing stack %s", o.Name)
	return o.Stack.Remove(ctx)
}
