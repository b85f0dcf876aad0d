// Package provider stands in for Pulumi's provider plugins azuread 5.53.5,
// azure-native 2.90.0, command 1.1.0 and tls 5.2.2 where they cannot be
// installed. Each stand-in is thin: property names come from the Go SDKs, the
// calls are those of the official provider, and the sandbox's services decide
// what happens.
//
// The stand-ins only ever talk to this machine. Not for production.
package provider

import (
	"fmt"
	"os"

	"app-to-app/pulumilocal/provider/azuread"
	"app-to-app/pulumilocal/provider/azurenative"
	"app-to-app/pulumilocal/provider/command"
	"app-to-app/pulumilocal/provider/plugin"
	"app-to-app/pulumilocal/provider/tls"
)

// Serve makes this process the plugin of that name, until the engine stops it.
func Serve(name string) error {
	definition, err := definitionOf(name)
	if err != nil {
		return err
	}
	return plugin.Serve(os.Args[1:], os.Stdout, definition)
}

func definitionOf(name string) (plugin.Definition, error) {
	switch name {
	case "azuread":
		return azuread.New(azuread.Options{Getenv: os.Getenv}), nil
	case "azure-native":
		return azurenative.New(azurenative.Options{Getenv: os.Getenv}), nil
	case "command":
		return command.New(command.Options{}), nil
	case "tls":
		return tls.New(tls.Options{}), nil
	}
	return plugin.Definition{}, fmt.Errorf("expected azuread, azure-native, command or tls, got %q", name)
}
