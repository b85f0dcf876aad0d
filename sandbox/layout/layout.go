// Package layout names the folders in a sandbox's directory that others fill:
// the sandbox writes their names into the environment of its clients, and
// whoever runs Pulumi in a sandbox puts its programs there.
//
// It knows nothing else, so that neither side needs the other. Not for
// production.
package layout

import "path/filepath"

// PulumiHome is the PULUMI_HOME of a sandbox directory.
func PulumiHome(dir string) string { return filepath.Join(dir, "pulumi") }

// Bin is the folder of a sandbox directory that goes first on PATH.
func Bin(dir string) string { return filepath.Join(dir, "bin") }

// State is the folder of a sandbox directory where Pulumi keeps its stacks.
func State(dir string) string { return filepath.Join(dir, "state") }
