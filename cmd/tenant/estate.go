package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"app-to-app/tenant"
)

// An estateSource says where to read what one or more stacks of an API declare.
type estateSource struct {
	stacks         *[]string
	outputs, state *string
}

func estateFlags(flags *flag.FlagSet) estateSource {
	s := estateSource{stacks: new([]string)}
	flags.Func("stack", "read outputs and state of this stack with the Pulumi CLI; may be repeated", func(name string) error {
		if name == "" {
			return errors.New("expected the name of a stack")
		}
		*s.stacks = append(*s.stacks, name)
		return nil
	})
	s.outputs = flags.String("outputs", "", "read the outputs from this file, as pulumi stack output --json writes it")
	s.state = flags.String("state", "", "read the state from this file, as pulumi stack export writes it")
	return s
}

// arguments are those that read the same declaration again.
func (s estateSource) arguments() (text string) {
	none := ""
	for _, stack := range *s.stacks {
		text += declarationSource{&stack, &none, &none}.arguments()
	}
	return text + declarationSource{&none, s.outputs, s.state}.arguments()
}

func (s estateSource) read(ctx context.Context, c command) (tenant.Declaration, error) {
	if len(*s.stacks) < 2 {
		stack := append(*s.stacks, "")[0]
		return declarationSource{&stack, s.outputs, s.state}.read(ctx, c)
	}
	if *s.outputs != "" || *s.state != "" {
		return tenant.Declaration{}, &usageError{fmt.Errorf("expected -outputs and -state with one stack, got %d", len(*s.stacks))}
	}
	var all []tenant.Declaration
	for _, stack := range *s.stacks {
		one, err := declarationSource{&stack, s.outputs, s.state}.read(ctx, c)
		if err != nil {
			return tenant.Declaration{}, fmt.Errorf("stack %s: %w", stack, err)
		}
		all = append(all, one)
	}
	return tenant.Join(all)
}
