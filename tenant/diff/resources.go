package diff

import (
	"fmt"
	"strings"
)

// This file lists the resources that change. The rules are:
//   - one line for each resource, also for a replaced one
//   - names of properties, never their values

// What happens to a resource, in the order in which it is shown.
var signs = []struct{ sign, word string }{
	created: {"+", "created"}, updated: {"~", "updated"}, replaced: {"±", "replaced"}, deleted: {"-", "deleted"}, otherwise: {"?", "changed otherwise"},
}

// resource is a change in one line, with the properties that are named.
func (c change) resource(properties []string) string {
	sign := code(signs[c.op].sign)
	if c.op == otherwise {
		sign += " " + code(strings.Join(c.ops, ", "))
	}
	text := fmt.Sprintf("%s %s %s", sign, code(typeOf(c.urn)), code(nameOf(c.urn)))
	if len(properties) == 0 {
		return text
	}
	named := properties[:min(len(properties), mostProperties)]
	var names []string
	for _, property := range named {
		names = append(names, code(property))
	}
	text += ": " + strings.Join(names, ", ")
	if more := len(properties) - len(named); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// mostProperties is how many are named for one resource.
const mostProperties = 40

// summary counts the resources that change, by what happens to them.
func summary(changes []change) string {
	counts := make([]int, len(signs))
	for _, c := range changes {
		counts[c.op]++
	}
	var parts []string
	for i, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, signs[i].word))
		}
	}
	return "Resources: " + strings.Join(parts, ", ")
}
