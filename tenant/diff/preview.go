// Package diff says what a Pulumi preview changes in access: who gains or loses
// an app role, whose credential changes its kind, what becomes reachable
// without an assignment. It renders that as Markdown for a pull request, with
// the resources that change below, collapsed. If these may change access in a
// way that it cannot describe, it says so.
//
// It only reads the digest that `pulumi preview --json` prints and never
// contacts a tenant. It shows the names of properties and never their values,
// so that no secret can get into a comment.
package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Preview is what the engine would do to a stack.
type Preview struct {
	Steps       []Step       `json:"steps"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// A Diagnostic is what the engine or the program had to say.
type Diagnostic struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

// Errors are the messages of what went wrong.
func (p Preview) Errors() (messages []string) {
	for _, d := range p.Diagnostics {
		if d.Severity == "error" {
			messages = append(messages, strings.TrimSpace(d.Message))
		}
	}
	return messages
}

// A Step is what the engine would do to one resource. A replacement has
// several.
type Step struct {
	Op           string                     `json:"op"`
	URN          string                     `json:"urn"`
	Old          *State                     `json:"oldState"` // nil for what is created
	New          *State                     `json:"newState"` // nil for what is deleted
	DiffReasons  []string                   `json:"diffReasons"`
	DetailedDiff map[string]json.RawMessage `json:"detailedDiff"`
}

// A State is the part of a resource's state that access depends on.
type State struct {
	Type                 string              `json:"type"`
	Parent               string              `json:"parent"`
	Inputs               map[string]any      `json:"inputs"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
}

// Read reads the output of `pulumi preview --json --show-sames`. Output without
// --show-sames is an error, because it leaves out what a client already has. So
// is that of a preview that failed, whose steps end where it stopped.
func Read(r io.Reader) (Preview, error) {
	var p Preview
	decoder := json.NewDecoder(r)
	if err := decoder.Decode(&p); err != nil {
		return Preview{}, fmt.Errorf("read the preview: expected the output of pulumi preview --json: %w", err)
	}
	if problems := p.Errors(); len(problems) > 0 {
		return Preview{}, fmt.Errorf("read the preview: expected one that succeeded, got %q; fix: run pulumi preview and fix what it reports", strings.Join(problems, "\n"))
	}
	// A stack always has at least its own resource.
	if len(p.Steps) == 0 {
		return Preview{}, errors.New("read the preview: expected steps, got none; is it the output of pulumi preview --json?")
	}
	known := make(map[string]bool)
	for _, s := range p.Steps {
		known[s.URN] = true
	}
	for _, s := range p.Steps {
		for _, state := range []*State{s.Old, s.New} {
			if state != nil && state.Parent != "" && !known[state.Parent] {
				return Preview{}, fmt.Errorf("read the preview: expected the parent of %q too, got none; run pulumi preview --json --show-sames", s.URN)
			}
		}
		if strings.Count(s.URN, "::") < 3 || s.Op == "" {
			return Preview{}, fmt.Errorf("read the preview: expected an operation and a URN, got %q and %q", s.Op, s.URN)
		}
	}
	return p, nil
}

// removes reports whether the resource is gone after the step.
func (s Step) removes() bool {
	return s.Op == "delete" || s.Op == "delete-replaced" || s.Op == "discard" || s.Op == "discard-replaced" || s.Op == "remove-pending-replace"
}

// changes reports whether the step changes the cloud, or found that somebody
// else did.
func (s Step) changes() bool {
	return s.Op != "same" && s.Op != "read" && (s.Op != "refresh" || len(s.properties()) > 0)
}

// nameOf is a resource's logical name, typeOf its type, without its parents'.
func nameOf(urn string) string {
	return urn[strings.LastIndex(urn, "::")+2:]
}

func typeOf(urn string) string {
	qualified := strings.SplitN(urn, "::", 4)[2]
	return qualified[strings.LastIndex(qualified, "$")+1:]
}
