// Package recover puts a stack right after its engine was killed.
//
// The engine records a creation before it begins it. If it is killed before the
// answer is recorded, the thing exists and the state does not have it: the next
// update fails at it ("cannot create already existing resource") or makes it a
// second time. A recovery finds them: by the ids that their inputs determine,
// by the mark that the program puts on what it makes
// ([app-to-app/components/provenance]), and through what they belong to. What it
// finds it adopts: it puts it into the state under its URN, and lets the engine
// read the rest. What cannot be adopted, because nobody knows its value or the
// state has another one in its place, it removes. What the state has and the
// directory does not, it takes out of the state.
//
// It starts from the creations that the state lists as pending. When none is left,
// it looks for what the next update would create and for what was made twice: an
// engine that lives on after an answer is lost records nothing.
//
// It may be interrupted at any point, and run again. What it adopts stays
// recorded as an unfinished creation until the engine has read it, because that
// is the one kind of operation that the engine does not clear by itself.
package recover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"app-to-app/azurecloud"
	"app-to-app/tenant/marked"
)

// A Stack is one stack of the Pulumi CLI.
type Stack interface {
	// Backend is the address of the backend, as `pulumi whoami` shows it.
	Backend(ctx context.Context) (string, error)
	// Cancel removes the stack's locks.
	Cancel(ctx context.Context) error
	// Export is the stack's state, its secrets encrypted.
	Export(ctx context.Context) ([]byte, error)
	// Import replaces the stack's state.
	Import(ctx context.Context, state []byte) error
	// Refresh reads some resources, by their URNs, into the state.
	Refresh(ctx context.Context, urns []string) error
	// Preview is what the next update would do, as `pulumi preview --json` prints
	// it.
	Preview(ctx context.Context) ([]byte, error)
}

// Options are what a recovery needs.
type Options struct {
	Name    string // of the stack
	Project string
	Stack   Stack
	Session *azurecloud.Session
	Host    Host
	Backups string // folder for the states that are replaced
	Log     io.Writer
	Now     func() time.Time

	// Patience is how long to look again for what is not found in the directory:
	// it may show a new object late. Wait pauses in between.
	Patience time.Duration
	Wait     func(context.Context, time.Duration) error
	// EnableRoles enables the stack's app roles that are disabled. Without it they
	// are named: somebody may have disabled one on purpose.
	EnableRoles bool
	// BreakLock removes a lock that a process on another computer holds.
	BreakLock bool
	// Confirm shows a plan, and asks. An error ends the recovery before the plan
	// is carried out.
	Confirm func(Plan) error
}

// A Report is what a recovery did, and what it found in the end that carries the
// stack's mark and is not in its state.
type Report struct {
	Done    []Step         `json:"done"`
	Unknown []marked.Thing `json:"unknown"`
	// Unasked is why what the next update would create was not looked for, "" if it
	// was.
	Unasked string `json:"unasked,omitempty"`
}

// rounds bounds how often a plan is made. What belongs to what was adopted is found
// in the next round, so there are as many as the program's resources are deep.
const rounds = 12

// Run recovers a stack.
func Run(ctx context.Context, o Options) (Report, error) {
	var done []Step
	confirm := o.Confirm
	o.Confirm = func(p Plan) error {
		err := confirm(p)
		if err == nil {
			done = append(done, p...)
		}
		return err
	}
	if err := o.unlock(ctx); err != nil {
		return Report{Done: done}, err
	}
	for range rounds {
		round, err := o.lookPatiently(ctx)
		if err != nil {
			return Report{Done: done}, err
		}
		if len(round.plan) == 0 {
			unknown, err := round.prove(ctx)
			return Report{Done: append([]Step{}, done...), Unknown: append([]marked.Thing{}, unknown...), Unasked: round.unasked}, err
		}
		switch err := o.carryOut(ctx, round.plan, func() error { return round.apply(ctx) }); {
		case errors.Is(err, errMoved):
			o.logf("the state has changed since the plan was made: looking again")
			done = done[:len(done)-len(round.plan)]
		case err != nil:
			return Report{Done: done}, err
		}
	}
	return Report{Done: done}, fmt.Errorf("expected nothing more to recover after %d rounds, got more each time", rounds)
}

// prove looks for what carries the stack's mark and is not in its state. What is in
// a recycle bin is gone for the engine.
func (r *round) prove(ctx context.Context) ([]marked.Thing, error) {
	found, err := marked.Find(ctx, r.o.Session, r.o.Project, r.o.Name, marked.Live())
	if err != nil {
		return nil, fmt.Errorf("look for what the state does not have: %w", err)
	}
	known := r.state.ids()
	return slices.DeleteFunc(found, func(t marked.Thing) bool {
		if t.Requested { // it is whose who made it
			return true
		}
		id := strings.ToLower(t.ID)
		return known[id] || known["/applications/"+id]
	}), nil
}

// A round is one look at state and tenant, and what follows from it.
type round struct {
	o       Options
	from    []byte // the state that the plan was made from, as it was exported
	state   *state
	live    *live
	plan    Plan
	adopted []resource
	dropped []resource
	read    []string   // URNs to refresh
	unseen  int        // what the directory does not show, and may
	created []resource // by the next update
	unasked string     // why that is not known
}

// lookAgain is the time between two looks.
const lookAgain = 5 * time.Second

// lookPatiently looks until everything that was begun is found, or for as long as
// the directory may take to show it. What is then taken for missing would
// otherwise be made twice.
func (o Options) lookPatiently(ctx context.Context) (*round, error) {
	for waited := time.Duration(0); ; waited += lookAgain {
		r, err := o.look(ctx)
		if err != nil || r.unseen == 0 || waited >= o.Patience {
			return r, err
		}
		if waited == 0 {
			o.logf("%d object(s) are not to be found in Microsoft Entra ID, which may show a new one late: looking again for %s", r.unseen, o.Patience)
		}
		if err := o.Wait(ctx, lookAgain); err != nil {
			return nil, err
		}
	}
}

func (o Options) look(ctx context.Context) (*round, error) {
	exported, err := o.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	s, err := readState(exported)
	if err != nil {
		return nil, err
	}
	r := &round{o: o, from: exported, state: s, live: newLive(o, s, exported)}
	for _, plan := range []func(context.Context) error{r.checkPlace, r.planGone, r.planPending, r.planRoles} {
		if err := plan(ctx); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(r.plan, func(s Step) bool { return s.Action != Enable }) {
		return r, nil // the rest is about a state in which this is done
	}
	for _, plan := range []func(context.Context) error{r.planDuplicates, r.planUnrecorded} {
		if err := plan(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// planPending decides about the operations that the engine did not finish.
func (r *round) planPending(ctx context.Context) error {
	for _, op := range r.state.pending() {
		step := Step{What: op.resource.String(), urn: op.resource.urn()}
		known, exists := r.state.find(op.resource.urn())
		switch {
		case op.kind != creating && r.drops(op.resource):
			continue
		case op.kind != creating && exists:
			step.Action, step.ID, step.Why = Refresh, known.id(), "the engine was interrupted while "+op.kind+" it"
			r.plan, r.read = append(r.plan, step), append(r.read, step.urn)
			continue
		case exists && known.id() != "" && known.id() == op.resource.id():
			step.Action, step.ID, step.Why = Refresh, known.id(), "a recovery was interrupted before it was read"
			r.plan, r.read = append(r.plan, step), append(r.read, step.urn)
			continue
		case op.kind != creating:
			step.Action, step.Why = Forget, "the engine was interrupted while "+op.kind+" it, and the state no longer has it"
			r.plan = append(r.plan, step)
			continue
		}
		found, err := r.live.find(ctx, op.resource)
		if errors.Is(err, errSetAgain) || errors.Is(err, errSecret) {
			step.Action, step.Why = Forget, err.Error()
			r.plan = append(r.plan, step)
			continue
		}
		if err != nil {
			return fmt.Errorf("look for %s: %w", op.resource, err)
		}
		if _, inDirectory := finders[op.resource.kind()]; inDirectory && len(found) == 0 {
			r.unseen++
		}
		r.decide(op.resource, found, exists)
	}
	return nil
}

// drops reports whether the round takes a resource out of the state.
func (r *round) drops(of resource) bool {
	return slices.ContainsFunc(r.dropped, func(gone resource) bool { return gone.urn() == of.urn() && gone.id() == of.id() })
}

// decide is about a creation that was begun: what exists of it.
func (r *round) decide(of resource, found []thing, replaces bool) {
	step := Step{What: of.String(), urn: of.urn()}
	if len(found) == 0 {
		step.Action, step.Why = Forget, "its creation was begun, and it does not exist"
		r.plan = append(r.plan, step)
		return
	}
	for i, t := range found {
		step.ID = t.id
		switch {
		case t.adoptable && !replaces && i == 0:
			step.Action, step.Why, step.do = Adopt, "its creation was begun, and it exists", t.repair
			r.adopted = append(r.adopted, of.adopted(t.id, t.inputs))
			r.read = append(r.read, of.urn())
		case t.remove != nil:
			step.Action, step.Why, step.do = Remove, t.why, t.remove
			if t.adoptable {
				step.Why = "its creation was begun, and the state has another one under its name"
			}
		default: // a role or URI of an app registration, which the next update replaces
			step.Action, step.Why = Forget, "its creation was begun, and the state has it under its name"
		}
		r.plan = append(r.plan, step)
	}
}

// errMoved says that somebody else wrote the state since the plan was made.
var errMoved = errors.New("the state has changed since the plan was made")

// claim makes sure that the plan is still about the state as it is, and that no
// update is running, before anything is done: the engine takes the stack's lock to
// write the state, in any backend.
func (r *round) claim(ctx context.Context) error {
	now, err := r.o.Stack.Export(ctx)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, r.from) {
		return errMoved
	}
	if err := r.o.Stack.Import(ctx, now); err != nil {
		return fmt.Errorf("write the state: nothing was done; is an update running? %w", err)
	}
	return nil
}

// apply carries the plan out. What must not stay a moment longer goes first:
// secrets. The state is written once before the engine reads, and once after.
func (r *round) apply(ctx context.Context) error {
	if err := r.claim(ctx); err != nil {
		return err
	}
	for _, action := range []string{Remove, Adopt, Enable} {
		for _, step := range r.plan {
			if step.Action != action || step.do == nil {
				continue
			}
			r.o.logf("%s %s", step.Action, step.What)
			if err := step.do(ctx); err != nil && !azurecloud.IsNotFound(err) {
				return fmt.Errorf("%s %s: %w", step.Action, step.What, err)
			}
		}
	}
	if len(r.read)+len(r.dropped)+len(r.state.pending()) == 0 {
		return nil
	}
	r.state.drop(r.dropped)
	var unread []operation
	for _, made := range r.adopted {
		r.state.add(made)
	}
	for _, made := range r.adopted { // a state with a reference to nothing is refused; the next update makes it whole
		made.unrefer(func(urn string) bool { _, known := r.state.find(urn); return !known })
	}
	for _, urn := range r.read {
		if known, ok := r.state.find(urn); ok {
			unread = append(unread, operation{kind: creating, resource: known})
		}
	}
	r.state.setPending(unread)
	if err := r.write(ctx); err != nil || len(unread) == 0 {
		return err
	}
	slices.Sort(r.read)
	if err := r.o.Stack.Refresh(ctx, slices.Compact(r.read)); err != nil {
		return err
	}
	return r.clear(ctx)
}

// write replaces the state, and keeps the one before.
func (r *round) write(ctx context.Context) error {
	before, err := r.o.Stack.Export(ctx)
	if err != nil {
		return err
	}
	if err := r.o.keep(before); err != nil {
		return err
	}
	data, err := r.state.encode()
	if err != nil {
		return err
	}
	return r.o.Stack.Import(ctx, data)
}

// clear removes the operations that have been read.
func (r *round) clear(ctx context.Context) error {
	exported, err := r.o.Stack.Export(ctx)
	if err != nil {
		return err
	}
	s, err := readState(exported)
	if err != nil {
		return err
	}
	s.setPending(slices.DeleteFunc(s.pending(), func(op operation) bool { return slices.Contains(r.read, op.resource.urn()) }))
	data, err := s.encode()
	if err != nil {
		return err
	}
	return r.o.Stack.Import(ctx, data)
}

// keep writes a state beside, before it is replaced.
func (o Options) keep(state []byte) error {
	if err := os.MkdirAll(o.Backups, 0o700); err != nil {
		return err
	}
	path := filepath.Join(o.Backups, o.Name+"-"+o.Now().UTC().Format("20060102T150405.000Z")+".json")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	_, err = w.Write(state)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	o.logf("the state as it was is in %s", path)
	return nil
}

func (o Options) logf(format string, args ...any) { fmt.Fprintf(o.Log, format+"\n", args...) }
