package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file hands facts from the job that runs a branch's code to the one that
// may comment. The rules are:
//   - facts have exactly one form: what is read must encode to the same bytes, so
//     nothing is unknown, repeated, nested deeper or written in two ways
//   - everything has a limit, and a URN the shape of one
//   - an error says what was expected and what came, quoted

// The limits of facts: room for about 400 clients with a function app each. A value
// that is longer is not handed over.
const (
	mostFactBytes = 16 << 20
	mostSteps     = 40000
	mostItems     = 200  // of a list, and properties of a resource
	mostText      = 1024 // bytes of a value
	mostName      = 4096 // bytes of a URN, an id or the path of a property
	mostNames     = 500
)

// Encode is the facts as JSON, in the one form that [ReadFacts] takes. It fails if
// they are beyond its limits.
func (f Facts) Encode() ([]byte, error) {
	if err := f.check(f.Stack); err != nil {
		return nil, fmt.Errorf("write the facts: %w", err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the facts: %w", err)
	}
	if len(text) >= mostFactBytes {
		return nil, fmt.Errorf("write the facts: expected less than %d bytes, got %d: the stack is too large for a comment", mostFactBytes, len(text))
	}
	return append(text, '\n'), nil
}

// ReadFacts reads the facts of a stack that [Facts.Encode] wrote. They come from a
// job that ran somebody else's code.
func ReadFacts(r io.Reader, stack string) (Facts, error) {
	text, err := io.ReadAll(io.LimitReader(r, mostFactBytes+1))
	if err != nil {
		return Facts{}, fmt.Errorf("read the facts: %w", err)
	}
	f, err := decodeFacts(text, stack)
	if err != nil {
		return Facts{}, fmt.Errorf("read the facts: %w", err)
	}
	return f, nil
}

func decodeFacts(text []byte, stack string) (f Facts, err error) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	switch {
	case len(text) == 0:
		return f, errors.New("expected what tenant diff -facts prints, got nothing; did the preview fail?")
	case len(text) > mostFactBytes:
		return f, fmt.Errorf("expected at most %d bytes, got more", mostFactBytes)
	case !utf8.Valid(text):
		return f, errors.New("expected UTF-8, got other bytes")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return f, fmt.Errorf("expected what tenant diff -facts prints: %.200q", err.Error())
	}
	if err := f.check(stack); err != nil {
		return f, err
	}
	canonical, err := json.Marshal(f)
	if err != nil {
		return f, err
	}
	if !bytes.Equal(canonical, text) {
		at := 0
		for at < min(len(canonical), len(text)) && canonical[at] == text[at] {
			at++
		}
		return f, fmt.Errorf("expected what tenant diff -facts prints, byte for byte, got something else at byte %d", at)
	}
	return f, nil
}

// check reports what is beyond the limits.
func (f Facts) check(stack string) error {
	switch {
	case f.Schema != Schema:
		return fmt.Errorf("expected the schema %q, got %.40q; run tenant diff of the same version on both sides", Schema, f.Schema)
	case f.Stack != stack:
		return fmt.Errorf("expected the facts of stack %q, got those of %.40q", stack, f.Stack)
	case f.Steps == nil || f.Names == nil:
		return errors.New("expected names and steps, got none")
	case len(f.Steps) > mostSteps:
		return fmt.Errorf("expected at most %d steps, got %d", mostSteps, len(f.Steps))
	case len(f.Names) > mostNames:
		return fmt.Errorf("expected at most %d names, got %d", mostNames, len(f.Names))
	}
	for id, name := range f.Names {
		if !guid.MatchString(id) || id != strings.ToLower(id) || len(name.Kind)+len(name.DisplayName) > mostText {
			return fmt.Errorf("expected an id in lower case and a short name, got %.60q and %d bytes", id, len(name.Kind)+len(name.DisplayName))
		}
	}
	return f.checkSteps()
}

func (f Facts) checkSteps() error {
	known := make(map[string]bool)
	for _, s := range f.Steps {
		if err := checkURN(s.URN, f.Stack); err != nil {
			return err
		}
		known[s.URN] = true
	}
	for _, s := range f.Steps {
		if s.Op == "" || len(s.Op) > 40 {
			return fmt.Errorf("%.200q: expected an operation, got %.40q", s.URN, s.Op)
		}
		if s.Old == nil && s.New == nil {
			return fmt.Errorf("%.200q: expected an old or a new side, got neither", s.URN)
		}
		if err := texts(mostItems*2, mostName, s.Changed); err != nil {
			return fmt.Errorf("%.200q: changed: %w", s.URN, err)
		}
		for _, side := range []*Side{s.Old, s.New} {
			if side == nil {
				continue
			}
			if side.Parent != "" && !known[side.Parent] {
				return fmt.Errorf("%.200q: expected its parent among the steps, got none", s.URN)
			}
			if err := side.check(); err != nil {
				return fmt.Errorf("%.200q: %w", s.URN, err)
			}
		}
	}
	return nil
}

// checkURN checks the form urn:pulumi:STACK::PROJECT::TYPES::NAME
// (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns).
func checkURN(urn, stack string) error {
	parts := strings.SplitN(urn, "::", 4)
	stack = stack[strings.LastIndex(stack, "/")+1:] // it may be ORG/PROJECT/STACK
	if len(parts) < 4 || parts[0] != "urn:pulumi:"+stack || parts[1] == "" || typeOf(urn) == "" || parts[3] == "" {
		return fmt.Errorf("expected URNs like urn:pulumi:%s::PROJECT::TYPE::NAME, got %.200q", stack, urn)
	}
	if len(urn) > mostName {
		return fmt.Errorf("expected URNs of at most %d bytes, got one of %d", mostName, len(urn))
	}
	return nil
}

func (s *Side) check() error {
	if err := texts(2, mostName, []string{s.ID, s.DeletedWith}); err != nil {
		return fmt.Errorf("id and deletedWith: %w", err)
	}
	for _, values := range []map[string]any{s.Inputs, s.Outputs} {
		if err := texts(mostItems*10, mostName, slices.Sorted(maps.Keys(values))); err != nil {
			return fmt.Errorf("properties: %w", err)
		}
		for path, value := range values {
			list, isList := value.([]any)
			if !isList {
				list = []any{value}
			}
			for _, item := range list {
				if composite(item) && (isList || item != nil) {
					return fmt.Errorf("property %.200q: expected a text, a number, a boolean or a list of them, got something nested", path)
				}
			}
			if !short(value) {
				return fmt.Errorf("property %.200q: expected at most %d items of at most %d bytes, got more", path, mostItems, mostText)
			}
		}
	}
	for property, from := range s.From {
		if err := texts(mostItems, mostName, append([]string{property}, from...)); err != nil {
			return fmt.Errorf("from: %w", err)
		}
		for _, urn := range from {
			if strings.Count(urn, "::") < 3 || nameOf(urn) == "" {
				return fmt.Errorf("property %.200q: expected URNs that it comes from, got %.200q", property, urn)
			}
		}
	}
	return nil
}

// texts checks the number and the lengths of texts.
func texts(most, longest int, all []string) error {
	if len(all) > most {
		return fmt.Errorf("expected at most %d, got %d", most, len(all))
	}
	for _, text := range all {
		if len(text) > longest {
			return fmt.Errorf("expected at most %d bytes, got %d", longest, len(text))
		}
	}
	return nil
}
