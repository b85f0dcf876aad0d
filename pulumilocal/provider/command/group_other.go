//go:build !unix

package command

import "os/exec"

// group does nothing where there are no process groups: a cancelled run ends only
// the command itself.
func group(*exec.Cmd) {}
