package diff

import "app-to-app/tenant/program"

// This file tells the commands that publish code from all others, which may do
// anything with the deployer's credentials. The rules are:
//   - the command line and the properties are exactly the program's
//   - what changes is the package: the publisher sends a token of the deployer's
//     to the site's host, so a command with another host, and a new command,
//     may do more than publish

// publishes reports whether all that the step does is to publish other code to
// the same site.
func (s Step) publishes() bool {
	switch s.Op {
	case "update", "replace", "create-replacement":
	default:
		return false
	}
	if !s.isPublisher() || s.Old == nil || s.New == nil {
		return false
	}
	allowed := []string{"triggers", "environment.PUBLISH_PACKAGE", "environment.PUBLISH_SHA256"}
	if !s.changesOnly(func(path string) bool { return path == "environment" || under(path, allowed) }) {
		return false
	}
	return samePlace(s.Old.Inputs["environment"], s.New.Inputs["environment"])
}

// unpublishes reports whether all that the step does is to forget a command
// that published code: deleting it runs nothing.
func (s Step) unpublishes() bool {
	return (s.Op == "delete" || s.Op == "delete-replaced") && s.isPublisher()
}

// isPublisher reports whether the command is the program's, before and after.
func (s Step) isPublisher() bool {
	var inputs []map[string]any
	for _, state := range []*State{s.Old, s.New} {
		if state != nil {
			inputs = append(inputs, state.Inputs)
		}
	}
	return program.IsPublisher(s.URN, inputs...)
}

// samePlace reports whether two environments of a command differ in the package
// alone. It cannot tell for a secret, which the preview does not show.
func samePlace(old, new any) bool {
	was, _ := old.(map[string]any)
	is, ok := new.(map[string]any)
	if !ok {
		return false
	}
	for _, name := range keys(was, is) {
		if name == "PUBLISH_PACKAGE" || name == "PUBLISH_SHA256" {
			continue
		}
		if value, ok := is[name].(string); !ok || value == "[secret]" || was[name] != is[name] {
			return false
		}
	}
	return true
}
