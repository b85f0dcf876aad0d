package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A resource is one that the program registers.
type resource struct {
	typeToken, name string
	parent          *resource
	needs           []*resource // what has to be there first, and is no ancestor
	inputs          map[string]string
	step            int // 1 for what needs nothing, else one more than what it needs
}

// key names a resource as the golden's options do.
func (r *resource) key() string { return r.typeToken + "::" + r.name }

// noun is the last part of the type: WebApp, ServicePrincipal.
func (r *resource) noun() string { return r.typeToken[strings.LastIndex(r.typeToken, ":")+1:] }

// in reports whether the resource's parent is of a type.
func (r *resource) in(noun string) bool { return r.parent != nil && r.parent.noun() == noun }

// component reports whether the resource only holds others.
func (r *resource) component() bool { return strings.HasPrefix(r.typeToken, "app-to-app:components:") }

// parseGraph reads a golden of TestGraph: one paragraph for each resource, whose
// first line is its type and name, and whose other lines are options and inputs.
// Paragraphs of calls are left out.
func parseGraph(golden string) ([]*resource, error) {
	var resources []*resource
	byKey := make(map[string]*resource)
	type link struct{ from, option, to string }
	var links []link
	for paragraph := range strings.SplitSeq(strings.TrimSpace(golden), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		typeToken, name, ok := strings.Cut(lines[0], " ")
		if typeToken == "call" {
			continue
		}
		if !ok || strings.Contains(name, " ") || strings.Count(typeToken, ":") != 2 {
			return nil, fmt.Errorf("expected the type and the name of a resource, got %q", lines[0])
		}
		r := &resource{typeToken: typeToken, name: name, inputs: make(map[string]string)}
		if byKey[r.key()] != nil {
			return nil, fmt.Errorf("%s: expected it once, got it twice", r.key())
		}
		byKey[r.key()] = r
		resources = append(resources, r)
		for _, line := range lines[1:] {
			option, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if input, ok := strings.CutPrefix(option, "inputs."); ok {
				if text, err := strconv.Unquote(value); err == nil {
					value = text
				}
				r.inputs[input] = value
			}
			if option == "parent" || option == "dependsOn" {
				to, _, _ := strings.Cut(value, " ")
				links = append(links, link{r.key(), option, to})
			}
		}
	}
	for _, l := range links {
		from, to := byKey[l.from], byKey[l.to]
		switch {
		case to == nil:
			return nil, fmt.Errorf("%s: expected its %s %s among the resources, got none", l.from, l.option, l.to)
		case l.option == "parent":
			from.parent = to
		case to.component():
			return nil, fmt.Errorf("%s: expected it to depend on resources, got the component %s", l.from, l.to)
		default:
			from.needs = append(from.needs, to)
		}
	}
	return resources, number(resources)
}

// number gives each resource its step, and a component none.
func number(resources []*resource) error {
	waiting := slices.DeleteFunc(slices.Clone(resources), (*resource).component)
	for len(waiting) > 0 {
		left := waiting[:0:0]
		for _, r := range waiting {
			step := 1
			for _, needed := range r.needs {
				if needed.step == 0 {
					step = 0
					break
				}
				step = max(step, needed.step+1)
			}
			if r.step = step; step == 0 {
				left = append(left, r)
			}
		}
		if len(left) == len(waiting) {
			return fmt.Errorf("%s: expected resources that do not need each other in a circle", left[0].key())
		}
		waiting = left
	}
	return nil
}
