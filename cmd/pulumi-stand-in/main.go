// Command pulumi-stand-in is Pulumi's Go language host and the provider plugins
// that the program uses, for machines where the official ones are not
// available. The engine starts it under the name of the plugin that it wants;
// cmd/sandbox builds it and [engine.Install] puts copies in place.
//
// Not for production.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"app-to-app/pulumilocal/engine"
	"app-to-app/pulumilocal/languagehost"
	"app-to-app/pulumilocal/provider"
)

func main() {
	name := filepath.Base(os.Args[0])
	if err := serve(name, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: error: %v\n", name, err)
		os.Exit(1)
	}
}

func serve(name string, args []string) error {
	if name == engine.LanguageHost {
		return languagehost.Serve(args)
	}
	if plugin, ok := strings.CutPrefix(name, engine.PluginPrefix); ok {
		return provider.Serve(plugin)
	}
	return fmt.Errorf("expected to be started as %s or %sNAME by the Pulumi engine, got %q; fix: start a sandbox instead: go run ./cmd/sandbox serve",
		engine.LanguageHost, engine.PluginPrefix, name)
}
