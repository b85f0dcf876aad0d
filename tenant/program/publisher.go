package program

import (
	"slices"
	"strings"
)

// publisherPath ends the types in the URN of a function app's command.
const publisherPath = "app-to-app:components:FunctionApp$" + commandType

// PublishLine is the command line of such a command; moduleLine that of a project
// in another module.
const (
	PublishLine = "go run ./cmd/publish"
	moduleLine  = "go run app-to-app/cmd/publish"
)

// publisherProperties are those of the program's command, and what it printed.
// Nothing runs when such a command is deleted: it has no "delete".
var publisherProperties = []string{"addPreviousOutputInEnv", "create", "environment", "stderr", "stdout", "triggers"}

// IsPublisher reports whether a resource is the program's one command, which
// publishes a package: it is in a function app, and all of its inputs and outputs
// have the program's command line, and no other property that says what to run,
// where, or when.
func IsPublisher(urn string, states ...map[string]any) bool {
	if path := typePath(urn); path != publisherPath && !strings.HasSuffix(path, "$"+publisherPath) {
		return false
	}
	for _, state := range states {
		if line := state["create"]; line != PublishLine && line != moduleLine {
			return false
		}
		for name := range state {
			if !slices.Contains(publisherProperties, name) {
				return false
			}
		}
	}
	return len(states) > 0
}
