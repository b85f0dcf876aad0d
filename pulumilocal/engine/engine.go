// Package engine runs the real Pulumi engine against a sandbox: the CLI on PATH,
// if Pulumi is installed, otherwise one that is built once from the pinned module
// in tools/pulumi, in the user's cache directory. The Go language host and the
// provider plugins, which are not available offline, are replaced by
// cmd/pulumi-stand-in. [Install] copies it under the names that the CLI expects.
//
// The package works with any program. Not for production.
package engine

import (
	"context"
	"io"
	"sync"
)

// Version is the version of the Pulumi CLI that tools/pulumi pins.
const Version = "v3.259.0"

// Plugins are the provider plugins that the stand-in replaces, with the versions
// that it reports.
var Plugins = map[string]string{
	"azuread":      "v5.53.5",
	"azure-native": "v2.90.0",
	"command":      "v1.1.0",
	"tls":          "v5.2.2",
}

// LanguageHost is the base name of the Go language host's executable.
const LanguageHost = "pulumi-language-go"

// PluginPrefix is how the base name of a provider's executable starts.
const PluginPrefix = "pulumi-resource-"

// A Watcher is a log that wants to know how far builds are. Both builds of
// [Prepare] call it, at once.
type Watcher interface {
	// Building says how many packages of a program are compiled, of how many at
	// most.
	Building(name string, compiled, packages int)
	// Built says that a program is there, whether it was built or found.
	Built(name string)
}

// What is built, as a [Watcher] hears it.
const (
	theCLI     = "the Pulumi CLI"
	theStandIn = "the stand-in"
)

// built tells a log that wants to know that a program is there.
func built(log io.Writer, name string) {
	if watcher, ok := log.(Watcher); ok {
		watcher.Built(name)
	}
}

// watch is the part of a log that counts, for one build; nil if it has none.
func watch(log io.Writer, name string) func(compiled, packages int) {
	watcher, ok := log.(Watcher)
	if !ok {
		return nil
	}
	return func(compiled, packages int) { watcher.Building(name, compiled, packages) }
}

// Prepare finds or builds the CLI and the stand-in, in parallel, and installs them
// in a sandbox directory. projectDir is any directory in this repository; progress
// goes to log, from both at once, and to its Building if it is a [Watcher].
func Prepare(ctx context.Context, projectDir, dir string, log io.Writer) error {
	either, fail := context.WithCancelCause(ctx) // neither works without the other
	defer fail(nil)
	var cli CLI
	var standIn string
	var both sync.WaitGroup
	both.Go(func() {
		var err error
		if cli, err = Find(either, projectDir, dir, log); err != nil {
			fail(err)
			return
		}
		built(log, theCLI)
	})
	both.Go(func() {
		var err error
		if standIn, err = BuildStandIn(either, projectDir, log); err != nil {
			fail(err)
			return
		}
		built(log, theStandIn)
	})
	both.Wait()
	if err := context.Cause(either); err != nil {
		return err
	}
	return Install(ctx, dir, cli, standIn)
}
