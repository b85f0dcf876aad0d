// Package layout names the folders in a sandbox's directory that the sandbox and
// pulumilocal share: the sandbox writes their names into the environment of its
// clients, and pulumilocal puts Pulumi's executables there.
//
// It is a package of its own so that neither has to import the other. Not for
// production.
package layout

import "path/filepath"

// PulumiHome is the PULUMI_HOME of a sandbox directory.
func PulumiHome(dir string) string { return filepath.Join(dir, "pulumi") }

// Bin is the folder of a sandbox directory that goes first on PATH.
func Bin(dir string) string { return filepath.Join(dir, "bin") }

// State is the folder of a sandbox directory where Pulumi keeps its stacks.
func State(dir string) string { return filepath.Join(dir, "state") }
