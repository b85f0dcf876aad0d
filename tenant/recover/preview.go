package recover

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file is about what exists and has no operation in the state: its creation
// was answered and the answer lost while the engine lived on, another tool made it
// again under another id, or an older copy of the state was restored. The next
// update would create it, so a preview has its URN and its inputs. The rules are:
//   - it is looked for like a creation that was begun ([live.find]), except where
//     that trusts the state's word that this stack began it: see [live.unbegun]
//   - it is adopted only if all its inputs are known: those of what belongs to a
//     thing that is adopted now are known after the next look
//   - what is found and not adopted is named, and stays

// creations are what the next update would create, in the engine's order: what
// something depends on comes before it.
func (o Options) creations(ctx context.Context) ([]resource, error) {
	data, err := o.Stack.Preview(ctx)
	if err != nil {
		return nil, err
	}
	return readCreations(data)
}

// readCreations reads the output of `pulumi preview --json`.
func readCreations(data []byte) (created []resource, err error) {
	var preview struct {
		Steps []struct {
			Op  string `json:"op"`
			New object `json:"newState"`
		} `json:"steps"`
		Diagnostics []struct {
			Severity string `json:"severity"`
			Message  string `json:"message"`
		} `json:"diagnostics"`
	}
	if err := json.Unmarshal(data, &preview); err != nil {
		return nil, fmt.Errorf("expected the output of pulumi preview --json: %w", err)
	}
	for _, d := range preview.Diagnostics {
		if d.Severity == "error" {
			return nil, errors.New(strings.TrimSpace(d.Message))
		}
	}
	for _, step := range preview.Steps {
		if step.Op == "create" && step.New != nil {
			created = append(created, resource{step.New})
		}
	}
	return created, nil
}

// planUnrecorded decides about what the next update would create.
func (r *round) planUnrecorded(ctx context.Context) error {
	created, err := r.o.creations(ctx)
	if err != nil {
		r.unasked = err.Error()
		return nil
	}
	r.created = created
	for _, made := range created {
		if made.object["custom"] != true || made.isProvider() {
			continue
		}
		found, err := r.live.unbegun(ctx, made)
		var undecided *undecidedError
		switch {
		case errors.Is(err, errSetAgain), errors.Is(err, errSecret):
			continue
		case errors.As(err, &undecided):
			r.o.logf("%s is left alone: %v", made, err)
			continue
		case err != nil:
			return fmt.Errorf("look for %s: %w", made, err)
		}
		r.decideUnrecorded(made, found)
	}
	return nil
}

func (r *round) decideUnrecorded(made resource, found []thing) {
	for i, t := range found {
		step := Step{What: made.String(), ID: t.id, urn: made.urn()}
		switch {
		case t.adoptable && i == 0:
			if hasUnknown(made.object["inputs"]) {
				r.o.logf("%s (%s) exists and the state does not have it; it is adopted once what it depends on is there: run recover again after the update", made, t.id)
				return
			}
			step.Action, step.Why, step.do = Adopt, "the next update would create it, and it exists", t.repair
			r.adopt(made, t)
		case t.remove != nil && !t.adoptable:
			step.Action, step.Why, step.do = Remove, t.why, t.remove
		default:
			continue // a second one that could be adopted: the final look names it
		}
		r.plan = append(r.plan, step)
	}
}

// adopt puts what was found into the state, with its parents and its provider,
// which are nothing but entries there.
func (r *round) adopt(made resource, t thing) {
	r.adoptEntry(text(made.object, "parent"))
	provider, id, _ := cutLast(text(made.object, "provider"), "::")
	entry := r.adoptEntry(provider)
	of := made.adopted(t.id, t.inputs)
	if id == unknown && entry != "" {
		of.object["provider"] = provider + "::" + entry
	}
	r.adopted = append(r.adopted, of)
	r.read = append(r.read, made.urn())
}

// adoptEntry adds an entry that stands for nothing in the cloud, with its parents,
// and returns its id.
func (r *round) adoptEntry(urn string) (id string) {
	if known, ok := r.state.find(urn); ok {
		return known.id()
	}
	for _, entry := range r.adopted {
		if entry.urn() == urn {
			return entry.id()
		}
	}
	entry, ok := defaultProvider(urn)
	if i := slices.IndexFunc(r.created, func(c resource) bool { return c.urn() == urn }); i >= 0 {
		entry, ok = r.created[i], true
	}
	if !ok {
		return ""
	}
	r.adoptEntry(text(entry.object, "parent"))
	if entry.isProvider() {
		id = rand.Text() // the engine chooses one too, and reads nothing in it
	}
	entry = entry.adopted(id, nil)
	if id == "" {
		delete(entry.object, "id")
	}
	r.adopted = append(r.adopted, entry)
	return id
}

// defaultProvider is the entry of a provider that the engine itself starts, in the
// version that its name has. A preview leaves these out, so a state that has nothing
// yet, or no longer, says nothing of them. The next update adds their settings.
func defaultProvider(urn string) (entry resource, ok bool) {
	rest, name, _ := cutLast(urn, "::default_")
	_, kind, _ := cutLast(rest, "::")
	version := strings.ReplaceAll(name, "_", ".")
	entry = resource{object{"urn": urn, "custom": true, "type": kind, "inputs": object{"version": version}}}
	return entry, entry.isProvider() && version != ""
}

func (r resource) isProvider() bool { return strings.HasPrefix(r.kind(), "pulumi:providers:") }

// hasUnknown reports whether a value has a part that is not known before the
// update.
func hasUnknown(value any) bool {
	switch v := value.(type) {
	case string:
		return v == unknown
	case object:
		for _, member := range v {
			if hasUnknown(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasUnknown)
	}
	return false
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
