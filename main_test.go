package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"app-to-app/sandbox/engine"
	"app-to-app/sandbox/provider"
)

// TestMain lets the test's own binary be the language host and the provider
// plugins that the engine starts, as the sandbox command's binary is.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	var err error
	if plugin, ok := strings.CutPrefix(name, engine.PluginPrefix); ok {
		err = provider.Serve(plugin)
	} else if name == engine.LanguageHost {
		err = engine.ServeLanguageHost(os.Args[1:])
	} else {
		// The race detector lets a process wait a second before it ends. Each
		// run of the engine ends several plugins, which are this binary.
		os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
		os.Exit(m.Run())
	}
	if err != nil {
		os.Stderr.WriteString(name + ": error: " + err.Error() + "\n")
		os.Exit(1)
	}
}
