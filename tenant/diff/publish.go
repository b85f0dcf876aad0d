package diff

import (
	"slices"

	"app-to-app/tenant/program"
)

// This file tells the commands that publish code from all others, which may do
// anything with the deployer's credentials. The rules are:
//   - the command line and the properties are exactly the program's
//   - what changes is the package: the publisher sends a token of the deployer's
//     to the site's host, so a command with another host may do more than publish

const commandType = "command:local:Command"

// publishHost is the variable of such a command with the host that it sends to.
const publishHost = "environment.PUBLISH_SCM_HOST"

// publishes reports whether all that the change does is to publish other code to
// the same site.
func (c change) publishes() bool {
	if c.op != updated && c.op != replaced || !c.isPublisher() || len(c.paths) == 0 {
		return false
	}
	// Secrets look alike whatever they are.
	for _, side := range []*Side{c.old, c.new} {
		if host, ok := side.Inputs[publishHost].(string); !ok || host == secretValue {
			return false
		}
	}
	return !slices.ContainsFunc(c.paths, func(path string) bool {
		return !under(path, []string{"triggers", "environment.PUBLISH_PACKAGE", "environment.PUBLISH_SHA256"})
	})
}

// isPublisher reports whether the command is the program's, before and after.
func (c change) isPublisher() bool {
	var states []map[string]any
	for _, side := range []*Side{c.old, c.new} {
		if side == nil {
			continue
		}
		state := make(map[string]any)
		for path, value := range side.Inputs {
			state[firstName(path)] = value // that of create is all there is of it
		}
		states = append(states, state)
	}
	return program.IsPublisher(c.urn, states...)
}

// describeCommand describes a new publisher: its code is new, and it is told
// where to send a token.
func describeCommand(s *stack, c change) []line {
	host := valueOf(c.new, publishHost)
	return []line{{gains, s.label(c.urn) + " **publishes code** with `" + program.PublishLine + "` as the deployer, whose token it sends to the host " + s.show(host)}}
}
