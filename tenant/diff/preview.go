// Package diff says what a Pulumi preview changes in access: who gains or loses
// a role, who can sign in as whom, what the API asks of its callers. It is a
// pipeline of three, each with a type:
//
//	Read             the output of pulumi preview --json  → Preview
//	Preview.Facts    what classification needs            → Facts, as JSON
//	Facts.Markdown   classification by one table, and the comment
//
// The first two may run with a branch's code; the third is for a job that does
// not. What the table does not know is listed as not understood, and then nothing
// claims that nobody's access changes.
//
// The package never contacts a tenant: names of principals come from its caller.
// It shows values of only those properties that the table lists, and none that
// the engine treats as secret.
package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
	Op             string                     `json:"op"`
	URN            string                     `json:"urn"`
	Old            *State                     `json:"oldState"` // nil for what is created
	New            *State                     `json:"newState"` // nil for what is deleted
	DiffReasons    []string                   `json:"diffReasons"`
	ReplaceReasons []string                   `json:"replaceReasons"`
	DetailedDiff   map[string]json.RawMessage `json:"detailedDiff"`
}

// A State is the part of a resource's state that access depends on.
type State struct {
	Type                 string              `json:"type"`
	ID                   string              `json:"id"`
	Parent               string              `json:"parent"`
	Provider             string              `json:"provider"` // its URN and id
	RetainOnDelete       bool                `json:"retainOnDelete"`
	DeletedWith          string              `json:"deletedWith"` // URN of what it is in
	Outputs              map[string]any      `json:"outputs"`
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
// else did, or hands the resource to another provider.
func (s Step) changes() bool {
	switch s.Op {
	case "same":
		return s.signsInElsewhere()
	case "read":
		return false
	}
	return s.Op != "refresh" || len(s.properties()) > 0
}

// properties are the paths that differ, as the provider names them.
func (s Step) properties() []string {
	if len(s.DetailedDiff) > 0 {
		return append(slices.Collect(maps.Keys(s.DetailedDiff)), s.ReplaceReasons...)
	}
	return append(slices.Clone(s.DiffReasons), s.ReplaceReasons...)
}

// nameOf is a resource's logical name, typeOf its type, without its parents'. A
// text that is no URN has neither.
func nameOf(urn string) string {
	if parts := strings.SplitN(urn, "::", 4); len(parts) == 4 {
		return parts[3]
	}
	return ""
}

func typeOf(urn string) string {
	qualified := qualifiedType(urn)
	return qualified[strings.LastIndex(qualified, "$")+1:]
}

// qualifiedType is the type with its parents'.
func qualifiedType(urn string) string {
	if parts := strings.SplitN(urn, "::", 4); len(parts) == 4 {
		return parts[2]
	}
	return ""
}
