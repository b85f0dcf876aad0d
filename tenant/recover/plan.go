package recover

import (
	"context"
	"fmt"
	"strings"
)

// The actions of a plan.
const (
	RemoveLock = "remove lock"
	RepairFile = "repair"
	Adopt      = "adopt"   // put into the state what exists
	Refresh    = "refresh" // read what an interrupted update or deletion did
	Forget     = "forget"  // an operation that did nothing
	Drop       = "drop"    // from the state, what is gone
	Remove     = "remove"  // what exists and cannot be adopted, or was made twice
	Enable     = "enable"  // an app role that a failed update left disabled
)

// A Step is one thing that a recovery does.
type Step struct {
	Action string `json:"action"`
	What   string `json:"what"`
	ID     string `json:"id,omitempty"`
	Why    string `json:"why"`

	urn string
	do  func(context.Context) error // for what is not done in the state
}

// A Plan is what a recovery is about to do.
type Plan []Step

// String has a line for each step.
func (p Plan) String() string {
	var text strings.Builder
	for _, s := range p {
		fmt.Fprintf(&text, "  %-11s %s", s.Action, s.What)
		if s.ID != "" {
			fmt.Fprintf(&text, " (%s)", s.ID)
		}
		fmt.Fprintf(&text, ": %s\n", s.Why)
	}
	return text.String()
}

// carryOut shows a plan, asks, and does it. An empty one is not shown.
func (o Options) carryOut(ctx context.Context, plan Plan, do func() error) error {
	if len(plan) == 0 {
		return nil
	}
	if err := o.Confirm(plan); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return do()
}
